"""The page of a comparison: the finding, the table, the settings that differ, and the pictures that differ most.

A folder that is whole by itself: the page, its styles, small copies of the pictures, and ``compare.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from fauve.engine.provenance import versions
from fauve.errors import LedgerError
from fauve.ledger import Ledger, queries
from fauve.ledger.queries import StoredItem
from fauve.naming import generator_name, scorer_name, sentence
from fauve.records import ImageRef
from fauve.report.cards import cover_note
from fauve.report.notices import notice
from fauve.report.numbers import format_estimate, format_p, format_value
from fauve.report.pages import Folder, environment
from fauve.report.site import POLICY
from fauve.report.thumbs import Thumbs, path_of, size_of
from fauve.studies.comparing import Comparison, Difference
from fauve.studies.comparing_words import ORDER, by_whom, headline, label, measured, sentences
from fauve.version import __version__

__all__ = ["comparison_json", "write_comparison"]

SIDE = 640
"""Longer side of a picture, in pixels."""

SHOWN = 4
"""Pictures shown on either side of no difference."""

_MANIFEST = ("static/fauve.css", "static/mark.svg")
_ALT_LETTERS = 200
_LOOKED_AT: tuple[tuple[str, dict[str, str]], ...] = (
    ("score", {"image": "anti", "prompt": "anti"}),
    ("score", {"image": "anti", "prompt": "original"}),
    ("rank_shift", {}),
    ("margin", {}),
)
"""By which measure of the first scorer pictures are chosen: the first of these that there is."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    difference: Difference
    rows: list[dict[str, Any]]
    rule: str


