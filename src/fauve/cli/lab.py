"""``fauve lab train``, ``fauve lab run`` and ``fauve lab tables``."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fauve.errors import ConfigError
from fauve.lab.adapters.files import SHIPPED
from fauve.lab.experiments.answer import answer
from fauve.lab.experiments.docs import DOCUMENT, rewritten
from fauve.lab.experiments.findings import findings_of
from fauve.lab.experiments.plan import Job
from fauve.lab.experiments.run import Record, family_folder, run_experiment
from fauve.lab.experiments.settings import read_experiment
from fauve.lab.experiments.store import STORED, results_of, stored_results, write_results
from fauve.lab.experiments.tables import BLOCKS

if TYPE_CHECKING:
    from fauve.lab.training.family import FamilyRecipe

__all__ = ["run", "tables", "train"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_WORKERS = click.IntRange(1, 256)


@click.command()
@click.option("--recipe", type=click.Path(dir_okay=False, path_type=Path), help="TOML; only what differs is named.")
@click.option("--out", type=_FOLDER, default=Path("lab-family"), show_default=True, help="Folder of the weights.")
@click.option("--workers", type=_WORKERS, default=1, show_default=True, help="Processes of one thread each.")
def train(recipe: Path | None, out: Path, workers: int) -> None:
    """Train the family from seeds, or go on with a training that was stopped.

    With the shipped recipe the hashes of the files are compared with those that the package ships.
    """
    if recipe is not None and not recipe.exists():
        raise ConfigError(f"there is no recipe {recipe}; check the path (example: examples/lab/recipe.toml)")
    _need_torch("lab train")
    # torch takes seconds to import, which `fauve lab --help` must not
    from fauve.lab.experiments.recipe import read_recipe  # noqa: PLC0415
    from fauve.lab.training.family import FamilyRecipe, train_family  # noqa: PLC0415

    chosen: FamilyRecipe = FamilyRecipe() if recipe is None else read_recipe(recipe)

    def told(record: dict[str, Any]) -> None:
        how = "kept" if record["kept"] else f"{record['cpu_seconds']:.0f} s of processor"
        for file, facts in record["files"].items():
            click.echo(f"{record['step']:14} {file:18} {facts['sha256'][:16]}  {how}")

    records = train_family(chosen, out, told, workers=workers)
    click.echo(f"The family is in {out}.")
    if recipe is None:
        _compare(records)


def _compare(records: Mapping[str, Mapping[str, Any]]) -> None:
    """Say whether the files are those that ship, as far as this platform can tell."""
    shipped: dict[str, str] = {}
    for path in sorted(SHIPPED.glob("*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        shipped |= {file: facts["sha256"] for file, facts in stored.get("files", {}).items()}
    made = {file: facts["sha256"] for record in records.values() for file, facts in record["files"].items()}
    both = sorted(shipped.keys() & made.keys())
    if not both:
        click.echo("The package ships no card to compare the hashes with.")
        return
    differ = [file for file in both if shipped[file] != made[file]]
    if not differ:
        click.echo(f"All {len(both)} files are those that ship, byte by byte.")
        return
    here = f"{platform.system()} {platform.machine()}"
    click.echo(
        f"{len(differ)} of {len(both)} files differ from those that ship: {', '.join(differ)}. Sums come out "
        f"differently on another processor or version of torch (here {here}); compare what they do with "
        "`fauve lab run`. On the platform of the card this would be a fault."
    )


def _need_torch(command: str) -> None:
    try:
        import torch  # noqa: F401, PLC0415
    except ImportError:
        raise ConfigError(
            f"`fauve {command}` trains networks and needs torch: pip install 'fauve[models]'. "
            "Everything that only uses the trained family runs without it."
        ) from None


@click.command()
@click.argument("experiment", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=_FOLDER, help="Folder of records; experiments may share it.")
@click.option("--workers", type=_WORKERS, default=1, show_default=True, help="Processes of one thread each.")
@click.option("--limit", type=click.IntRange(0), help="Stop after so many jobs; 0 only states what is done.")
@click.option("--family", type=_FOLDER, help="Folder of the family, instead of the one that EXPERIMENT names.")
@click.option("--save", type=_FOLDER, help="Also store the results in this folder, where `fauve lab tables` reads.")
def run(experiment: Path, out: Path, workers: int, limit: int | None, family: Path | None, save: Path | None) -> None:
    """Ask a question of the lab: train what EXPERIMENT (TOML) varies, measure it, state findings.

    The same command again goes on from where it was. Findings are in OUT/EXPERIMENT.json, and can be stated when some
    of the training seeds are done.
    """
    settings = read_experiment(experiment)
    if family is not None:
        settings = settings.model_copy(update={"family": str(family.resolve())})

    def told(job: Job, record: Record, done: int, planned: int) -> None:
        words = ", ".join(f"{name} {value}" for name, value in job.label.items())
        seed = "" if job.seed is None else f", seed {job.seed}"
        void = f": {record['figures']['void']}" if "void" in record["figures"] else ""
        click.echo(f"{done}/{planned} {job.kind} {words}{seed} ({record['cpu_seconds']:.1f} s){void}")

    jobs = run_experiment(settings, out, workers=workers, limit=limit, progress=told)
    click.echo("Stating findings: the intervals over prompts and seeds take a while.")
    found = findings_of(settings, jobs, out, family_folder(settings))
    named = experiment.name if experiment.is_absolute() else experiment.as_posix()
    results = results_of(settings, jobs, out, found, f"fauve lab run {named} --out DIR")
    places = [out / f"{settings.name}.json", *([save / f"{settings.name}.json"] if save else [])]
    for place in places:
        write_results(results, place)
    head = results.head
    click.echo(
        f"{head['jobs_done']} of {head['jobs_planned']} jobs, {head['cpu_seconds']:.0f} s of processor, "
        f"{len(found)} {'finding' if len(found) == 1 else 'findings'}: {', '.join(str(place) for place in places)}\n"
    )
    click.echo(answer(results))


@click.command()
@click.option("--results", type=_FOLDER, default=STORED, help="Folder of stored results; unset: the package's own.")
@click.option("--write", "document", type=click.Path(dir_okay=False, path_type=Path), help=f"Rewrite {DOCUMENT}.")
@click.argument("names", nargs=-1)
def tables(results: Path, document: Path | None, names: tuple[str, ...]) -> None:
    """Tables and sentences of docs/lab.md from stored findings, as Markdown.

    NAMES are blocks or experiments; none named means all blocks, or with --results what each experiment there found.
    With --write the blocks of a document are put in place.
    """
    stored = stored_results(results)
    if document is not None:
        document.write_text(rewritten(document.read_text(encoding="utf-8"), stored), encoding="utf-8")
        click.echo(f"{document} has the numbers of {len(stored)} experiments.")
        return
    if not stored:
        raise ConfigError(f"{results} holds no results; `fauve lab run EXPERIMENT --out {results}` makes some")
    for name in names or (BLOCKS if results == STORED else stored):
        if name in BLOCKS:
            click.echo(f"## {name}\n\n{BLOCKS[name](stored)}\n")
        elif name in stored:
            click.echo(f"## {answer(stored[name])}\n")
        else:
            raise click.BadParameter(
                f"there is no block and no experiment {name!r}; there are {', '.join([*BLOCKS, *stored])}"
            )
