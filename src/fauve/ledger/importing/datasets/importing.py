"""``fauve import dataset``: a published dataset, from the hub or from its Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError, UnknownName
from fauve.ledger.importing.datasets.benchmark import Pairs
from fauve.ledger.importing.datasets.brought import Call, Reader
from fauve.ledger.importing.datasets.catalogue import CREDIT, Dataset, dataset_of
from fauve.ledger.importing.datasets.columns import matching, resolved
from fauve.ledger.importing.datasets.contrasts import Critique, EmotionBias, Photographs
from fauve.ledger.importing.datasets.intake import Taken, rows_of, take_rows
from fauve.ledger.importing.datasets.pictures import Artworks, Labelled
from fauve.ledger.importing.datasets.prompt_sets import PROMPT_FILES, write_prompt_set
from fauve.ledger.importing.datasets.steered import Steered
from fauve.ledger.importing.datasets.streams import Stream, hub_stream, parquet_stream
from fauve.ledger.store import Ledger

__all__ = ["DatasetRequest", "import_dataset"]

_READERS: dict[str, Callable[[Call], Reader]] = {
    "benchmark": Pairs,
    "benchmark-model": Pairs,
    "emotion-bias": EmotionBias,
    "critique": Critique,
    "photographs": Photographs,
    "artworks": Artworks,
    "visionreward": Labelled,
}


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """Which dataset to bring in, and how it is read.

    Attributes:
        source: a name of :data:`~.catalogue.DATASETS`, a hub id of one, or a Parquet file or folder of them.
        named: which dataset a path holds; without it, its columns say so.
        split: of the hub's splits; ``train`` on the hub, all files of a folder where it is not given.
        limit: the first so many rows.
        columns: our name of a column → theirs, where it is called otherwise than the catalogue says.
        generators: their name of a generator → ours. A set whose rows name none takes the one given.
        licence: of the pictures, where it is known.
    """

    source: str
    named: str | None = None
    split: str | None = None
    limit: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    generators: Mapping[str, str] = field(default_factory=dict)
    licence: str | None = None


def import_dataset(out: Path, request: DatasetRequest) -> Taken:
    """Take in a published dataset: all of it or nothing.

    Pictures are screened, and those that are none (one colour throughout, broken, missing) named and set aside with
    what was scored or selected by them. Scores and selections have the source ``published``.

    Args:
        out: the run directory; made where it does not exist.
        request: what to bring in.

    Raises:
        ConfigError: when an option does not fit the dataset.
        DataError: when there is no such dataset, or it cannot be reached.
        ImportRejected: when a column is missing or a cell cannot be read, with what was found.
        LedgerConflict: when the ledger has an item of the same name with other content.
    """
    if request.limit is not None and request.limit < 1:
        raise ConfigError(f"a limit of {request.limit} rows brings nothing: give 1 or more.")
    stream, dataset = _opened(request)
    columns = {part: resolved(dataset, found, request.columns, part) for part, found in stream.columns.items()}
    taken = Taken(dataset.name)
    if dataset.name in PROMPT_FILES:
        rows = rows_of(stream, dataset, columns, _no_pictures, request.limit)
        taken.added, file = write_prompt_set(dataset.name, rows, out)
        taken.notices.append(f"the prompts are in {file}: name it in the settings of a run")
        return taken
    if len(request.generators) > 1 and dataset.generator is not None:
        raise ConfigError(f"all rows of {dataset.name} are by one generator: give --generator once.")
    call = Call(dataset, request.generators, "" if request.split is None else f"{request.split}/")
    with Ledger(out, write=True) as ledger:
        reader = Steered(call, ledger) if dataset.generator is not None else _READERS[dataset.name](call)
        credit = CREDIT.format(hub_id=dataset.hub_id if "<" not in dataset.hub_id else stream.label)
        rows_screened = partial(rows_of, stream, dataset, columns, limit=request.limit)
        take_rows(ledger, rows_screened, reader, taken, credit, request.licence)
    return taken


def _no_pictures(cells: Sequence[Any]) -> list[Any]:
    return list(cells)  # sets of prompts have none


def _opened(request: DatasetRequest) -> tuple[Stream, Dataset]:
    named = None if request.named is None else dataset_of(request.named)
    path = Path(request.source)
    if path.exists():
        stream = parquet_stream(path, request.split)
        found = next(iter(stream.columns.values()))
        return stream, named or matching(found, stream.label)
    try:
        dataset = named or dataset_of(request.source)
    except UnknownName as error:
        if path.suffix == ".parquet" or path.is_absolute() or request.source.startswith("."):
            parquet_stream(path, request.split)  # says that there is no such file
        raise error from None
    hub_id = request.source if "/" in request.source else dataset.hub_id
    if "<" in hub_id:
        raise ConfigError(
            f"{dataset.name} stands for several datasets: name one by hub id, as {hub_id.replace('<model>', 'sdxl')}."
        )
    return hub_stream(hub_id, request.split), dataset
