"""What a run is asked to do: a TOML file, checked as a whole before anything starts.

Every key has a default, an unknown key is an error with the nearest known one, and the resolved settings are written to
``run.toml`` in the run directory.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fauve.errors import ConfigError, suggestion

__all__ = [
    "AdapterSettings",
    "DataSettings",
    "EngineSettings",
    "GeneratorSettings",
    "PromptSettings",
    "RunSettings",
    "StimuliSettings",
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


class PromptSettings(_Strict):
    """``[prompts]``: pairs of prompts for the generators, relative to the TOML file, and pictures of each."""

    file: Path | None = None
    draws: int = Field(default=1, ge=1, le=1000, description="pictures that each generator makes of each prompt")
    negative: bool = Field(default=False, description="hand over the negative prompts that the file names")


class GeneratorSettings(AdapterSettings):
    """One generator: a registered name, ``diffusers:FOLDER_OR_HUB_ID`` or ``module:Name``, and its options."""

    batch: int | None = Field(default=None, ge=1, le=1024, description="requests at once; unset: what it says itself")


class EngineSettings(_Strict):
    """``[engine]``: how the work is done. Nothing here changes a number."""

    workers: int = Field(default_factory=lambda: min(4, os.cpu_count() or 1), ge=1, le=256)
    images_per_job: int = Field(default=8, ge=1, le=4096)


DEFAULT_SCORERS = ("polish", "random", "instrument:sharpness", "instrument:colourfulness")


class RunSettings(_Strict):
    """A whole run."""

    title: str = "Fauve"
    data: DataSettings = DataSettings()
    stimuli: StimuliSettings = StimuliSettings()
    prompts: PromptSettings = PromptSettings()
    generators: tuple[GeneratorSettings, ...] = ()
    scorers: tuple[AdapterSettings, ...] = tuple(AdapterSettings(name=name) for name in DEFAULT_SCORERS)
    judges: tuple[AdapterSettings, ...] = (AdapterSettings(name="instruments"),)
    engine: EngineSettings = Field(default_factory=EngineSettings)

    @field_validator("generators", "scorers", "judges", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """A bare name is short for a table with that name."""
        if isinstance(value, list | tuple):
            return [{"name": entry} if isinstance(entry, str) else entry for entry in value]
        return value

    @field_validator("generators", "scorers", "judges")
    @classmethod
    def _once(cls, value: tuple[AdapterSettings, ...]) -> tuple[AdapterSettings, ...]:
        names = [entry.name for entry in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        return value


def _with_prompts(settings: RunSettings, base: Path) -> RunSettings:
    """Resolve the prompts' file; generators need one."""
    if settings.prompts.file is None:
        if settings.generators:
            raise ConfigError("generators need prompts: name a file under [prompts] (docs/formats.md, prompts.jsonl)")
        return settings
    return settings.model_copy(
        update={"prompts": settings.prompts.model_copy(update={"file": base / settings.prompts.file})}
    )


def read_settings(path: Path) -> RunSettings:
    """Settings from a TOML file; relative paths in ``[data]`` are taken from the file's folder.

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


def _sentence(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
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
        "generators": GeneratorSettings,
        "engine": EngineSettings,
        "scorers": AdapterSettings,
        "judges": AdapterSettings,
    }
    for part in loc[:-1]:
        model = tables.get(str(part), model)
    return list(model.model_fields)
