"""``fauve models``."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fauve.cli.console import printable
from fauve.models.catalogue import catalogue

__all__ = ["models"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print whole cards as JSON.")
def models(as_json: bool) -> None:
    """The scorers and judges that can be named, with their cards. Nothing is downloaded or loaded."""
    rows = catalogue()
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "kind", "licence", "hub id", "prompt limit", "what its number means"):
        table.add_column(column)
    for row in rows:
        cells = [row["name"], row["kind"], row["licence"], row["hub_id"], row["prompt_limit"], row["summary"]]
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in cells))
    Console().print(table)
