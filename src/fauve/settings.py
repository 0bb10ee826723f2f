"""What a run is asked to do: a TOML file, checked as a whole before anything starts.

Every key has a default, an unknown key is an error with the nearest known one, and the resolved settings are written to
``run.toml`` in the run directory.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fauve.errors import ConfigError, spoken_place, suggestion
from fauve.naming import DEFAULT_PRESET, marked_name
from fauve.prompts.own_dimensions import dimensions_from
from fauve.prompts.settings import DimensionSettings, PromptSettings, RewriterSettings
from fauve.vocabulary import DIMENSIONS, Dimension

__all__ = [
    "AdapterSettings",
    "ArmSettings",
    "BelowSettings",
    "DataSettings",
    "DimensionSettings",
    "EditSettings",
    "EmotionSettings",
    "EngineSettings",
    "GeneratorSettings",
    "PromptSettings",
    "RewriterSettings",
    "RunSettings",
    "SelectorSettings",
    "StimuliSettings",
    "default_settings",
    "read_settings",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(_Strict):
    """``[data]``: files to import, relative to the TOML file. Importing the same file again changes nothing."""

    photographs: bool | None = Field(
        default=None,
        description="put the photographs that scikit-image and scikit-learn carry through the stimuli; "
        "unset means: only where the run directory holds nothing else",
    )
    pairs: tuple[Path, ...] = ()
    contrasts: tuple[Path, ...] = ()
    scores: tuple[Path, ...] = ()


class StimuliSettings(_Strict):
    """``[stimuli]``: which effects, how strong, how large."""

    effects: tuple[str, ...] = Field(default=(), description="names of effects; none named means all")
    strengths: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    longer_side: int = Field(default=320, ge=64, le=2048, description="pixels")
    seed: int = 0

    @field_validator("strengths")
    @classmethod
    def _graded(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(not 0 < s <= 1 for s in value) or list(value) != sorted(set(value)):
            raise ValueError("strengths rise from above 0 to at most 1")
        return value


class AdapterSettings(_Strict):
    """One scorer or judge: a registered name, ``instrument:NAME`` or ``module:Name``, and its options."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    device: str = "cpu"
    dtype: str = "float32"
    of: tuple[str, ...] = Field(
        default=(), description="generators whose pictures it is asked about, as shell patterns; none means all"
    )


class SelectorSettings(AdapterSettings):
    """One selector: a registered name or ``module:Name``; it is asked which picture of a pair fits the prompt."""

    batch: int | None = Field(default=None, ge=1, le=1024, description="requests at once; unset: what it says itself")


class GeneratorSettings(AdapterSettings):
    """One generator: a registered name, ``diffusers:FOLDER_OR_HUB_ID`` or ``module:Name``, and its options."""

    batch: int | None = Field(default=None, ge=1, le=1024, description="requests at once; unset: what it says itself")


class ArmSettings(_Strict):
    """``arms`` of ``[[edits]]``: each is a way in which every input is edited."""

    strengths: tuple[float, ...] = Field(default=(), description="how far the input is left, above 0 to 1")
    start_noises: tuple[float, ...] = Field(default=(), description="share of noise to start from, above 0 to 1")
    control: bool = Field(default=False, description="through the autoencoder alone: strength 0")
    reference: bool = Field(default=False, description="for systems that edit by reference and take no strength")

    @field_validator("strengths", "start_noises")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < share <= 1 for share in value) or len(set(value)) < len(value):
            raise ValueError("each lies above 0 and at most at 1, and stands once")
        return value

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.strengths or self.start_noises or self.control or self.reference):
            raise ValueError("there is no arm: name strengths, start_noises, control or reference")
        return self


class BelowSettings(_Strict):
    """``below`` of ``[[edits]]``: only inputs that a scorer puts below ``value`` under a prompt of their pair."""

    scorer: str
    value: float = Field(allow_inf_nan=False)
    prompt: Literal["original", "anti"] = "original"
    source: str | None = Field(default=None, description="whose values count; unset: computed ones, else the only ones")


