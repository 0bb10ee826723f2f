"""``fauve export``: a run directory as a folder that Hugging Face reads as a dataset."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from fauve.errors import ConfigError, DataError, LedgerError
from fauve.ledger.exporting.card import Exported, dataset_card
from fauve.ledger.exporting.fauve_layout import TABLES, fauve_rows, fauve_schema
from fauve.ledger.exporting.licences import check_public, model_licences, picture_licences
from fauve.ledger.exporting.paper_layout import PAPER_TABLES, PaperTable
from fauve.ledger.exporting.shards import SHARD_BYTES, ShardWriter
from fauve.ledger.importing.datasets.catalogue import PUBLISHED
from fauve.ledger.store import Ledger

__all__ = ["ExportRequest", "Layout", "export_dataset"]

Layout = Literal["fauve", "paper"]

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write, and how.

    Attributes:
        layout: ``fauve`` (everything, one table a kind of item) or ``paper`` (the columns of the published datasets).
        public: refuse where a licence is not known.
        unknown_licences: origins of pictures (generators, studies) that may go out although their licence is unknown.
        source: whose scores fill the columns of the paper's layout, which has one place for each.
        title: of the card.
        shard_bytes: about how large a shard gets.
    """

    layout: Layout = "fauve"
    public: bool = False
    unknown_licences: Collection[str] = field(default_factory=tuple)
    source: str = PUBLISHED
    title: str = "Pictures that were asked for"
    shard_bytes: int = SHARD_BYTES


def export_dataset(ledger: Ledger, to: Path, request: ExportRequest) -> list[Exported]:
    """Write what a ledger holds to the folder ``to``, which must not exist or be empty: all of it or nothing.

    Returns:
        The tables that were written, in order; those without a row are left out.

    Raises:
        ConfigError: when the folder holds something.
        DataError: when a public export has pictures without a licence, or there is nothing to export.
        LedgerCorrupt: when a picture is missing or was altered.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise ConfigError(f"{to} holds something already: name a folder that does not exist yet, or an empty one.")
    present = {kind for (kind,) in ledger.db.execute("SELECT DISTINCT kind FROM items")}
    kinds = present & ({kind for kind, _ in PAPER_TABLES.values()} if request.layout == "paper" else TABLES.keys())
    pictures, models = picture_licences(ledger, sorted(kinds)), model_licences(ledger)
    if request.public or request.unknown_licences:
        check_public(pictures, models, request.unknown_licences)
    with _folder(to) as partial:
        done = [table for table in _write(ledger, partial, request) if table.rows or any(table.left_out.values())]
        if not any(table.rows for table in done):
            raise DataError(f"{ledger.directory} holds nothing that has a place in the layout {request.layout!r}.")
        card = dataset_card(request.title, request.layout, [t for t in done if t.rows], pictures, models)
        (partial / CARD).write_text(card, encoding="utf-8")
    return done


def _write(ledger: Ledger, folder: Path, request: ExportRequest) -> Iterator[Exported]:
    if request.layout == "fauve":
        for kind, name in TABLES.items():
            yield _table(folder / name, fauve_schema(kind), fauve_rows(ledger, kind), request, {})
        return
    for name in PAPER_TABLES:
        table = PaperTable(name, request.source)
        yield _table(folder / name, table.schema(), table.rows(ledger), request, table.left_out)


def _table(
    folder: Path, schema: pa.Schema, rows: Iterator[tuple[dict[str, Any], int]], request: ExportRequest, left: Any
) -> Exported:
    with ShardWriter(folder, schema, request.shard_bytes) as writer:
        for row, size in rows:
            writer.add(row, size)
        shards = writer.finish()
    return Exported(folder.name, writer.rows, len(shards), schema, left)


@contextmanager
def _folder(to: Path) -> Iterator[Path]:
    """A folder beside the one that is wanted, renamed to it when all is written and removed when not."""
    partial = to.with_name(f"{to.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        if to.is_dir():
            to.rmdir()
        partial.rename(to)
    except OSError as error:
        raise LedgerError(f"{to} cannot be written ({error}); free space or check its rights") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
