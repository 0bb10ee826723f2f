"""Curation: from a folder of photographs to a set that leaves conventional taste on purpose, with every step on file.

Pictures are known by the sha256 of their bytes. What is computed of them (vectors, scores, perceptual hashes) is kept
once in ``curation.sqlite``; what a person decided stands in its log, which only grows.
"""

from __future__ import annotations

from fauve.curation.captions import Caption, read_captions
from fauve.curation.duplicates import Likeness, alike, groups_of, look_alikes, perceptual_hash
from fauve.curation.embedding import Embedder, ModelEmbedder
from fauve.curation.export import Exported, export_contrasts
from fauve.curation.indexing import Indexed, index_folder
from fauve.curation.log import Committed, Entry, commit, committed, entries, undo
from fauve.curation.sampling import draw_band, score_pictures
from fauve.curation.search import Hit, rank, search
from fauve.curation.store import CurationStore, StoredPicture

__all__ = [
    "Caption",
    "Committed",
    "CurationStore",
    "Embedder",
    "Entry",
    "Exported",
    "Hit",
    "Indexed",
    "Likeness",
    "ModelEmbedder",
    "StoredPicture",
    "alike",
    "commit",
    "committed",
    "draw_band",
    "entries",
    "export_contrasts",
    "groups_of",
    "index_folder",
    "look_alikes",
    "perceptual_hash",
    "rank",
    "read_captions",
    "score_pictures",
    "search",
    "undo",
]