def comparison_json(comparison: Comparison, settings: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Everything that is known of a comparison, as plain values."""
    return {
        "about": comparison.about,
        "first": comparison.labels[0],
        "second": comparison.labels[1],
        "headline": headline(comparison),
        "sentences": sentences(comparison),
        "differences": [d.as_json() for d in comparison.differences],
        "items": [
            {"what": t.what, "both": t.both, "only_first": t.only_first, "only_second": t.only_second}
            for t in comparison.tallies
        ],
        "lacking": list(comparison.lacking),
        "settings": [{"name": name, "first": first, "second": second} for name, first, second in settings],
        "versions": versions(),
    }


def write_comparison(
    comparison: Comparison,
    ledgers: tuple[Ledger, Ledger],
    settings: Sequence[tuple[str, str, str]],
    out: Path,
    scorers: Sequence[str] = (),
) -> Path:
    """Write ``compare.html``, ``compare.json`` and small pictures into the folder ``out``; returns the page.

    ``scorers`` says whose differences choose the pictures: the first of them; of none, the first by name.

    Raises:
        LedgerError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Folder(out)
        chosen = _chosen(comparison, scorers)
        cards = [] if chosen is None else _cards(chosen, comparison, ledgers, folder)
        for path in _MANIFEST:
            folder.write(path, files("fauve.report").joinpath(path).read_bytes())
        templates = environment()
        templates.globals |= {"policy": POLICY, "version": __version__}
        folder.write("static/compare.css", templates.get_template("compare.css").render())
        context = _context(comparison, settings) | {"cards": cards, "rule": chosen.rule if chosen else ""}
        folder.write("compare.html", templates.get_template("compare.html").render(context))
        told = json.dumps(comparison_json(comparison, settings), indent=1, ensure_ascii=False, allow_nan=False)
        folder.write("compare.json", told + "\n")
        folder.finish()
    except OSError as error:
        raise LedgerError(
            f"{error.filename or out} cannot be written ({error.strerror}); free space or check its rights"
        ) from error
    return out / "compare.html"


def _context(comparison: Comparison, settings: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    whole = [d for d in comparison.differences if d.finding.generator is None]
    parts = [d for d in comparison.differences if d.finding.generator is not None]
    scorers = {d.finding.scorer for d in comparison.differences if d.finding.scorer}
    drawers = set(comparison.labels) if comparison.about == "generators" else set()
    scorers |= set(comparison.labels) if comparison.about == "scorers" else set()
    return {
        "about": comparison.about,
        "labels": (label(comparison, False), label(comparison, True)),
        "headline": headline(comparison),
        "sentences": sentences(comparison),
        "whole": _table(whole),
        "parts": _table(parts),
        "tallies": comparison.tallies,
        "lacking": comparison.lacking,
        "settings": settings,
        "notice": notice(scorers, drawers),
    }


def _table(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    def place(d: Difference) -> tuple[Any, ...]:
        f = d.finding
        return (f.scorer is None, f.scorer or "", f.generator or "", ORDER.index(f.metric.removesuffix("_difference")))

    return [_row(d) for d in sorted(differences, key=place)]


def _row(d: Difference) -> dict[str, Any]:
    f = d.finding
    told = format_estimate(f.estimate, f.low, f.high)
    return {
        "who": by_whom(d),
        "what": measured(d),
        "first": format_value(d.first),
        "second": format_value(d.second),
        "difference": told.estimate,
        "interval": told.interval,
        "p": format_p(f.test.p_adjusted if f.test else None),
        "n": f"{f.n:,}",
        "prompts": f"{d.clusters:,}",
        "only": f"{d.only_first:,} / {d.only_second:,}",
        "smallest": format_value(d.smallest),
        "note": f.note or "",
    }


def _chosen(comparison: Comparison, scorers: Sequence[str]) -> _Chosen | None:
    """The measure and the rows that are shown, with the rule in words."""
    known = [d.finding.scorer for d in comparison.differences if d.finding.scorer]
    first = next(iter([*(s for s in scorers if s in known), *sorted(known)]), None)
    for metric, group in _LOOKED_AT:
        for d in comparison.differences:
            f = d.finding
            if f.metric != f"{metric}_difference" or f.scorer != first or f.generator or not f.n:
                continue
            if {k: v for k, v in f.group.items() if k != "source"} == group:
                return _largest(d, comparison)
    return None


def _largest(d: Difference, comparison: Comparison) -> _Chosen:
    ordered = d.rows.sort("difference", "item_first")
    higher = ordered.filter(ordered["difference"] > 0).tail(SHOWN).reverse()
    lower = ordered.filter(ordered["difference"] < 0).head(SHOWN)
    names = label(comparison, False), label(comparison, True)
    who = sentence(scorer_name(d.finding.scorer)) if d.finding.scorer else "the two scorers"
    rule = (
        f"Chosen by rule: the largest differences of {who} in the {measured(d)}, {names[1]} minus {names[0]}, "
        f"up to {SHOWN} of either sign out of {len(d.rows):,}; of equal ones the first on file."
    )
    return _Chosen(d, [*higher.to_dicts(), *lower.to_dicts()], rule)


def _cards(
    chosen: _Chosen, comparison: Comparison, ledgers: tuple[Ledger, Ledger], folder: Folder
) -> list[dict[str, Any]]:
    found = [
        {item.item: item for item in queries.stored_items(ledger, sorted({row[name] for row in chosen.rows}))}
        for ledger, name in zip(ledgers, ("item_first", "item_second"), strict=True)
    ]
    broken: dict[str, str] = {}
    for ledger, items in zip(ledgers, found, strict=True):
        with Thumbs(ledger, folder.root) as thumbs:
            refs = [ref for item in items.values() for ref in _shown(item) if ref is not None]
            thumbs.write(refs, SIDE)
            folder.keep(thumbs.files)
            broken |= thumbs.broken
    return [
        _card(row, found[0][row["item_first"]], found[1][row["item_second"]], chosen.difference, comparison, broken)
        for row in chosen.rows
    ]


def _slots(item: StoredItem) -> tuple[str, str]:
    return ("faithful", "default") if item.kind == "contrast" else ("anti", "original")


def _shown(item: StoredItem) -> list[ImageRef | None]:
    return [item.images.get(slot) for slot in _slots(item)]


def _card(
    row: Mapping[str, Any],
    first: StoredItem,
    second: StoredItem,
    difference: Difference,
    comparison: Comparison,
    broken: Mapping[str, str],
) -> dict[str, Any]:
    names = label(comparison, False), label(comparison, True)
    values = [format_value(row[side], 4) for side in ("first", "second")]
    prompt = first.prompts.get("anti", first.prompts.get("prompt")) or "no prompt on file"
    a, b = _shown(first), _shown(second)
    if a[0] is not None and b[0] is not None and a[0].sha256 == b[0].sha256:
        said = f"{names[0]} {values[0]}, {names[1]} {values[1]}"
        pictures = [
            _figure(a[0], "The same picture in both: asked for", said, prompt, broken),
            _figure(a[1], "The plain one beside it", "", prompt, broken),
        ]
    else:
        pictures = [
            _figure(ref, name, value, prompt, broken)
            for ref, name, value in zip((a[0], b[0]), names, values, strict=True)
        ]
    whose = generator_name(first.generator) if first.generator and first.generator == second.generator else ""
    change = f"{'+' if row['difference'] > 0 else ''}{format_value(row['difference'], 4)}"
    return {
        "prompt": prompt,
        "id": first.id,
        "whose": whose,
        "cover": cover_note(first) or cover_note(second) or "",
        "pictures": pictures,
        "verdict": f"{names[1]} {change} against {names[0]}: {measured(difference)}",
    }


def _figure(ref: ImageRef | None, role: str, value: str, prompt: str, broken: Mapping[str, str]) -> dict[str, Any]:
    alt = f"{role}: {' '.join(prompt.split())}"
    made = {
        "role": role,
        "value": value,
        "src": "",
        "alt": alt if len(alt) <= _ALT_LETTERS else f"{alt[:_ALT_LETTERS]}…",
    }
    if ref is None or ref.sha256 in broken:
        return made | {"missing": broken[ref.sha256] if ref else "No picture is on file."}
    width, height = size_of(ref, SIDE)
    return made | {"src": path_of(ref, SIDE), "width": width, "height": height}
