"""Stimuli as prompt pairs: the plain caption, the caption that asks for the effect, the picture before and after.

Their truth is known by construction: under the anti prompt the picture with the effect is what was asked for. The
oracle's scores come with them: minus the distance between the dose that a prompt asks for (0 plain, 1 anti) and the
dose that the picture has.
"""

from __future__ import annotations

from collections.abc import Mapping

from fauve.records import ImportedScore, PromptPair, Selection
from fauve.stimuli.record import Effect

__all__ = ["CONSTRUCTION", "GENERATOR", "anti_prompt", "stimulus_pair"]

GENERATOR = "stimuli"
CONSTRUCTION = "construction"
"""Who selected, and where the oracle's scores come from."""


def anti_prompt(caption: str, effect: Effect) -> str:
    """The caption with the clause that asks for the effect."""
    return f"{caption.rstrip('. ')}, {effect.request}"


def stimulus_pair(
    photo: str, caption: str, effect: Effect, strength: float, images: tuple[str, str], notes: Mapping[str, str]
) -> PromptPair:
    """The pair of one picture under one effect; ``images`` are the hashes before and after."""
    before, after = images
    doses = {("original", "original"): 0.0, ("original", "anti"): -1.0}
    doses |= {("anti", "original"): -strength, ("anti", "anti"): strength - 1.0}
    return PromptPair(
        id=f"{photo}/{effect.name}/{strength:g}",
        generator=GENERATOR,
        prompts={"original": caption, "anti": anti_prompt(caption, effect)},
        images={"original": before, "anti": after},
        dimensions=(effect.dimension,),
        groups={"effect": effect.name, "strength": f"{strength:g}", "photo": photo},
        notes=notes,
        selection=Selection(CONSTRUCTION, "anti", CONSTRUCTION),
        scores=tuple(
            ImportedScore("oracle", image, prompt, value, CONSTRUCTION) for (image, prompt), value in doses.items()
        ),
    )
