"""What a page says first where it shows scorers whose weights were never trained."""

from __future__ import annotations

from collections.abc import Iterable

from fauve.naming import is_untrained, scorer_name, trained_name

__all__ = ["notice", "own_notice"]


def notice(scorers: Iterable[str]) -> str:
    """The notice of a page that shows these scorers; empty where all of them were trained."""
    names = [scorer_name(trained_name(name)) for name in sorted(scorers) if is_untrained(name)]
    if not names:
        return ""
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    models = "the published model" if len(names) == 1 else "the published models"
    return (
        f"{told} ran here with random weights, drawn from a seed and never trained. Numbers marked “random weights” "
        f"show that the machinery works and say nothing about {models}."
    )


def own_notice(scorer: str) -> str:
    """The notice of a scorer's own page."""
    if not is_untrained(scorer):
        return ""
    return (
        "The weights behind this page are random: drawn from a seed, never trained. Its numbers show that the "
        f"machinery works and say nothing about the published {scorer_name(trained_name(scorer))}."
    )
