"""``fauve run`` and ``fauve audit``."""

from __future__ import annotations

from pathlib import Path

import click

from fauve import api
from fauve.cli.console import listener
from fauve.errors import ConfigError
from fauve.ledger.endings import NOT_SENT, STILL_RUNNING
from fauve.settings import read_settings

__all__ = ["audit", "run"]

_OUT = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--out", type=_OUT, default=Path("fauve-run"), show_default=True, help="The run directory.")
@click.option("--limit", type=click.IntRange(min=1), help="Score the first so many items only.")
def run(config: Path | None, out: Path, limit: int | None) -> None:
    """The main job: stimuli, scores, judgements, studies, report.

    CONFIG is a TOML file. Without one the embedded default runs: the alignment lab's family of generators and the
    photographs that scikit-image and scikit-learn carry; or, where the run directory already holds imported pairs or
    contrasts, those.

    The same command again goes on where the last one stopped, and does nothing when nothing is missing.
    """
    settings = None if config is None else read_settings(config)
    _show(api.run(settings, out, listener(), limit=limit))


@click.command()
@click.argument("targets", metavar="TARGET...", nargs=-1, required=True)
@click.option(
    "--data",
    default="photographs",
    show_default=True,
    help="A folder with pairs.jsonl or contrasts.jsonl files, one such file, or `photographs`.",
)
@click.option("--out", type=_OUT, default=Path("fauve-audit"), show_default=True, help="The run directory.")
@click.option(
    "--weights",
    "weights",
    metavar="TARGET=PATH",
    multiple=True,
    help="Load a target from this file, folder or hub id; can be given several times.",
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
@click.option("--dtype", default="float32", show_default=True, help="float32, bfloat16 or float16.")
@click.option("--limit", type=click.IntRange(min=1), help="Score the first so many items only.")
def audit(
    targets: tuple[str, ...],
    data: str,
    out: Path,
    weights: tuple[str, ...],
    device: str,
    dtype: str,
    limit: int | None,
) -> None:
    """Every reward study on your scorers, beside the controls.

    TARGET is a registered name (see `fauve models`), clip:FOLDER_OR_HUB_ID, blip:FOLDER_OR_HUB_ID, or module:Name; a
    function of (images, prompts) that returns one number a row is enough.
    """
    given = dict(_split(entry) for entry in weights)
    _show(api.audit(targets, data, out, listener(), limit=limit, weights=given, device=device, dtype=dtype))


def _split(entry: str) -> tuple[str, str]:
    name, equals, path = entry.partition("=")
    if not (name and equals and path):
        raise ConfigError(f"--weights {entry!r} is not TARGET=PATH, as in --weights hpsv2.1=checkpoints/HPS_v2.1.pt")
    return name, path


def _show(result: api.RunResult) -> None:
    for name, reason in result.summary.stopped.items():
        click.echo(f"{name} was given up: {reason}", err=True)
    for name, counts in result.summary.outcomes.items():
        waiting = counts.get(NOT_SENT, 0) + counts.get(STILL_RUNNING, 0)
        if waiting:
            told = "have no answer yet; `fauve status` counts them, the same command asks again"
            click.echo(f"{name}: {waiting} requests {told}", err=True)
        count = sum(counts.values()) - counts.get("ok", 0) - waiting
        if count:
            click.echo(f"{name}: {count} values failed; `fauve status` says why, `fauve retry` asks again", err=True)
    if not result.fresh:
        click.echo("Nothing to do: everything that was asked for is there.")
    click.echo(f"Report: {result.report}")
    if result.summary.stopped or not all(counts.get("ok") for counts in result.summary.outcomes.values()):
        raise SystemExit(1)  # somebody was asked and gave no value at all
