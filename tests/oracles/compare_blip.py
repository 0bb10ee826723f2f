"""Largest difference between Fauve's BLIP family and its references, from a file of ``blip_family.py``.

Runs in the environment of Fauve, from the root of the repository:

    .venv/bin/python -m tests.oracles.compare_blip imagereward SCORES.json

Writes the same seeded weights in the published layout, loads them as a user would, and prints one line an output.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tests.models.scorers import blip_checkpoints as checkpoints
from tests.models.scorers import plain_blip as plain

FULL = {
    "imagereward": plain.REWARD_LARGE,
    "blip-salesforce": plain.BLIP_BASE,
    "blip-transformers": plain.BLIP_LARGE,
}


def main() -> None:
    """Compare, and end with status 1 where a score is further away than ``--most``."""
    arguments = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    arguments.add_argument("model", choices=FULL)
    arguments.add_argument("scores", type=Path)
    arguments.add_argument("--most", type=float, default=1e-5)
    given = arguments.parse_args()
    row: dict[str, Any] = json.loads(given.scores.read_text())
    if row["inputs"] != plain.inputs_digest():
        raise SystemExit("the seeded pictures or weights are not those of the reference: write its scores again")
    worst = 0.0
    with tempfile.TemporaryDirectory() as name:
        checkpoints.write_checkpoint(given.model, Path(name), FULL[given.model] if row["full"] else plain.TINY)
        for output, reference in row["scores"].items():
            scores = checkpoints.adapter_scores(given.model, Path(name), output)
            largest = float(np.abs(scores - np.array(reference)).max())
            print(f"{given.model} {output}: largest difference {largest:.1e}, spread {np.std(reference):.2g}")
            worst = max(worst, largest)
    raise SystemExit(int(worst > given.most))


if __name__ == "__main__":
    main()