class EditSettings(_Strict):
    """One of ``[[edits]]``: a generator that edits the anti pictures of pairs."""

    generator: GeneratorSettings = Field(
        description="as under [[generators]]; a bare name takes the options given there"
    )
    of: str = Field(description="name of the generator that made the inputs, or `file` for every imported pair")
    arms: ArmSettings = ArmSettings(strengths=(0.5,), control=True)
    prompt: Literal["original", "anti"] = Field(default="original", description="what the edit is asked to show")
    below: BelowSettings | None = None


class EmotionSettings(_Strict):
    """``[emotion]``: portraits of every emotion, by every generator, and edits of the happy ones."""

    file: Path | None = Field(default=None, description="templates with the slot [emotion], relative to the TOML file")
    draws: int = Field(default=1, ge=1, le=1000, description="pictures of each template and emotion")
    finder: AdapterSettings = Field(
        default=AdapterSettings(name="none"), description="who finds the face in a portrait; `none`: nobody looks"
    )
    edits: bool | tuple[str, ...] = Field(
        default=False, description="let all generators, or those named, edit their happy pictures to negative emotions"
    )

    @field_validator("finder", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class EngineSettings(_Strict):
    """``[engine]``: how the work is done. Nothing here changes a number."""

    workers: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=256)
    images_per_job: int = Field(default=8, ge=1, le=4096)


DEFAULT_SCORERS = ("polish", "random", "instrument:sharpness", "instrument:colourfulness")


