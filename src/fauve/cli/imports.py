"""``fauve import``."""

from __future__ import annotations

from pathlib import Path

import click

from fauve.cli.console import printable
from fauve.ledger import Added
from fauve.ledger.importing import (
    import_contrasts,
    import_folder,
    import_labels,
    import_pairs,
    import_ratings,
    import_scores,
)
from fauve.ledger.importing.datasets import DatasetRequest, import_dataset, parsed_mapping
from fauve.ledger.receiving import receiving

__all__ = ["imports"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_OUT = click.option(
    "--out",
    default=Path("fauve-run"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The run directory; made where it does not exist.",
)


@click.group("import")
def imports() -> None:
    """Bring in images and scores that were made elsewhere.

    A file is taken whole or not at all. The same file again changes nothing.
    """


@imports.command()
@click.argument("source", type=_FILE)
@_OUT
def pairs(source: Path, out: Path) -> None:
    """Pairs of an original and an anti image: a pairs.jsonl (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("pairs", import_pairs(ledger, source), out)


@imports.command()
@click.argument("source", type=_FILE)
@_OUT
def contrasts(source: Path, out: Path) -> None:
    """Contrasts of a faithful and a default image under one prompt: a contrasts.jsonl (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("contrasts", import_contrasts(ledger, source), out)


@imports.command()
@click.argument("source", type=_FILE)
@_OUT
def scores(source: Path, out: Path) -> None:
    """Scores for pairs and contrasts that the ledger has: CSV or Parquet (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("scores", import_scores(ledger, source), out)


@imports.command()
@click.argument("source", type=_FILE)
@_OUT
def ratings(source: Path, out: Path) -> None:
    """What people chose in pairs and contrasts that the ledger has: CSV or Parquet (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("ratings", import_ratings(ledger, source), out)


@imports.command()
@click.argument("source", type=click.Path(file_okay=False, path_type=Path))
@click.option("--generator", required=True, help="Who made the pictures.")
@_OUT
def folder(source: Path, generator: str, out: Path) -> None:
    """A folder with originals/, anti/ and prompts.csv, as pairs of one generator (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("pairs", import_folder(ledger, source, generator), out)


@imports.command()
@click.argument("source", type=_FILE)
@click.option("--judge", required=True, help="Whose answers these are.")
@_OUT
def labels(source: Path, judge: str, out: Path) -> None:
    """A judge's answers on labelled images, for the study judge_validation (docs/formats.md)."""
    with receiving(out) as ledger:
        _tell("labels", import_labels(ledger, source, judge), out)


@imports.command()
@click.argument("source")
@click.option("--as", "named", help="Which dataset a FOLDER holds; otherwise its columns say so.")
@click.option("--split", help="On the hub: train unless given. Of a folder: only files so named.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many rows.")
@click.option("--columns", multiple=True, metavar="OURS=THEIRS", help="A column that is called otherwise.")
@click.option("--generator", "generators", multiple=True, metavar="THEIRS=OURS", help="Our name of a generator.")
@click.option("--licence", help="Of the pictures, where you know it.")
@_OUT
def dataset(
    source: str,
    named: str | None,
    split: str | None,
    limit: int | None,
    columns: tuple[str, ...],
    generators: tuple[str, ...],
    licence: str | None,
    out: Path,
) -> None:
    """A published dataset, by name or hub id, or as a folder of its Parquet files (docs/datasets.md)."""
    request = DatasetRequest(
        source,
        named=named,
        split=split,
        limit=limit,
        columns=parsed_mapping(columns, "--columns"),
        generators=parsed_mapping(generators, "--generator"),
        licence=licence,
    )
    taken = import_dataset(out, request)
    for line in taken.named:
        click.echo(f"Set aside: {printable(line)}")
    unnamed = taken.set_aside.total() - len(taken.named)
    if unnamed:
        click.echo(f"… and {unnamed:,} more pictures set aside")
    for notice in taken.notices:
        click.echo(f"Note: {printable(notice)}")
    _tell(f"items of {taken.dataset}", taken.added, out)


def _tell(what: str, added: Added, out: Path) -> None:
    click.echo(f"{added.new:,} new {what} in {out}, {added.unchanged:,} were there")
    if added.new:
        click.echo(f"Next: `fauve run --out {out}` scores and reports, `fauve report {out}` reports what is there.")
