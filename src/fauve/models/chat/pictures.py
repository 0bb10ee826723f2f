"""Pictures as a chat service is shown them: PNG inside an address, each made once."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict

from PIL.Image import Image

from fauve.keys import digest_bytes
from fauve.models.chat.png import quick_png

__all__ = ["Shown", "picture_part"]

MOST_KEPT = 64
"""Addresses that are kept: selectors that work side by side go through the same pictures in the same order."""

_kept: OrderedDict[str, str] = OrderedDict()
_lock = threading.Lock()


class Shown:
    """A picture as it is sent: RGB, lossless, in its own size. ``pixels`` is what a key knows it by."""

    def __init__(self, image: Image) -> None:
        self._image = image.convert("RGB")
        self._making = threading.Lock()
        width, height = self._image.size
        self.pixels = digest_bytes(f"{width}x{height}:".encode() + self._image.tobytes())

    @property
    def url(self) -> str:
        """``data:image/png;base64,…``; both orders and every repeat send the same one."""
        with self._making:
            with _lock:
                known = _kept.get(self.pixels)
            if known is None:
                known = f"data:image/png;base64,{base64.b64encode(quick_png(self._image)).decode('ascii')}"
            with _lock:
                _kept[self.pixels] = known
                _kept.move_to_end(self.pixels)
                while len(_kept) > MOST_KEPT:
                    _kept.popitem(last=False)
            return known


def picture_part(shown: Shown) -> dict[str, object]:
    """A picture as a part of a message."""
    return {"type": "image_url", "image_url": {"url": shown.url}}
