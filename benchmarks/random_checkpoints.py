"""Small random checkpoints of the reward models in their published layouts, to try an audit without any weights.

    python benchmarks/random_checkpoints.py [FOLDER [NAME ...]]

Each lies in a folder of its own that is marked as random, so that every table and report says so. The command that
audits them is printed. Without a FOLDER they are made in a temporary one, only to see that they can be.
"""

from __future__ import annotations

import argparse
import tempfile
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
    parser = argparse.ArgumentParser(description="Small random checkpoints of the reward models, to try an audit.")
    parser.add_argument("folder", nargs="?", type=Path, help="where they go")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODELS)}; all by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        main(asked.folder or Path(passing), asked.names)
