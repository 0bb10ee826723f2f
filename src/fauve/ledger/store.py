"""The ledger: everything that a run directory knows, in one SQLite file that its owner may open.

One process writes (WAL, foreign keys on, :class:`fauve.ledger.lock.WriterLock`), any number read. Each record is
committed with the item that it belongs to, so that a crash loses at most what was in flight.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

from fauve.errors import DataError, ImageRejected, LedgerConflict, LedgerCorrupt, LedgerError
from fauve.keys import canonical_json, digest, digest_bytes
from fauve.ledger.differences import differing_parts
from fauve.ledger.images import ImageFolder
from fauve.ledger.lock import WriterLock
from fauve.ledger.migrations import migrate, pending
from fauve.ledger.opening import catch_up, know_dimensions, refuse_another_form
from fauve.records import ImageRef, ImportedScore, Item, Outcome

__all__ = ["FILE", "Added", "Answer", "Ledger", "prompt_id"]

FILE = "ledger.sqlite"


class Added(NamedTuple):
    """How many records an import brought, and how many the ledger already had."""

    new: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scorer or judge answered for one piece of work: an outcome, and a value exactly when it is ok.

    ``subject`` is the prompt's id for a scorer and the dimension's name for a judge.
    """

    image: str
    subject: str
    outcome: Outcome
    value: float | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.outcome is Outcome.OK) != (self.value is not None):
            raise ValueError(
                f"outcome {self.outcome} with value {self.value}: a value belongs to ok and to nothing else"
            )


