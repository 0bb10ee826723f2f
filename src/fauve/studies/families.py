"""Families of generators: which model was really aligned from which, on what, and which one is another one steered.

Only models whose weights start from the base's stand here. FLUX.1 Krea starts from another raw model than FLUX.1 dev,
Playground v2.5 shares SDXL's architecture but not its weights, and the Turbo, schnell and klein models are distilled
rather than aligned; beside any of them a base would explain nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from fauve.errors import FauveError
from fauve.models.steering.steered_name import SteeredName, parse_steered_name
from fauve.naming import is_untrained, split_marks

__all__ = ["FAMILIES", "Variant", "kin", "steering_of"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A generator aligned from ``base``; ``tuned_on`` says on what.

    ``control`` marks a variant tuned on something other than taste: it shows what further training does by itself.
    """

    name: str
    base: str
    tuned_on: str
    control: bool = False

    @property
    def remark(self) -> str:
        """What a reader must know of a comparison with the base."""
        if is_untrained(self.name):
            return "random weights laid out like the published models: nothing was tuned"
        return f"tuned on {self.tuned_on}"


FAMILIES: tuple[Variant, ...] = (
    Variant("dance-flux", "flux-dev", "HPSv2.1 rewards (DanceGRPO, arXiv 2505.07818)"),
    Variant("pref-flux", "flux-dev", "pairwise win rates (Pref-GRPO, arXiv 2508.20751)"),
    Variant("sd3.5-m-pickscore", "sd3.5-m", "PickScore rewards (Flow-GRPO, arXiv 2505.05470)"),
    Variant("sd3.5-m-geneval", "sd3.5-m", "counts and places of objects (Flow-GRPO, arXiv 2505.05470)", control=True),
    Variant("sd1.5-dpo", "sd1.5", "human choices of Pick-a-Pic (Diffusion-DPO, arXiv 2311.12908)"),
    Variant("alchemist", "sd3.5-large", "3,350 curated images, supervised (Alchemist)"),
    Variant("lab-aesthetic-mild", "lab-base", "the taste of a made-up majority, a little"),
    Variant("lab-aesthetic-strong", "lab-base", "the taste of a made-up majority, strongly"),
    Variant("lab-plural", "lab-base", "the tastes of all groups of made-up annotators"),
    Variant("lab-instruction", "lab-base", "the lab's matcher of pictures and words", control=True),
    Variant("lab-placebo", "lab-base", "a random reward", control=True),
)


def kin(names: Iterable[str]) -> list[Variant]:
    """The variants of :data:`FAMILIES` whose name and base are both among ``names``.

    Members of another preset, or with random weights, are related like those that their names are taken from: with
    each other, never with the others.
    """
    there = set(names)
    all_marks = sorted({split_marks(name)[1] for name in there})
    both = [
        dataclasses.replace(v, name=f"{v.name}{marks}", base=f"{v.base}{marks}")
        for marks in all_marks
        for v in FAMILIES
    ]
    return [v for v in both if v.name in there and v.base in there]


def steering_of(name: str) -> SteeredName | None:
    """What a generator's name says of its steering, or None for one that is not steered.

    The marks of its preset and of random weights stay with the base. A name of somebody's own that only looks steered
    is not.
    """
    plain, marks = split_marks(name)
    try:
        found = parse_steered_name(plain)
    except FauveError:
        return None
    if not found.steered:
        return None
    return dataclasses.replace(found, base=f"{found.base}{marks}")
