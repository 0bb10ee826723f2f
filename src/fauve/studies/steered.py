"""Steered generators of a run: what they are compared with, which sweeps they form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from fauve.models.steering.steered_name import SteeredName
from fauve.naming import is_untrained, split_marks
from fauve.numbers import MINUS
from fauve.studies.families import kin, steering_of

__all__ = ["Sweep", "extrapolated", "shown", "steered_among", "sweeps", "unguided"]

DIAL = "alignment dial"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Generators that differ in the strength of one method alone, weakest first.

    ``base`` is what is steered: with its dial where the guidance varies, with its guidance where the dial does.
    """

    base: str
    method: str
    strengths: tuple[tuple[float, str], ...]


def steered_among(names: Iterable[str]) -> dict[str, SteeredName]:
    """The steered generators by name, in the order of base, method and strength."""
    found = {name: steering for name in names if (steering := steering_of(name)) is not None}
    return dict(sorted(found.items(), key=lambda entry: _order(*entry)))


def shown(value: float) -> str:
    """A strength as readers see it: ``−0.5``."""
    return f"{value:g}".replace("-", MINUS)


def unguided(steering: SteeredName) -> str:
    """The name of the same generator without its guidance, its dial left where it is."""
    base, marks = split_marks(steering.base)
    return f"{dataclasses.replace(steering, base=base, guidance=None, scale=None)}{marks}"


def extrapolated(steering: SteeredName) -> bool:
    """Whether the dial leads out of 0 (the base model) to 1 (the aligned one), where nothing was trained."""
    return steering.dial is not None and not 0 <= steering.dial <= 1


def sweeps(steered: dict[str, SteeredName], names: Iterable[str]) -> list[Sweep]:
    """Every method with two strengths or more on one base.

    A dial's line also holds the generator itself (1) and the model that it was aligned from (0), where their pictures
    are on file. The strength of guidance has no such end: without it nothing runs at strength 0.
    """
    names = set(names)
    by_method: dict[tuple[str, str], dict[float, str]] = {}
    for name, s in steered.items():
        method = (s.guidance or "").upper()
        if s.scale is not None:
            by_method.setdefault((unguided(s), method), {})[s.scale] = name
        if s.dial is not None:
            guided = "" if s.scale is None else f" with {method} {shown(s.scale)}"
            by_method.setdefault((s.base, f"{DIAL}{guided}"), {})[s.dial] = name
    bases = {variant.name: variant.base for variant in kin(names)}
    for (base, method), line in by_method.items():
        if method == DIAL:
            line.update({1.0: base} if base in names else {})
            line.update({0.0: bases[base]} if base in bases else {})
    return [
        Sweep(base, method, tuple(sorted(line.items())))
        for (base, method), line in sorted(by_method.items())
        if len(line) > 1
    ]


def _order(name: str, s: SteeredName) -> tuple[bool, str, float, str, float, str]:
    return is_untrained(s.base), s.base, s.dial or 0.0, s.guidance or "", s.scale or 0.0, name
