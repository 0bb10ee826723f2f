"""One prompt at several strengths of steering: the same noise every time, each picture scored, failures kept apart.

For somebody who looks for the strength that keeps a picture to its prompt. Nothing here goes into a ledger.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

import numpy as np
from PIL.Image import Image

from fauve.engine.jobs import AdapterSpec, load_here, prepare_here, shown_name, unload
from fauve.engine.progress import Progress, Silent
from fauve.errors import ConfigError, ImageRejected
from fauve.imaging import decode
from fauve.models.callables import checked_scores
from fauve.models.cards import ModelCard
from fauve.models.protocols import Generated, Generator, ImageRequest, Scorer
from fauve.models.steering.steered_name import ATTENTION, SteeredName, parse_steered_name
from fauve.records import Outcome
from fauve.settings import DEFAULT_SCORERS

__all__ = ["DIALS", "STRENGTHS", "WEIGHTLESS_SCORERS", "Rung", "Score", "Shot", "Steered", "Trial", "rungs", "steer"]

STRENGTHS: Mapping[str, tuple[float, ...]] = {"vsf": (1.0, 2.0, 3.0, 4.5), "nag": (3.0, 5.0, 8.0, 11.0)}
"""Strengths that are tried where none are given, by method. The published ones lie among them."""

DIALS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Places between base and aligned model that are tried where none are given."""

_ONE_STRENGTH = {"vsf": 2.0, "nag": 5.0}
"""What is held while the dial is turned."""

WEIGHTLESS_SCORERS = (
    *(name for name in DEFAULT_SCORERS if name != "random"),
    "instrument:contrast",
    "instrument:exposure",
)
"""Scorers of a sheet for which none are named: what measures a picture without weights. None reads the prompt."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried.

    Attributes:
        prompt: what the picture shall show.
        model: a generator that runs here, by name; it may be a steered one.
        avoid: what it shall not show; None where only the dial is turned.
        method: ``vsf`` or ``nag``; None for what the name says, else VSF.
        strengths: of the guidance; none for :data:`STRENGTHS`.
        dials: places on the line from base (0) to aligned model (1); none where the dial is left alone.
        seed: of the noise, the same for every picture.
        options: of the generator.
        scorers: who scores the pictures under the prompt.
        device, dtype: where the generator runs, and in which number format where its preset leaves that open.
    """

    prompt: str
    model: str
    avoid: str | None = None
    method: str | None = None
    strengths: tuple[float, ...] = ()
    dials: tuple[float, ...] = ()
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    scorers: tuple[AdapterSpec, ...] = tuple(AdapterSpec("scorer", name) for name in WEIGHTLESS_SCORERS)
    device: str = "cpu"
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class Rung:
    """One picture to make: the generator's name, what is said under the picture, and whether it is the one to compare
    with."""

    name: SteeredName
    label: str
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer said of a picture: a number, or the reason why there is none."""

    value: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture that was asked for, and what came of it.

    ``change`` is the mean absolute difference of its pixels from those of the reference, as a share of the range;
    None where either is missing. ``scores`` are by scorer's name.
    """

    rung: Rung
    name: str
    settings: Mapping[str, Any]
    outcome: Outcome
    seconds: float
    data: bytes | None = None
    picture: Image | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    change: float | None = None
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Steered:
    """A trial and all that came of it; ``scorers`` are the cards by the names under which scores stand."""

    trial: Trial
    shots: tuple[Shot, ...]
    scorers: Mapping[str, ModelCard]


class _Turning(Protocol):
    """A steered generator: the same at another strength, without loading again."""

    def at(self, name: SteeredName) -> Generator: ...


def rungs(trial: Trial) -> tuple[Rung, ...]:
    """The pictures of a trial in the order in which they are shown.

    Raises:
        ConfigError: nothing to steer by, several strengths and several dials, or a prompt without words.
    """
    asked = parse_steered_name(trial.model)
    dials = trial.dials or (() if asked.dial is None else (asked.dial,))
    method = _method(trial, asked)
    strengths = _strengths(trial, asked, method)
    _check(trial, asked, dials, strengths)
    if len(dials) > 1:
        return _dial_ladder(asked.base, dials, method, strengths)
    start = replace(asked, dial=dials[0] if dials else None, guidance=None, scale=None)
    if not strengths:
        return _dial_ladder(asked.base, dials, method, strengths)
    steered = (
        Rung(replace(start, guidance=method, scale=a), f"{method.upper()} at {a:g}") for a in sorted(set(strengths))
    )
    return Rung(start, "Not steered", reference=True), *steered


def _method(trial: Trial, asked: SteeredName) -> str:
    method = trial.method or asked.guidance or "vsf"
    if method not in ATTENTION:
        raise ConfigError(f"there is no method {method!r}. Use one of {' or '.join(ATTENTION)}.")
    return method


def _strengths(trial: Trial, asked: SteeredName, method: str) -> tuple[float, ...]:
    if trial.strengths:
        return trial.strengths
    if asked.scale is not None:
        return (asked.scale,)
    if trial.avoid is None:
        return ()
    return (_ONE_STRENGTH[method],) if trial.dials else STRENGTHS[method]


