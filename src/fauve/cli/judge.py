"""``fauve judge``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fauve.cli.tables import findings_table
from fauve.ledger.importing import read_labels
from fauve.studies.judge_validation import validate as validate_labels

__all__ = ["judge"]


@click.group()
def judge() -> None:
    """The dimension judge J: one value in [0, 2] for one dimension of one image."""


@judge.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def validate(file: Path, as_json: bool) -> None:
    """Compare a judge's answers with labels: MAE, class-balanced MAE, weighted F1, kappa.

    FILE is JSON Lines with image, dimension, expected_score in [0, 2], argmax, and label, an integer whose sign counts.
    """
    findings = validate_labels(read_labels(file))
    if as_json:
        click.echo(json.dumps([f.as_json() for f in findings], indent=1, ensure_ascii=False))
    else:
        findings_table(findings)
