"""Recomputes the anchors of the instruments' scales: ``python benchmarks/instrument_reference.py``.

The reference population of an instrument is half real photographs as they are (those of
:func:`fauve.stimuli.photographs`) and half the same photographs under the effects that the instrument is there to
see, at strengths 0.25, 0.5, 0.75 and 1 under three seeds. The score is 0 at the quantile that a tenth of the
population is worse than, 1 at the median, which is where sound and spoiled pictures meet, and 2 at the quantile that
15 % are better than. A two-sided scale has a population for each side and 2 between the quartiles of the
photographs as they are; only strengths 0.75 and 1 enter it, because a little more light does a dark picture good.
The result is printed as the table of ``src/fauve/instruments/reference.py``; ``--check`` exits 1 if that table differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fauve.instruments import INSTRUMENTS
from fauve.instruments.reference import ANCHORS
from fauve.stimuli import EFFECTS, apply, photographs

STRENGTHS = (0.25, 0.5, 0.75, 1.0)
BEYOND_DOUBT = (0.75, 1.0)
SEEDS = (101, 102, 103)
LOW, MIDDLE, HIGH = 0.10, 0.50, 0.85

# Which effects spoil what the instrument reads, and whether a higher reading is worse.
ONE_SIDED: dict[str, tuple[tuple[str, ...], bool]] = {
    "sharpness": (("defocus", "motion-blur"), False),
    "clipping": (("underexposure", "overexposure"), True),
    "colourfulness": (("fading",), False),
    "palette-discord": (("clashing-hues",), True),
    "hue-disharmony": (("clashing-hues",), True),
    "sickly-tint": (("sickly-cast",), True),
    "noise": (("grain",), True),
    "banding": (("posterise",), True),
    "plateaus": (("pixelate", "posterise"), True),
    "blockiness": (("compression",), True),
    "contrast": (("flat-light",), False),
    "light-range": (("flat-light",), False),
    "subject-offset": (("pushed-aside",), True),
    "subject-extent": (("pushed-aside",), False),
    "layout-coherence": (("scatter", "misplaced-pieces"), False),
    "edge-density": (("emptied",), False),
    "entropy": (("emptied",), False),
    "background-detail": (("wiped-background",), False),
    "mirror-symmetry": (("lopsided",), False),
    "contour-waviness": (("warp",), True),
    "vertical-streaking": (("melt",), True),
}
TWO_SIDED: dict[str, tuple[str, str]] = {"exposure": ("underexposure", "overexposure")}

Readings = NDArray[np.float64]
Anchors = tuple[tuple[float, float], ...]


def clean(instrument: str) -> Readings:
    """Readings of the photographs as they are."""
    return np.array([INSTRUMENTS[instrument](p.load()) for p in photographs()])


def spoiled(instrument: str, effects: Sequence[str], strengths: Sequence[float] = STRENGTHS) -> Readings:
    """Readings of the photographs under the effects, all strengths and seeds."""
    return np.array(
        [
            INSTRUMENTS[instrument](apply(name, image, strength, seed))
            for image in [p.load() for p in photographs()]
            for name in effects
            for strength in strengths
            for seed in (SEEDS if EFFECTS[name].seeded else SEEDS[:1])
        ]
    )


def mixed_quantile(sound: Readings, bad: Readings, share: float) -> float:
    """Quantile of a population that is half ``sound`` and half ``bad`` whatever their counts."""
    values = np.concatenate([sound, bad])
    weights = np.concatenate([np.full(len(sound), 0.5 / len(sound)), np.full(len(bad), 0.5 / len(bad))])
    order = np.argsort(values)
    middles = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(share, middles, values[order]))


def one_sided(instrument: str) -> Anchors:
    """Anchors of an instrument whose readings are the better the higher, or the lower."""
    effects, higher_is_worse = ONE_SIDED[instrument]
    sound, bad = clean(instrument), spoiled(instrument, effects)
    sign = -1 if higher_is_worse else 1
    points = [
        (sign * mixed_quantile(sign * sound, sign * bad, share), score)
        for share, score in ((LOW, 0.0), (MIDDLE, 1.0), (HIGH, 2.0))
    ]
    return tidy(points)


def two_sided(instrument: str) -> Anchors:
    """Anchors of an instrument that can read too little and too much."""
    under, over = TWO_SIDED[instrument]
    sound = clean(instrument)
    low, high = spoiled(instrument, [under], BEYOND_DOUBT), spoiled(instrument, [over], BEYOND_DOUBT)
    return tidy(
        [
            (mixed_quantile(sound, low, LOW), 0.0),
            (mixed_quantile(sound, low, MIDDLE), 1.0),
            (float(np.quantile(sound, 0.25)), 2.0),
            (float(np.quantile(sound, 0.75)), 2.0),
            (-mixed_quantile(-sound, -high, MIDDLE), 1.0),
            (-mixed_quantile(-sound, -high, LOW), 0.0),
        ]
    )


def tidy(points: Sequence[tuple[float, float]]) -> Anchors:
    """Three significant digits, rising readings."""
    return tuple(sorted((float(f"{reading:.3g}"), score) for reading, score in points))


def main() -> int:
    """Prints the table; with --check compares it with the one that is installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 if the installed table differs")
    check = parser.parse_args().check
    table = {name: two_sided(name) if name in TWO_SIDED else one_sided(name) for name in INSTRUMENTS}
    print("ANCHORS: dict[str, tuple[tuple[float, float], ...]] = {")
    for name, anchors in table.items():
        print(f'    "{name}": {anchors},')
    print("}")
    if check and table != ANCHORS:
        changed = [name for name in table if table[name] != ANCHORS.get(name)]
        print(f"the installed table differs in: {', '.join(changed)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
