"""``fauve steer``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fauve import api
from fauve.cli.console import listener, printable
from fauve.engine.steering import DIALS, STRENGTHS, WEIGHTLESS_SCORERS, Steered
from fauve.errors import ConfigError, Interrupted
from fauve.models.steering.steered_name import ATTENTION
from fauve.naming import scorer_name
from fauve.report.numbers import format_value

__all__ = ["steer"]

_LADDER = "ladder"
_OUT = click.Path(file_okay=False, path_type=Path)


def _ladder(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


@click.command()
@click.argument("prompt")
@click.option(
    "--model",
    required=True,
    help="A generator that runs here: a name of `fauve models`, or diffusers:FOLDER_OR_HUB_ID.",
)
@click.option("--avoid", metavar="WORDS", help="The things that shall not be in the picture: 'people, cars'.")
@click.option(
    "--strength",
    "strengths",
    metavar="A",
    multiple=True,
    help="Of the guidance; several times or with commas. "
    f"Default: {_ladder(STRENGTHS['vsf'])} (vsf), {_ladder(STRENGTHS['nag'])} (nag).",
)
@click.option(
    "--dial",
    "dials",
    metavar="L",
    multiple=True,
    help="Of an aligned model, 0 for its base and 1 for itself; several times or with commas; "
    f"`{_LADDER}` for {_ladder(DIALS)}.",
)
@click.option(
    "--method", type=click.Choice(ATTENTION, case_sensitive=False), help="Default: vsf, or what the name of MODEL says."
)
@click.option("--weights", metavar="PATH", help="Folder or hub id of the pipeline (of an adapter's base).")
@click.option("--delta", metavar="PATH", help="Folder, file or hub id of the aligned denoiser or adapter.")
@click.option("--base-weights", metavar="PATH", help="Folder, file or hub id of the base that the dial goes to.")
@click.option("--size", type=click.IntRange(min=8), help="Side in pixels. Default: the model's.")
@click.option("--steps", type=click.IntRange(min=1), help="Denoising steps. Default: the model's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise of every picture.")
@click.option(
    "--scorer",
    "scorers",
    metavar="NAME",
    multiple=True,
    help=f"Who scores the pictures; several times. Default, all without weights: {', '.join(WEIGHTLESS_SCORERS)}.",
)
@click.option(
    "--scorer-weights", metavar="NAME=PATH", multiple=True, help="Load a scorer from this file, folder or hub id."
)
@click.option("--out", type=_OUT, default=Path("fauve-steer"), show_default=True, help="Where the sheet goes.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
@click.option("--json", "as_json", is_flag=True, help="Print what steer.json holds.")
def steer(
    prompt: str,
    model: str,
    avoid: str | None,
    strengths: tuple[str, ...],
    dials: tuple[str, ...],
    method: str | None,
    scorers: tuple[str, ...],
    scorer_weights: tuple[str, ...],
    seed: int,
    out: Path,
    device: str,
    as_json: bool,
    **options: Any,
) -> None:
    """PROMPT at several strengths of steering, side by side, from the same noise, with scores.

    With --avoid the picture is held away from things that you name (FLUX.1 and Stable Diffusion 3). With --dial an
    aligned model goes back towards its base, or beyond itself. One picture is the model as it is, to compare with.

    The sheet is OUT/sheet.html, in one picture OUT/sheet.png, for programs OUT/steer.json.
    """
    try:
        steered, page = api.steer(
            prompt,
            model,
            out,
            listener(),
            avoid=avoid,
            method=method,
            strengths=_numbers("--strength", strengths, ()),
            dials=_numbers("--dial", dials, DIALS),
            seed=seed,
            scorers=scorers or WEIGHTLESS_SCORERS,
            scorer_weights=dict(_split(entry) for entry in scorer_weights),
            options={key: value for key, value in options.items() if value is not None},
            device=device,
        )
    except KeyboardInterrupt:
        raise Interrupted("stopped on request; no sheet was written") from None
    if as_json:
        click.echo(
            json.dumps(json.loads((out / "steer.json").read_text(encoding="utf-8")), indent=1, ensure_ascii=False)
        )
    else:
        _show(steered)
        click.echo(f"Sheet: {page}")
    if all(shot.picture is None for shot in steered.shots):
        raise SystemExit(1)


def _show(steered: Steered) -> None:
    for shot in steered.shots:
        if shot.picture is None:
            click.echo(printable(f"{shot.rung.label}: {shot.outcome.value}: {shot.reason}"), err=True)
            continue
        scores = [f"{scorer_name(name)} {format_value(score.value)}" for name, score in shot.scores.items()]
        click.echo(printable(f"{shot.rung.label}: {', '.join(scores)}"))
        for name, score in shot.scores.items():
            if score.reason is not None:
                click.echo(printable(f"{shot.rung.label}: {scorer_name(name)} failed: {score.reason}"), err=True)


def _numbers(option: str, given: Sequence[str], ladder: Sequence[float]) -> tuple[float, ...]:
    """Numbers with commas between them, or the default ladder by its name."""
    found: list[float] = []
    for part in (part.strip() for entry in given for part in entry.split(",")):
        if part == _LADDER and ladder:
            found += ladder
            continue
        try:
            found.append(float(part))
        except ValueError:
            known = f" or {option} {_LADDER}" if ladder else ""
            raise ConfigError(f"{option} {part!r} is no number. Write {option} 0.5,1,2{known}.") from None
    return tuple(dict.fromkeys(found))


def _split(entry: str) -> tuple[str, str]:
    name, equals, path = entry.partition("=")
    if not (name and equals and path):
        raise ConfigError(
            f"--scorer-weights {entry!r} is not NAME=PATH, as in --scorer-weights blip-l=checkpoints/blip"
        )
    return name, path
