"""What the released Flux code of Value Sign Flip computes, which is not what the method means.

Its variable ``pos_len`` is taken after both prompts are put together, so every block of the mask that counts from it
is shifted by the length N of the negative prompt. With T = P + N text tokens, queries [P, N, I] and keys [P, N, I, N′],
where N′ repeats N with values times −scale:

- image rows see N and N′, so that what reaches the first layer is (1 − scale) times the negative prompt;
- positive rows see both as well, and the text is mixed with what shall be avoided;
- negative rows see no text but N′: they are updated by their own negated values;
- text rows do not see the image tokens 0 … 2N − 1, and the image rows 0 … N − 1 not the image tokens N … 2N − 1.

Only the double blocks have it; the single blocks see N as ordinary text. It knows no offset. The copies are rotated as
the tokens that they repeat; a stored version that rotates every token by a table in another order is not repeated here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from torch import Tensor

from fauve.errors import ConfigError
from fauve.models.steering.split_attention import Parts
from fauve.models.steering.vsf_rule import Dose

__all__ = ["RELEASED_POOLED_MIX", "ReleasedFluxRule", "released_flux_mask"]

RELEASED_POOLED_MIX = 0.1
"""The released code moves the pooled vector too: 1.1 times the positive one less 0.1 times the negative one."""


def released_flux_mask(positive: int, negative: int, image: int, device: torch.device) -> Tensor:
    """Who sees whom, shape (P + N + I, P + 2N + I); True where seen."""
    text = positive + negative
    seen = torch.ones(text + image, text + image + negative, dtype=torch.bool, device=device)
    seen[positive:text, :text] = False
    seen[:text, text : text + negative] = False
    seen[: text + negative, text + negative : text + 2 * negative] = False
    return seen


class ReleasedFluxRule:
    """The rule for double blocks; the mask is made once for a size and kept."""

    def __init__(self, dose: Dose) -> None:
        self._dose = dose
        self._refuse_offset()
        self._size: tuple[int, int, int] | None = None
        self._mask = torch.empty(0)

    def __call__(self, query: Parts, key: Parts, value: Parts) -> Parts:
        """As every rule. Raises ConfigError where a schedule gives an offset."""
        self._refuse_offset()
        size = (query.positive.shape[2], query.negative.shape[2], query.image.shape[2])
        if size != self._size or self._mask.device != query.image.device:
            self._mask, self._size = released_flux_mask(*size, query.image.device), size
        output = F.scaled_dot_product_attention(
            torch.cat(query, dim=2),
            torch.cat([*key, key.negative], dim=2),
            torch.cat([*value, value.negative * -self._dose.scale], dim=2),
            attn_mask=self._mask,
        )
        positive, negative, image = torch.split(output, list(size), dim=2)
        return Parts(positive, negative, image)

    def _refuse_offset(self) -> None:
        if self._dose.offset != 0:
            raise ConfigError(
                f"the released Flux code of Value Sign Flip has no offset, and {self._dose.offset} was given. Leave it "
                "at 0, or use the intended mode."
            )
