"""What the released SD3.5 code of Value Sign Flip computes.

Its text is [P, Na, Nb]: the negative prompt twice, with the mask made for one. Image and positive rows see Na as they
see P, unflipped, and Na sees them; Nb sees itself and the image, and only the image sees its flipped copy. So it is
the intended rule with "P followed by N" in the place of P, and what reaches the first layer is
(1 − scale·e^(−offset)) times the negative prompt.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["released_sd3_text"]


def released_sd3_text(positive: Tensor, negative: Tensor) -> Tensor:
    """The text that the released code has for positive, shape (batch, P + N, width)."""
    return torch.cat([positive, negative], dim=1)
