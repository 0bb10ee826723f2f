"""Pictures as a DETR-like detector sees them, done with Pillow: a resize between two sides, mean and deviation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from fauve.errors import WeightsMismatch
from fauve.models.pixels import normalise, unit_pixels

__all__ = ["DetectorPixels"]

Triple = tuple[float, float, float]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_SHORTEST, _LONGEST = 800, 1333


@dataclass(frozen=True, slots=True)
class DetectorPixels:
    """Shorter side to ``shortest`` pixels, less where the longer one would pass ``longest``; proportions are kept.

    Attributes:
        shortest, longest: sides in pixels.
        resample: Pillow's code of the filter.
        mean, std: by channel, of values in [0, 1].
    """

    shortest: int = _SHORTEST
    longest: int = _LONGEST
    resample: int = int(Image.Resampling.BILINEAR)
    mean: Triple = _IMAGENET_MEAN
    std: Triple = _IMAGENET_STD

    @classmethod
    def from_json(cls, described: Mapping[str, Any], name: str) -> DetectorPixels:
        """The steps that a ``preprocessor_config.json`` asks for.

        Raises:
            WeightsMismatch: it asks for others, which are never half obeyed.
        """
        try:
            off = [key for key in ("do_resize", "do_rescale", "do_normalize") if not described.get(key, True)]
            if off or described.get("pad_size") or abs(described.get("rescale_factor", 1 / 255) * 255 - 1) > 1e-6:
                raise ValueError(f"switched off: {', '.join(off)}" if off else "padding to a size, or another scale")
            size = described.get("size", {"shortest_edge": _SHORTEST, "longest_edge": _LONGEST})
            return cls(
                int(size["shortest_edge"]),
                int(size["longest_edge"]),
                int(described.get("resample", Image.Resampling.BILINEAR)),
                _triple(described.get("image_mean", _IMAGENET_MEAN)),
                _triple(described.get("image_std", _IMAGENET_STD)),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WeightsMismatch(
                f"{name}: its preprocessing is none that is known here ({error!r}). Known is a resize between a "
                "shortest and a longest edge, with a mean and a deviation of three channels."
            ) from error

    @property
    def name(self) -> str:
        """All steps in one line."""
        sides = f"shortest {self.shortest}, longest {self.longest}"
        return f"{sides}, filter {self.resample}, mean {list(self.mean)}, std {list(self.std)}"

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after the resize, rounded as transformers' image processors round them."""
        short, long = min(width, height), max(width, height)
        # the bound is rounded for the shorter side, but not where the longer one is worked out from it
        wanted: float = self.shortest
        side = self.shortest
        if long / short * self.shortest > self.longest:
            wanted = self.longest * short / long
            side = max(1, round(wanted))
        if short == side:
            return width, height
        other = int(wanted * long / short)
        return (side, other) if width < height else (other, side)

    def __call__(self, image: Image.Image) -> Tensor:
        """Pixels of shape (3, height, width), float32."""
        rgb = image.convert("RGB")
        size = self.size(*rgb.size)
        if size != rgb.size:
            rgb = rgb.resize(size, Image.Resampling(self.resample))
        return normalise(unit_pixels(rgb), self.mean, self.std)


def _triple(values: Any) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third
