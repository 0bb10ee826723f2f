"""Reading a folder: every picture once by its bytes, its perceptual hash, and its vector under a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fauve.curation.duplicates import perceptual_hash
from fauve.curation.embedding import Embedder
from fauve.curation.store import CurationStore, StoredPicture
from fauve.engine.progress import Progress, Silent
from fauve.errors import DataError, ImageRejected
from fauve.imaging import decode, read_file
from fauve.keys import digest_bytes

__all__ = ["Indexed", "index_folder"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
BATCH = 16
"""Pictures that are decoded and embedded together, and then stored: what an interruption can lose."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What came of reading a folder: all pictures, those that are new, vectors made, copies, and what is no picture."""

    pictures: int
    new: int
    vectors: int
    copies: tuple[tuple[str, str], ...]
    rejected: tuple[str, ...]


def index_folder(store: CurationStore, embedder: Embedder | None = None, progress: Progress | None = None) -> Indexed:
    """Bring a store up to date with its folder. What it knows already costs a read and no decoding.

    A file with the bytes of another one is a copy: the first by path stands for both. Files that are no usable pictures
    are named and left out.

    Raises:
        DataError: the folder holds no picture.
    """
    told = progress or Silent()
    known = store.every_picture()
    found: dict[str, StoredPicture] = {}
    copies: list[tuple[str, str]] = []
    rejected: list[str] = []
    paths = list(_files(store.folder, store.root.resolve()))
    told.stage("reading pictures", len(paths))
    for path in paths:
        name = path.relative_to(store.folder).as_posix()
        told.advance(1)
        try:
            data = read_file(path, name)
            sha = digest_bytes(data)
            if sha in found:
                copies.append((found[sha].path, name))
                continue
            found[sha] = _described(sha, name, data, known.get(sha))
        except ImageRejected as error:
            rejected.append(str(error))
    told.done()
    if not found:
        raise DataError(f"{store.folder.name} holds no usable picture (PNG, JPEG, WebP); {len(rejected)} were refused")
    store.keep_pictures(found.values())
    made = 0 if embedder is None else _embed(store, embedder, told)
    return Indexed(len(found), len(found.keys() - known.keys()), made, tuple(copies), tuple(rejected))


def _files(folder: Path, out: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.resolve().is_relative_to(out):
            yield path


def _described(sha: str, name: str, data: bytes, known: StoredPicture | None) -> StoredPicture:
    if known is not None:
        return StoredPicture(sha, name, known.width, known.height, known.suffix, known.phash)
    picture, suffix = decode(data, name)
    return StoredPicture(sha, name, picture.width, picture.height, suffix, perceptual_hash(picture))


def _embed(store: CurationStore, embedder: Embedder, told: Progress) -> int:
    done = {picture.sha256 for picture in store.vectors(embedder.key)[0]}
    missing = [picture for picture in store.pictures() if picture.sha256 not in done]
    told.stage(f"vectors of {embedder.name}", len(missing))
    for start in range(0, len(missing), BATCH):
        part = missing[start : start + BATCH]
        images = [decode(store.read(picture), picture.path)[0] for picture in part]
        store.keep_vectors(embedder.key, embedder.name, [p.sha256 for p in part], embedder.images(images))
        told.advance(len(part))
    told.done()
    return len(missing)
