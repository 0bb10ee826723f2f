"""What a page says first where it shows scorers that say nothing about a published model."""

from __future__ import annotations

from collections.abc import Iterable

from fauve.naming import generator_name, is_untrained, scorer_name, split_marks, trained_name
from fauve.studies.families import steering_of

__all__ = ["notice", "own_notice"]


LAB_NOTICE = (
    "Generators and scorers called “Lab” are small models of a made-up world. A majority that likes polish was written "
    "into the simulated annotators that they learnt from, by us. They show how such a bias comes about and what undoes "
    "it. They are no evidence about any real model."
)


def notice(scorers: Iterable[str], generators: Iterable[str] = ()) -> str:
    """The notice of a page that shows these scorers and generators; empty where all of them were trained.

    Of a generator that is steered or dialled, its name before that stands there.
    """
    drawers = set(generators)
    known = set(scorers) | drawers
    names = [scorer_name(trained_name(name)) for name in sorted(known - drawers) if is_untrained(name)]
    names += sorted({generator_name(_unsteered(name)) for name in drawers if is_untrained(name)})
    if not names:
        return LAB_NOTICE if any(name.startswith("lab-") for name in known) else ""
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    models = "the published model" if len(names) == 1 else "the published models"
    return (
        f"{told} ran here with random weights, drawn from a seed and never trained. Numbers marked “random weights” "
        f"show that the machinery works and say nothing about {models}."
    )


def _unsteered(name: str) -> str:
    steering = steering_of(name)
    return split_marks(name if steering is None else steering.base)[0]


def own_notice(scorer: str) -> str:
    """The notice of a scorer's own page."""
    if not is_untrained(scorer):
        return LAB_NOTICE if scorer.startswith("lab-") else ""
    return (
        "The weights behind this page are random: drawn from a seed, never trained. Its numbers show that the "
        f"machinery works and say nothing about the published {scorer_name(trained_name(scorer))}."
    )
