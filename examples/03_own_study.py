"""03: ask a question of your own of a run directory, with intervals that respect the photographs.

    fauve run --out fauve-run && python examples/03_own_study.py fauve-run

The question: of how many requests does each scorer prefer the picture that was asked for, effect by effect?
"""

import json
import sys
from pathlib import Path

import polars as pl

from fauve import Evidence, Ledger
from fauve.stats import wilson


def main(directory: Path) -> None:
    with Ledger(directory) as ledger:
        contrasts = Evidence.read(ledger).contrasts()
    rows = contrasts.filter(pl.col("generator") == "stimuli").drop_nulls(["faithful", "default"])
    effects = [json.loads(groups)["effect"] for groups in rows["groups"]]
    table = rows.with_columns(pl.Series("effect", effects), won=pl.col("faithful") > pl.col("default"))
    for (scorer, effect), part in table.group_by("scorer", "effect", maintain_order=True):
        wins, n = int(part["won"].sum()), part.height
        interval = wilson(wins, n)
        print(f"{scorer:26} {effect:18} {wins:3} of {n:3}   95 % interval {interval.low:.2f}–{interval.high:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
