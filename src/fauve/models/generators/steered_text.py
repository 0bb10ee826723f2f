"""Guidance away from words, as a run of a local generator takes it: Value Sign Flip or NAG around one call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fauve.errors import ConfigError
from fauve.models.generators.facts import Slot
from fauve.models.protocols import ImageRequest
from fauve.models.steering.nag import NagSettings, normalized_attention_guidance
from fauve.models.steering.vsf import Mode, value_sign_flip
from fauve.models.steering.vsf_rule import Dose

__all__ = ["GUIDED_PIPELINES", "NOTHING_TO_AVOID", "Guidance"]

GUIDED_PIPELINES = ("FluxPipeline", "StableDiffusion3Pipeline")
"""Pipelines whose attention can be steered."""

NOTHING_TO_AVOID = (
    "it is to be steered and nothing says away from what: hand over a negative prompt (in a run `negative = true` "
    "under [prompts], with negatives in the prompts' file), or give the option `avoid`"
)
"""Reason of a request that cannot be steered."""


@dataclass(frozen=True, slots=True)
class Guidance:
    """How pictures are held to their prompts; what :class:`~fauve.models.generators.running.Steering` asks for.

    Attributes:
        method: ``vsf`` or ``nag``.
        scale: its strength.
        avoid: what to steer away from where a request does not say.
        mode: of VSF, ``intended`` or ``released``.
        bias: of VSF, what is taken from the scores of the negative prompt; infinity is the plain pipeline.
        slot: which picture of a pair is asked for; None where there is no pair. Io without a negative prompt of its own
            is left plain.

    Raises:
        ConfigError: something out of range, or that the method does not have.
    """

    method: str
    scale: float
    avoid: str | None = None
    mode: Mode = "intended"
    bias: float = 0.0
    slot: Slot | None = None

    def __post_init__(self) -> None:
        if self.avoid is not None and not self.avoid.strip():
            raise ConfigError("`avoid` is empty: say what shall not be seen, or leave it out.")
        if self.mode not in {"intended", "released"}:
            raise ConfigError(f"Value Sign Flip has no mode {self.mode!r}: it is intended or released.")
        if self.method == "nag":
            NagSettings(self.scale)
            if self.mode != "intended" or self.bias != 0:
                raise ConfigError("`mode` and `bias` belong to VSF; NAG has neither.")
        else:
            Dose(self.scale, self.bias)

    @property
    def settings(self) -> dict[str, Any]:
        """What belongs into a generator's settings."""
        said = {"guidance_method": self.method, "guidance_strength": self.scale, "avoid": self.avoid}
        if self.method == "nag":
            nag = NagSettings(self.scale)
            return {**said, "nag": {"tau": nag.tau, "alpha": nag.alpha, "norm": nag.norm}, "steers": _STEERS}
        bias = "infinity" if math.isinf(self.bias) else self.bias
        return {**said, "mode": self.mode, "bias": bias, "steers": _STEERS}

    def avoided(self, request: ImageRequest) -> str | None:
        """The request's own words, else ``avoid``; None for an Io that names none."""
        if request.negative is not None and request.negative.strip():
            return request.negative
        return None if self.slot == "original" else self.avoid

    def lacks_words(self, request: ImageRequest) -> bool:
        """Whether the request is to be steered and nothing says away from what."""
        return self.slot != "original" and self.avoided(request) is None

    @contextmanager
    def around(
        self, pipe: Any, prompts: Sequence[str], avoided: str, given: Mapping[str, Any], negative: str | None
    ) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Steer ``pipe`` for a call; afterwards its attention is what it was."""
        shared: dict[str, Any] = {
            "positive": prompts,
            "negative": avoided,
            "unconditional": negative or "",
            "max_sequence_length": given.get("max_sequence_length"),
        }
        steered = (
            normalized_attention_guidance(pipe, settings=NagSettings(self.scale), **shared)
            if self.method == "nag"
            else value_sign_flip(pipe, scale=self.scale, offset=self.bias, mode=self.mode, **shared)
        )
        with steered as arguments:
            yield arguments, self._facts(pipe, avoided)

    def _facts(self, pipe: Any, avoided: str) -> dict[str, Any]:
        counts = (getattr(processor, "negative", None) for processor in pipe.transformer.attn_processors.values())
        return {
            "guidance_method": self.method,
            "guidance_strength": self.scale,
            **({"mode": self.mode} if self.method == "vsf" else {}),
            "avoided": avoided,
            "negative_tokens": next(count for count in counts if count is not None),
        }


_STEERS = "requests that name what to avoid"
