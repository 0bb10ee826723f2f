"""How canonical names are written for readers, in this one place.

Names that are not listed (a stranger's scorer, a new generator) are written as they are.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = [
    "CONTROLS",
    "DEFAULT_PRESET",
    "INSTRUMENT_PREFIX",
    "UNTRAINED",
    "ScorerKind",
    "generator_name",
    "is_untrained",
    "marked_name",
    "scorer_kind",
    "scorer_name",
    "sentence",
    "split_marks",
    "trained_name",
]

CONTROLS = frozenset({"oracle", "polish", "random"})
"""Scorers that every table carries to be compared with: the truth, taste without a prompt, chance."""

INSTRUMENT_PREFIX = "instrument:"
"""Scorers so named measure one property of the picture and see no prompt."""

UNTRAINED = " (random weights)"
"""What the name of a scorer or generator ends with whose weights were drawn and never trained: it is another one."""

DEFAULT_PRESET = "matched"
"""How a generator is sampled whose name says nothing of it."""

ScorerKind = Literal["model", "instrument", "control"]

_SCORERS = {
    "blip-b": "BLIP-B",
    "blip-l": "BLIP-L",
    "blip-l-probability": "BLIP-L (probability)",
    "clip-l": "CLIP-L",
    "gpt-5-chat": "GPT-5 chat",
    "hps-v1": "HPS v1",
    "hpsv2.0": "HPSv2.0",
    "hpsv2.1": "HPSv2.1",
    "hpsv3": "HPSv3",
    "imagereward": "ImageReward",
    "lab-matcher": "Lab matcher",
    "lab-plural-reward": "Lab plural reward",
    "lab-universal": "Lab universal reward",
    "laion-v2": "LAION aesthetic v2",
    "mps": "MPS",
    "oracle": "Oracle",
    "pickscore": "PickScore",
    "polish": "Prompt-blind polish",
    "random": "Random",
    "visionreward": "VisionReward",
}

_GENERATORS = {
    "alchemist": "Alchemist",
    "dance-flux": "DanceFlux",
    "flux-dev": "FLUX.1 dev",
    "flux-krea": "FLUX.1 Krea",
    "flux-schnell": "FLUX.1 schnell",
    "flux.2-klein-9b": "FLUX.2 klein 9B",
    "glm-image": "GLM-Image",
    "gpt-image-1.5": "GPT Image 1.5",
    "lab-aesthetic-mild": "Lab mildly aesthetic",
    "lab-aesthetic-strong": "Lab strongly aesthetic",
    "lab-base": "Lab base",
    "lab-instruction": "Lab instructed",
    "lab-placebo": "Lab placebo",
    "lab-plural": "Lab plural",
    "longcat-image": "LongCat-Image",
    "nano-banana": "Nano Banana",
    "playground-v2.5": "Playground v2.5",
    "pref-flux": "PrefFlux",
    "qwen-image": "Qwen-Image",
    "sd1.5": "SD1.5",
    "sd1.5-dpo": "SD1.5 DPO",
    "sd3.5-large": "SD3.5 Large",
    "sd3.5-m": "SD3.5 Medium",
    "sd3.5-m-geneval": "SD3.5 Medium GenEval",
    "sd3.5-m-pickscore": "SD3.5 Medium PickScore",
    "sdxl": "SDXL",
    "seedream-4": "Seedream 4",
    "stimuli": "stimuli",
    "z-image": "Z-Image",
    "z-image-turbo": "Z-Image Turbo",
}

_MINUS = "−"
_NUMBER = r"-?[0-9.]+(?:e[-+]?[0-9]+)?"
_STEERED = re.compile(rf"(?P<base>.+)\+(?P<method>vsf|nag|cfg|neg)@(?P<scale>{_NUMBER})")
_METHODS = {"vsf": "VSF", "nag": "NAG", "cfg": "plain guidance", "neg": "negative guidance"}
_DIALLED = re.compile(rf"(?P<base>.+)~(?P<strength>{_NUMBER})")


_MARKED = re.compile(rf"(?P<plain>.+?)(?P<marks>(?: \([^()]+ preset\))?(?:{re.escape(UNTRAINED)})?)", re.DOTALL)

_INSTRUMENT = " (instrument)"
_NAMED_INSTRUMENT = re.compile(rf"[a-z][a-z0-9 ]*{re.escape(_INSTRUMENT)}")


def scorer_name(name: str) -> str:
    """``hpsv3`` → ``HPSv3``; ``instrument:sharpness`` → ``sharpness (instrument)``; random weights stay marked."""
    if is_untrained(name):
        return f"{scorer_name(trained_name(name))}{UNTRAINED}"
    if name.startswith(INSTRUMENT_PREFIX):
        return f"{name.removeprefix(INSTRUMENT_PREFIX).replace('_', ' ')}{_INSTRUMENT}"
    return _SCORERS.get(name, name)


def generator_name(name: str) -> str:
    """``nano-banana`` → ``Nano Banana``; steered and dialled variants say what was done to their base.

    ``dance-flux~0.5+vsf@2.0`` → ``DanceFlux at 0.5 of its alignment with VSF 2.0``; marks of another preset and of
    random weights stay.
    """
    plain, marks = split_marks(name)
    if marks:
        return f"{generator_name(plain)}{marks}"
    if steered := _STEERED.fullmatch(name):
        return f"{generator_name(steered['base'])} with {_METHODS[steered['method']]} {steered['scale']}"
    if dialled := _DIALLED.fullmatch(name):
        return f"{generator_name(dialled['base'])} at {dialled['strength'].replace('-', _MINUS)} of its alignment"
    return _GENERATORS.get(name, name)


def is_untrained(name: str) -> bool:
    """Whether a model ran with random weights: then its numbers say nothing about the model that it is named after."""
    return name.endswith(UNTRAINED)


def trained_name(name: str) -> str:
    """The canonical name of the model that one with random weights is built like; any other name as it is."""
    return name.removesuffix(UNTRAINED)


def marked_name(name: str, preset: str = DEFAULT_PRESET, *, untrained: bool = False) -> str:
    """The name under which a model is filed: its own, then its preset where that is another one, then random weights.

    ``flux-dev`` → ``flux-dev (paper preset) (random weights)``.
    """
    sampled = "" if preset == DEFAULT_PRESET else f" ({preset} preset)"
    return f"{name}{sampled}{UNTRAINED if untrained else ''}"


def split_marks(name: str) -> tuple[str, str]:
    """A generator's own name, and the marks of its preset and of random weights that :func:`marked_name` put after it.

    ``flux-dev (paper preset)`` → ``("flux-dev", " (paper preset)")``.
    """
    found = _MARKED.fullmatch(name)
    return (found["plain"], found["marks"]) if found else (name, "")


def sentence(text: str) -> str:
    """The text with a capital at its start where that is an instrument's name; a stranger's name stays as it is."""
    return text[:1].upper() + text[1:] if _NAMED_INSTRUMENT.match(text) else text


def scorer_kind(name: str) -> ScorerKind:
    """Whether a scorer is a control, an instrument (both see no prompt, or know the truth), or a model under study."""
    if name in CONTROLS:
        return "control"
    return "instrument" if name.startswith(INSTRUMENT_PREFIX) else "model"
