"""Names of scorers and judges, and the objects behind them, imported only when they are asked for.

Fauve's own names stand in :data:`SCORERS` and :data:`JUDGES`; other packages add theirs through the entry-point groups
``fauve.scorers`` and ``fauve.judges``; and ``module:Name`` always works. What an entry names may be a class or function
that makes the model, a ready model, or for scorers a plain callable ``(images, prompts) -> floats``.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from fauve.errors import ConfigError, PluginError, UnknownName, suggestion
from fauve.models.callables import CallableScorer
from fauve.models.cards import ModelCard
from fauve.models.generators.api_cards import API_CARDS
from fauve.models.generators.generator_cards import GENERATOR_CARDS
from fauve.models.judges.judge_cards import JUDGE_CARDS, JUDGE_ENTRIES
from fauve.models.lab_cards import LAB_CARDS, LAB_GENERATORS, LAB_SCORERS
from fauve.models.protocols import Generator, Judge, Scorer
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.models.steering.steered_name import ATTENTION, SteeredName, parse_steered_name

__all__ = ["GENERATORS", "JUDGES", "SCORERS", "Entry", "entries", "make_generator", "make_judge", "make_scorer"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a name leads: ``target`` is ``module:attribute``, ``options`` go to it, ``origin`` registered it.

    ``card`` is there where it can be read without importing the target.
    """

    name: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "fauve"
    card: ModelCard | None = None


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

_SCORER_PARTS = ("card", "settings", "load", "score")
_GENERATOR_PARTS = ("card", "settings", "load", "generate")
_JUDGE_PARTS = ("card", "settings", "dimensions", "load", "judge")


def entries(kind: str) -> dict[str, Entry]:
    """Every registered name of a kind (scorer, judge, generator), Fauve's own and those of installed packages."""
    own = {"scorer": SCORERS, "judge": JUDGES, "generator": GENERATORS}[kind]
    foreign = {p.name: Entry(p.name, p.value, origin=_origin(p)) for p in _plugins(f"fauve.{kind}s")}
    clash = own.keys() & foreign.keys()
    if clash:
        names = ", ".join(f"{n} (from {foreign[n].origin})" for n in sorted(clash))
        raise PluginError(
            f"these names are Fauve's own and cannot be registered again: {names}. Rename the entry point."
        )
    return {**own, **foreign}


def make_scorer(name: str, options: Mapping[str, Any] | None = None) -> Scorer:
    """The scorer of a registered name, ``instrument:NAME``, ``rubric:RUBRIC@MODEL`` or ``module:Name``; not loaded yet.

    Raises:
        UnknownName: for a name that nobody registered.
        PluginError: when what it leads to does not import or is no scorer.
    """
    made = _make("scorer", name, options or {})
    if _has(made, _SCORER_PARTS):
        return cast(Scorer, made)
    if callable(made) or _has(made, ("score",)):
        return CallableScorer(made, name)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no scorer: it has no method `score(images, prompts)` and is "
        "no function of (images, prompts) that returns a number for each"
    )


def make_judge(name: str, options: Mapping[str, Any] | None = None) -> Judge:
    """The judge of a registered name or ``module:Name``; not loaded yet. Raises as :func:`make_scorer` does."""
    made = _make("judge", name, options or {})
    if _has(made, _JUDGE_PARTS):
        return cast(Judge, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no judge: it needs `card`, `settings`, `dimensions`, `load` "
        "and `judge`"
    )


