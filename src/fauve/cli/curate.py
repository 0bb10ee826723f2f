"""``fauve curate``: a set of photographs that leave conventional taste on purpose, out of a folder of one's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fauve import curation
from fauve.cli.console import listener, printable
from fauve.cli.curate_show import hit_row, set_trays, tray_of
from fauve.curation.duplicates import BITS, COSINE
from fauve.curation.sampling import Band
from fauve.errors import ConfigError, DataError
from fauve.models.registry import make_scorer
from fauve.report.curation_sheet import Tray, write_curation_sheet
from fauve.report.numbers import format_value

__all__ = ["curate"]

_DIR = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_SHEET = click.option("--sheet", is_flag=True, help="Draw the pictures on DIRECTORY/sheet/index.html.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_MODEL = click.option(
    "--model", default="clip-l", show_default=True, help="clip-l, or clip:FOLDER_OR_HUB_ID for any CLIP or SigLIP."
)
_WEIGHTS = click.option("--weights", metavar="PATH", help="Load the model from this file, folder or hub id.")
_DEVICE = click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, mps.")
_ALIKE = (
    click.option("--cosine", type=click.FloatRange(-1, 1), default=COSINE, show_default=True, help="Alike from here."),
    click.option(
        "--bits", type=click.IntRange(0, 64), default=BITS, show_default=True, help="Alike up to here, of 64."
    ),
)


@click.group()
def curate() -> None:
    """Build a set of deliberately anti-aesthetic photographs from a folder of your own.

    First index, then search or sample, look, commit with a reason, and export contrasts.jsonl, which `fauve import
    contrasts` takes. What is computed is kept in DIRECTORY/curation.sqlite; your photographs are only read.
    """


@curate.command()
@click.argument("folder", type=_DIR)
@click.option("--out", type=_DIR, default=Path("fauve-curation"), show_default=True, help="The working directory.")
@click.option("--model", help="Make vectors with it: clip-l, or clip:FOLDER_OR_HUB_ID. Several models may be kept.")
@click.option("--captions", type=_FILE, help="JSONL or CSV with picture, prompt (with the style), plain (without).")
@_WEIGHTS
@_DEVICE
def index(folder: Path, out: Path, model: str | None, captions: Path | None, weights: str | None, device: str) -> None:
    """Read FOLDER: hashes, perceptual hashes, and vectors of a model. Again, it reads only what is new."""
    embedder = None if model is None else curation.ModelEmbedder(model, weights, device)
    with curation.CurationStore(out, folder) as store:
        found = curation.index_folder(store, embedder, listener())
        if captions is not None:
            told = curation.read_captions(captions)
            store.keep_captions({store.named([name])[0].sha256: caption for name, caption in told})
            click.echo(f"{len(told):,} captions")
    click.echo(f"{found.pictures:,} pictures, {found.new:,} of them new; {found.vectors:,} vectors made")
    for first, copy in found.copies:
        click.echo(printable(f"{copy} has the bytes of {first} and is left out"))
    for reason in found.rejected:
        click.echo(printable(reason), err=True)


@curate.command()
@click.argument("directory", type=_DIR)
@click.argument("text")
@click.option("--not", "negatives", metavar="TEXT", multiple=True, help="What it shall not be; several times.")
@click.option("--above", type=float, default=-1.0, help="Least cosine with TEXT.")
@click.option("--not-above", type=float, default=1.0, help="Most cosine with any --not.")
@click.option("--most", type=click.IntRange(min=1), default=24, show_default=True, help="Pictures to show.")
@_MODEL
@_WEIGHTS
@_DEVICE
@_SHEET
@_JSON
def search(
    directory: Path,
    text: str,
    negatives: tuple[str, ...],
    above: float,
    not_above: float,
    most: int,
    model: str,
    weights: str | None,
    device: str,
    sheet: bool,
    as_json: bool,
) -> None:
    """Pictures that fit TEXT best: by cosine with it, less the largest cosine with any --not."""
    with curation.CurationStore(directory) as store:
        embedder = curation.ModelEmbedder(model, weights, device)
        hits = curation.search(store, embedder, text, negatives, above=above, unwanted_below=not_above, most=most)
        _tell([hit_row(hit) for hit in hits], as_json)
        if sheet:
            away = "".join(f", not “{entry}”" for entry in negatives)
            lines = [
                tuple(f"{key} {format_value(row[key])}" for key in ("match", "against") if key in row)
                for row in map(hit_row, hits)
            ]
            tray = tray_of(store, "Best first", [hit.picture for hit in hits], lines)
            _draw(store, f"“{text}”{away}", f"Ordered by cosine in {embedder.name}, the best {most}.", [tray])


@curate.command()
@click.argument("directory", type=_DIR)
@click.option("--scorer", required=True, help="Any scorer of `fauve models`, or module:Name.")
@click.option("--scorer-weights", metavar="PATH", help="Load it from this file, folder or hub id.")
@click.option("--prompt", default="", help="What it scores under, where it reads a prompt.")
@click.option("--from", "low", type=float, default=0.0, show_default=True, help="Lower end of the band.")
@click.option("--to", "high", type=float, default=0.1, show_default=True, help="Upper end of the band.")
@click.option(
    "--values", is_flag=True, help="The ends are scores, and not shares of all pictures (0 lowest, 1 highest)."
)
@click.option("--count", type=click.IntRange(min=1), default=24, show_default=True, help="Pictures to draw.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw.")
@_DEVICE
@_SHEET
@_JSON
def sample(
    directory: Path,
    scorer: str,
    scorer_weights: str | None,
    prompt: str,
    low: float,
    high: float,
    values: bool,
    count: int,
    seed: int,
    device: str,
    sheet: bool,
    as_json: bool,
) -> None:
    """Pictures drawn at random from a band of scores; those of the set already are not drawn."""
    band = Band(low, high, shares=not values)
    made = make_scorer(scorer, {} if scorer_weights is None else {"weights": scorer_weights})
    with curation.CurationStore(directory) as store:
        made.load(device, "float32")
        scores = curation.score_pictures(store, made, prompt, listener())
        taken = frozenset(one.sha256 for one in curation.committed(store))
        known = store.every_picture()
        drawn = [known[sha] for sha in curation.draw_band(scores, band, count, seed=seed, without=taken)]
        _tell([{"picture": p.path, "sha256": p.sha256, "score": scores[p.sha256]} for p in drawn], as_json)
        if sheet:
            unit = "of all pictures in order" if band.shares else "as scores"
            how = f"Drawn at random with seed {seed} from {low:g} to {high:g} {unit}; without those of the set."
            lines = [(f"{scorer} {format_value(scores[p.sha256], 4)}",) for p in drawn]
            _draw(store, f"{len(drawn)} pictures by {scorer}", how, [tray_of(store, "As drawn", drawn, lines)])


@curate.command()
@click.argument("directory", type=_DIR)
@click.argument("pictures", nargs=-1, required=True)
@click.option("--category", required=True, help="One of the 28, such as clarity_and_focus.intentional_blur.")
@click.option("--reason", required=True, help="Why it belongs there.")
@click.option("--prompt", help="Caption with the style (of one picture).")
@click.option("--plain", help="Caption without the style (of one picture).")
def commit(
    directory: Path, pictures: tuple[str, ...], category: str, reason: str, prompt: str | None, plain: str | None
) -> None:
    """Put PICTURES (paths in the folder, or hashes) into the set. What looks like one that is there is named."""
    with curation.CurationStore(directory) as store:
        chosen = store.named(pictures)
        number = curation.commit(store, chosen, category, reason, curation.Caption(prompt, plain))
        click.echo(f"entry {number}: {len(chosen)} in {category}")
        inside = {one.sha256 for one in curation.committed(store)}
        mine = {picture.sha256 for picture in chosen}
        for like in _alike(store, COSINE, BITS):
            pair = {like.first.sha256, like.second.sha256}
            if pair <= inside and pair & mine:
                click.echo(printable(f"alike in the set: {like.first.path} and {like.second.path}"))


@curate.command()
@click.argument("directory", type=_DIR)
@click.argument("entry", type=int)
@click.option("--reason", required=True, help="Why it is taken back.")
def undo(directory: Path, entry: int, reason: str) -> None:
    """Take ENTRY of the log back; the entry stays on file. Undoing an undo brings the commit back."""
    with curation.CurationStore(directory) as store:
        number = curation.undo(store, entry, reason)
        click.echo(f"entry {number}: {entry} taken back; {len(curation.committed(store)):,} pictures in the set")


@curate.command()
@click.argument("directory", type=_DIR)
@_ALIKE[0]
@_ALIKE[1]
@_SHEET
@_JSON
def duplicates(directory: Path, cosine: float, bits: int, sheet: bool, as_json: bool) -> None:
    """Pictures that look alike: by cosine (of the first model that was indexed) or by perceptual hash."""
    with curation.CurationStore(directory) as store:
        found = _alike(store, cosine, bits)
        rows: list[dict[str, Any]] = [
            {"first": like.first.path, "second": like.second.path, "cosine": like.cosine, "bits": like.bits}
            for like in found
        ]
        _tell(rows, as_json)
        if sheet:
            groups = curation.groups_of(found)
            trays = [tray_of(store, f"Group {n}", group) for n, group in enumerate(groups, start=1)]
            _draw(
                store, f"{len(groups)} groups that look alike", f"Cosine {cosine:g} or up to {bits} bits of 64.", trays
            )


@curate.command()
@click.argument("directory", type=_DIR)
@click.argument("pictures", nargs=-1)
def sheet(directory: Path, pictures: tuple[str, ...]) -> None:
    """Draw PICTURES, or the whole set by category, on DIRECTORY/sheet/index.html."""
    with curation.CurationStore(directory) as store:
        if pictures:
            chosen = store.named(pictures)
            _draw(store, f"{len(chosen)} pictures", "Named one by one.", [tray_of(store, "As named", chosen)])
            return
        trays = set_trays(store)
        if not trays:
            raise DataError("nothing is in the set yet; name pictures, or commit some")
        count = sum(len(tray.pictures) for tray in trays)
        _draw(store, f"The set: {count:,} photographs", "All of them, by category, as they were committed.", trays)


@curate.command()
@click.argument("directory", type=_DIR)
@click.option("--out", type=_DIR, help="Default: DIRECTORY/export.")
@click.option("--allow-no-caption", is_flag=True, help="Write null where no caption says what was asked for.")
def export(directory: Path, out: Path | None, allow_no_caption: bool) -> None:
    """Write the set as contrasts.jsonl with its pictures, for `fauve import contrasts`."""
    with curation.CurationStore(directory) as store:
        target = out or directory / "export"
        if target.resolve() == store.folder:
            raise ConfigError(f"{target} is the folder of your photographs; name another --out")
        done = curation.export_contrasts(store, target, allow_no_caption=allow_no_caption)
    for category, count in done.categories.items():
        click.echo(f"{category}: {count:,}")
    if done.without_caption:
        click.echo(f"{done.without_caption:,} without a caption")
    click.echo(f"Contrasts: {done.file}")


def _alike(store: curation.CurationStore, cosine: float, bits: int) -> list[curation.Likeness]:
    model = next((key for key, _ in store.models()), None)
    # Pictures that came after the vectors were made are compared by their hash.
    found = {(like.first, like.second): like for like in curation.alike(store, cosine=cosine, bits=bits)}
    if model is not None:
        found |= {
            (like.first, like.second): like for like in curation.alike(store, model=model, cosine=cosine, bits=bits)
        }
    return sorted(found.values(), key=lambda like: (-(like.cosine or 0.0), like.bits, like.first.path))


def _tell(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(list(rows), indent=1, ensure_ascii=False))
        return
    for row in rows:
        told = [
            f"{k} {v:.4g}" if isinstance(v, float) else str(v)[:200]
            for k, v in row.items()
            if v is not None and k != "sha256"
        ]
        click.echo(printable("  ".join(told)))
    if not rows:
        click.echo("none")


def _draw(store: curation.CurationStore, title: str, how: str, trays: Sequence[Tray]) -> None:
    page = write_curation_sheet(store, title, how, trays, store.root / "sheet")
    click.echo(f"Sheet: {page}", err=True)
