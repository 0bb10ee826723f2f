"""Searching by words: near to what is meant, and not near to what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.curation.embedding import Embedder
from fauve.curation.store import CurationStore, StoredPicture
from fauve.errors import DataError

__all__ = ["Hit", "rank", "search"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture, its cosine with the words, and its largest cosine with what it shall not be (None without such)."""

    picture: StoredPicture
    match: float
    against: float | None

    @property
    def margin(self) -> float:
        """By which hits are ordered: match, less ``against`` where there is one."""
        return self.match - (self.against or 0.0)


def rank(
    vectors: Floats, wanted: Floats, unwanted: Floats, *, above: float = -1.0, unwanted_below: float = 1.0
) -> list[tuple[int, float, float | None]]:
    """Rows of ``vectors`` that pass both thresholds, the largest margin first; equal ones in their order.

    Args:
        vectors: unit vectors (n, d).
        wanted: unit vector (d,).
        unwanted: unit vectors (k, d); none for k = 0.
        above: least cosine with ``wanted``.
        unwanted_below: most cosine with any of ``unwanted``.

    Returns:
        Row, cosine with ``wanted``, and the largest cosine with ``unwanted``.
    """
    if not len(vectors):
        return []
    match = (vectors @ wanted).astype(np.float64)
    worst = (vectors @ unwanted.T).max(axis=1).astype(np.float64) if len(unwanted) else None
    margin = match if worst is None else match - worst
    kept = match >= above
    if worst is not None:
        kept &= worst <= unwanted_below
    order = np.argsort(-margin, kind="stable")
    return [(int(i), float(match[i]), None if worst is None else float(worst[i])) for i in order if kept[i]]


def search(
    store: CurationStore,
    embedder: Embedder,
    text: str,
    negatives: Sequence[str] = (),
    *,
    above: float = -1.0,
    unwanted_below: float = 1.0,
    most: int | None = None,
) -> list[Hit]:
    """Pictures of a store by words; see :func:`rank`.

    Raises:
        DataError: no picture has a vector of this model.
    """
    pictures, vectors = store.vectors(embedder.key)
    if not pictures:
        names = ", ".join(name for _, name in store.models()) or "none"
        raise DataError(
            f"no picture has a vector of {embedder.name} (there are: {names}); run `fauve curate index` with this model"
        )
    words = embedder.texts([text, *negatives])
    ranked = rank(vectors, words[0], words[1:], above=above, unwanted_below=unwanted_below)
    return [Hit(pictures[row], match, against) for row, match, against in ranked[:most]]
