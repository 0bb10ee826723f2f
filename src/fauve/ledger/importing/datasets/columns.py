"""Which of a dataset's columns is which of ours; what is missing is said with all that was found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from fauve.errors import ConfigError, DataError, suggestion
from fauve.ledger.importing.datasets.catalogue import DATASETS, Dataset
from fauve.ledger.importing.rows import Where

__all__ = ["matching", "parsed_mapping", "resolved"]


def parsed_mapping(texts: Sequence[str], option: str) -> dict[str, str]:
    """``ours=theirs`` texts of an option as a dictionary.

    Raises:
        ConfigError: for a text without ``=`` or with nothing on a side of it, and for a name that is given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        ours, equals, theirs = (part.strip() for part in text.partition("="))
        if not (ours and equals and theirs):
            raise ConfigError(f"{option} {text!r} is not of the form ours=theirs.")
        if ours in found:
            raise ConfigError(f"{option} names {ours!r} twice, as {found[ours]!r} and {theirs!r}.")
        found[ours] = theirs
    return found


def resolved(dataset: Dataset, found: Collection[str], mapping: Mapping[str, str], place: str) -> dict[str, str]:
    """Our name → their name of each column to read.

    Args:
        dataset: what the columns should be.
        found: the columns that there are.
        mapping: ours → theirs where they differ from the catalogue.
        place: the file or hub id, for the message.

    Raises:
        ConfigError: when ``mapping`` names what is no column of ours.
        ImportRejected: when a required column, or one that ``mapping`` names, is not among those found.
    """
    known = {column.ours: column for column in dataset.columns}
    for ours in mapping:
        if ours not in known:
            raise ConfigError(f"{dataset.name} has no column that we call {ours!r}.{suggestion(ours, known)}")
    wanted = {ours: mapping.get(ours, column.theirs) for ours, column in known.items()}
    absent = [
        ours for ours, theirs in wanted.items() if theirs not in found and (known[ours].required or ours in mapping)
    ]
    if absent:
        _reject(dataset, absent, wanted, found, place)
    return {ours: theirs for ours, theirs in wanted.items() if theirs in found}


def matching(found: Collection[str], place: str) -> Dataset:
    """The one dataset whose required columns are all among those found; the fullest where one holds another.

    Raises:
        DataError: when none fits, or several do.
    """
    fits = [d for d in DATASETS.values() if d.verified and _names(d, required=True) <= set(found)]
    best = [d.name for d in fits if not any(_holds(other, d) for other in fits)]
    if len(best) == 1:
        return DATASETS[best[0]]
    problem = f"could be {' or '.join(best)}" if best else "has the columns of no published dataset that is known"
    raise DataError(
        f"{place} {problem}: it has {', '.join(found)}. Say what it is with --as "
        f"({', '.join(DATASETS)}), and where columns are called otherwise, add --columns ours=theirs."
    )


def _names(dataset: Dataset, *, required: bool) -> set[str]:
    return {column.theirs for column in dataset.columns if column.required or not required}


def _holds(other: Dataset, one: Dataset) -> bool:
    """Whether all that ``one`` needs is in ``other``, and more."""
    needs, has = _names(one, required=True), _names(other, required=False)
    return other is not one and needs <= has and not _names(other, required=True) <= _names(one, required=False)


def _reject(
    dataset: Dataset, absent: Sequence[str], wanted: Mapping[str, str], found: Collection[str], place: str
) -> None:
    missing = ", ".join(f"{wanted[ours]!r} (ours: {ours})" for ours in absent)
    expected = ", ".join(wanted[column.ours] for column in dataset.columns if column.required)
    guessed = "" if dataset.verified else "The names of this dataset's columns were not known when this was written. "
    Where(Path(place)).reject(
        None,
        f"as {dataset.name!r} ({dataset.hub_id}) it lacks the column{'s' * (len(absent) > 1)} {missing}; found: "
        f"{', '.join(found) or 'none'}; expected: {expected}",
        f"{guessed}Name what is called otherwise with --columns, as --columns {absent[0]}=THEIRS, or say with --as "
        "which dataset this is.",
    )
