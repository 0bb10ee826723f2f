"""What a run's settings say of prompts: where they come from, who writes them, and dimensions of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fauve.prompts.drawing import SIZES

__all__ = ["DimensionSettings", "PromptSettings", "RewriterSettings"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DimensionSettings(_Strict):
    """One of ``[dimensions.NAME]``: a dimension of one's own, as :class:`fauve.vocabulary.Dimension` describes it."""

    low: str
    middle: str
    high: str
    request: str
    negative: str


class RewriterSettings(_Strict):
    """Who writes anti prompts: ``template``, ``neutral``, ``chat:MODEL``, a registered name or ``module:Name``."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    batch: int | None = Field(default=None, ge=1, le=1024, description="captions at once; unset: what it says itself")


class PromptSettings(_Strict):
    """``[prompts]``: pairs of prompts for the generators, as a set by name or a file, and pictures of each.

    With a rewriter, captions alone: it writes the anti prompts.
    """

    set: str | None = Field(default=None, description="`fauve` (300 hand-written pairs), or `lab` (a made-up world)")
    file: Path | None = Field(
        default=None, description="JSON Lines, CSV or Parquet of one's own, relative to the TOML file"
    )
    captions: Path | None = Field(
        default=None, description="captions for the rewriter: text, JSON Lines, CSV, Parquet, or COCO's JSON"
    )
    rewriter: RewriterSettings | None = Field(
        default=None, description="writes the anti prompts, of captions or anew of a set or file; a bare name will do"
    )
    dimensions: tuple[str, ...] = Field(
        default=(), description="to draw from, for captions; none named means the eleven and those under [dimensions]"
    )
    sizes: tuple[int, ...] = Field(default=SIZES, description="how many dimensions a caption may be drawn")
    wordings: tuple[str, ...] = Field(
        default=(), description="`template`, `neutral`: every pair in these wordings too, for `prompt_complexity`"
    )
    seed: int = Field(default=0, description="of the draw of dimensions, and of COCO's captions")
    count: int | None = Field(default=None, ge=1, description="the first so many pairs; unset means all")
    draws: int = Field(default=1, ge=1, le=1000, description="pictures that each generator makes of each prompt")
    negative: bool = Field(default=False, description="hand over the negative prompts that the set or file names")

    @property
    def named(self) -> bool:
        """Whether there are any."""
        return any(source is not None for source in (self.set, self.file, self.captions))

    @field_validator("rewriter", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(source is not None for source in (self.set, self.file, self.captions)) > 1:
            raise ValueError("name a set, a file or captions, and one of them alone")
        if self.captions is not None and self.rewriter is None:
            raise ValueError('captions have no anti prompts: name a rewriter, as rewriter = "template"')
        if self.rewriter is not None and not self.named:
            raise ValueError("a rewriter needs captions: name a set, a file or captions")
        if self.captions is None and (self.dimensions or self.sizes != SIZES or self.seed):
            raise ValueError("dimensions, sizes and seed are of a draw, which captions alone need")
        return self
