"""Rows of the benchmark, and of its parts by model, as pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from scipy.special import expit

from fauve.ledger.importing.datasets.brought import Brought, Call, Row, away, plain
from fauve.ledger.importing.datasets.catalogue import (
    JUDGED_DIMENSIONS,
    MATCHER_SELECTOR,
    PUBLISHED,
    SELECTORS,
)
from fauve.ledger.importing.datasets.generator_names import canonical_generator
from fauve.ledger.importing.datasets.readings import (
    choice,
    dimension_names,
    grid_cells,
    json_or_plain,
    matcher_logits,
    text,
)
from fauve.ledger.importing.datasets.screening import Screened
from fauve.records import ImportedScore, PromptPair, Selection

__all__ = ["Pairs"]

_GRIDS = ("hpsv2.1", "hpsv3", "imagereward")
_SIDES = {"original": "original", "distorted": "anti"}
"""Their side of a ``rater`` → our image slot."""

MATCH_PROBABILITY = "blip-l-probability"
"""The softmax of the two logits of the matcher, of which the published tables give the mean."""

AGAIN = "{name} (again)"
"""A generator whose pairs stand in the dataset a second time: kept apart, as nobody says which are meant."""


class Pairs:
    """Pairs by generator, with scores, selections and judge's values."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._strict = call.dataset.name == "benchmark"
        self._seen: dict[str, set[str]] = {}
        self._unknown: Counter[str] = Counter()
        self._again: Counter[str] = Counter()

    def row(self, row: Row) -> Iterable[Brought]:
        """One pair."""
        generator, name = self._name(row)
        pictures = {"original": row.picture("image_original"), "anti": row.picture("image_anti")}
        notes: dict[str, Any] = away(pictures)
        scores = (*self._scores(row, pictures, notes), *_matcher(row, pictures, notes))
        chosen = self._selections(row, notes)
        if "set_aside" in notes:
            # A choice between a picture and a placeholder says nothing of the generator's two pictures.
            notes |= {"selections_set_aside": {s.selector: s.choice for s in chosen}} if chosen else {}
            chosen = ()
        judged = self._judged(row, pictures, notes)
        item = PromptPair(
            id=name,
            generator=generator,
            prompts={"original": row.text("prompt_original"), "anti": row.text("prompt_anti")},
            images={slot: one.sha256 for slot, one in pictures.items()},
            dimensions=dimension_names(row.where, "dimensions", row.cells["dimensions"]),
            notes=notes,
            selection=chosen[0] if chosen else None,
            scores=scores,
        )
        return [Brought(row.where, item, chosen[1:], judged)]

    def end(self) -> Iterable[Brought]:
        """Nothing: pairs stand for themselves."""
        return ()

    @property
    def notices(self) -> list[str]:
        """Generators that were not recognised, or stand twice."""
        told = [
            f"the generator {name!r} ({count:,} pairs) is none that Fauve knows and keeps this name; to give it "
            f"another: --generator {name!r}=OURS"
            for name, count in sorted(self._unknown.items())
        ]
        return told + [
            f"{count:,} pairs of {name!r} ask for what an earlier pair of it asks for: they are kept apart as "
            f"{AGAIN.format(name=name)!r}"
            for name, count in sorted(self._again.items())
        ]

    def _name(self, row: Row) -> tuple[str, str]:
        written = row.text("generator")
        generator = self._call.generators.get(written) or canonical_generator(written)
        if generator is None:
            generator = written
            self._unknown[written] += 1
        given = row.cells.get("id")
        key = row.text("prompt_anti") if given is None else text(row.where, "id", given)
        seen = self._seen.setdefault(generator, set())
        if key in seen:
            self._again[generator] += 1
            generator = AGAIN.format(name=generator)
            seen = self._seen.setdefault(generator, set())
            if key in seen:
                row.where.reject(
                    "id",
                    f"{key!r} stands for the third time at one generator",
                    "Name the column of the ids: --columns id=…",
                )
        seen.add(key)
        return generator, (str(len(seen) - 1) if given is None else key)

    def _scores(self, row: Row, pictures: Mapping[str, Screened], notes: dict[str, Any]) -> tuple[ImportedScore, ...]:
        found: list[ImportedScore] = []
        sigmas: dict[str, dict[str, float]] = {}
        for scorer in _GRIDS:
            cell = json_or_plain(row.cells.get(scorer))
            if not self._strict and not isinstance(cell, Mapping):
                # The parts by model were never seen: what is no grid of four is kept as it came.
                notes |= {} if cell is None else {"unread": notes.get("unread", {}) | {scorer: plain(cell)}}
                continue
            for (image, prompt), (value, sigma) in grid_cells(row.where, scorer, cell).items():
                if pictures[image].ref is None:
                    continue
                found.append(ImportedScore(scorer, image, prompt, value, PUBLISHED))
                if sigma is not None:
                    sigmas.setdefault(scorer, {})[f"{image} under {prompt}"] = sigma
        if sigmas:
            notes["sigma"] = sigmas
        return tuple(found)

    def _selections(self, row: Row, notes: dict[str, Any]) -> tuple[Selection, ...]:
        chosen = []
        for column, selector in (*SELECTORS.items(), ("blip_selection", MATCHER_SELECTOR)):
            cell = row.cells.get(column)
            if not self._strict and isinstance(json_or_plain(cell), str | Mapping | list):
                notes["unread"] = notes.get("unread", {}) | {column: plain(cell)}
                continue
            picked = choice(row.where, column, json_or_plain(cell))
            if picked is not None:
                chosen.append(Selection(selector, picked, PUBLISHED))
        return tuple(chosen)

    def _judged(
        self, row: Row, pictures: Mapping[str, Screened], notes: dict[str, Any]
    ) -> tuple[tuple[str, str, float], ...]:
        given = json_or_plain(row.cells.get("judged"))
        if given is None:
            return ()
        if not isinstance(given, Mapping) or not given.keys() >= _SIDES.keys():
            row.where.reject(
                "judged",
                f"{ascii(given)[:80]} lacks {' or '.join(_SIDES)}",
                "Expected is {original: {scores, preds}, …}.",
            )
        values: list[tuple[str, str, float]] = []
        for side, slot in _SIDES.items():
            said = given[side]
            if said is None or pictures[slot].ref is None:
                continue
            values += [
                (slot, d, value) for d, value in _of_dimensions(row, f"judged.{side}.scores", said.get("scores"))
            ]
            if said.get("preds") is not None:
                notes.setdefault("preds", {})[slot] = plain(said["preds"])
        return tuple(values)


