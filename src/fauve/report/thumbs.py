"""Small copies of stored pictures, each written once under the hash of its original.

What is small already is shown as it is, to the last pixel: a report on how pictures look adds nothing of its own.

Pictures are read, checked, scaled and written one by one in two threads, so memory holds two of them at a time however
many there are. A copy that an earlier report left behind is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from fauve.errors import ImageRejected, LedgerCorrupt
from fauve.ledger import Ledger
from fauve.records import ImageRef

__all__ = ["LARGE", "SMALL", "Thumbs", "path_of", "size_of"]

SMALL = 512
"""Longer side of a picture in the gallery, in pixels. Half of 1024, which most generators make: halving is quick."""
LARGE = 1120
"""Longer side of the pair on the first page."""
AS_IT_IS = 256
"""Longer side of a picture that needs no smaller copy."""
_THREADS = 2
_QUALITY = 82


class Thumbs:
    """Writes small copies into ``root``; use it as a context manager.

    ``broken`` maps the hash of each picture that could not be read to the reason.
    """

    def __init__(self, ledger: Ledger, root: Path) -> None:
        self._ledger, self._root = ledger, root
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="thumbs")
        self._done: set[str] = set()
        self.broken: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def files(self) -> frozenset[str]:
        """Every copy that belongs to this report, relative to its folder."""
        return frozenset(self._done)

    def write(self, refs: Iterable[ImageRef], side: int = SMALL) -> None:
        """Make sure that a copy of each picture exists; those that cannot be read go to ``broken``."""
        wanted = {path_of(ref, side): ref for ref in refs}
        new = {path: ref for path, ref in wanted.items() if path not in self._done and ref.sha256 not in self.broken}
        for (path, ref), problem in zip(new.items(), self._pool.map(self._make, new.values(), new.keys()), strict=True):
            if problem is None:
                self._done.add(path)
            else:
                self.broken[ref.sha256] = problem

    def _make(self, ref: ImageRef, path: str) -> str | None:
        target = self._root / path
        if target.is_file():
            return None
        partial = target.with_suffix(".part")
        try:
            if _is_small(ref):
                data = self._ledger.images.read(ref)
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.write_bytes(data)
            else:
                picture = self._ledger.images.open(ref)
                target.parent.mkdir(parents=True, exist_ok=True)
                _encode(picture, size_of(ref, int(path.split("/")[1])), partial)
        except (LedgerCorrupt, ImageRejected) as error:
            return str(error)
        partial.replace(target)
        return None


def path_of(ref: ImageRef, side: int) -> str:
    """Where the copy lies, relative to the report's folder."""
    if _is_small(ref):
        return f"thumbs/{AS_IT_IS}/{ref.sha256[:2]}/{ref.sha256}{ref.suffix}"
    return f"thumbs/{side}/{ref.sha256[:2]}/{ref.sha256}.jpg"


def _is_small(ref: ImageRef) -> bool:
    return max(ref.width, ref.height) <= AS_IT_IS


def size_of(ref: ImageRef, side: int) -> tuple[int, int]:
    """Width and height of the copy: proportions kept, never enlarged."""
    scale = min(1.0, side / max(ref.width, ref.height))
    return max(1, round(ref.width * scale)), max(1, round(ref.height * scale))


def _encode(picture: Image.Image, size: tuple[int, int], target: Path) -> None:
    # JPEG and a coarse first step: a report of thousands of pictures spends its time here. The halving before the
    # Lanczos step costs nothing that can be seen at this size.
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.0)
    small.save(target, "JPEG", quality=_QUALITY)
