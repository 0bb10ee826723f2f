"""01: measure the pictures of a folder, with a reward model or an instrument, under one prompt each.

    python examples/01_score_a_folder.py PICTURES [SCORER]

PICTURES holds images, and beside each NAME.png a NAME.txt with its prompt (without one, the file's name is the prompt).
"""

import sys
from pathlib import Path

import numpy as np

from fauve.engine.stimuli_folder import caption_of
from fauve.errors import ImageRejected
from fauve.imaging import SUFFIXES, decode_file
from fauve.models.registry import make_scorer


def main(folder: Path, name: str) -> None:
    scorer = make_scorer(name)
    scorer.load("cpu", "float32")
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in {*SUFFIXES.values(), ".jpeg"}):
        try:
            picture, _, _ = decode_file(path)
        except ImageRejected as error:
            print(f"-\t{error}")  # a picture that cannot be used is told, and gets no number
            continue
        prompt = caption_of(path)
        (value,) = scorer.score([picture], [prompt], np.array([(0, 0)]))
        print(f"{value:.4g}\t{path.name}\t{prompt}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "polish")
