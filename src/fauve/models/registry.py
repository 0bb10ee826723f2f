"""Names of scorers and judges, and the objects behind them, imported only when they are asked for.

Fauve's own names stand in :data:`SCORERS` and :data:`JUDGES`; other packages add theirs through the entry-point groups
``fauve.scorers`` and ``fauve.judges``; and ``module:Name`` always works. What an entry names may be a class or function
that makes the model, a ready model, or for scorers a plain callable ``(images, prompts) -> floats``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fauve.errors import ConfigError, PluginError, UnknownName
from fauve.models.callables import CallableScorer
from fauve.models.cards import ModelCard
from fauve.models.entry import Entry, Kind, build, has_parts, resolve, shown_source
from fauve.models.generators.api_cards import API_CARDS
from fauve.models.generators.generator_cards import GENERATOR_CARDS
from fauve.models.judges.judge_cards import JUDGE_CARDS, JUDGE_ENTRIES
from fauve.models.lab_cards import LAB_CARDS, LAB_GENERATORS, LAB_SCORERS
from fauve.models.protocols import Generator, Judge, Scorer
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.steering.steered_name import ATTENTION, SteeredName, parse_steered_name

__all__ = ["GENERATORS", "JUDGES", "SCORERS", "entries", "make_generator", "make_judge", "make_scorer"]


def _reward(name: str, target: str) -> Entry:
    """A reward model or matcher: its module imports torch, its card does not."""
    return Entry(name, f"fauve.models.scorers.{target}", {"name": name}, card=REWARD_CARDS[name])


def _lab(name: str, target: str) -> Entry:
    """A member of the lab's family: small, trained, and shipped with the package."""
    return Entry(name, f"fauve.lab.adapters.{target}", {"name": name}, card=LAB_CARDS[name])


SCORERS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("random", "fauve.models.scorers.controls:RandomScorer"),
        Entry("polish", "fauve.models.scorers.controls:PolishScorer"),
        _reward("clip-l", "clip:ClipSimilarity"),
        _reward("blip-l", "blip:BlipMatching"),
        _reward("blip-b", "blip:BlipMatching"),
        _reward("hps-v1", "hps_v1:HPSv1"),
        _reward("hpsv2.0", "hpsv2:HPSv2"),
        _reward("hpsv2.1", "hpsv2:HPSv2"),
        _reward("hpsv3", "hpsv3:HPSv3Scorer"),
        _reward("mps", "mps:MPS"),
        _reward("pickscore", "pickscore:PickScore"),
        _reward("imagereward", "imagereward:ImageReward"),
        _reward("laion-v2", "laion:LaionAesthetic"),
        _reward("visionreward", "visionreward:VisionReward"),
        *(_lab(name, "scorers:LabScorer") for name in LAB_SCORERS),
    )
}

_APIS = {
    "nano-banana": "api_openrouter:OpenRouterImages",
    "gpt-image-1.5": "api_openai:OpenAIImages",
    "seedream-4": "api_replicate:ReplicateImages",
    "qwen-image@replicate": "api_replicate:ReplicateImages",
}


def _generator(card: ModelCard) -> Entry:
    """A pipeline on this machine, or a service; its card is plain data."""
    target = _APIS.get(card.name, "local:LocalGenerator")
    return Entry(card.name, f"fauve.models.generators.{target}", {"name": card.name}, card=card)


GENERATORS: dict[str, Entry] = {
    **{card.name: _generator(card) for card in (*GENERATOR_CARDS.values(), *API_CARDS.values())},
    **{name: _lab(name, "generator:LabGenerator") for name in LAB_GENERATORS},
}

JUDGES: dict[str, Entry] = {
    "instruments": Entry("instruments", "fauve.models.judges.instruments:InstrumentJudge"),
    **{name: Entry(name, target, options, card=JUDGE_CARDS[name]) for name, (target, options) in JUDGE_ENTRIES.items()},
    "lab-judge": _lab("lab-judge", "judges:LabJudge"),
    "lab-truth": Entry("lab-truth", "fauve.lab.adapters.judges:TruthJudge", card=LAB_CARDS["lab-truth"]),
}

_PREFIXES = {
    "instrument": "fauve.models.scorers.instruments:InstrumentScorer",
    "clip": "fauve.models.scorers.clip:ClipSimilarity",
    "blip": "fauve.models.scorers.blip:BlipMatching",
    "rubric": "fauve.models.scorers.rubric:RubricScorer",
}
"""Families named ``prefix:member``: an instrument, the hub id or folder of any CLIP, SigLIP or BLIP, a rubric."""

_LOCAL = "fauve.models.generators.local:LocalGenerator"
_STEERED = "fauve.models.generators.steered:SteeredGenerator"

_GENERATOR_PREFIXES = {
    "diffusers": _LOCAL,
    "openai-images": "fauve.models.generators.api_openai:OpenAIImages",
}
"""Generators named ``prefix:member``: any pipeline by hub id or folder, any model of an OpenAI-compatible endpoint."""

