"""One file of SQLite: pictures by hash, vectors by model, scores by scorer, captions, and the log."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fauve.curation.captions import Caption
from fauve.errors import ConfigError, DataError, LedgerCorrupt, LedgerError
from fauve.imaging import read_file
from fauve.keys import digest_bytes

__all__ = ["CurationStore", "StoredPicture"]

Floats = NDArray[np.float32]

FILE = "curation.sqlite"
SHORTEST = 6
"""Letters of a hash that must be given at least to name a picture."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS pictures (sha256 TEXT PRIMARY KEY, path TEXT NOT NULL, width INTEGER NOT NULL,
  height INTEGER NOT NULL, suffix TEXT NOT NULL, phash TEXT NOT NULL, present INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS models (model TEXT PRIMARY KEY, name TEXT NOT NULL, place INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS vectors (model TEXT NOT NULL REFERENCES models, sha256 TEXT NOT NULL REFERENCES pictures,
  vector BLOB NOT NULL, PRIMARY KEY (model, sha256)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scores (scorer TEXT NOT NULL, prompt TEXT NOT NULL, sha256 TEXT NOT NULL REFERENCES pictures,
  value REAL NOT NULL, PRIMARY KEY (scorer, prompt, sha256)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS captions (sha256 TEXT PRIMARY KEY REFERENCES pictures, prompt TEXT, plain TEXT) STRICT;
CREATE TABLE IF NOT EXISTS log (entry INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL
  CHECK (action IN ('commit', 'undo')), content TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS log_is_never_changed BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
CREATE TRIGGER IF NOT EXISTS log_is_never_cut BEFORE DELETE ON log
  BEGIN SELECT RAISE(ABORT, 'the log only grows'); END;
"""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that was indexed: ``path`` is relative to the indexed folder, ``phash`` are 16 hex digits."""

    sha256: str
    path: str
    width: int
    height: int
    suffix: str
    phash: str
    present: bool = True


class CurationStore:
    """What is known of one folder of pictures; a context manager.

    Args:
        root: the folder that holds ``curation.sqlite``.
        folder: the pictures; given when they are indexed, remembered afterwards.

    Raises:
        DataError: nothing was indexed in ``root`` yet and no folder is given, or ``folder`` is none.
        ConfigError: ``root`` is about another folder.
        LedgerCorrupt: the file is no such store.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self.root = root
        if folder is None and not (root / FILE).is_file():
            raise DataError(f"{root} holds no {FILE}; make it with `fauve curate index FOLDER --out {root}`")
        if folder is not None and not folder.is_dir():
            raise DataError(f"{folder} is no folder; name the folder that holds your photographs")
        try:
            root.mkdir(parents=True, exist_ok=True)
            self.db = sqlite3.connect(root / FILE)
            self.db.execute("PRAGMA foreign_keys = ON")
            self.db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise LedgerCorrupt(
                f"{root / FILE} is no store of pictures ({error}); index into another folder"
            ) from error
        except OSError as error:
            raise LedgerError(f"{root} cannot be written ({error.strerror}); check its rights") from error
        self.folder = self._folder(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.db.close()

    def _folder(self, given: Path | None) -> Path:
        row = self.db.execute("SELECT value FROM meta WHERE key = 'folder'").fetchone()
        known = None if row is None else Path(os.path.normpath(self.root.resolve() / row[0]))
        if given is None:
            if known is None:
                raise DataError(f"{self.root} names no folder; run `fauve curate index FOLDER --out {self.root}`")
            return known
        if known is not None and known != given.resolve():
            raise ConfigError(f"{self.root} is about {row[0]}, seen from there; index {given} into a folder of its own")
        with self.db:
            self.db.execute(
                "INSERT OR IGNORE INTO meta VALUES ('folder', ?)",
                (Path(os.path.relpath(given.resolve(), self.root.resolve())).as_posix(),),
            )
        return given.resolve()

    def pictures(self) -> list[StoredPicture]:
        """Every picture that is in the folder, by path."""
        return self._pictures("WHERE present = 1 ORDER BY path")

    def every_picture(self) -> dict[str, StoredPicture]:
        """By hash, also those that have left the folder."""
        return {p.sha256: p for p in self._pictures("")}

    def _pictures(self, where: str) -> list[StoredPicture]:
        columns = "sha256, path, width, height, suffix, phash, present"
        rows = self.db.execute(f"SELECT {columns} FROM pictures {where}")  # noqa: S608 - both parts stand in this file
        return [StoredPicture(a, b, c, d, e, f, bool(g)) for a, b, c, d, e, f, g in rows]

    def keep_pictures(self, found: Iterable[StoredPicture]) -> None:
        """What the folder holds now; what it held before and does not now stays known and is no longer present."""
        with self.db:
            self.db.execute("UPDATE pictures SET present = 0")
            self.db.executemany(
                "INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, 1) "
                "ON CONFLICT (sha256) DO UPDATE SET path = excluded.path, present = 1",
                [(p.sha256, p.path, p.width, p.height, p.suffix, p.phash) for p in found],
            )

    def named(self, names: Sequence[str]) -> list[StoredPicture]:
        """Pictures by their path in the folder or the start of their hash.

        Raises:
            DataError: a name fits none, or several.
        """
        known = self.pictures()
        by_path = {picture.path: picture for picture in known}
        found = []
        for name in names:
            fits = [by_path[name]] if name in by_path else []
            if not fits and len(name) >= SHORTEST:
                fits = [picture for picture in known if picture.sha256.startswith(name.lower())]
            if len(fits) != 1:
                many = "several pictures" if fits else "no picture"
                raise DataError(
                    f"{name!r} is the path or hash of {many}; give the path inside the folder, or at least {SHORTEST} "
                    "letters of the hash, as `fauve curate search` prints them"
                )
            found += fits
        return list(dict.fromkeys(found))

    def read(self, picture: StoredPicture) -> bytes:
        """The bytes of a picture, which are still those that were indexed.

        Raises:
            DataError: the file has changed since.
            ImageRejected: it is gone.
        """
        data = read_file(self.folder / picture.path, picture.path)
        if digest_bytes(data) != picture.sha256:
            raise DataError(f"{picture.path} has changed since it was indexed; run `fauve curate index` again")
        return data

    def models(self) -> list[tuple[str, str]]:
        """Key and name of every model that has vectors here, in the order in which they came."""
        return list(self.db.execute("SELECT model, name FROM models ORDER BY place"))

    def keep_vectors(self, model: str, name: str, hashes: Sequence[str], vectors: Floats) -> None:
        """Store vectors (n, d) of pictures under a model."""
        with self.db:
            self.db.execute(
                "INSERT OR IGNORE INTO models VALUES (?, ?, (SELECT count(*) FROM models))",
                (model, name),
            )
            rows = [(model, sha, np.asarray(v, "<f4").tobytes()) for sha, v in zip(hashes, vectors, strict=True)]
            self.db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def vectors(self, model: str) -> tuple[list[StoredPicture], Floats]:
        """Pictures of the folder that have a vector under a model, by path, and the vectors (n, d)."""
        rows: dict[str, bytes] = dict(
            self.db.execute("SELECT sha256, vector FROM vectors WHERE model = ?", (model,)).fetchall()
        )
        known = [picture for picture in self.pictures() if picture.sha256 in rows]
        if not known:
            return [], np.zeros((0, 0), np.float32)
        return known, np.stack([np.frombuffer(rows[p.sha256], "<f4") for p in known]).astype(np.float32)

    def keep_scores(self, scorer: str, prompt: str, values: Mapping[str, float]) -> None:
        """Store what a scorer says of pictures under a prompt."""
        with self.db:
            rows = [(scorer, prompt, sha, float(value)) for sha, value in values.items()]
            self.db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", rows)

    def scores(self, scorer: str, prompt: str) -> dict[str, float]:
        """Hash → value."""
        query = "SELECT sha256, value FROM scores WHERE scorer = ? AND prompt = ?"
        return dict(self.db.execute(query, (scorer, prompt)).fetchall())

    def keep_captions(self, captions: Mapping[str, Caption]) -> None:
        """Store captions by hash; a part that is None keeps what was there."""
        with self.db:
            self.db.executemany(
                "INSERT INTO captions VALUES (?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
                "prompt = coalesce(excluded.prompt, prompt), plain = coalesce(excluded.plain, plain)",
                [(sha, caption.prompt, caption.plain) for sha, caption in captions.items()],
            )

    def captions(self) -> dict[str, Caption]:
        """By hash."""
        rows = self.db.execute("SELECT sha256, prompt, plain FROM captions")
        return {sha: Caption(prompt, plain) for sha, prompt, plain in rows}

    def append(self, at: str, action: str, content: Mapping[str, Any]) -> int:
        """Add an entry to the log; returns its number, from 1."""
        with self.db:
            told = json.dumps(content, ensure_ascii=False, sort_keys=True)
            cursor = self.db.execute("INSERT INTO log (at, action, content) VALUES (?, ?, ?)", (at, action, told))
        return int(cursor.lastrowid or 0)

    def log(self) -> list[tuple[int, str, str, dict[str, Any]]]:
        """Number, time, action and content of every entry, oldest first."""
        rows = self.db.execute("SELECT entry, at, action, content FROM log ORDER BY entry")
        return [(number, at, action, json.loads(content)) for number, at, action, content in rows]
