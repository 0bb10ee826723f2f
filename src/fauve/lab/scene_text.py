"""The scene written into the picture's own file, as a PNG text chunk, so that truth travels with the picture.

Only what knows the truth by construction reads it (``lab-truth``); models see pixels.
"""

from __future__ import annotations

import json
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fauve.errors import InvalidOutput
from fauve.imaging import Encoded, encode_png
from fauve.lab.scene import SIZES

__all__ = ["KEY", "png_of", "scene_of"]

KEY = "fauve-scene"
"""The name of the text chunk; its value is a JSON list of the scene's tokens."""

_FAST = 1
"""zlib level: flat pictures are small at any level, and thousands are written. Runs alone (zlib's Z_RLE) make them
smaller still, and sooner."""


def png_of(picture: NDArray[np.uint8], scene: NDArray[np.int64]) -> Encoded:
    """A picture (s, s, 3) as PNG bytes with its scene in them; the same input gives the same bytes."""
    note = PngInfo()
    note.add_text(KEY, json.dumps([int(t) for t in scene], separators=(",", ":")))
    return encode_png(picture, note, level=_FAST, strategy=zlib.Z_RLE)


def scene_of(picture: Image.Image) -> NDArray[np.int64]:
    """The scene that a picture of the lab carries, (S,) int64.

    Raises:
        InvalidOutput: it carries none, or none of this world.
    """
    try:
        scene = np.array(json.loads(picture.info[KEY]), dtype=np.int64)
        if scene.shape != (len(SIZES),) or not ((scene >= 0) & (scene < np.array(SIZES))).all():
            raise ValueError(f"{scene.tolist()} is no scene")
    except KeyError:
        raise InvalidOutput(
            "this picture carries no scene: the truth is known of the lab's own pictures only. Leave lab-truth out of "
            "a run over others."
        ) from None
    except (ValueError, TypeError) as error:
        raise InvalidOutput(f"the scene that this picture carries cannot be read ({error}); generate it anew") from None
    return scene
