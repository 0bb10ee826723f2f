"""Small random checkpoints of the reward models in their published layouts, to try an audit without any weights.

    python benchmarks/random_checkpoints.py FOLDER [NAME ...]

Each lies in a folder of its own that is marked as random, so that every table and report says so. The command that
audits them is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reward_models.checkpoints import MODELS, Depth

from fauve.models.weights import RANDOM_MARK

NARROW = 4
"""By how much the widths are divided."""


def main(out: Path, names: list[str]) -> None:
    weights = []
    for name in names or list(MODELS):
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        usual = MODELS[name].usual
        MODELS[name].write(folder, Depth(2, 2, min(usual.cross, 2), NARROW))
        (folder / RANDOM_MARK).write_text("Drawn from a seed by benchmarks/random_checkpoints.py; never trained.\n")
        weights.append(f"--weights {name}={folder}")
    print(f"fauve audit {' '.join(names or list(MODELS))} {' '.join(weights)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
