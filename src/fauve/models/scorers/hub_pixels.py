"""Preprocessing as a checkpoint's own ``preprocessor_config.json`` describes it, done with Pillow.

The processors of transformers 5 resize with torchvision tensors where there is one, which moves pixels by a grey level
and more; the models were tuned on Pillow's resize. Only the steps of CLIP and SigLIP are known: a file that asks for
others is refused, never half obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from fauve.errors import ModelError
from fauve.models.pixels import CLIP_MEAN, CLIP_STD, centre_crop, normalise, resize_shortest, unit_pixels

__all__ = ["HubPixels"]

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class HubPixels:
    """Resize, centre crop, scale to [0, 1], normalise.

    Attributes:
        shortest: shorter side in pixels, proportions kept; None where ``size`` says both sides.
        size: width and height in pixels, proportions not kept; None where ``shortest`` is given.
        crop: side of the centre crop; None for no crop.
        resample: Pillow's code of the filter.
        mean, std: by channel, of values in [0, 1].
    """

    shortest: int | None
    size: tuple[int, int] | None
    crop: int | None
    resample: int
    mean: Triple
    std: Triple

    @classmethod
    def read(cls, path: Path) -> HubPixels:
        """Read ``preprocessor_config.json`` or a ``processor_config.json`` that holds an ``image_processor``.

        Raises:
            ModelError: the file is no such description, or asks for steps that are not known.
        """
        try:
            described = json.loads(path.read_text(encoding="utf-8"))
            return cls.from_json(described.get("image_processor", described))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{path.name} describes no preprocessing that is known here ({error!r}). Known are a resize to a "
                "shortest side or to a size, a centre crop of one side, and a mean and deviation of three channels."
            ) from error

    @classmethod
    def from_json(cls, described: Mapping[str, Any]) -> HubPixels:
        """The steps in the words of transformers. Raises KeyError, TypeError or ValueError where they are not known."""
        known_off = [key for key in ("do_resize", "do_rescale", "do_normalize") if not described.get(key, True)]
        if known_off or described.get("do_pad") or abs(described.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
            raise ValueError(f"switched off: {', '.join(known_off)}" if known_off else "padding or another scale")
        shortest, size = _size(described["size"])
        crop = _side(described["crop_size"]) if described.get("do_center_crop", "crop_size" in described) else None
        smallest = shortest if size is None else min(size)
        if crop is not None and smallest is not None and crop > smallest:
            raise ValueError(f"a crop of {crop} pixels out of {smallest}")
        mean, std = (
            _triple(described.get(key, usual)) for key, usual in (("image_mean", CLIP_MEAN), ("image_std", CLIP_STD))
        )
        return cls(shortest, size, crop, int(described.get("resample", Image.Resampling.BICUBIC)), mean, std)

    @property
    def name(self) -> str:
        """All steps in one line."""
        side = f"shortest {self.shortest}" if self.size is None else f"size {self.size[0]}x{self.size[1]}"
        crop = "" if self.crop is None else f", crop {self.crop}"
        return f"{side}, filter {self.resample}{crop}, mean {list(self.mean)}, std {list(self.std)}"

    def __call__(self, image: Image.Image) -> Tensor:
        """Pixels of shape (3, height, width)."""
        rgb, resample = image.convert("RGB"), Image.Resampling(self.resample)
        if self.shortest is not None:
            rgb = resize_shortest(rgb, self.shortest, resample)
        elif self.size is not None and rgb.size != self.size:
            rgb = rgb.resize(self.size, resample)
        if self.crop is not None:
            rgb = centre_crop(rgb, self.crop)
        return normalise(unit_pixels(rgb), self.mean, self.std)


def _size(size: Any) -> tuple[int | None, tuple[int, int] | None]:
    if isinstance(size, int):
        return size, None
    if "shortest_edge" in size:
        return int(size["shortest_edge"]), None
    return None, (int(size["width"]), int(size["height"]))


def _side(crop: Any) -> int:
    if isinstance(crop, int):
        return crop
    if crop["height"] != crop["width"]:
        raise ValueError("a crop that is not square")
    return int(crop["height"])


def _triple(values: Any) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third
