"""PNG written for speed: one filter, one kind of compression, nothing tried out.

An encoder that looks for the best filter of every row takes two to four times as long for files of about this size, and
selectors that go through thousands of pictures are bound by it.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL.Image import Image

__all__ = ["quick_png"]

_MAGIC = b"\x89PNG\r\n\x1a\n"
_UP = 2
"""Filter that stores how each row differs from the one above (PNG specification, section 9.2)."""


def quick_png(image: Image) -> bytes:
    """An RGB picture as PNG, lossless."""
    pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    flat = pixels.reshape(height, 3 * width)
    rows = np.empty((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 0] = _UP
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    # runs alone: what is left of a photograph after the filter repeats in no other way
    packer = zlib.compressobj(1, zlib.DEFLATED, strategy=zlib.Z_RLE)
    packed = packer.compress(rows.tobytes()) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _MAGIC + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
