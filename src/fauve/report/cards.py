"""One pair, contrast, edit or portrait as a card: plain values that page and script draw alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fauve.ledger.queries import StoredItem
from fauve.naming import generator_name
from fauve.records import ImageRef
from fauve.report.numbers import format_value
from fauve.report.prompts import marked
from fauve.report.thumbs import path_of, size_of
from fauve.report.verdicts import Scores, Verdict, Voice, verdict
from fauve.report.wording import group_label
from fauve.studies.evidence import STIMULI
from fauve.studies.honoured import requested
from fauve.vocabulary import content_note

__all__ = ["Honours", "Shelf", "card", "cover_note", "plain_caption", "refs"]

Honours = Mapping[tuple[int, str], list[tuple[str, bool | None]]]
"""(item, dimension) → what each judge says: honoured, not, or None where it gave no value."""

_ALT_LETTERS = 280
_LEAST_SIDE = 384
"""A picture smaller than half of this is shown enlarged, in whole steps so that its own pixels stay sharp."""
_ROLES = {
    "faithful": "What was asked for",
    "default": "What conventional taste prefers",
    "anti": "Made for this prompt",
    "original": "Made for the plain caption",
    "input": "The input: made for this prompt",
    "edit": "The edit of it",
    "picture": "Made for this prompt",
    "face": "The face that was found in it",
}
_NO_FACE = {"no face": "No face was found.", "not looked for": "No face was looked for."}
_STIMULUS_ROLES = {"anti": "The photograph with the effect", "original": "The photograph as it is"}
_CHOICES = {"anti": "the image made for this prompt", "original": "the image made for the plain caption"}


@dataclass(frozen=True, slots=True)
class Shelf:
    """What cards share: who spoke, how studies are called, whose pictures these are, and which cannot be shown."""

    voices: Sequence[Voice]
    honours: Honours
    titles: Mapping[str, str]
    credits: Mapping[str, str]
    broken: Mapping[str, str]
    side: int


def refs(item: StoredItem) -> list[ImageRef]:
    """The pictures of an item that are on file."""
    return [ref for ref in item.images.values() if ref is not None]


def plain_caption(item: StoredItem) -> str | None:
    """The caption of the same scene without the request, where one is on file."""
    if "original" in item.prompts:
        return item.prompts["original"]
    note = item.notes.get("clean_prompt")
    return note if isinstance(note, str) else None


def cover_note(item: StoredItem) -> str | None:
    """Why the pictures of an item are covered at first: by its groups, or by any further category in its notes."""
    found = content_note(dict(item.groups))
    elements = item.notes.get("elements")
    for element in elements if isinstance(elements, list) else []:
        found = found or content_note({"category": str(element)})
    return found


def card(item: StoredItem, number: int, scores: Sequence[Scores], shelf: Shelf) -> dict[str, Any]:
    """The values of one card. ``number`` is its place in the gallery, from 1."""
    prompt = _prompt(item) or ""
    plain = plain_caption(item)
    verdicts = [(s.voice, verdict(s, shelf.voices[s.voice].label)) for s in scores]
    slots = _slots(item, scores)
    return {
        "n": number,
        "id": item.id,
        "study": shelf.titles[item.study] if item.study else "",
        "generator": generator_name(item.generator),
        "prompt": [list(segment) for segment in marked(prompt, plain)],
        "plain": plain or "",
        "tags": [_tag(item.item, name, shelf.honours) for name in requested(item.dimensions, item.groups)],
        "groups": [[group_label(key), group_label(value)] for key, value in sorted(item.groups.items())],
        "cover": cover_note(item) or "",
        "images": [_image(item, slot, place, scores, shelf) for place, slot in enumerate(slots)],
        "verdicts": _lines(verdicts, shelf),
        "selection": _selection(item),
    }


def _prompt(item: StoredItem) -> str | None:
    """What was asked for."""
    return item.prompts.get("anti", item.prompts.get("prompt"))


def _slots(item: StoredItem, scores: Sequence[Scores]) -> tuple[str, ...]:
    if item.kind == "contrast":
        return "faithful", "default"
    if item.kind == "edit":
        return "input", "edit"
    if item.kind == "picture":
        return ("picture",)
    if item.kind == "portrait":
        return ("picture",) if item.groups.get("finder", "none") == "none" else ("picture", "face")
    swapped = any(s.choice == "original" for s in item.selections[:1])
    return ("original", "anti") if swapped else ("anti", "original")


def _image(item: StoredItem, slot: str, place: int, scores: Sequence[Scores], shelf: Shelf) -> dict[str, Any]:
    ref = item.images.get(slot)
    values = [(s.voice, s.faithful if place == 0 else s.default) for s in scores]
    made: dict[str, Any] = {
        "role": _role(item, slot),
        "scores": [[shelf.voices[v].label, format_value(x, 4), shelf.voices[v].quiet] for v, x in values],
        "src": "",
        "alt": _alt(item, slot),
        "credit": shelf.credits.get(ref.sha256, "") if ref else "",
    }
    if ref is None:
        return made | {"missing": _absence(item, slot)}
    if ref.sha256 in shelf.broken:
        return made | {"missing": shelf.broken[ref.sha256]}
    width, height = size_of(ref, shelf.side)
    times = max(1, _LEAST_SIDE // max(width, height))
    shown = {"src": path_of(ref, shelf.side), "width": times * width, "height": times * height}
    return made | shown | {"enlarged": times > 1, "stored": ref.path}


def _absence(item: StoredItem, slot: str) -> str:
    """Why there is no picture, as far as the item says so."""
    outcome = item.notes.get("outcome")
    if slot in {"edit", "picture"} and isinstance(outcome, str) and outcome != "ok":
        return f"No picture came back ({outcome})."
    told = _NO_FACE.get(str(item.notes.get("face"))) if slot == "face" else None
    return told or "No picture is on file."


def _role(item: StoredItem, slot: str) -> str:
    if item.kind == "picture":
        return "The artwork" if item.study == "real_art" else "The picture"
    roles = _STIMULUS_ROLES if item.generator == STIMULI else _ROLES
    return roles[slot]


def _alt(item: StoredItem, slot: str) -> str:
    told = {"original": item.prompts.get("original"), "default": plain_caption(item) or item.prompts.get("prompt")}
    words = told[slot] if slot in told else _prompt(item)
    text = f"{_role(item, slot)}: {' '.join((words or 'no prompt on file').split())}"
    return text if len(text) <= _ALT_LETTERS else f"{text[: _ALT_LETTERS - 1]}…"


def _tag(item: int, dimension: str, honours: Honours) -> dict[str, Any]:
    said = honours.get((item, dimension), [])
    return {"name": dimension, "judges": [[judge, _WORDS_OF[state]] for judge, state in said]}


_WORDS_OF = {True: "honoured", False: "not honoured", None: "no value"}


def _lines(verdicts: Sequence[tuple[int, Verdict]], shelf: Shelf) -> list[list[Any]]:
    """A line for each scorer that has something to say; one for all where the selection itself is a tie."""
    lines = [[voice, said.code, said.text, shelf.voices[voice].quiet] for voice, said in verdicts if said.text]
    tied = [line for line in lines if line[1] == "u"]
    if len(tied) < 2 or len(tied) < len(lines):
        return lines
    return [[tied[0][0], "u", f"The selection is a tie: none of the {len(tied)} scorers can be judged here", False]]


def _alone(item: StoredItem) -> str | None:
    """What is said of an item that offers no choice between two pictures."""
    if item.kind == "edit":
        asked = {"anti": "under this prompt", "original": "under the plain caption"}.get(str(item.notes.get("asked")))
        how = f"Edited {asked}. " if asked else ""
        return f"{how}Both pictures are scored under the plain caption; what was requested is looked for in the edit."
    if item.kind == "picture":
        return "Made elsewhere and shown by itself: nobody chose between it and another."
    if item.kind == "portrait":
        return f"Scored under the sentence “{item.prompts.get('emotion') or 'none on file'}”."
    return None


def _selection(item: StoredItem) -> str:
    alone = _alone(item)
    if alone is not None:
        return alone
    if not item.selections:
        if item.kind == "pair":
            return "Nobody has selected: the image made for this prompt counts as the one that was asked for."
        return "The file that this contrast came with says which image was asked for."
    if item.generator == STIMULI:
        return "The truth is known by construction: the effect that was asked for was put into the photograph."
    told = []
    for chosen in item.selections:
        what = "called a tie" if chosen.choice == "tie" else f"chose {_CHOICES.get(chosen.choice, chosen.choice)}"
        told.append(f"Selector “{chosen.selector}” {what}.")
    return " ".join(told)
