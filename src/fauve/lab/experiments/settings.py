"""What an experiment is: a TOML file, checked as a whole before anything is trained.

Every key has a default and an unknown key is an error with the nearest known one. Change one line and it is another
experiment; what the change does not touch is not trained again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fauve.errors import ConfigError, spoken_place, suggestion

__all__ = [
    "KNOBS",
    "AlignmentSettings",
    "ArmSettings",
    "EvaluationSettings",
    "ExperimentSettings",
    "KnobSettings",
    "MemberSettings",
    "RewardSettings",
    "read_experiment",
]

KNOBS = ("dissenters", "fidelity", "agreement", "coverage", "noise", "spread", "people", "raters")
"""Knobs of the annotators that ``[knobs]`` turns one at a time."""

Share = Field(ge=0, le=1)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RewardSettings(_Strict):
    """``[rewards.NAME]``: what alignment is to raise. The knobs of the annotators stand beside how it is learnt."""

    kind: Literal["preferences", "matcher", "placebo", "mixture"] = "preferences"
    people: int = Field(default=20, ge=2, le=1000, description="annotators in the panel")
    raters: int = Field(default=7, ge=1, description="of the panel, drawn anew, who see each comparison")
    dissenters: float = Field(default=0.12, ge=0, le=1, description="share who prefer the low end of every dimension")
    fidelity: float = Field(default=0.8, ge=0, description="what a request not met costs, in levels of one dimension")
    agreement: float = Field(default=0.95, ge=0.5, le=1, description="share on one side for a comparison to be kept")
    coverage: float = Field(default=0.08, ge=0, le=1, description="share of comparisons that ask for low ends")
    noise: float = Field(default=1.0, ge=0, description="of an annotator's mood")
    spread: float = Field(default=0.35, ge=0, description="of an annotator's weights around 1")
    plural: bool = Field(default=False, description="one reward for each group of annotators instead of one for all")
    group: int | None = Field(default=None, ge=0, description="whose reward to raise; unset: every group one voice")
    comparisons: int = Field(default=40_000, ge=20, description="drawn before the filter")
    steps: int = Field(default=700, ge=1)
    rate: float = Field(default=1e-3, gt=0)
    batch: int = Field(default=256, ge=1)
    parts: dict[str, float] = Field(default_factory=dict, description="of a mixture: weight by name of reward")

    @model_validator(mode="after")
    def _mixed(self) -> Self:
        if (self.kind == "mixture") != bool(self.parts):
            raise ValueError("parts are named by rewards of the kind mixture, and by those alone")
        return self


_BUILT_IN: dict[str, dict[str, Any]] = {
    "universal": {},
    "plural": {"agreement": 0.5, "coverage": 0.5, "plural": True, "steps": 1000},
    "matcher": {"kind": "matcher"},
    "placebo": {"kind": "placebo"},
}
"""Rewards that need no table of their own; a table changes what it names."""


class AlignmentSettings(_Strict):
    """``[alignment]``: how generators are aligned, the same for all arms."""

    steps: int = Field(default=120, ge=1)
    prompts: int = Field(default=12, ge=1, description="a step")
    group: int = Field(default=8, ge=2, description="pictures of each prompt, compared among themselves")
    rate: float = Field(default=3e-4, gt=0, description="at 1e-3 the placebo loses requests of its own")
    probe: int = Field(default=384, ge=2, description="prompts on which the scorer's unit is measured")
    dpo_comparisons: int = Field(default=20_000, ge=20)
    dpo_beta: float = Field(default=0.1, gt=0)
    dpo_steps: int = Field(default=200, ge=1)
    dpo_rate: float = Field(default=5e-4, gt=0)
    dpo_batch: int = Field(default=128, ge=1)


class ArmSettings(_Strict):
    """``[[arms]]``: every combination of these lists is an arm, aligned once for each training seed."""

    rewards: tuple[str, ...] = Field(min_length=1, description="names of rewards; `knobs` stands for all of [knobs]")
    anti_share: tuple[float, ...] = Field(
        default=(0.0,), description="share of alignment prompts that ask for low ends"
    )
    kl: tuple[float, ...] = Field(default=(0.0,), description="weights of the divergence from the base")
    method: Literal["grpo", "dpo"] = "grpo"
    steps: tuple[int, ...] = Field(default=(), description="of alignment; unset: those of [alignment]")
    dial: tuple[float, ...] = Field(default=(), description="base + dial * (aligned - base), weight by weight")
    plain_guidance: tuple[float, ...] = Field(default=(), description="strengths, away from the empty prompt")
    negative_guidance: tuple[float, ...] = Field(default=(), description="strengths, away from the negative prompt")

    @field_validator("anti_share")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(not 0 <= share <= 1 for share in value):
            raise ValueError("shares lie from 0 to 1, and there is at least one")
        return value

    @field_validator("kl", "plain_guidance", "negative_guidance")
    @classmethod
    def _not_negative(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(number < 0 for number in value):
            raise ValueError("these are 0 or more")
        return value

    @model_validator(mode="after")
    def _dpo(self) -> Self:
        if self.method == "dpo" and (self.kl != (0.0,) or self.anti_share != (0.0,) or self.steps):
            raise ValueError(
                "DPO has no KL weight, prompts or steps of its own: set dpo_beta and dpo_steps under [alignment], "
                "and the annotators' coverage"
            )
        return self


class KnobSettings(_Strict):
    """``[knobs]``: variants of one reward, one knob turned at a time."""

    of: str = "universal"
    dissenters: tuple[float, ...] = ()
    fidelity: tuple[float, ...] = ()
    agreement: tuple[float, ...] = ()
    coverage: tuple[float, ...] = ()
    noise: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    people: tuple[int, ...] = ()
    raters: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _allowed(self) -> Self:
        for knob, value in self.turned():
            try:
                RewardSettings.model_validate({knob: value})
            except ValidationError as error:
                raise ValueError(f"{knob} = {value:g} is no setting of a reward: {error.errors()[0]['msg']}") from None
        return self

    def turned(self) -> Iterator[tuple[str, float]]:
        """(knob, value) of every variant."""
        for knob in KNOBS:
            for value in getattr(self, knob):
                yield knob, value


class MemberSettings(_Strict):
    """``[members]``: parts of the trained family that are measured as they are."""

    generators: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()
    steered: str | None = Field(default=None, description="the member that is dialled and guided at these strengths")
    dial: tuple[float, ...] = ()
    plain_guidance: tuple[float, ...] = ()
    negative_guidance: tuple[float, ...] = ()


class EvaluationSettings(_Strict):
    """``[evaluation]``: what every generator and scorer is asked, in wording that alignment never saw."""

    pairs: int = Field(default=300, ge=4)
    seed: int = Field(default=2026, ge=0)
    emotion_draws: int = Field(default=60, ge=1, description="faces for each emotion")
    interval_draws: int = Field(default=10_000, ge=100)


class ExperimentSettings(_Strict):
    """One experiment."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    question: str = ""
    family: str = Field(default="shipped", description="`shipped`, or a folder of a family, relative to the file")
    pool: int = Field(default=16_000, ge=20, description="pictures that the annotators are shown")
    seeds: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5), min_length=1)
    rewards: dict[str, RewardSettings] = Field(default_factory=dict)
    knobs: KnobSettings | None = None
    alignment: AlignmentSettings = AlignmentSettings()
    arms: tuple[ArmSettings, ...] = ()
    members: MemberSettings = MemberSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("rewards", mode="before")
    @classmethod
    def _with_built_in(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        tables = {**_BUILT_IN, **value}
        return {
            name: {**_BUILT_IN.get(name, {}), **table} if isinstance(table, Mapping) else table
            for name, table in tables.items()
        }

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value) or min(value) < 0:
            raise ValueError("training seeds are different numbers, 0 or above")
        return value

    @model_validator(mode="after")
    def _names(self) -> Self:
        known = {*self.rewards, "knobs"}
        asked = [name for arm in self.arms for name in arm.rewards]
        asked += [name for reward in self.rewards.values() for name in reward.parts]
        asked += [self.knobs.of] if self.knobs else []
        for name in asked:
            if name not in known:
                raise ValueError(f"there is no reward called {name!r}.{suggestion(name, known)}")
        if "knobs" in asked and self.knobs is None:
            raise ValueError("an arm asks for `knobs` and there is no [knobs]")
        if self.knobs and self.rewards[self.knobs.of].kind != "preferences":
            raise ValueError(f"knobs.of is {self.knobs.of!r}, which no annotators taught: name a reward of preferences")
        return self

    def __init__(self, **data: Any) -> None:
        super().__init__(**{"rewards": {}, **data})  # so that the built-in rewards are there without a table


