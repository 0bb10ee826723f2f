"""The shape of the ledger, as named steps that are each applied once, in order, in a transaction of their own.

A step is never edited after a release: a change of shape is a new step. A ledger that names a step that is not
listed here was written by a later Fauve and is left untouched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import cache

from fauve.errors import LedgerTooNew

__all__ = ["STEPS", "lacking", "migrate", "pending"]

_FIRST = """
CREATE TABLE images (
  sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
  width  INTEGER NOT NULL CHECK (width > 0),
  height INTEGER NOT NULL CHECK (height > 0),
  suffix TEXT NOT NULL,
  credit TEXT,
  licence TEXT
) WITHOUT ROWID;

CREATE TABLE prompts (
  prompt TEXT PRIMARY KEY CHECK (length(prompt) = 64),
  text   TEXT NOT NULL
) WITHOUT ROWID;

-- `digest` covers everything that came with an item, so that a second import can be compared.
CREATE TABLE items (
  item       INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('pair', 'contrast', 'edit', 'portrait', 'picture')),
  study      TEXT NOT NULL DEFAULT '',
  generator  TEXT NOT NULL DEFAULT '',
  id         TEXT NOT NULL,
  dimensions TEXT NOT NULL CHECK (json_valid(dimensions)),
  groups     TEXT NOT NULL CHECK (json_valid(groups)),
  notes      TEXT NOT NULL CHECK (json_valid(notes)),
  digest     TEXT NOT NULL,
  UNIQUE (kind, study, generator, id)
);

CREATE TABLE item_images (
  item  INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  slot  TEXT NOT NULL,
  image TEXT REFERENCES images,
  PRIMARY KEY (item, slot)
) WITHOUT ROWID;
CREATE INDEX item_images_by_image ON item_images (image);

CREATE TABLE item_prompts (
  item   INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  slot   TEXT NOT NULL,
  prompt TEXT REFERENCES prompts,
  PRIMARY KEY (item, slot)
) WITHOUT ROWID;
CREATE INDEX item_prompts_by_prompt ON item_prompts (prompt);

CREATE TABLE selections (
  item     INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  selector TEXT NOT NULL,
  source   TEXT NOT NULL,
  choice   TEXT NOT NULL,
  PRIMARY KEY (item, selector)
) WITHOUT ROWID;

-- SQLite keeps NaN as NULL and reads 1e999 as infinity, so NOT NULL and the bounds admit finite numbers only.
CREATE TABLE imported_scores (
  item        INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  scorer      TEXT NOT NULL,
  source      TEXT NOT NULL CHECK (source <> 'computed'),
  image_slot  TEXT NOT NULL,
  prompt_slot TEXT NOT NULL,
  value       REAL NOT NULL CHECK (value > -1e999 AND value < 1e999),
  PRIMARY KEY (item, scorer, source, image_slot, prompt_slot)
) WITHOUT ROWID;

-- A model with every setting that can change its answers. `current` marks the one that tables are drawn from; `scope`
-- names the generators (shell patterns) whose pictures it was last asked about, and none means all.
CREATE TABLE adapters (
  adapter  TEXT PRIMARY KEY CHECK (length(adapter) = 64),
  kind     TEXT NOT NULL CHECK (kind IN ('scorer', 'judge', 'generator', 'editor', 'face finder', 'selector')),
  name     TEXT NOT NULL,
  settings TEXT NOT NULL CHECK (json_valid(settings)),
  card     TEXT NOT NULL CHECK (json_valid(card)),
  current  INTEGER NOT NULL DEFAULT 1,
  scope    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(scope))
) WITHOUT ROWID;
CREATE UNIQUE INDEX one_current_adapter ON adapters (kind, name) WHERE current = 1;

