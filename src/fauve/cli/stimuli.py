"""``fauve stimuli``."""

from __future__ import annotations

from pathlib import Path

import click

from fauve.engine.stimuli_folder import read_base, write_stimuli
from fauve.errors import ConfigError, UnknownName
from fauve.settings import StimuliSettings
from fauve.stimuli import EFFECTS

__all__ = ["stimuli"]


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the stimuli.")
@click.option("--effect", "effects", multiple=True, help="Only this effect; can be given several times.")
@click.option(
    "--strength", "strengths", multiple=True, type=click.FloatRange(0, 1, min_open=True), help="Default: .25 .5 .75 1."
)
@click.option(
    "--caption", help="What the picture shows, where there is only one. Default: NAME.txt beside it, or its name."
)
@click.option("--longer-side", default=512, show_default=True, help="Scale larger pictures down to this, in pixels.")
@click.option("--seed", default=0, show_default=True)
def stimuli(
    images: tuple[Path, ...],
    out: Path,
    effects: tuple[str, ...],
    strengths: tuple[float, ...],
    caption: str | None,
    longer_side: int,
    seed: int,
) -> None:
    """Put your own IMAGES through graded anti-aesthetic effects.

    The result is a folder with a pairs.jsonl whose truth is known by construction; `fauve audit NAME --data FOLDER`
    or `fauve import pairs FOLDER/pairs.jsonl` takes it.
    """
    if caption and len(images) > 1:
        raise ConfigError("--caption is for one picture; put NAME.txt beside each of several")
    for effect in effects:
        if effect not in EFFECTS:
            raise UnknownName("effect", effect, EFFECTS)
    graded = tuple(sorted(set(strengths))) or StimuliSettings().strengths
    settings = StimuliSettings(effects=effects, strengths=graded, longer_side=longer_side, seed=seed)
    bases = [read_base(path, longer_side, caption) for path in images]
    count = write_stimuli(bases, settings, out)
    for base in bases:
        click.echo(f"{base.name}: “{base.caption}”")
    click.echo(f"{count} pairs in {out / 'pairs.jsonl'}")
