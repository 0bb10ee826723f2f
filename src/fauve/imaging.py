"""Pictures from outside, decoded safely and always in the same way.

One rule for every picture: PNG, JPEG or WebP, one frame, at most :data:`MAX_PIXELS` pixels (checked before any pixel
is allocated), complete, upright by its EXIF turn, 8-bit RGB. Sixteen-bit grey is scaled to eight, CMYK and palettes are
converted, transparency is laid over white (how a browser shows it). Of a JPEG with further pictures in it (MPO: what
telephones write, with a depth or gain map) the first is read; EXIF that cannot be read counts as none. A picture that
is one constant colour is rejected: generators that were filtered or failed leave such pictures behind, and they are no
answer to any prompt.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from fauve.errors import ImageRejected

__all__ = [
    "DECODER",
    "MAX_BYTES",
    "MAX_PIXELS",
    "SUFFIXES",
    "Encoded",
    "decode",
    "decode_file",
    "described",
    "encode_png",
    "is_constant",
    "opened",
    "read_file",
    "thumbnail",
]

DECODER = "1"
"""Version of the rule above; part of every key that depends on decoded pixels."""

MAX_PIXELS = 64_000_000
"""Above this a picture is taken for a decompression bomb. 64 megapixels hold every generator's output."""

MAX_BYTES = 256_000_000
"""A file above this is not read into memory."""

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
"""The formats that are read, by Pillow's name, and the suffix each is stored under."""

# What Pillow raises on hostile bytes; bombs inside text chunks are ValueErrors.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_OPENING = threading.Lock()  # warning filters belong to the process, and pictures are decoded in several threads


def decode(data: bytes, name: str) -> tuple[Image.Image, str]:
    """Decode ``data`` to an upright RGB picture, and the suffix of its format.

    Raises:
        ImageRejected: naming ``name``, what is wrong and what to do.
    """
    if not data:
        raise ImageRejected(name, "empty", "The file has no bytes; fetch or export it again.")
    picture = _open(data, name)
    suffix = ".jpg" if picture.format == "MPO" else SUFFIXES[picture.format or ""]
    _refuse_large(name, *picture.size)
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:
        raise ImageRejected(name, "animated", "It has several frames; save the one that is meant as PNG.")
    try:
        picture.load()
        rgb = _rgb(_upright(picture))
    except _BROKEN as error:
        raise ImageRejected(name, "truncated", f"It breaks off while decoding ({error}); fetch it again.") from None
    if is_constant(rgb):
        raise _constant(name, rgb.getpixel((0, 0)))
    return rgb, suffix


class Encoded(bytes):
    """PNG bytes of pixels that this program had in hand: what decoding them would tell is known already.

    ``size`` is (width, height); ``constant`` the one colour of a picture that has no other, else None.
    """

    size: tuple[int, int]
    constant: tuple[int, ...] | None

    @classmethod
    def of(cls, data: bytes, pixels: np.ndarray) -> Encoded:
        """``data`` as the PNG of ``pixels``, uint8 (height, width, 3)."""
        made = cls(data)
        made.size = (pixels.shape[1], pixels.shape[0])
        first = pixels[0, 0]
        # Row by row: nearly every picture differs in its first.
        made.constant = tuple(first.tolist()) if all((row == first).all() for row in pixels) else None
        return made


def described(data: bytes, name: str) -> tuple[tuple[int, int], str]:
    """Size (width, height) and suffix of a picture that :func:`decode` accepts; decoded only where that is not known.

    Raises:
        ImageRejected: as :func:`decode` does.
    """
    if not isinstance(data, Encoded):
        picture, suffix = decode(data, name)
        return picture.size, suffix
    _refuse_large(name, *data.size)
    if data.constant is not None:
        raise _constant(name, data.constant)
    return data.size, SUFFIXES["PNG"]


def opened(data: bytes, name: str) -> Image.Image:
    """The picture as its first bytes describe it, with the notes of its file; nothing is decoded and little checked.

    Raises:
        ImageRejected: when these are no bytes of a picture.
    """
    return _open(data, name)


