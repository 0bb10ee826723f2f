"""``fauve judge``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fauve.cli.tables import findings_table
from fauve.ledger.importing import read_labels
from fauve.models.judges.training.settings import TrainingSettings
from fauve.studies.judge_validation import validate as validate_labels

__all__ = ["judge"]

_DEFAULT = TrainingSettings()


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


@judge.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the adapter.")
@click.option(
    "--model", default="qwen3-vl-4b", show_default=True, help="Judge by name, or a folder or hub id of Qwen3-VL."
)
@click.option("--dimension", "dimensions", multiple=True, help="Only this dimension; may be repeated.")
@click.option("--guidelines", type=click.Path(dir_okay=False, path_type=Path), help="TOML file with what is asked.")
@click.option("--layout", type=click.Choice(["paper", "fast"]), default="paper", show_default=True)
@click.option("--size", type=int, default=512, show_default=True, help="Side of the square that pictures become.")
@click.option("--validation", type=float, default=0.1, show_default=True, help="Share of the pictures held out.")
@click.option("--epochs", type=int, default=_DEFAULT.epochs, show_default=True)
@click.option("--learning-rate", type=float, default=_DEFAULT.learning_rate, show_default=True)
@click.option("--weight-decay", type=float, default=_DEFAULT.weight_decay, show_default=True)
@click.option("--warmup", type=float, default=_DEFAULT.warmup, show_default=True, help="Share of the steps.")
@click.option("--rank", type=int, default=_DEFAULT.rank, show_default=True)
@click.option("--alpha", type=int, default=_DEFAULT.alpha, show_default=True)
@click.option("--dropout", type=float, default=_DEFAULT.dropout, show_default=True)
@click.option("--batch", type=int, default=_DEFAULT.batch, show_default=True, help="Rows at a time on each device.")
@click.option("--accumulate", type=int, default=_DEFAULT.accumulate, show_default=True, help="Batches in a step.")
@click.option("--balance", type=click.Choice(["none", "class"]), default=_DEFAULT.balance, show_default=True)
@click.option("--save-every", type=int, default=_DEFAULT.save_every, show_default=True, help="Steps between states.")
@click.option("--checkpointing", is_flag=True, help="Compute activations again instead of keeping them.")
@click.option("--seed", type=int, default=_DEFAULT.seed, show_default=True)
@click.option("--device", help="cpu to keep off an accelerator; otherwise what there is.")
@click.option("--dtype", help="Of the base model; bfloat16 where the device has it.")
def train(
    data: Path,
    out: Path,
    model: str,
    dimensions: tuple[str, ...],
    guidelines: Path | None,
    layout: str,
    size: int,
    validation: float,
    device: str | None,
    dtype: str | None,
    **settings: Any,
) -> None:
    """Train a LoRA adapter for the judge, or go on with a training that was stopped.

    DATA is JSON Lines with image (a path relative to the file), dimension, label (an integer whose sign counts) and
    perhaps split (train or validation); or the Parquet file or folder of VisionReward's image set. On several devices:
    accelerate launch -m fauve judge train …
    """
    # torch and transformers take seconds to import, which `fauve judge --help` must not
    from fauve.models.judges.judge_cards import JUDGE_CARDS  # noqa: PLC0415
    from fauve.models.judges.training.train import train_judge  # noqa: PLC0415

    named = model in JUDGE_CARDS
    train_judge(
        data,
        out,
        name=model if named else Path(model).name,
        weights=None if named else model,
        layout=layout,
        size=size,
        dimensions=dimensions or None,
        guidelines=guidelines,
        validation=validation,
        settings=TrainingSettings(**settings),
        device=device,
        dtype=dtype,
        tell=click.echo,
    )
