"""``fauve models``."""

from __future__ import annotations

import json
from typing import Any

import click

from fauve.cli.console import printable
from fauve.cli.tables import models_table
from fauve.errors import UnknownName
from fauve.models.catalogue import catalogue
from fauve.models.generators.generator_facts import generator_facts

__all__ = ["models"]

_GENERATORS = ("name", "class", "billion parameters", "GB in bfloat16", "presets", "gated", "from", "licence")
_SCORES_ONLY = ("range", "higher_is_better", "sees_prompt")
_OTHERS = ("name", "kind", "gated", "from", "licence")


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print whole cards as JSON.")
def models(name: str | None, as_json: bool) -> None:
    """The scorers, judges, selectors and generators that can be named; with NAME, the whole card. Nothing is loaded.

    The card of a generator has its presets in full. Any CLIP, SigLIP or BLIP works as clip:FOLDER_OR_HUB_ID and
    blip:FOLDER_OR_HUB_ID, any pipeline of diffusers as diffusers:FOLDER_OR_HUB_ID, any model of an OpenAI-compatible
    service as selector chat:MODEL and as scorers rubric:main-concept@MODEL and rubric:special-effects@MODEL, and your
    own class or function as module:Name.
    """
    rows = [row | {"generator": generator_facts(row["name"])} for row in catalogue()]
    if name is not None:
        known = [row["name"] for row in rows]
        rows = [row for row in rows if row["name"] == name]
        if not rows:
            raise UnknownName("model", name, known)
        if not as_json:
            _card(rows[0])
            return
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    models_table(_OTHERS, [_cells(row, _OTHERS) for row in rows if row["role"] != "generator"])
    click.echo()
    models_table(_GENERATORS, [_cells(row, _GENERATORS) for row in rows if row["role"] == "generator"])
    click.echo()
    click.echo("`fauve models NAME` shows a whole card, of a generator with its presets.")


def _cells(row: dict[str, Any], columns: tuple[str, ...]) -> list[str]:
    facts = row["generator"] or {}
    memory, parameters = facts.get("memory_gb"), facts.get("parameters_billion")
    told = {
        "class": facts.get("class") or "",
        "billion parameters": "" if parameters is None else f"{parameters:g}",
        "GB in bfloat16": "" if memory is None else f"{memory:g}",
        "presets": ", ".join(facts.get("presets", ())),
        "gated": "yes" if row["gated"] else "",
        "from": "does not import" if row["error"] else row["origin"],
        "licence": row["licence"] or "not stated",
    }
    return [str(told.get(column, row.get(column, ""))) for column in columns]


def _card(row: dict[str, Any]) -> None:
    hidden = {"generator", *(_SCORES_ONLY if row["role"] == "generator" else ())}
    for key, value in row.items():
        if key not in hidden and value not in (None, [None, None]):
            click.echo(printable(f"{key.replace('_', ' ')}: {_plain(value)}"))
    if row["gated"] and row["hub_id"]:
        click.echo(printable(f"before the download: accept the licence at https://huggingface.co/{row['hub_id']}"))
    for key, value in (row["generator"] or {}).items():
        if key != "presets" and value not in (None, {}, []):
            click.echo(printable(f"{key.replace('_', ' ')}: {_plain(value)}"))
    for preset, facts in (row["generator"] or {}).get("presets", {}).items():
        click.echo(f"\npreset {preset}:")
        for key, value in facts.items():
            if key == "sent" or value not in ("", {}):
                click.echo(printable(f"  {key}: {_plain(value) or 'the prompt alone'}"))


def _plain(value: Any) -> str:
    """Names with their values, lists with commas; texts that may be empty in quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_quoted(inner)}" for name, inner in value.items())
    if isinstance(value, bool):
        return _quoted(value)
    return ", ".join(map(_quoted, value)) if isinstance(value, list | tuple) else str(value)


def _quoted(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list | tuple):
        return f"({_plain(value)})"
    return f'"{value}"' if isinstance(value, str) and (not value.strip() or " " in value) else str(value)
