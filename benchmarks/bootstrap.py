"""Time the clustered bootstrap of a whole table against a plain loop of ``scipy.stats.bootstrap``.

The table is what a run of the benchmark gives: 3,300 pairs (300 prompts, 11 generators), nine scorers, four cells
each. Fauve bootstraps the 36 means and 36 accuracies with shared, clustered draws; SciPy does one column at a time,
on independent rows, which is the easier task. It gets a few columns and the time is scaled to all of them.

    python benchmarks/bootstrap.py --plain-columns 2
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from fauve.stats import ClusterDraws, cluster_bootstrap, weighted_mean


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median wall time of ``repeats`` calls."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--generators", type=int, default=11)
    parser.add_argument("--scorers", type=int, default=9)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--plain-columns", type=int, default=2, help="columns of each kind that SciPy is timed on")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    prompt = np.repeat(np.arange(options.prompts), options.generators)
    columns = options.scorers * 4
    scores = rng.normal(size=(prompt.size, columns)) + rng.normal(size=options.prompts)[prompt][:, None]
    chosen = scores > 0
    table = np.hstack([scores, chosen])

    def vectorised(labels: np.ndarray) -> None:
        draws = ClusterDraws(labels, draws=options.draws)
        cluster_bootstrap(draws, weighted_mean(draws, table))

    def plain() -> None:
        for column in (*range(options.plain_columns), *range(columns, columns + options.plain_columns)):
            stats.bootstrap(
                (table[:, column],), np.mean, n_resamples=options.draws, method="percentile", batch=1000, rng=0
            )

    by_prompt = seconds(lambda: vectorised(prompt), options.repeats)
    by_row = seconds(lambda: vectorised(np.arange(prompt.size)), options.repeats)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = seconds(plain, 1)
    scaled = measured * columns / options.plain_columns

    print(f"{prompt.size} pairs, {columns} columns of means + {columns} of accuracies, {options.draws} draws")
    print(f"{'':42}{'seconds':>9}{'ratio':>9}")
    print(f"{'fauve, clustered by prompt':42}{by_prompt:9.3f}{scaled / by_prompt:9.0f}")
    print(f"{'fauve, every row its own cluster':42}{by_row:9.3f}{scaled / by_row:9.0f}")
    print(f"{'scipy.stats.bootstrap, row by row (scaled)':42}{scaled:9.3f}{1:9d}")
    print(f"SciPy: {2 * options.plain_columns} of {2 * columns} columns took {measured:.2f} s; the rest is scaled.")
    print(f"Peak memory of the process before SciPy's turn: {memory:.0f} MiB.")


if __name__ == "__main__":
    main()