_SCORER = Kind("scorer", ("card", "settings", "load", "score"))
_JUDGE = Kind("judge", ("card", "settings", "dimensions", "load", "judge"))
_GENERATOR = Kind("generator", ("card", "settings", "load", "generate"))
_KINDS = {"scorer": (_SCORER, SCORERS), "judge": (_JUDGE, JUDGES), "generator": (_GENERATOR, GENERATORS)}


def entries(kind: str) -> dict[str, Entry]:
    """Every registered name of a kind (scorer, judge, generator), Fauve's own and those of installed packages.

    Raises:
        PluginError: when a package registers one of Fauve's own names.
    """
    known, own = _KINDS[kind]
    return known.registered(own)


def make_scorer(name: str, options: Mapping[str, Any] | None = None) -> Scorer:
    """The scorer of a registered name, ``instrument:NAME``, ``rubric:RUBRIC@MODEL`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no scorer.
    """
    made = _make("scorer", name, options or {})
    if has_parts(made, _SCORER.parts):
        return cast(Scorer, made)
    if callable(made) or has_parts(made, ("score",)):
        return CallableScorer(made, name)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no scorer: it has no method `score(images, prompts)` and is "
        "no function of (images, prompts) that returns a number for each"
    )


def make_judge(name: str, options: Mapping[str, Any] | None = None) -> Judge:
    """The judge of a registered name or ``module:Name``; not loaded yet. Raises as :func:`make_scorer` does."""
    made = _make("judge", name, options or {})
    _JUDGE.require(made, name)
    return cast(Judge, made)


def make_generator(name: str, options: Mapping[str, Any] | None = None) -> Generator:
    """The generator of a registered name, ``diffusers:FOLDER_OR_ID`` or ``module:Name``; not loaded yet.

    A pipeline that runs on this machine can be steered by its name: ``NAME~0.5`` dials its alignment, ``NAME+vsf@2.0``
    and ``NAME+nag@5.0`` hold it to its prompt; see :mod:`fauve.models.generators.steered`. Raises as
    :func:`make_scorer` does, and ConfigError where a generator cannot be steered.
    """
    wanted = SteeredName(name) if name in entries("generator") or _is_folder(name) else parse_steered_name(name)
    made = _make_steered(wanted, options or {}) if wanted.steered else _make("generator", name, options or {})
    _GENERATOR.require(made, name)
    return cast(Generator, made)


def _is_folder(name: str) -> bool:
    """Whether a generator is named by a folder of this very name, whatever marks are in it."""
    prefix, _, member = name.partition(":")
    return prefix in _GENERATOR_PREFIXES and Path(member).expanduser().is_dir()


def _make_steered(wanted: SteeredName, options: Mapping[str, Any]) -> Any:
    """Only what runs in diffusers on this machine can be steered from inside."""
    known, base = entries("generator"), wanted.base
    prefix, _, member = base.partition(":")
    if base not in known and not member:
        raise UnknownName("generator", base, known)
    target = known[base].target if base in known else _GENERATOR_PREFIXES.get(prefix, "")
    if base in LAB_GENERATORS:
        return build(resolve(target, str(wanted)), {**options, "name": str(wanted)}, str(wanted))
    if wanted.guidance not in {None, *ATTENTION}:
        raise ConfigError(
            f"{wanted}: guidance by {wanted.guidance} is that of the lab's generators. A pipeline has its own: set its "
            "option `guidance`, and hand over negative prompts with `negative = true` under [prompts]."
        )
    if target != _LOCAL:
        raise ConfigError(
            f"{wanted}: {base} does not run here as a pipeline of diffusers, so nothing inside it can be dialled or "
            "steered. All that can be done is to hand it a negative prompt, where it takes one."
        )
    made_from = {**(known[base].options if base in known else {}), **options, "name": str(wanted)}
    return build(resolve(_STEERED, str(wanted)), made_from, str(wanted))


def _make(kind: str, name: str, options: Mapping[str, Any]) -> Any:
    known = entries(kind)
    if name in known:
        entry = known[name]
        return build(resolve(entry.target, name), {**entry.options, **options}, name)
    prefix, _, member = name.partition(":")
    if kind == "scorer" and prefix in _PREFIXES:
        target = resolve(_PREFIXES[prefix], name)
        if prefix == "instrument":
            return target(member, **options)
        if prefix == "rubric":
            return build(target, {"name": name, **options}, name)
        return build(target, {"name": f"{prefix}:{shown_source(member)}", "weights": member, **options}, name)
    if kind == "generator" and prefix in _GENERATOR_PREFIXES:
        return build(resolve(_GENERATOR_PREFIXES[prefix], name), {"name": name, **options}, name)
    if member:
        return build(resolve(name, name), dict(options), name)
    raise UnknownName(kind, name, known)