def make_generator(name: str, options: Mapping[str, Any] | None = None) -> Generator:
    """The generator of a registered name, ``diffusers:FOLDER_OR_ID`` or ``module:Name``; not loaded yet.

    A pipeline that runs on this machine can be steered by its name: ``NAME~0.5`` dials its alignment, ``NAME+vsf@2.0``
    and ``NAME+nag@5.0`` hold it to its prompt; see :mod:`fauve.models.generators.steered`. Raises as
    :func:`make_scorer` does, and ConfigError where a generator cannot be steered.
    """
    wanted = SteeredName(name) if name in entries("generator") or _is_folder(name) else parse_steered_name(name)
    made = _make_steered(wanted, options or {}) if wanted.steered else _make("generator", name, options or {})
    if _has(made, _GENERATOR_PARTS):
        return cast(Generator, made)
    raise PluginError(
        f"{name} led to a {type(made).__name__}, which is no generator: it needs `card`, `settings`, `load` and "
        "`generate`"
    )


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
        return _build(_resolve(target, str(wanted)), {**options, "name": str(wanted)}, str(wanted))
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
    return _build(_resolve(_STEERED, str(wanted)), made_from, str(wanted))


def _make(kind: str, name: str, options: Mapping[str, Any]) -> Any:
    known = entries(kind)
    if name in known:
        entry = known[name]
        return _build(_resolve(entry.target, name), {**entry.options, **options}, name)
    prefix, _, member = name.partition(":")
    if kind == "scorer" and prefix in _PREFIXES:
        target = _resolve(_PREFIXES[prefix], name)
        if prefix == "instrument":
            return target(member, **options)
        if prefix == "rubric":
            return _build(target, {"name": name, **options}, name)
        # A folder's own name stands in tables and keys: where it lies on this machine does not belong there.
        shown = Path(member).name if Path(member).is_dir() else member
        return _build(target, {"name": f"{prefix}:{shown}", "weights": member, **options}, name)
    if kind == "generator" and prefix in _GENERATOR_PREFIXES:
        return _build(_resolve(_GENERATOR_PREFIXES[prefix], name), {"name": name, **options}, name)
    if member:
        return _build(_resolve(name, name), dict(options), name)
    raise UnknownName(kind, name, known)


def _resolve(target: str, name: str) -> Any:
    module_name, _, attribute = target.partition(":")
    # A file in the folder where the command is called is where a stranger's scorer usually lies.
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise PluginError(
            f"{name}: the module {module_name!r} does not import ({error}). {_import_remedy(module_name)}"
        ) from error
    except Exception as error:
        raise PluginError(f"{name}: importing {module_name!r} failed with {type(error).__name__}: {error}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [n for n in vars(found) if not n.startswith("_")]
            raise UnknownName(f"name in {module_name}", part, public) from None
    return found


def _import_remedy(module: str) -> str:
    if module.startswith("fauve."):
        return "Install what it needs: pip install 'fauve[models]'."
    if module.endswith(".py"):
        return f"Name the module, not the file: {module.removesuffix('.py')}:NAME."
    return "Install what it needs, or call from the folder where it lies."


def _build(found: Any, options: Mapping[str, Any], name: str) -> Any:
    """Call classes; call functions that take no positional argument (factories); leave everything else as it is."""
    if inspect.isclass(found) or (inspect.isfunction(found) and _is_factory(found)):
        try:
            return found(**options)
        except TypeError as error:
            given = {key: value for key, value in options.items() if key != "name"}
            why = _no_option(found, str(error)) or f" ({error})"
            raise PluginError(f"{name}: it cannot be made with {given}{why}") from error
    if options:
        raise PluginError(f"{name} takes no options, and got {sorted(options)}")
    return found


def _no_option(found: Any, error: str) -> str:
    """What is said of an option that is none, with the nearest one that is; empty where the error is another."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", error)
    if unknown is None:
        return ""
    parameters = inspect.signature(found).parameters.values()
    known = [p.name for p in parameters if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD} and p.name != "name"]
    passed_on = any(p.kind is p.VAR_KEYWORD for p in parameters)
    return f": there is no option {unknown[1]!r}.{'' if passed_on else suggestion(unknown[1], known)}"


def _has(made: Any, parts: Sequence[str]) -> bool:
    """Whether it has these attributes, without evaluating any: the settings of a reward model hash its weights."""
    missing = object()
    return all(inspect.getattr_static(made, part, missing) is not missing for part in parts)


def _is_factory(function: Any) -> bool:
    required = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
    ]
    return not required


@cache
def _plugins(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an installed package"
