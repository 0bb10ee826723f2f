"""Reference quantiles: the readings at which each instrument's score is 0, 1 and 2.

They were measured, not chosen: half of the reference population are the real photographs of scikit-image and
scikit-learn that Fauve shows, half are the same photographs under the effects that an instrument is there to see. 0 is
the reading that a tenth of the population is worse than, 1 the median, 2 the reading that 15 % are better than; for
exposure, 2 lies between the quartiles of the photographs as they are. ``python benchmarks/instrument_reference.py``
recomputes the table and ``--check`` compares it. A picture can be outside the population: scores say how it stands
against these photographs, no more.
"""

from __future__ import annotations

from fauve.instruments.scale import Scale

__all__ = ["ANCHORS", "SCALES"]

ANCHORS: dict[str, tuple[tuple[float, float], ...]] = {
    "sharpness": ((0.181, 0.0), (0.505, 1.0), (0.683, 2.0)),
    "exposure": ((-5.31, 0.0), (-3.04, 1.0), (-1.57, 2.0), (-0.216, 2.0), (0.537, 1.0), (2.1, 0.0)),
    "clipping": ((0.00714, 2.0), (0.0771, 1.0), (0.633, 0.0)),
    "colourfulness": ((6.23, 0.0), (35.2, 1.0), (74.3, 2.0)),
    "palette-discord": ((0.149, 2.0), (0.362, 1.0), (0.619, 0.0)),
    "hue-disharmony": ((0.00149, 2.0), (0.16, 1.0), (4.65, 0.0)),
    "sickly-tint": ((0.335, 2.0), (3.88, 1.0), (30.5, 0.0)),
    "noise": ((0.367, 2.0), (7.27, 1.0), (29.9, 0.0)),
    "banding": ((0.000116, 2.0), (0.012, 1.0), (0.254, 0.0)),
    "plateaus": ((0.0169, 2.0), (0.227, 1.0), (0.894, 0.0)),
    "blockiness": ((0.0335, 2.0), (0.267, 1.0), (2.86, 0.0)),
    "contrast": ((0.0346, 0.0), (0.127, 1.0), (0.272, 2.0)),
    "light-range": ((5.93, 0.0), (30.6, 1.0), (64.5, 2.0)),
    "subject-offset": ((0.0589, 2.0), (0.238, 1.0), (0.452, 0.0)),
    "subject-extent": ((0.169, 0.0), (0.52, 1.0), (0.761, 2.0)),
    "layout-coherence": ((0.33, 0.0), (0.641, 1.0), (0.855, 2.0)),
    "edge-density": ((0.057, 0.0), (0.234, 1.0), (0.485, 2.0)),
    "entropy": ((2.1, 0.0), (4.96, 1.0), (5.64, 2.0)),
    "background-detail": ((-1.53, 0.0), (-0.0707, 1.0), (1.92, 2.0)),
    "mirror-symmetry": ((-0.66, 0.0), (0.0102, 1.0), (0.506, 2.0)),
    "contour-waviness": ((0.301, 2.0), (0.372, 1.0), (0.478, 0.0)),
    "vertical-streaking": ((0.483, 2.0), (0.543, 1.0), (0.657, 0.0)),
}
"""Anchors (reading, score) by instrument, readings rising, in the instrument's unit."""

SCALES: dict[str, Scale] = {name: Scale(anchors) for name, anchors in ANCHORS.items()}
"""The scale of every instrument by name."""
