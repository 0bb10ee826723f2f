"""The dataset card: ``README.md`` with the header that Hugging Face reads, licences and credits of what is inside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from fauve.ledger.exporting.fauve_layout import IMAGE
from fauve.ledger.exporting.licences import Holding
from fauve.version import __version__

__all__ = ["Exported", "dataset_card"]

_UNKNOWN = "not known"
_TYPES = {pa.string(): "string", pa.float64(): "float64", pa.int64(): "int64"}


@dataclass(frozen=True, slots=True)
class Exported:
    """One table that was written: rows, shards, columns, and items it has no place for by reason."""

    name: str
    rows: int
    shards: int
    schema: pa.Schema
    left_out: Mapping[str, int]


def dataset_card(
    title: str, layout: str, tables: Sequence[Exported], pictures: Sequence[Holding], models: Sequence[Holding]
) -> str:
    """The text of the card: its YAML header is JSON a line, which is YAML and cannot be broken by a name."""
    return "\n".join([*_header(title, tables, pictures), "", *_body(title, layout, tables, pictures, models), ""])


def _header(title: str, tables: Sequence[Exported], pictures: Sequence[Holding]) -> list[str]:
    licences = sorted({h.licence for h in pictures if h.licence is not None})
    known = len(licences) == 1 and all(h.licence for h in pictures)
    lines = ["---", f"pretty_name: {_quoted(title)}", "license: other", f"license_name: {_quoted('see-card')}"]
    if known:
        lines[-1] = f"license_name: {_quoted(licences[0])}"
    lines += ["tags:", '- "text-to-image"', '- "reward-model"', "configs:"]
    for table in tables:
        lines += [f"- config_name: {_quoted(table.name)}", "  data_files:", "  - split: train"]
        lines += [f"    path: {_quoted(f'{table.name}/train-*.parquet')}"]
    lines.append("dataset_info:")
    for table in tables:
        features = [_feature(field.name, field.type) for field in table.schema]
        lines += [f"- config_name: {_quoted(table.name)}", f"  features: {json.dumps(features, ensure_ascii=False)}"]
    return [*lines, "---"]


def _feature(name: str, kind: pa.DataType) -> dict[str, object]:
    return {"name": name, **_described(kind)}


def _described(kind: pa.DataType) -> dict[str, object]:
    if kind == IMAGE:
        return {"dtype": "image"}
    if pa.types.is_struct(kind):
        return {"struct": [_feature(field.name, field.type) for field in kind]}
    if pa.types.is_list(kind):
        inner = _described(kind.value_type)
        return {"list": inner["struct"] if "struct" in inner else inner.get("dtype", inner)}
    return {"dtype": _TYPES[kind]}


def _body(
    title: str, layout: str, tables: Sequence[Exported], pictures: Sequence[Holding], models: Sequence[Holding]
) -> list[str]:
    lines = [f"# {_plain(title)}", ""]
    how = "the columns of the published datasets" if layout == "paper" else "Fauve's own columns"
    lines += [f"Written by Fauve {__version__} with {how}. Each table is a configuration of its own.", ""]
    lines += ["| table | rows | shards |", "|---|---|---|"]
    lines += [f"| {table.name} | {table.rows:,} | {table.shards} |" for table in tables]
    left = [(table.name, reason, count) for table in tables for reason, count in table.left_out.items() if count]
    if left:
        lines += ["", "Left out, as the layout has no place for them:", ""]
        lines += [f"- {name}: {count:,} {reason}" for name, reason, count in left]
    lines += ["", "## Pictures", "", "| by or in | pictures | licence | credit |", "|---|---|---|---|"]
    lines += [
        f"| {_plain(h.name)} | {h.count:,} | {_plain(h.licence or _UNKNOWN)} | {_plain(h.credit or _UNKNOWN)} |"
        for h in pictures
    ]
    if models:
        lines += ["", "## Models whose values or pictures these are", ""]
        lines += ["| kind | name | licence | weights |", "|---|---|---|---|"]
        lines += [
            f"| {h.kind} | {_plain(h.name)} | {_plain(h.licence or _UNKNOWN)} | {_plain(h.credit or '')} |"
            for h in models
        ]
    note = (
        "A picture that was filtered, refused or broken is an empty cell, never a placeholder. Values with the source "
        "`computed` were computed by the installation that wrote this; all others came with what was imported."
    )
    return [*lines, "", note]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    """Text that stays in its cell of a table and is no markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in r"\|`*_[]<>#" else c for c in flat)
