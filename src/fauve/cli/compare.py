"""``fauve compare``: two runs, two generators or two scorers, paired."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fauve import api
from fauve.cli.console import listener, printable

__all__ = ["compare"]

_RUN = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--in", "directory", type=_RUN, help="A and B are generators, or scorers, of this run.")
@click.option(
    "--scorer",
    "scorers",
    metavar="NAME",
    multiple=True,
    help="Compare only its scores; the first chooses the pictures.",
)
@click.option("--out", type=_RUN, default=Path("fauve-compare"), show_default=True, help="Where the page goes.")
@click.option("--json", "as_json", is_flag=True, help="Print what compare.json holds.")
def compare(
    first: str, second: str, directory: Path | None, scorers: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Paired differences of A and B (B minus A) with intervals, and the pictures where they differ most.

    A and B are run directories; with --in, two generators or two scorers of that run. Rows are joined by prompt,
    request and draw; what only one side has is counted. Two scorers are compared by choices, signs and ranks, as their
    scales differ.

    The page is OUT/compare.html, for programs OUT/compare.json. The exit code is 0 whatever is found: to fail a build
    on a number, use `fauve gate`.
    """
    told, page = api.compare(first, second, out, listener(), directory=directory, scorers=scorers)
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for text in (told["headline"], *told["sentences"], *told["lacking"]):
        click.echo(printable(text))
    click.echo(f"Page: {page}")
