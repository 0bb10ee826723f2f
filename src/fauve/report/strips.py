"""One request in every generator's hands, side by side: what a family looks like before any number is read.

Which requests are shown is drawn with a fixed seed from all that at least two generators answered with a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from fauve.keys import digest
from fauve.ledger import Ledger, queries
from fauve.ledger.queries import StoredItem
from fauve.naming import generator_name
from fauve.records import Finding
from fauve.report.cards import cover_note
from fauve.report.gallery import Stacks
from fauve.report.numbers import format_count
from fauve.report.prompts import marked
from fauve.report.thumbs import SMALL, Thumbs, path_of, size_of
from fauve.studies.evidence import STIMULI

__all__ = ["FIRST_ROWS", "Strips", "side_by_side"]

ROWS = 24
"""Requests on the page of their own."""
FIRST_ROWS = 4
"""Requests on the first page."""
MOST_COLUMNS = 12
_SHARES = ("honoured", "wholly_honoured")


@dataclass(frozen=True, slots=True)
class Strips:
    """Rows of one request each, with a picture by every generator; who these are; how the rows were chosen."""

    rows: list[dict[str, Any]]
    painters: list[Painter]
    judges: list[str]
    rule: str


@dataclass(frozen=True, slots=True)
class Painter:
    """A generator: its name, what it is, and for each judge the requests met and the prompts wholly met.

    Both are a share and its interval as they read, or empty where the judge says nothing of it.
    """

    name: str
    summary: str
    delivered: list[tuple[tuple[str, str], tuple[str, str]]]


def side_by_side(ledger: Ledger, kept: Stacks, thumbs: Thumbs, findings: Sequence[Finding]) -> Strips | None:
    """The rows; None where no request was answered by two generators."""
    made_here = (pl.col("kind") == "pair") & (pl.col("generator") != STIMULI) & pl.col("pictured")
    pairs = kept.evidence.items.filter(made_here)
    names = pairs["generator"].unique(maintain_order=True).to_list()[:MOST_COLUMNS]
    shared = _shared(pairs.filter(pl.col("generator").is_in(names)))
    if not shared:
        return None
    drawn = sorted(shared, key=lambda key: digest({"side by side": list(key)}))
    rows: list[dict[str, Any]] = []
    for key in drawn:
        items = queries.stored_items(ledger, shared[key])
        if len(rows) < ROWS and not any(cover_note(item) for item in items) and _pictures(items) > 1:
            rows.append(_row(items, names, kept, thumbs))
    if not rows:
        return None
    rule = (
        f"Drawn with a fixed seed from the {format_count(len(shared))} requests that several generators answered. "
        "The first picture of each generator is shown, whatever came of it."
    )
    cards = {entry["name"]: entry["card"] for entry in queries.adapters(ledger, "generator")}
    told = {
        (f.generator, f.group["judge"], f.metric): f
        for f in findings
        if f.study == "generation" and f.metric in _SHARES and set(f.group) == {"judge"} and f.generator in names
    }
    judges = list(dict.fromkeys(judge for _, judge, _ in told))
    painters = [
        Painter(
            generator_name(name),
            cards.get(name, {}).get("summary", ""),
            [(_share(told.get((name, j, _SHARES[0]))), _share(told.get((name, j, _SHARES[1])))) for j in judges],
        )
        for name in names
    ]
    return Strips(rows, painters, judges, rule)


def _share(finding: Finding | None) -> tuple[str, str]:
    if finding is None or finding.estimate is None:
        return "", ""
    if finding.low is None or finding.high is None:
        return f"{finding.estimate * 100:.0f} %", ""
    return f"{finding.estimate * 100:.0f} %", f"{finding.low * 100:.0f}–{finding.high * 100:.0f}"


def _shared(pairs: pl.DataFrame) -> dict[tuple[str, str], list[int]]:
    """(plain prompt, request) → the first item of each generator, for what two generators or more were asked."""
    keys = ("cluster", "request", "generator")
    firsts = pairs.sort("item").group_by(*keys, maintain_order=True).agg(pl.col("item").first())
    found: dict[tuple[str, str], list[int]] = {}
    for cluster, request, item in firsts.select("cluster", "request", "item").iter_rows():
        found.setdefault((cluster, request), []).append(item)
    return {key: items for key, items in found.items() if len(items) > 1}


def _pictures(items: Sequence[StoredItem]) -> int:
    return sum(item.images.get("anti") is not None for item in items)


def _row(items: Sequence[StoredItem], names: Sequence[str], kept: Stacks, thumbs: Thumbs) -> dict[str, Any]:
    by_name = {item.generator: item for item in items}
    shown = [by_name[name] for name in names if name in by_name]
    thumbs.write([ref for item in shown if (ref := item.images.get("anti")) is not None], SMALL)
    first = shown[0]
    prompt = first.prompts.get("anti") or ""
    return {
        "prompt": [list(segment) for segment in marked(prompt, first.prompts.get("original"))],
        "pictures": [_picture(item, kept, thumbs) for item in shown],
    }


def _picture(item: StoredItem, kept: Stacks, thumbs: Thumbs) -> dict[str, Any]:
    name, ref = generator_name(item.generator), item.images.get("anti")
    made = {"name": name, "said": _said(item, kept), "alt": f"By {name}, for: {item.prompts.get('anti') or ''}"}
    if ref is None:
        outcome = item.notes.get("outcomes", {}).get("anti", "no picture")
        return made | {"src": "", "missing": f"No picture: {outcome}."}
    if ref.sha256 in thumbs.broken:
        return made | {"src": "", "missing": thumbs.broken[ref.sha256]}
    width, height = size_of(ref, SMALL)
    return made | {"src": path_of(ref, SMALL), "width": width, "height": height, "stored": ref.path}


def _said(item: StoredItem, kept: Stacks) -> list[str]:
    """What judges find of the requests that they can see: "2 of 3 met", once where all say the same."""
    by_judge: dict[str, list[bool]] = {}
    for dimension in item.dimensions:
        for judge, state in kept.honours.get((item.item, dimension), []):
            if state is not None:
                by_judge.setdefault(judge, []).append(state)
    told = {judge: f"{sum(states)} of {len(states)} met" for judge, states in sorted(by_judge.items())}
    if len(set(told.values())) == 1:
        return list(told.values())[:1]
    return [f"{text}, says {judge}" for judge, text in told.items()]