class RunSettings(_Strict):
    """A whole run."""

    title: str = "Fauve"
    dimensions: dict[str, DimensionSettings] = Field(default_factory=dict)
    data: DataSettings = DataSettings()
    stimuli: StimuliSettings = StimuliSettings()
    prompts: PromptSettings = PromptSettings()
    generators: tuple[GeneratorSettings, ...] = ()
    edits: tuple[EditSettings, ...] = ()
    emotion: EmotionSettings = EmotionSettings()
    scorers: tuple[AdapterSettings, ...] = tuple(AdapterSettings(name=name) for name in DEFAULT_SCORERS)
    judges: tuple[AdapterSettings, ...] = (AdapterSettings(name="instruments"),)
    selectors: tuple[SelectorSettings, ...] = ()
    engine: EngineSettings = Field(default_factory=EngineSettings)

    @property
    def own_dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions under ``[dimensions]``."""
        return dimensions_from({name: entry.model_dump() for name, entry in self.dimensions.items()})

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        try:
            own = self.own_dimensions
        except ConfigError as error:
            raise ValueError(str(error)) from None
        known = [*DIMENSIONS, *(one.name for one in own)]
        if strangers := [name for name in self.prompts.dimensions if name not in known]:
            told = suggestion(strangers[0], known)
            raise ValueError(f"prompts.dimensions: there is no dimension {strangers[0]!r}.{told}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _editors(cls, raw: Any) -> Any:
        """A bare name of an editor is short for the generator of that name, or for a table with that name."""
        if not isinstance(raw, dict) or not isinstance(raw.get("edits"), list | tuple):
            return raw
        known: dict[str, dict[str, Any]] = {}
        for entry in raw.get("generators") or ():
            plain = entry.model_dump() if isinstance(entry, GeneratorSettings) else entry
            if isinstance(plain, dict) and isinstance(plain.get("name"), str):
                known = {plain["name"]: plain} | known | {_row(plain["name"], plain.get("options")): plain}
        edits = []
        for entry in raw["edits"]:
            name = entry.get("generator") if isinstance(entry, dict) else None
            edits.append(entry | {"generator": known.get(name, {"name": name})} if isinstance(name, str) else entry)
        return raw | {"edits": edits}

    @model_validator(mode="after")
    def _editable(self) -> Self:
        editors = [entry.generator.name for entry in self.edits]
        twice = sorted({name for name in editors if editors.count(name) > 1})
        if twice:
            raise ValueError(
                f"edits name a generator twice: {', '.join(twice)}; use another run directory for the other"
            )
        chosen = self.emotion.edits
        if not isinstance(chosen, bool):
            strangers = sorted(set(chosen) - {entry.name for entry in self.generators})
            if strangers:
                raise ValueError(f"emotion.edits names {', '.join(strangers)}, which stands not under [[generators]]")
        return self

    @field_validator("generators", "scorers", "judges", "selectors", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """A bare name is short for a table with that name."""
        if isinstance(value, list | tuple):
            return [{"name": entry} if isinstance(entry, str) else entry for entry in value]
        return value

    @field_validator("generators", "scorers", "judges", "selectors")
    @classmethod
    def _once(cls, value: tuple[AdapterSettings, ...]) -> tuple[AdapterSettings, ...]:
        names = [
            _row(entry.name, entry.options) if isinstance(entry, GeneratorSettings) else entry.name for entry in value
        ]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        return value


def _row(name: str, options: Any) -> str:
    """The row that a generator fills: two presets of one are two."""
    preset = options.get("preset", DEFAULT_PRESET) if isinstance(options, dict) else DEFAULT_PRESET
    return marked_name(name, str(preset))


def _with_prompts(settings: RunSettings, base: Path) -> RunSettings:
    """Resolve the files of prompts; generators need one, and portraits need generators."""
    prompts, emotion = settings.prompts, settings.emotion
    if settings.generators and not prompts.named and emotion.file is None:
        raise ConfigError(
            "generators need prompts: name a set or a file under [prompts] (docs/formats.md, prompts.jsonl), captions "
            "with a rewriter, or templates under [emotion]"
        )
    if emotion.file is not None and not settings.generators:
        raise ConfigError("[emotion] asks for portraits: name who makes them under [[generators]]")
    files = {name: base / place for name in ("file", "captions") if (place := getattr(prompts, name)) is not None}
    prompts = prompts.model_copy(update=files)
    if emotion.file is not None:
        emotion = emotion.model_copy(update={"file": base / emotion.file})
    return settings.model_copy(update={"prompts": prompts, "emotion": emotion})


def read_settings(path: Path) -> RunSettings:
    """Settings from a TOML file; relative paths are taken from the file's folder.

    Raises:
        ConfigError: naming the file, the key, what is wrong with it, and the nearest known key.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no settings file {path}; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    raw.pop("versions", None)  # a run.toml says with what it was made; that asks for nothing
    try:
        settings = RunSettings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {_sentence(problem)}" for problem in error.errors())) from None
    base = path.resolve().parent
    found = {
        name: tuple(base / file for file in getattr(settings.data, name)) for name in ("pairs", "contrasts", "scores")
    }
    return _with_prompts(settings.model_copy(update={"data": settings.data.model_copy(update=found)}), base)


def default_settings() -> RunSettings:
    """What a run does that is told nothing: the alignment lab's family and the photographs, offline, without a key."""
    return read_settings(Path(__file__).with_name("default.toml"))


def _sentence(problem: Any) -> str:
    where = spoken_place(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no key {where!r}.{suggestion(str(problem['loc'][-1]), _keys_beside(problem['loc']))}"
    return f"{where}: {problem['msg']} (got {problem['input']!r})"


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the table around ``loc`` knows."""
    model: type[BaseModel] = RunSettings
    tables: dict[str, type[BaseModel]] = {
        "data": DataSettings,
        "stimuli": StimuliSettings,
        "prompts": PromptSettings,
        "rewriter": RewriterSettings,
        "dimensions": DimensionSettings,
        "generators": GeneratorSettings,
        "engine": EngineSettings,
        "edits": EditSettings,
        "arms": ArmSettings,
        "below": BelowSettings,
        "emotion": EmotionSettings,
        "generator": GeneratorSettings,
        "finder": AdapterSettings,
        "scorers": AdapterSettings,
        "judges": AdapterSettings,
        "selectors": SelectorSettings,
    }
    for part in loc[:-1]:
        model = tables.get(str(part), model)
    return list(model.model_fields)