def _dial_ladder(base: str, dials: Sequence[float], method: str, strengths: Sequence[float]) -> tuple[Rung, ...]:
    guided = {"guidance": method, "scale": strengths[0]} if strengths else {}
    ladder = [
        Rung(
            SteeredName(base, dial, **guided),  # type: ignore[arg-type]
            f"{dial:g} of the alignment".replace("-", "−") if dial != 0 or guided else "0, the base",
        )
        for dial in sorted(set(dials))
    ]
    published = SteeredName(base, 1.0)
    if any(rung.name == published for rung in ladder):
        return tuple(Rung(r.name, "1, as published", reference=True) if r.name == published else r for r in ladder)
    return Rung(published, "Not steered", reference=True), *ladder


def _check(trial: Trial, asked: SteeredName, dials: Sequence[float], strengths: Sequence[float]) -> None:
    if not trial.prompt.strip():
        raise ConfigError("the prompt has no words. Say what the picture shall show.")
    if trial.avoid is not None and not trial.avoid.strip():
        raise ConfigError("--avoid is empty. Name the things that shall not be in the picture, or leave it out.")
    if len(dials) > 1 and len(strengths) > 1:
        raise ConfigError(
            "several strengths and several places of the dial make too many pictures to compare. Give one strength "
            "with several dials, or one dial with several strengths."
        )
    if strengths and trial.avoid is None:
        raise ConfigError(
            "guidance steers away from something, and nothing says from what. Name the things that shall not be in the "
            "picture with --avoid, as in --avoid 'people, cars, neon signs'. Things work; words of quality (ugly, "
            "blurry) are outside what the method is for."
        )
    if not strengths and not dials:
        raise ConfigError(
            f"nothing says how to steer {asked.base}. Name the things that shall not be in the picture with --avoid, "
            "as in --avoid 'people, cars, neon signs'; or turn the alignment of an aligned model with --dial ladder."
        )


def steer(trial: Trial, progress: Progress | None = None) -> Steered:
    """Make and score the pictures of a trial.

    Whatever can be found out beforehand is, before anything is loaded: names, options, weights of generator and
    scorers. A picture or score that fails later is kept as a failure with its reason.

    Raises:
        FauveError: when the trial, a model or its weights are unusable.
    """
    told = progress or Silent()
    ladder = rungs(trial)
    first = next(rung for rung in ladder if rung.name.steered)
    spec = AdapterSpec("generator", str(first.name), trial.options, trial.device, trial.dtype)
    try:
        return _steer(trial, ladder, spec, told)
    finally:
        for each in (spec, *trial.scorers):
            unload(each)


def _steer(trial: Trial, ladder: Sequence[Rung], spec: AdapterSpec, told: Progress) -> Steered:
    for each in (*trial.scorers, spec):
        prepare_here(each)
    for rung in ladder:
        _at(spec, rung)
    told.say(f"loading {trial.model}")
    load_here(spec)
    told.stage("making pictures", len(ladder))
    shots = []
    for rung in ladder:
        shots.append(_shot(_at(spec, rung), rung, trial))
        told.advance(1)
    unload(spec)
    told.stage("scoring", len(trial.scorers))
    scorers: dict[str, ModelCard] = {}
    for each in trial.scorers:
        model = cast(Scorer, load_here(each))
        name = shown_name(model)
        scorers[name] = model.card
        shots = [_scored(shot, model, name, trial.prompt) for shot in shots]
        unload(each)
        told.advance(1)
    told.done()
    return Steered(trial, tuple(_compared(shots)), scorers)


def _at(spec: AdapterSpec, rung: Rung) -> Generator:
    return cast(_Turning, prepare_here(spec)).at(rung.name)


def _shot(generator: Generator, rung: Rung, trial: Trial) -> Shot:
    request = ImageRequest(trial.prompt, trial.seed, None if rung.name.guidance is None else trial.avoid)
    started = time.monotonic()
    try:
        answer = generator.generate([request])[0]
    except Exception as error:  # one strength that fails leaves the others
        answer = Generated(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")
    seconds = time.monotonic() - started
    said: dict[str, Any] = {
        "rung": rung,
        "name": shown_name(generator),
        "settings": dict(generator.settings),
        "seconds": seconds,
        "facts": dict(answer.facts),
    }
    if answer.data is None:
        return Shot(outcome=answer.outcome, reason=answer.reason, **said)
    try:
        picture, _ = decode(answer.data, f"the picture of {rung.name}")
    except ImageRejected as error:
        outcome = Outcome.FILTERED if error.reason == "constant" else Outcome.UNPARSABLE
        return Shot(outcome=outcome, reason=str(error), **said)
    return Shot(outcome=Outcome.OK, data=answer.data, picture=picture, **said)


def _scored(shot: Shot, scorer: Scorer, name: str, prompt: str) -> Shot:
    if shot.picture is None:
        return shot
    try:
        answered = scorer.score([shot.picture], [prompt], np.zeros((1, 2), dtype=np.intp))
        score = Score(float(checked_scores(answered, 1, name)[0]))
    except Exception as error:  # one score that fails leaves the others
        score = Score(reason=f"{type(error).__name__}: {error}")
    return replace(shot, scores={**shot.scores, name: score})


def _compared(shots: Sequence[Shot]) -> list[Shot]:
    reference = next(shot.picture for shot in shots if shot.rung.reference)
    return [replace(shot, change=_change(shot.picture, reference)) for shot in shots]


def _change(picture: Image | None, reference: Image | None) -> float | None:
    if picture is None or reference is None or picture.size != reference.size:
        return None
    one, other = (np.asarray(image, dtype=np.float64) for image in (picture, reference))
    return float(np.abs(one - other).mean() / 255.0)
