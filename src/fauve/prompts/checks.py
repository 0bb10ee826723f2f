"""What a prompt that somebody wrote must keep to, checked without a model: length, scene, nothing added."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fauve.prompts.lexicon import added_effects
from fauve.prompts.wording import kept_share, word_count

__all__ = ["LEAST_KEPT", "MOST_ANTI_WORDS", "MOST_NEGATIVE_WORDS", "Fault", "anti_faults", "negative_faults"]

MOST_ANTI_WORDS = 70
MOST_NEGATIVE_WORDS = 5
LEAST_KEPT = 1 / 3
"""Share of the caption's content words that an anti prompt must keep in some form, or it is about another scene."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a prompt: a word to count by (``length``, ``added effect``, …), and a sentence."""

    kind: str
    message: str


def anti_faults(
    original: str, anti: str, dimensions: Collection[str], most_words: int = MOST_ANTI_WORDS
) -> list[Fault]:
    """Everything that is wrong with an anti prompt; an empty list where nothing is.

    Raises:
        UnknownName: for a dimension that does not exist.
    """
    if not anti.strip():
        return [Fault("empty", "The prompt is empty.")]
    faults = []
    if (count := word_count(anti)) > most_words:
        faults.append(Fault("length", f"The prompt has {count} words; at most {most_words} are allowed."))
    if not _one_line(anti):
        faults.append(Fault("form", "The prompt is not one line of whole characters."))
    for term in added_effects(original, anti, dimensions):
        meant = " or ".join(sorted(term.dimensions))
        faults.append(Fault("added effect", f"{term.text!r} asks for {meant}, which was not drawn."))
    if (kept := kept_share(original, anti)) < LEAST_KEPT:
        faults.append(Fault("scene", f"Only {kept:.0%} of the caption's words are left: the scene must stay the same."))
    if " ".join(anti.split()).casefold() == " ".join(original.split()).casefold():
        faults.append(Fault("unchanged", "The prompt is the caption itself."))
    return faults


def negative_faults(negative: str, most_words: int = MOST_NEGATIVE_WORDS) -> list[Fault]:
    """Everything that is wrong with a negative prompt; an empty list where nothing is."""
    if not negative.strip():
        return [Fault("empty", "The negative prompt is empty.")]
    if not _one_line(negative):
        return [Fault("form", "The negative prompt is not one line of whole characters.")]
    count = word_count(negative)
    if count > most_words:
        return [Fault("length", f"The negative prompt has {count} words; at most {most_words} are allowed.")]
    return []


def _one_line(text: str) -> bool:
    # not printable are line breaks, control characters and halves of surrogate pairs; U+FFFD is a lost character
    return text.strip().isprintable() and "\ufffd" not in text
