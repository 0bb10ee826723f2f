"""``fauve study`` and ``fauve report``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fauve import api
from fauve.cli.console import listener
from fauve.cli.tables import findings_table
from fauve.studies import STUDIES

__all__ = ["report", "study"]

_DIRECTORY = click.Path(file_okay=False, path_type=Path)


_NAMES = f"NAME is one of {', '.join(STUDIES)}."


@click.command(epilog=_NAMES)
@click.argument("name")
@click.argument("directory", type=_DIRECTORY)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def study(name: str, directory: Path, as_json: bool) -> None:
    """One study's findings from what the ledger in DIRECTORY holds."""
    findings = api.study(name, directory)
    if as_json:
        click.echo(json.dumps([f.as_json() for f in findings], indent=1, ensure_ascii=False))
    elif findings:
        findings_table(findings)
    else:
        click.echo(
            f"{directory} holds nothing that {name} can be asked of; `fauve status {directory}` says what it holds."
        )


@click.command()
@click.argument("directory", type=_DIRECTORY)
def report(directory: Path) -> None:
    """(Re)build findings.json and the site from the ledger in DIRECTORY."""
    click.echo(f"Report: {api.report(directory, listener())}")
