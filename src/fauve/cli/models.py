"""``fauve models``."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fauve.cli.console import printable
from fauve.errors import UnknownName
from fauve.models.catalogue import catalogue

__all__ = ["models"]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print whole cards as JSON.")
def models(name: str | None, as_json: bool) -> None:
    """The scorers, judges and generators that can be named; with NAME, the whole card. Nothing is loaded.

    Any CLIP, SigLIP or BLIP works as clip:FOLDER_OR_HUB_ID and blip:FOLDER_OR_HUB_ID, any pipeline of diffusers as
    diffusers:FOLDER_OR_HUB_ID, and your own class or function as module:Name.
    """
    rows = catalogue()
    if name is not None:
        rows = [row for row in rows if row["name"] == name]
        if not rows:
            raise UnknownName("model", name, [row["name"] for row in catalogue()])
        if not as_json:
            _card(rows[0])
            return
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("name", no_wrap=True)
    for column in ("kind", "gated", "from", "licence"):
        table.add_column(column, overflow="fold")
    for row in rows:
        origin = "does not import" if row["error"] else row["origin"]
        cells = [row["name"], row["kind"], "yes" if row["gated"] else "", origin, row["licence"] or "not stated"]
        table.add_row(*(Text(printable(str(cell))) for cell in cells))
    console = Console()
    (console if console.is_terminal else Console(width=140)).print(table)
    click.echo("`fauve models NAME` shows a whole card.")


def _card(row: dict[str, Any]) -> None:
    for key, value in row.items():
        if value not in (None, [None, None]):
            click.echo(printable(f"{key.replace('_', ' ')}: {value}"))
