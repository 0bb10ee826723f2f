"""Faces of portraits: found by a finder, cut out, and stored. That there is none is an answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL.Image import Image

from fauve.errors import InvalidOutput, LedgerCorrupt, LedgerError
from fauve.imaging import encode_png
from fauve.ledger import Ledger, queries
from fauve.models.face_finders import NO_FINDER, make_face_finder
from fauve.models.protocols import FaceBox, FaceFinder
from fauve.naming import marked_name
from fauve.settings import AdapterSettings

__all__ = ["FOUND", "NOT_LOOKED_FOR", "NO_FACE", "Face", "FaceSearch"]

FOUND, NO_FACE, NOT_LOOKED_FOR = "found", "no face", "not looked for"


@dataclass(frozen=True, slots=True)
class Face:
    """What came of looking for the face in a picture: its cut-out's sha256 and its box exactly when it was found.

    ``reason`` says why the search itself failed; then nothing is known of the picture.
    """

    note: str
    image: str | None = None
    box: FaceBox | None = None
    reason: str | None = None


class FaceSearch:
    """The face finder of a run, loaded when a first picture comes; the name ``none`` looks for nothing.

    Raises:
        UnknownName, PluginError, ModelError: when the finder cannot be had.
    """

    def __init__(self, asked: AdapterSettings) -> None:
        self._asked, self._loaded = asked, False
        self._finder: FaceFinder | None = None
        if asked.name != NO_FINDER:
            self._finder = make_face_finder(asked.name, asked.options)
            check = getattr(self._finder, "check", None)
            if check is not None:
                check()

    @property
    def name(self) -> str:
        """The finder's name as it stands in groups; it says where its weights were never trained."""
        if self._finder is None:
            return NO_FINDER
        return marked_name(self._finder.card.name, untrained=self._finder.settings.get("weights") == "random")

    def register(self, ledger: Ledger) -> str | None:
        """File the finder with its settings; returns its key, None for no finder."""
        if self._finder is None:
            return None
        settings = dict(self._finder.settings)
        if "dtype" in settings:  # the number format that loading will use, whether it has happened or not
            settings["dtype"] = self._asked.options.get("dtype") or self._asked.dtype
        return ledger.register("face finder", self.name, settings, self._finder.card.as_json())

    def look(self, ledger: Ledger, pictures: Sequence[str]) -> list[Face]:
        """The face of each stored picture (by sha256); one that cannot be searched does not take others with it."""
        if self._finder is None:
            return [Face(NOT_LOOKED_FOR) for _ in pictures]
        if not self._loaded:
            self._finder.load(self._asked.device, self._asked.dtype)
            self._loaded = True
        return [self._look_at(ledger, picture) for picture in pictures]

    def _look_at(self, ledger: Ledger, sha256: str) -> Face:
        assert self._finder is not None
        try:
            picture = ledger.images.open(queries.image_ref(ledger, sha256))
            (box,) = self._finder.find([picture])
            if box is None:
                return Face(NO_FACE)
            cut = encode_png(np.asarray(_cut(picture, box)))
            return Face(FOUND, ledger.add_image(cut, f"the face in {sha256[:12]}").sha256, box)
        except LedgerCorrupt as error:
            return Face(NOT_LOOKED_FOR, reason=str(error))
        except LedgerError:  # a full disk is nothing that a finder did
            raise
        except Exception as error:  # whatever a finder raises or answers belongs to this picture, not to the run
            return Face(NOT_LOOKED_FOR, reason=f"{type(error).__name__}: {error}")


def _cut(picture: Image, box: FaceBox) -> Image:
    """The box without a margin, as far as it lies inside the picture.

    Raises:
        InvalidOutput: it holds no pixel of it.
    """
    if all(map(math.isfinite, (box.left, box.top, box.right, box.bottom, box.score))):
        left, top = max(math.floor(box.left), 0), max(math.floor(box.top), 0)
        right, bottom = min(math.ceil(box.right), picture.width), min(math.ceil(box.bottom), picture.height)
        if left < right and top < bottom:
            return picture.crop((left, top, right, bottom))
    raise InvalidOutput(f"{box} holds no pixel of a picture of {picture.width} × {picture.height}")