def decode_file(path: Path, name: str | None = None) -> tuple[Image.Image, str, bytes]:
    """Read and decode a file: the picture, its suffix, and the bytes as they are.

    Raises:
        ImageRejected: also where the file is missing or unreadable.
    """
    label = name or path.name
    data = read_file(path, label)
    picture, suffix = decode(data, label)
    return picture, suffix, data


def read_file(path: Path, name: str) -> bytes:
    """The bytes of a file that may be a picture.

    Raises:
        ImageRejected: where it is missing, no file, too large or unreadable.
    """
    try:
        if path.exists() and not path.is_file():
            raise ImageRejected(name, "missing", "It is no file; name the picture itself.")
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise ImageRejected(name, "too large", f"At most {MAX_BYTES:,} bytes are read. Scale it down.")
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageRejected(name, "missing", "There is no such file; check the path.") from None
    except OSError as error:
        raise ImageRejected(name, "missing", f"It cannot be read ({error.strerror}); check its rights.") from None


def is_constant(picture: Image.Image) -> bool:
    """Whether every pixel has the same colour."""
    return all(low == high for low, high in _extrema(picture))


def thumbnail(picture: Image.Image, side: int) -> Image.Image:
    """A copy whose longer side is at most ``side`` pixels; never enlarged, proportions kept."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return small


def encode_png(pixels: np.ndarray, notes: PngInfo | None = None, *, level: int = 3, strategy: int = -1) -> Encoded:
    """PNG bytes of a uint8 array of shape (height, width, 3); the same bytes for the same pixels.

    ``notes`` are text chunks that go with it; ``level`` and ``strategy`` are zlib's, -1 the usual strategy.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=level, compress_type=strategy, pnginfo=notes)
    return Encoded.of(buffer.getvalue(), pixels)


def _refuse_large(name: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageRejected(
            name, "too large", f"It claims {width} × {height} pixels; at most {MAX_PIXELS:,} are read. Scale it down."
        )


def _constant(name: str, colour: object) -> ImageRejected:
    return ImageRejected(
        name, "constant", f"Every pixel is {colour}: a placeholder, not a picture. Record the failure instead."
    )


_TO_EIGHT_BIT = np.rint(np.arange(65536) / 257.0).astype(np.uint8)  # 65535 / 257 = 255


def _open(data: bytes, name: str) -> Image.Image:
    try:
        with _OPENING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of, bombs above all, is judged by our own rule
            return Image.open(io.BytesIO(data), formats=tuple(SUFFIXES))
    except (Image.DecompressionBombError, *_BROKEN) as error:
        raise _unreadable(name, data, error) from None


def _upright(picture: Image.Image) -> Image.Image:
    try:
        turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except _BROKEN:
        return picture
    return picture if turn is None else picture.transpose(turn)


def _unreadable(name: str, data: bytes, error: Exception) -> ImageRejected:
    if isinstance(error, Image.DecompressionBombError):
        return ImageRejected(name, "too large", f"At most {MAX_PIXELS:,} pixels are read. Scale it down.")
    head = data[:256].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg", b"{")):
        return ImageRejected(name, "format", "It holds text (a web page or an error message), not a picture.")
    if head.startswith((b"\x89png", b"\xff\xd8\xff", b"riff")):
        return ImageRejected(name, "truncated", f"Its header cannot be read ({error}); fetch it again.")
    return ImageRejected(name, "format", f"Only {', '.join(sorted(SUFFIXES))} are read. Convert it.")


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB":
        return picture
    if picture.mode.startswith("I"):
        return Image.fromarray(_TO_EIGHT_BIT[np.clip(np.asarray(picture), 0, 65535)]).convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        over = picture.convert("RGBA")
        ground = Image.new("RGBA", over.size, "white")
        return Image.alpha_composite(ground, over).convert("RGB")
    return picture.convert("RGB")


def _extrema(picture: Image.Image) -> list[tuple[float, float]]:
    extrema = picture.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return [(float(low), float(high)) for low, high in bands]