def _of_dimensions(row: Row, column: str, given: Any) -> list[tuple[str, float]]:
    """The values of a list in order of the dimensions; None is a value that is missing."""
    if not isinstance(given, list) or len(given) != len(JUDGED_DIMENSIONS):
        row.where.reject(
            column,
            f"{ascii(given)[:80]} is no list of {len(JUDGED_DIMENSIONS)}",
            f"Expected are values of {', '.join(JUDGED_DIMENSIONS)}.",
        )
    found = [(d, value) for d, value in zip(JUDGED_DIMENSIONS, given, strict=True) if value is not None]
    for d, value in found:
        if not isinstance(value, int | float) or not 0.0 <= value <= 2.0:  # NaN is not between them either
            row.where.reject(column, f"{value!r} for {d} is no value in [0, 2]", "Check the column with --columns.")
    return [(d, float(value)) for d, value in found]


def _matcher(row: Row, pictures: Mapping[str, Screened], notes: dict[str, Any]) -> tuple[ImportedScore, ...]:
    logits = matcher_logits(row.where, "blip-l", row.cells.get("blip-l"))
    kept = {slot: pair for slot, pair in logits.items() if pictures[slot].ref is not None}
    if kept:
        notes["no_match_logit"] = {slot: pair[0] for slot, pair in kept.items()}
    return tuple(
        ImportedScore(scorer, slot, "anti", value, PUBLISHED)
        for slot, (against, match) in kept.items()
        for scorer, value in (("blip-l", match), (MATCH_PROBABILITY, float(expit(match - against))))
    )
