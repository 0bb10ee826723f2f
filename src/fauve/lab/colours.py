"""Colour schemes: what a hue, a way of choosing companions and a level of colour make of each role in a picture.

Colours are chosen in OKLCH (Björn Ottosson's Oklab in polar form: lightness, chroma, hue angle), where equal steps
look equal, and brought into sRGB by lowering chroma alone.
"""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["Colour", "scheme"]

Colour = tuple[int, int, int]
Lch = tuple[float, float, float]

# red, orange, yellow, green, turquoise, blue, violet, pink: as a painter would squeeze them from the tube
_HUES: tuple[Lch, ...] = (
    (0.58, 0.23, 27),
    (0.73, 0.18, 55),
    (0.87, 0.175, 94),
    (0.64, 0.19, 146),
    (0.77, 0.13, 192),
    (0.48, 0.21, 262),
    (0.48, 0.22, 303),
    (0.73, 0.18, 352),
)


def _linear(lch: Lch) -> tuple[float, float, float]:
    light, chroma, angle = lch
    a, b = chroma * math.cos(math.radians(angle)), chroma * math.sin(math.radians(angle))
    l3 = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    m3 = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    s3 = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
        -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
        -0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3,
    )


def _encoded(value: float) -> int:
    value = min(1.0, max(0.0, value))
    curve = 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
    return round(255 * curve)


def _rgb(lch: Lch) -> Colour:
    light, chroma, angle = lch
    while chroma > 0 and not all(-0.001 <= v <= 1.001 for v in _linear((light, chroma, angle))):
        chroma = max(0.0, chroma - 0.004)
    red, green, blue = _linear((light, chroma, angle))
    return _encoded(red), _encoded(green), _encoded(blue)


def _companions(hue: int, palette: int) -> dict[str, Lch]:
    """Harmonious companions of a hue: kindred, opposite, triad or pale."""
    light, _, h = _HUES[hue]
    if palette == 0:
        sky, ground, far, second, third = (h + 55, h + 85, h + 70, h - 45, h + 110)
    elif palette == 1:
        sky, ground, far, second, third = (h + 180, h + 150, h + 205, h + 180, h + 40)
    elif palette == 2:
        sky, ground, far, second, third = (h + 120, h - 120, h + 140, h - 120, h + 120)
    else:
        sky, ground, far, second, third = (h + 200, h + 60, h + 230, h + 150, h - 60)
    pale = palette == 3
    return {
        "sky": (0.90 if pale else 0.85, 0.06 if pale else 0.11, sky),
        "sky2": (0.95 if pale else 0.92, 0.04 if pale else 0.07, sky + 24),
        "far": (0.82 if pale else 0.73, 0.08 if pale else 0.15, far),
        "far2": (0.75 if pale else 0.63, 0.09 if pale else 0.16, far + 18),
        "ground": (0.79 if pale else 0.69, 0.09 if pale else 0.16, ground),
        "ground2": (0.70 if pale else 0.57, 0.11 if pale else 0.16, ground + 14),
        "second": (0.42 if light > 0.5 else 0.78, 0.17, second),
        "third": (0.84, 0.16, third),
    }


def _clash(hue: int, palette: int) -> dict[str, Lch]:
    """Companions that fight the hue and each other: bile, mud and fluorescent tubes at one lightness."""
    _, _, h = _HUES[hue]
    warm = h < 120 or h > 330
    shift = 8.0 * palette
    bile, mud, neon, sick = (0.76, 0.19, 116 + shift), (0.47, 0.09, 62 + shift), (0.66, 0.29, 328), (0.80, 0.26, 142)
    sky, ground = (bile, neon) if warm else ((0.62, 0.15, 78 + shift), neon)
    return {
        "sky": sky,
        "sky2": (sky[0] - 0.05, sky[1], sky[2] + 18),
        "far": mud,
        "far2": (0.42, 0.09, 95),
        "ground": ground,
        "ground2": mud,
        "second": sick if warm else bile,
        "third": sick,
    }


def _dulled(lch: Lch, keep: float) -> Lch:
    light, chroma, angle = lch
    return light + 0.35 * (0.62 - light), chroma * keep, angle


def _between(one: Lch, other: Lch, share: float) -> Lch:
    turn = (other[2] - one[2] + 180) % 360 - 180
    light, chroma = (a + share * (b - a) for a, b in zip(one[:2], other[:2], strict=True))
    return light, chroma, one[2] + share * turn


_HAZARD: dict[str, Colour] = {"stray_a": (252, 216, 16), "stray_b": (18, 18, 22), "stray_ink": (78, 82, 88)}


@lru_cache(maxsize=128)
def scheme(hue: int, palette: int, level: int) -> dict[str, Colour]:
    """The colour of every role, for a hue, a palette (tokens) and a level of color aesthetic (0..2).

    Roles: main, second, third (each with ``_dark``, ``_soft`` and ``_light``), sky, sky2, far, far2, haze, haze2,
    ground, ground2, three shadows, tear, ink, paper. sRGB, 0..255.
    """
    main = _HUES[hue]
    parts = {"main": main, **(_clash(hue, palette) if level == 0 else _companions(hue, palette))}
    if level == 1:
        parts = {role: _dulled(lch, 0.5 if role == "main" else 0.22) for role, lch in parts.items()}
    if level == 0:
        parts["main"] = (main[0], main[1] * 1.25, main[2])
    for role in ("main", "second", "third"):
        light, chroma, angle = parts[role]
        parts[f"{role}_dark"] = (light * 0.62, chroma * 0.85, angle - 14)
        parts[f"{role}_light"] = (light + 0.55 * (0.97 - light), chroma * 0.7, angle + 12)
        parts[f"{role}_soft"] = (light + 0.36 * (0.97 - light), chroma * 0.92, angle + 4)
    for role in ("ground", "sky", "far"):
        light, chroma, angle = parts[role]
        parts[f"{role}_shadow"] = (light * 0.58, chroma * 0.9, angle - 25)
    for role in ("far", "far2"):
        parts[role.replace("far", "haze")] = _between(parts["sky"], parts[role], 0.3 if role == "far" else 0.5)
    parts["lips"] = (0.52, 0.2, 15.0) if hue else (0.36, 0.13, 15.0)
    parts["blush"] = (0.70, 0.19, 12.0) if hue else (0.78, 0.15, 40.0)
    parts["tear"] = (0.80, 0.11, 225.0)
    parts["ink"] = (0.24, 0.05, 290.0)
    parts["paper"] = (0.97, 0.02, 95.0) if level else (0.88, 0.09, 118.0)
    return {**{role: _rgb(lch) for role, lch in parts.items()}, **_HAZARD}
