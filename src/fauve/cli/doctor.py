"""``fauve doctor``."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import click

from fauve.cli.console import printable
from fauve.engine.provenance import versions
from fauve.models.conformance import examine
from fauve.models.golden import GOLDEN_ROWS, check_golden, golden_pictures
from fauve.models.registry import entries, make_scorer

__all__ = ["doctor"]

_EXTRAS = {
    "models": ("torch", "transformers", "diffusers", "peft", "accelerate", "safetensors"),
    "api": ("openai", "tenacity"),
    "ray": ("ray",),
}
_MARKS = {"pass": "ok  ", "note": "note", "fail": "FAIL"}


@click.command()
@click.option("--scorer", "name", help="Examine this scorer: a registered name or module:Name.")
@click.option("--weights", metavar="PATH", help="Load the scorer from this file, folder or hub id.")
@click.option(
    "--golden",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="FAUVE_GOLDEN_IMAGES",
    help="Folder with 1.webp to 4.webp of THUDM/ImageReward's assets/images: compare with published scores.",
)
@click.option("--device", default="cpu", show_default=True)
@click.option("--dtype", default="float32", show_default=True)
def doctor(name: str | None, weights: str | None, golden: Path | None, device: str, dtype: str) -> None:
    """What is installed here; with --scorer, whether a scorer's numbers can be trusted.

    The examination needs no data: one finite number a cell, not constant, deterministic, the same in any batch and
    order, hears the prompt, reads long prompts to their end. Exit code 1 when a check fails.
    """
    if name is None:
        _environment()
        return
    options = {} if weights is None else {"weights": weights}
    scorer = make_scorer(name, options)
    scorer.load(device, dtype)
    checks = examine(scorer)
    if golden is not None and name in GOLDEN_ROWS:
        row = GOLDEN_ROWS[name]
        as_published = make_scorer(name, {**options, **row.options})
        as_published.load(device, dtype)
        checks.append(check_golden(as_published, row, golden_pictures(golden)))
    for check in checks:
        click.echo(f"{_MARKS[check.verdict]}  {check.name}: {printable(check.detail)}")
    failed = [check.name for check in checks if check.verdict == "fail"]
    if failed:
        click.echo(f"{name} fails: {', '.join(failed)}. Its scores would not mean what they say.")
        raise SystemExit(1)
    click.echo(f"{name} passes.")


def _environment() -> None:
    for package, version in versions().items():
        click.echo(f"{package} {version}")
    for extra, packages in _EXTRAS.items():
        missing = [package for package in packages if find_spec(package) is None]
        state = "installed" if not missing else f"lacks {', '.join(missing)}: pip install 'fauve[{extra}]'"
        click.echo(f"extra [{extra}]: {state}")
    for kind in ("scorer", "judge"):
        foreign = [f"{e.name} (from {e.origin})" for e in entries(kind).values() if e.origin != "fauve"]
        click.echo(f"{kind}s from other packages: {printable(', '.join(foreign)) or 'none'}")
    free = shutil.disk_usage(".").free / 1e9
    click.echo(f"free disk here: {free:.0f} GB")
