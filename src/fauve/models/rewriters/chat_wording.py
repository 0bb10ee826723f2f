"""What a language model is told when it writes an anti prompt, and what it is told when it broke a rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fauve.prompts.checks import MOST_NEGATIVE_WORDS, Fault
from fauve.prompts.rewriting import RewriteRequest
from fauve.vocabulary import dimension

__all__ = ["SCHEMA", "complaint", "instructions", "task"]

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "anti": {"type": "string", "description": "the rewritten prompt"},
        "negative": {"type": "string", "description": "the words to keep away"},
    },
    "required": ["anti", "negative"],
    "additionalProperties": False,
}

_INSTRUCTIONS = """You rewrite captions into prompts for an image generator. The picture that is wanted is \
unconventional: some of its aesthetic qualities are to sit at their low end, on purpose.

Rules:
1. Keep the scene. Every person, animal and object of the caption stays, and no other is added.
2. Ask for every effect that is listed, made concrete for this scene: say where in it one sees the effect.
3. Ask for no other effect. Leave every quality that is not listed unmentioned.
4. The effects come first and outweigh the subject. Do not soften, excuse or beautify them.
5. At most {most} words, one paragraph, plain English.
6. Give beside it a negative prompt of at most {most_negative} words that names the polished opposites of the listed \
effects, and nothing else.

Answer with one JSON object: {{"anti": "the rewritten prompt", "negative": "the words to keep away"}}"""


def instructions(most_words: int) -> str:
    """The system message."""
    return _INSTRUCTIONS.format(most=most_words, most_negative=MOST_NEGATIVE_WORDS)


def task(request: RewriteRequest) -> str:
    """The user's message for one caption. Raises UnknownName for a dimension that does not exist."""
    asked = [dimension(name) for name in request.dimensions]
    effects = "\n".join(f"- {one.name}: {one.low}; for instance, {one.request}" for one in asked)
    return f"Caption: {request.original}\n\nEffects:\n{effects}"


def complaint(faults: Sequence[Fault]) -> str:
    """What is said of an answer that broke a rule."""
    return f"{' '.join(fault.message for fault in faults)} Write it again by the rules."
