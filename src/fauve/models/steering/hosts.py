"""What is the same for every transformer that can be steered: swapping its attention, and following its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from fauve.errors import ModelError
from fauve.models.steering.split_attention import Rule

__all__ = ["EncodedText", "Host", "each_step", "steered"]

STOCK_PROCESSORS = ("FluxAttnProcessor", "FluxAttnProcessor2_0", "JointAttnProcessor2_0")


@dataclass(frozen=True, slots=True)
class EncodedText:
    """Both prompts as the denoiser takes them.

    Attributes:
        positive: shape (batch, P, width), padded as the pipeline pads.
        negative: shape (batch, N, width).
        pooled: of the positive prompts, shape (batch, pooled width).
        negative_pooled: of the negative prompt, same shape.
        unconditional: what the pipeline's own guidance extrapolates from, shape (batch, P, width); None where the
            family has none.
        unconditional_pooled: its pooled vector, or None.
    """

    positive: Tensor
    negative: Tensor
    pooled: Tensor
    negative_pooled: Tensor
    unconditional: Tensor | None = None
    unconditional_pooled: Tensor | None = None

    @property
    def rows(self) -> int:
        """Pictures in the batch."""
        return int(self.positive.shape[0])

    @property
    def lengths(self) -> tuple[int, int]:
        """Tokens of positive and of negative text: (P, N)."""
        return int(self.positive.shape[1]), int(self.negative.shape[1])


class Host(Protocol):
    """One family of transformers: how it encodes prompts, and where its attention is."""

    transformer: Any

    def encode(
        self, positive: Sequence[str], negative: str, *, pad_negative: bool, unconditional: str, limit: int | None
    ) -> EncodedText:
        """Encode both prompts; ``limit`` is the pipeline's ``max_sequence_length``, None for its default."""
        ...

    def arguments(self, text: EncodedText, pooled: Tensor) -> dict[str, Any]:
        """What the pipeline's call needs in the place of a prompt."""
        ...

    def processors(self, text: EncodedText, rule: Rule, single: Rule | None) -> dict[str, Any]:
        """Attention processors by their names; ``single`` is the rule of single-stream blocks, None leaves them."""
        ...


@contextmanager
def steered(transformer: Any, processors: Mapping[str, Any]) -> Iterator[None]:
    """Put attention processors in, and what was there before back, whatever happens between.

    Raises:
        ModelError: what is there is not the stock attention (an adapter for images, fused projections, or steering
            that is on already): replacing it would silently drop what it does.
    """
    stock = dict(transformer.attn_processors)
    for name in processors:
        kind = type(stock[name]).__name__
        fused = getattr(transformer.get_submodule(name.removesuffix(".processor")), "fused_projections", False)
        if kind not in STOCK_PROCESSORS or fused:
            raise ModelError(
                f"{name} is a {kind}{' with fused projections' if fused else ''}, and only the stock attention can be "
                "steered. Take image adapters out, call unfuse_qkv_projections(), and steer one way at a time."
            )
    try:
        # the setter empties the mapping that it is given, so each call gets one of its own
        transformer.set_attn_processor({**stock, **processors})
        yield
    finally:
        transformer.set_attn_processor(dict(stock))


@contextmanager
def each_step(transformer: Any, tell: Callable[[int], None]) -> Iterator[None]:
    """Call ``tell`` with the number of the denoising step, from 0, before every forward of the transformer.

    A step is a new timestep: several forwards at one (guidance of the pipeline's own) are one step, and a timestep that
    rises begins the next picture.
    """
    step, last = 0, 0.0

    def before(_module: Any, _arguments: Any, named: Mapping[str, Any]) -> None:
        nonlocal step, last
        now = float(named["timestep"].flatten()[0])
        step = 0 if now > last else step + (now < last)
        last = now
        tell(step)

    handle = transformer.register_forward_pre_hook(before, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