CREATE TABLE cells (
  adapter TEXT NOT NULL REFERENCES adapters,
  image   TEXT NOT NULL REFERENCES images,
  prompt  TEXT NOT NULL REFERENCES prompts,
  outcome TEXT NOT NULL,
  value   REAL CHECK (value > -1e999 AND value < 1e999),
  reason  TEXT,
  run     INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (adapter, image, prompt),
  CHECK ((outcome = 'ok') = (value IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX cells_by_image ON cells (image, prompt);

CREATE TABLE dimension_scores (
  adapter   TEXT NOT NULL REFERENCES adapters,
  image     TEXT NOT NULL REFERENCES images,
  dimension TEXT NOT NULL,
  outcome   TEXT NOT NULL,
  value     REAL CHECK (value BETWEEN 0 AND 2),
  reason    TEXT,
  run       INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (adapter, image, dimension),
  CHECK ((outcome = 'ok') = (value IS NOT NULL))
) WITHOUT ROWID;

-- What came of a request for a picture: draw number `draw` of a generator for a prompt. Facts are what it said of it.
CREATE TABLE generations (
  adapter TEXT NOT NULL REFERENCES adapters,
  prompt  TEXT NOT NULL REFERENCES prompts,
  draw    INTEGER NOT NULL CHECK (draw >= 0),
  outcome TEXT NOT NULL,
  image   TEXT REFERENCES images,
  reason  TEXT,
  facts   TEXT NOT NULL CHECK (json_valid(facts)),
  run     INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (adapter, prompt, draw),
  CHECK ((outcome = 'ok') = (image IS NOT NULL))
) WITHOUT ROWID;

-- What came of a request to edit a picture: of which one, under which prompt, and in which arm (how far, which way).
CREATE TABLE edits (
  adapter TEXT NOT NULL REFERENCES adapters,
  input   TEXT NOT NULL REFERENCES images,
  prompt  TEXT NOT NULL REFERENCES prompts,
  arm     TEXT NOT NULL CHECK (arm <> ''),
  draw    INTEGER NOT NULL CHECK (draw >= 0),
  outcome TEXT NOT NULL,
  image   TEXT REFERENCES images,
  reason  TEXT,
  facts   TEXT NOT NULL CHECK (json_valid(facts)),
  run     INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (adapter, input, prompt, arm, draw),
  CHECK ((outcome = 'ok') = (image IS NOT NULL))
) WITHOUT ROWID;

-- What a selector answered when it saw both pictures of an item; `turned`: they were shown the other way round.
CREATE TABLE choices (
  adapter TEXT NOT NULL REFERENCES adapters,
  item    INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  turned  INTEGER NOT NULL CHECK (turned IN (0, 1)),
  outcome TEXT NOT NULL,
  choice  TEXT,
  reason  TEXT,
  facts   TEXT NOT NULL CHECK (json_valid(facts)),
  run     INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (adapter, item, turned),
  CHECK ((outcome = 'ok') = (choice IS NOT NULL))
) WITHOUT ROWID;

-- How many tokens a scorer made of a prompt, and whether it was too long for it and cut.
CREATE TABLE prompt_tokens (
  adapter   TEXT NOT NULL REFERENCES adapters,
  prompt    TEXT NOT NULL REFERENCES prompts,
  tokens    INTEGER NOT NULL CHECK (tokens >= 0),
  truncated INTEGER NOT NULL CHECK (truncated IN (0, 1)),
  PRIMARY KEY (adapter, prompt)
) WITHOUT ROWID;

-- Device, library versions and the like that a model was run with: filed beside its values, no part of their key.
CREATE TABLE provenance (
  run     INTEGER NOT NULL REFERENCES runs,
  adapter TEXT NOT NULL REFERENCES adapters,
  facts   TEXT NOT NULL CHECK (json_valid(facts)),
  PRIMARY KEY (run, adapter)
) WITHOUT ROWID;

-- A judge's answers on labelled images, for its validation; labels are kept as they were given.
CREATE TABLE judge_labels (
  judge     TEXT NOT NULL,
  image     TEXT NOT NULL,
  dimension TEXT NOT NULL,
  expected  REAL NOT NULL CHECK (expected BETWEEN 0 AND 2),
  argmax    INTEGER NOT NULL CHECK (argmax IN (0, 1, 2)),
  label     INTEGER NOT NULL,
  PRIMARY KEY (judge, image, dimension)
) WITHOUT ROWID;

-- Order is by number; the times are for people, in UTC. `seal` is a digest of what the run recorded.
CREATE TABLE runs (
  run      INTEGER PRIMARY KEY,
  command  TEXT NOT NULL,
  started  TEXT NOT NULL,
  finished TEXT,
  summary  TEXT CHECK (summary IS NULL OR json_valid(summary)),
  seal     TEXT,
  versions TEXT NOT NULL CHECK (json_valid(versions))
);

-- Every score that the ledger can place on the grid of an item, whoever computed it.
CREATE VIEW grid AS
  SELECT item, scorer, source, image_slot, prompt_slot, 'ok' AS outcome, value FROM imported_scores
  UNION ALL
  SELECT i.item, a.name, 'computed', i.slot, p.slot, c.outcome, c.value
  FROM cells c
  JOIN adapters a ON a.adapter = c.adapter AND a.current = 1
  JOIN item_images i ON i.image = c.image
  JOIN item_prompts p ON p.item = i.item AND p.prompt = c.prompt;

CREATE VIEW judged AS
  SELECT i.item, i.slot AS image_slot, a.name AS judge, d.dimension, d.outcome, d.value
  FROM dimension_scores d
  JOIN adapters a ON a.adapter = d.adapter AND a.current = 1
  JOIN item_images i ON i.image = d.image;
"""


def _first_tables(db: sqlite3.Connection) -> None:
    for statement in _statements(_FIRST):
        db.execute(statement)


_WRITTEN = """
-- Who wrote anti prompts here, with every setting that can change a text. `current` marks who wrote last, and `asked`
-- is how many captions that was asked for.
CREATE TABLE rewriters (
  rewriter TEXT PRIMARY KEY CHECK (length(rewriter) = 64),
  name     TEXT NOT NULL,
  settings TEXT NOT NULL CHECK (json_valid(settings)),
  current  INTEGER NOT NULL DEFAULT 1,
  asked    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- What came of a request for an anti prompt: `request` is the key of caption, dimensions and length together.
CREATE TABLE rewritings (
  rewriter   TEXT NOT NULL REFERENCES rewriters,
  request    TEXT NOT NULL CHECK (length(request) = 64),
  original   TEXT NOT NULL REFERENCES prompts,
  dimensions TEXT NOT NULL CHECK (json_valid(dimensions)),
  outcome    TEXT NOT NULL,
  anti       TEXT REFERENCES prompts,
  negative   TEXT,
  reason     TEXT,
  facts      TEXT NOT NULL CHECK (json_valid(facts)),
  run        INTEGER NOT NULL REFERENCES runs,
  PRIMARY KEY (rewriter, request),
  CHECK ((outcome = 'ok') = (anti IS NOT NULL))
) WITHOUT ROWID;

-- Dimensions of the user's own that items and judges here name, with their wording.
CREATE TABLE dimensions (
  name    TEXT PRIMARY KEY,
  wording TEXT NOT NULL CHECK (json_valid(wording))
) WITHOUT ROWID;
"""


def _written_prompts(db: sqlite3.Connection) -> None:
    for statement in _statements(_WRITTEN):
        db.execute(statement)


_RATED = """
-- What people chose between the two images of an item; a rater is known by a code.
CREATE TABLE ratings (
  item        INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  rater       TEXT NOT NULL CHECK (rater <> ''),
  choice      TEXT NOT NULL,
  shown_first TEXT,
  seconds     REAL CHECK (seconds >= 0 AND seconds < 1e999),
  PRIMARY KEY (item, rater)
) WITHOUT ROWID;

-- A digest of everything that came from outside, put here by the import that came last (fauve.ledger.seals). What is
-- added by another way takes the seal off; what is changed by hand does not.
CREATE TABLE import_seals (
  seal  TEXT NOT NULL,
  items INTEGER NOT NULL, -- the highest number of an item that it covers
  generators TEXT NOT NULL CHECK (json_valid(generators)) -- whose items it covers: no run here had made any of them
);

CREATE TRIGGER scores_take_the_seal_off AFTER INSERT ON imported_scores
  BEGIN DELETE FROM import_seals; END;
CREATE TRIGGER ratings_take_the_seal_off AFTER INSERT ON ratings
  BEGIN DELETE FROM import_seals; END;
CREATE TRIGGER labels_take_the_seal_off AFTER INSERT ON judge_labels
  BEGIN DELETE FROM import_seals; END;
CREATE TRIGGER selections_take_the_seal_off AFTER INSERT ON selections
  WHEN NEW.source NOT IN ('computed', 'ratings') AND NEW.selector <> 'construction'
  BEGIN DELETE FROM import_seals; END;
"""


def _ratings(db: sqlite3.Connection) -> None:
    for statement in _statements(_RATED):
        db.execute(statement)


STEPS: tuple[tuple[str, Callable[[sqlite3.Connection], None]], ...] = (
    ("0001 first tables", _first_tables),
    ("0002 written prompts and own dimensions", _written_prompts),
    ("0003 ratings of people and a seal on imports", _ratings),
)
"""Every step by name, oldest first."""


def pending(db: sqlite3.Connection) -> list[str]:
    """Names of the steps that this ledger has not had yet; only looks.

    Raises:
        LedgerTooNew: when it has had steps that this version does not know.
    """
    known = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'").fetchone()
    had = {name for (name,) in db.execute("SELECT name FROM migrations")} if known else set()
    unknown = had - {name for name, _ in STEPS}
    if unknown:
        raise LedgerTooNew(
            f"the ledger has had the steps {sorted(unknown)}, which this Fauve does not know; upgrade Fauve to read it"
        )
    return [name for name, _ in STEPS if name not in had]


def lacking(db: sqlite3.Connection) -> list[str]:
    """Tables, and columns as ``table.column``, that the steps on record should have made and that are not there.

    A ledger of the time before the first release may lack some: its first step made other tables than today's.
    """
    there = _columns(db)
    had = {name for (name,) in db.execute("SELECT name FROM migrations")} if there else set()
    wanted = _columns_after(tuple(step for step in STEPS if step[0] in had))
    tables = [table for table in wanted if table not in there]
    common = wanted.keys() & there.keys()
    columns = [f"{table}.{name}" for table in common for name in wanted[table] - there[table]]
    return sorted(tables) + sorted(columns)


@cache
def _columns_after(steps: tuple[tuple[str, Callable[[sqlite3.Connection], None]], ...]) -> dict[str, set[str]]:
    db = sqlite3.connect(":memory:")
    try:
        for _, step in steps:
            step(db)
        return _columns(db)
    finally:
        db.close()


def _columns(db: sqlite3.Connection) -> dict[str, set[str]]:
    rows = db.execute(
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return found


def migrate(db: sqlite3.Connection) -> list[str]:
    """Apply the pending steps, each together with its own record in one transaction; returns their names."""
    applied = pending(db)
    for name, step in STEPS:
        if name not in applied:
            continue
        db.execute("BEGIN IMMEDIATE")
        try:
            db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) WITHOUT ROWID")
            step(db)
            db.execute("INSERT INTO migrations (name) VALUES (?)", (name,))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk ends it before we can
                db.execute("ROLLBACK")
            raise
    return applied


def _statements(script: str) -> list[str]:
    # executescript commits behind our back, so the script is cut where SQLite itself says a statement ends.
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current.strip())
            current = ""
    return statements