def prompt_id(text: str) -> str:
    """Sha256 of a prompt's UTF-8 text.

    Raises:
        DataError: when the text holds half of a surrogate pair, which UTF-8 cannot hold.
    """
    try:
        return digest_bytes(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise DataError(f"{text!r} holds half of a surrogate pair, which no file can hold; mend the text") from None


class Ledger:
    """A run directory, opened to read or to write. Use it as a context manager."""

    def __init__(self, directory: Path, *, write: bool = False) -> None:
        self.directory = directory
        self.images = ImageFolder(directory)
        self._lock: WriterLock | None = None
        path = directory / FILE
        if write:
            _make(directory)
            self._lock = WriterLock(directory)
        elif not path.is_file():
            raise DataError(f"{directory} holds no {FILE}; name a run directory, or make one with `fauve run --out`")
        try:
            # Only the first writer may make the file: a reader that did would leave an empty one behind.
            mode = "rwc" if write else "rw"
            self.db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=30
            )
        except sqlite3.Error as error:
            self._release()
            raise LedgerError(f"{path} cannot be opened ({error}); check its rights and those of its folder") from error
        try:
            with self._explained():
                self._prepare(write)
        except BaseException:
            self.close()
            raise

    def _prepare(self, write: bool) -> None:
        self.db.execute("PRAGMA foreign_keys = ON")
        names = {row[0] for row in self.db.execute("SELECT name FROM sqlite_master")}
        if "migrations" not in names and (names or not write):
            raise sqlite3.DatabaseError("it has no tables of Fauve's")
        steps = self.pending_steps()  # before anything is written: a newer ledger is left as it is
        refuse_another_form(self.db, self.directory)
        if not write:
            catch_up(self.db, self.directory, steps)
            self.db.execute("PRAGMA query_only = ON")
            know_dimensions(self.db, self.directory)
            return
        mode = self.db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise LedgerError(f"{self.directory} cannot hold a ledger (no WAL here); use a disk of this machine")
        self.db.execute("PRAGMA synchronous = NORMAL")
        migrate(self.db)
        know_dimensions(self.db, self.directory)
        self.images.sweep()

    def pending_steps(self) -> list[str]:
        """Names of migrations that this ledger still needs (opening applies them)."""
        return pending(self.db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let the next writer in."""
        self.db.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: commits at the end of the block, rolls back when it raises.

        Inside another block it joins that one, which then decides.

        Raises:
            LedgerError: when SQLite cannot write (a full disk, no rights).
            LedgerCorrupt: when it finds its file damaged.
        """
        if self.db.in_transaction:
            yield self.db
            return
        with self._explained():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            except BaseException:
                _roll_back(self.db)
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        path = self.directory / FILE
        try:
            yield
        except sqlite3.OperationalError as error:
            raise LedgerError(f"{path} cannot be used ({error}); check its rights and the free space") from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise LedgerCorrupt(
                f"{path} is no ledger or is damaged ({error}); it was left as it is. Keep a copy, then `fauve doctor`"
            ) from error

    # What comes from outside -------------------------------------------------------------------------------

    def add_image(self, data: bytes, name: str, credit: str | None = None, licence: str | None = None) -> ImageRef:
        """Store a picture and its record; see :meth:`fauve.ledger.images.ImageFolder.put` for what it refuses."""
        ref = self.images.put(data, name)
        self.record_image(ref, credit, licence)
        return ref

    def add_images(
        self, pictures: Sequence[tuple[bytes, str]], credit: str | None = None, licence: str | None = None
    ) -> list[ImageRef | ImageRejected]:
        """Store several (bytes, name) faster than one after the other; those that are refused are told, not raised."""
        stored = self.images.put_all(pictures)
        with self.transaction():
            for ref in (one for one in stored if not isinstance(one, ImageRejected)):
                self.record_image(ref, credit, licence)
        return stored

    def record_image(self, ref: ImageRef, credit: str | None = None, licence: str | None = None) -> None:
        """The record alone, of a picture that is stored or will be before this transaction ends."""
        self.db.execute(
            "INSERT INTO images VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET "
            "credit = coalesce(credit, excluded.credit), licence = coalesce(licence, excluded.licence)",
            (ref.sha256, ref.width, ref.height, ref.suffix, credit, licence),
        )

    def add_items(self, items: Iterable[tuple[Item, str]]) -> Added:
        """Store items, each with a label that says where it came from; all of them or none.

        An item that the ledger has in exactly the same form is left alone.

        Raises:
            LedgerConflict: when it has one of the same name with other content; the message carries the label.
            DataError: when a text cannot be stored (half of a surrogate pair), or an image is not in the ledger.
        """
        new = unchanged = 0
        with self.transaction():
            for item, label in items:
                if self._add_item(item, label):
                    new += 1
                else:
                    unchanged += 1
        return Added(new, unchanged)

    def put_items(self, items: Iterable[tuple[Item, str]]) -> Added:
        """Store items that a run makes of answers on file; one that it made before in another form is replaced.

        Raises:
            LedgerConflict: when an imported item has the name of one of them.
        """
        new = unchanged = 0
        with self.transaction() as db:
            for item, label in items:
                db.execute(
                    "DELETE FROM items WHERE kind = ? AND study = ? AND generator = ? AND id = ? AND digest <> ? "
                    "AND (kind IN ('edit', 'portrait') OR notes ->> 'editor' IS NOT NULL)",
                    (item.kind, item.study, item.generator, item.id, _content(item, label)),
                )
                added = self._add_item(item, label)
                new, unchanged = new + added, unchanged + (not added)
        return Added(new, unchanged)

    def _add_item(self, item: Item, label: str) -> bool:
        content = _content(item, label)
        name = (item.kind, item.study, item.generator, item.id)
        had = self.db.execute(
            "SELECT item, digest FROM items WHERE kind = ? AND study = ? AND generator = ? AND id = ?", name
        ).fetchone()
        if had is not None:
            if had[1] == content:
                return False
            parts = " and ".join(differing_parts(self.db, int(had[0]), item)) or "content"
            raise LedgerConflict(
                f"{label}: {item.kind} {item.id!r} of {item.generator or item.study!r} is in the ledger with other "
                f"{parts}. Import it into another directory, or give it another id. Nothing of this file was imported."
            )
        row = self.db.execute(
            "INSERT INTO items (kind, study, generator, id, dimensions, groups, notes, digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING item",
            (*name, canonical_json(item.dimensions), canonical_json(item.groups), canonical_json(item.notes), content),
        ).fetchone()
        number = int(row[0])
        for slot, image in item.images.items():
            try:
                self.db.execute("INSERT INTO item_images VALUES (?, ?, ?)", (number, slot, image))
            except sqlite3.IntegrityError:
                raise DataError(
                    f"{label}: the {slot} image {image} is not in the ledger; store it with `Ledger.add_image` first"
                ) from None
        for slot, text in item.prompts.items():
            prompt = None if text is None else self.add_prompt(text)
            self.db.execute("INSERT INTO item_prompts VALUES (?, ?, ?)", (number, slot, prompt))
        if item.selection is not None:
            chosen = item.selection
            self.db.execute(
                "INSERT INTO selections VALUES (?, ?, ?, ?)", (number, chosen.selector, chosen.source, chosen.choice)
            )
        self._insert_scores(number, item.scores)
        return True

    def _insert_scores(self, item: int, scores: Sequence[ImportedScore]) -> None:
        self.db.executemany(
            "INSERT INTO imported_scores VALUES (?, ?, ?, ?, ?, ?)",
            [(item, s.scorer, s.source, s.image, s.prompt, s.value) for s in scores],
        )

    def add_prompt(self, text: str) -> str:
        """Store a prompt's text; returns its id."""
        prompt = prompt_id(text)
        self.db.execute("INSERT OR IGNORE INTO prompts VALUES (?, ?)", (prompt, text))
        return prompt

    def add_scores(self, rows: Iterable[tuple[int, ImportedScore, str]]) -> Added:
        """Store scores for items that the ledger has: (item number, score, label); all of them or none.

        Raises:
            LedgerConflict: when a score is there with another value.
        """
        new = unchanged = 0
        with self.transaction():
            for item, score, label in rows:
                address = (item, score.scorer, score.source, score.image, score.prompt)
                had = self.db.execute(
                    "SELECT value FROM imported_scores WHERE item = ? AND scorer = ? AND source = ? "
                    "AND image_slot = ? AND prompt_slot = ?",
                    address,
                ).fetchone()
                if had is None:
                    self.db.execute("INSERT INTO imported_scores VALUES (?, ?, ?, ?, ?, ?)", (*address, score.value))
                    new += 1
                elif had[0] == score.value:
                    unchanged += 1
                else:
                    raise LedgerConflict(
                        f"{label}: {score.scorer} has {had[0]!r} on file for this cell, and now {score.value!r}. "
                        "Give the new values another source. Nothing of this file was imported."
                    )
        return Added(new, unchanged)

    # What runs write ---------------------------------------------------------------------------------------

    def begin_run(self, command: str, versions: Mapping[str, str]) -> int:
        """Open a run; returns its number."""
        row = self.db.execute(
            "INSERT INTO runs (command, started, versions) VALUES (?, ?, ?) RETURNING run",
            (command, _now(), canonical_json(versions)),
        ).fetchone()
        return int(row[0])

    def finish_run(self, run: int, summary: Mapping[str, Any]) -> None:
        """Close a run with what it did."""
        self.db.execute(
            "UPDATE runs SET finished = ?, summary = ? WHERE run = ?",
            (_now(), json.dumps(summary, sort_keys=True), run),
        )

    def register(
        self, kind: str, name: str, settings: Mapping[str, Any], card: Mapping[str, Any], scope: Sequence[str] = ()
    ) -> str:
        """Make a model of a kind with these settings the current one of its name; returns its key.

        ``scope`` names the generators (shell patterns) whose pictures it is asked about; none means all.
        """
        adapter = digest({"kind": kind, "name": name, "settings": settings})
        with self.transaction():
            self.db.execute("UPDATE adapters SET current = 0 WHERE kind = ? AND name = ?", (kind, name))
            self.db.execute(
                "INSERT INTO adapters VALUES (?, ?, ?, ?, ?, 1, ?) "
                "ON CONFLICT (adapter) DO UPDATE SET current = 1, card = excluded.card, scope = excluded.scope",
                (adapter, kind, name, canonical_json(settings), canonical_json(card), json.dumps(list(scope))),
            )
        return adapter

    def record_cells(self, run: int, adapter: str, answers: Iterable[Answer]) -> None:
        """Store what a scorer answered, one transaction for all of ``answers``."""
        self._record("cells", run, adapter, answers)

    def record_dimension_scores(self, run: int, adapter: str, answers: Iterable[Answer]) -> None:
        """Store what a judge answered, one transaction for all of ``answers``."""
        self._record("dimension_scores", run, adapter, answers)

    def _record(self, table: str, run: int, adapter: str, answers: Iterable[Answer]) -> None:
        with self.transaction():
            self.db.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(adapter, a.image, a.subject, a.outcome.value, a.value, a.reason, run) for a in answers],
            )

    def record_provenance(self, run: int, adapter: str, facts: Mapping[str, Any]) -> None:
        """Store what a model was run with: device, versions, where its weights came from (a hub id, never a path)."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO provenance VALUES (?, ?, ?)", (run, adapter, canonical_json(facts)))

    def record_tokens(self, adapter: str, rows: Iterable[tuple[str, int, bool]]) -> None:
        """Store for each prompt (by id) how many tokens a scorer made of it, and whether it was cut."""
        with self.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO prompt_tokens VALUES (?, ?, ?, ?)",
                [(adapter, prompt, tokens, int(truncated)) for prompt, tokens, truncated in rows],
            )


def _roll_back(db: sqlite3.Connection) -> None:
    if db.in_transaction:  # a full disk ends it before we can
        db.execute("ROLLBACK")


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"{directory} cannot be made ({error.strerror}); name another folder") from error


def _content(item: Item, label: str) -> str:
    # The order of score rows says nothing, so it is no part of what two imports are compared by.
    ordered = replace(item, scores=tuple(sorted(item.scores, key=lambda s: (s.scorer, s.source, s.image, s.prompt))))
    try:
        return digest(ordered)
    except ValueError as error:
        raise DataError(f"{label}: {item.kind} {item.id!r} cannot be stored ({error}); mend the text") from None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