def read_experiment(path: Path) -> ExperimentSettings:
    """Settings from a TOML file; the family's folder is taken from the file's.

    Raises:
        ConfigError: naming the file, the key, what is wrong with it, and the nearest known key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no experiment {path}; check the path (examples: examples/lab/*.toml)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    try:
        settings = ExperimentSettings(**raw)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {_sentence(problem)}" for problem in error.errors())) from None
    if settings.family == "shipped":
        return settings
    return settings.model_copy(update={"family": str(path.resolve().parent / settings.family)})


_TABLES: dict[str, type[BaseModel]] = {
    "rewards": RewardSettings,
    "knobs": KnobSettings,
    "alignment": AlignmentSettings,
    "arms": ArmSettings,
    "members": MemberSettings,
    "evaluation": EvaluationSettings,
}


def _sentence(problem: Any) -> str:
    loc = problem["loc"]
    where = spoken_place(loc)
    if problem["type"] == "extra_forbidden":
        beside = _TABLES[str(loc[0])] if len(loc) > 1 else ExperimentSettings
        return f"there is no key {where!r}.{suggestion(str(loc[-1]), beside.model_fields)}"
    told = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "tuple_type":
        told = "a list is wanted, in square brackets"
    elif problem["type"] == "too_short":
        told = "the list is empty; name at least one"
    return f"{where}: {told} (got {problem['input']!r})" if where else told
