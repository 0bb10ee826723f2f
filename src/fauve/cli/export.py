"""``fauve export``."""

from __future__ import annotations

from pathlib import Path

import click

from fauve.cli.console import printable
from fauve.ledger import Ledger
from fauve.ledger.exporting import ExportRequest, export_dataset

__all__ = ["export"]


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--to", required=True, type=click.Path(path_type=Path), help="The folder to write; new or empty.")
@click.option(
    "--layout",
    type=click.Choice(["fauve", "paper"]),
    default="fauve",
    show_default=True,
    help="Everything, or the columns of the published datasets.",
)
@click.option("--public", is_flag=True, help="Refuse where a licence is not known.")
@click.option(
    "--unknown-licence",
    "unknown",
    multiple=True,
    metavar="NAME",
    help="Pictures that may go out all the same, by origin.",
)
@click.option("--source", default="published", show_default=True, help="Whose scores fill the paper's columns.")
@click.option("--title", default=ExportRequest().title, show_default=True, help="Of the card.")
def export(
    directory: Path, to: Path, layout: str, public: bool, unknown: tuple[str, ...], source: str, title: str
) -> None:
    """What DIRECTORY holds as a Hugging Face dataset: Parquet, and a card with licences (docs/datasets.md)."""
    request = ExportRequest(
        "paper" if layout == "paper" else "fauve",
        public=public,
        unknown_licences=unknown,
        source=source,
        title=title,
    )
    with Ledger(directory) as ledger:
        done = export_dataset(ledger, to, request)
    for table in done:
        if table.rows:
            click.echo(
                f"{table.name}: {table.rows:,} rows in {table.shards} {'file' if table.shards == 1 else 'files'}"
            )
        for reason, count in table.left_out.items():
            if count:
                click.echo(f"Left out of {table.name}: {count:,} {printable(reason)}")
    click.echo(f"Read the card before you give it away: {to / 'README.md'}")
