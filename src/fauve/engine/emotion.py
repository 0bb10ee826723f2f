"""The stages of the emotion studies: portraits of every emotion, and happy portraits edited to negative ones.

Source: arXiv 2512.11883, Tables 5 and 9. A generator draws every emotion of a template from the same noise. An editor
changes the happy picture to each negative emotion, always the happy one and never an edit of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fauve.engine.editing import REFERENCE, Arm, WantedEdit, edit, edit_seed
from fauve.engine.faces import FOUND, NO_FACE, Face, FaceSearch
from fauve.engine.generating import (
    Wanted,
    answered,
    by_slot,
    generate,
    here,
    lend_journal,
    refuse_other_settings,
    settings_of_slots,
)
from fauve.engine.jobs import AdapterSpec, load_here, prepare_here, shown_name, unload
from fauve.engine.stage import Stage
from fauve.ledger import Ledger, prompt_id, queries
from fauve.ledger.generations import EditKey, Made, edited
from fauve.ledger.importing.templates import Template
from fauve.models.protocols import Generator, ImageRequest
from fauve.records import Contrast, Portrait
from fauve.vocabulary import EMOTIONS, Emotion

__all__ = ["HAPPY", "INSTRUCTION", "SENTENCE", "Casting", "portray"]

SENTENCE = "a person who looks {adjective}"
"""What a matcher scores a portrait against."""

INSTRUCTION = (
    "Change only the expression of the person in this picture, who shall now look very {adjective}. "
    "Keep the person, the pose, the clothes, the setting and the light as they are."
)
"""How a negative edit of a happy picture is asked for."""

HAPPY = next(emotion for emotion in EMOTIONS.values() if not emotion.negative)
NEGATIVE = tuple(emotion for emotion in EMOTIONS.values() if emotion.negative)

_FACES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Casting:
    """The templates with their draws, who looks for faces, and how many requests are made at once."""

    templates: Sequence[Template]
    draws: int
    faces: FaceSearch
    batch: int

    def __iter__(self) -> Iterator[tuple[Template, int]]:
        return ((template, draw) for draw in range(self.draws) for template in self.templates)


def portray(stage: Stage, casting: Casting, spec: AdapterSpec, *, edits: bool) -> int:
    """Bring a generator's portraits, and its edits of the happy ones, to their end; returns how many items are new."""
    model = cast(Generator, prepare_here(spec))
    name, ledger = shown_name(model), stage.ledger
    settings = settings_of_slots(model)
    refuse_other_settings(ledger, name, settings)
    adapter = ledger.register("generator", name, settings, model.card.as_json())
    lend_journal(model, ledger.directory)
    owed = _owed_portraits(ledger, adapter, casting)
    if owed:
        load_here(spec)
        batches = generate(ledger, stage.run_number(), adapter, here(model), owed, casting.batch, stage.stop)
        stage.work(name, f"portraits by {name}", len(owed), batches)
        stage.file_facts(model, adapter)
    new = 0
    if edits and not stage.stop():
        new += _edit(stage, casting, spec, name, answered(ledger, adapter))
    unload(spec)
    return new + _store_portraits(stage, casting, name, answered(ledger, adapter))


def _owed_portraits(ledger: Ledger, adapter: str, casting: Casting) -> list[Wanted]:
    """Every template under every emotion, minus what is on file; the emotions of a template share their noise."""
    had = answered(ledger, adapter)
    wanted: dict[tuple[str, int], Wanted] = {}
    for template, draw in casting:
        for emotion in EMOTIONS.values():
            text = template.prompt(emotion)
            key = (prompt_id(text), draw)
            if key not in had and key not in wanted:
                request = ImageRequest(text, edit_seed(template.text, draw))
                wanted[key] = Wanted(key[0], draw, "original", request)
    return list(wanted.values())


def _store_portraits(stage: Stage, casting: Casting, name: str, portraits: Mapping[tuple[str, int], Made]) -> int:
    """Look for the faces of the portraits that are no items yet, and make items of them, some at a time."""
    finder = casting.faces.register(stage.ledger)
    had = {
        item.id: (item.prompts["prompt"], _sha(item.images["picture"]), item.notes["finder"])
        for item in queries.items(stage.ledger, "portrait")
        if item.generator == name
    }
    missing: list[tuple[str, Template, Emotion, Made]] = []
    for template, draw in casting:
        for emotion in EMOTIONS.values():
            text, id_ = template.prompt(emotion), _id(template, emotion, draw)
            answer = portraits.get((prompt_id(text), draw))
            if answer is not None and had.get(id_) != (text, answer.image, finder):
                missing.append((id_, template, emotion, answer))
    new = 0
    for start in range(0, len(missing), _FACES_AT_ONCE):
        if stage.stop():
            break
        chunk = missing[start : start + _FACES_AT_ONCE]
        pictures = [answer.image for *_, answer in chunk if answer.image is not None]
        faces = dict(zip(pictures, casting.faces.look(stage.ledger, pictures), strict=True))
        if finder is not None:
            searched = ("ok" if face.note in {FOUND, NO_FACE} else "failed" for face in faces.values())
            stage.tally.count(casting.faces.name, searched)
        items = [
            _portrait(id_, name, template, emotion, answer, faces.get(answer.image or ""), casting.faces.name, finder)
            for id_, template, emotion, answer in chunk
        ]
        new += stage.ledger.put_items((item, f"{name}, {item.id}") for item in items).new
    return new


def _portrait(
    id_: str,
    name: str,
    template: Template,
    emotion: Emotion,
    answer: Made,
    face: Face | None,
    finder_name: str,
    finder: str | None,
) -> Portrait:
    seen = face or Face("not looked for")
    notes: dict[str, Any] = {
        "outcome": answer.outcome.value,
        "face": seen.note,
        "finder": finder,
        "template": template.id,
        "draw": answer.draw,
    }
    if seen.box is not None:
        box = seen.box
        notes |= {"box": [box.left, box.top, box.right, box.bottom], "face_score": box.score}
    if seen.reason is not None:
        notes["reason"] = seen.reason
    return Portrait(
        id=id_,
        generator=name,
        prompts={"prompt": template.prompt(emotion), "emotion": SENTENCE.format(adjective=emotion.adjective)},
        images={"picture": answer.image, "face": seen.image},
        groups={**template.groups, "emotion": emotion.name, "finder": finder_name},
        notes=notes,
    )


def _edit(
    stage: Stage, casting: Casting, spec: AdapterSpec, name: str, portraits: Mapping[tuple[str, int], Made]
) -> int:
    """Have the happy pictures edited to every negative emotion, and make contrasts of what is answered."""
    ledger, model = stage.ledger, cast(Generator, prepare_here(spec))
    maker = by_slot(model)["original"]
    adapter = ledger.register("editor", name, maker.settings, model.card.as_json())
    had = edited(ledger, adapter)
    owed: dict[EditKey, WantedEdit] = {}
    for template, draw in casting:
        happy = portraits.get((prompt_id(template.prompt(HAPPY)), draw))
        for emotion in NEGATIVE if happy is not None and happy.image is not None else ():
            assert happy is not None
            assert happy.image is not None
            one = _wanted(template, emotion, draw, happy.image)
            if one.key not in had:
                owed[one.key] = one
    if owed:
        load_here(spec)
        batches = edit(ledger, stage.run_number(), adapter, maker, list(owed.values()), casting.batch, stage.stop)
        stage.work(f"{name} (edits)", f"negative edits by {name}", len(owed), batches)
        stage.file_facts(model, adapter)
    contrasts = list(_contrasts(casting, name, adapter, portraits, edited(ledger, adapter)))
    return ledger.put_items((item, f"{name}, {item.id}") for item in contrasts).new


def _wanted(template: Template, emotion: Emotion, draw: int, happy: str) -> WantedEdit:
    instruction = INSTRUCTION.format(adjective=emotion.adjective)
    return WantedEdit(happy, Arm(REFERENCE), instruction, draw, edit_seed(template.text, draw))


def _contrasts(
    casting: Casting,
    name: str,
    adapter: str,
    portraits: Mapping[tuple[str, int], Made],
    edits: Mapping[EditKey, Made],
) -> Iterator[Contrast]:
    """A contrast for each negative emotion; where there is no happy picture or no edit, its slot is empty."""
    for template, draw in casting:
        happy = portraits.get((prompt_id(template.prompt(HAPPY)), draw))
        if happy is None:
            continue
        for emotion in NEGATIVE:
            answer = None
            if happy.image is not None:
                answer = edits.get(_wanted(template, emotion, draw, happy.image).key)
                if answer is None:
                    continue
            outcomes = {
                "default": happy.outcome.value,
                "faithful": "not asked" if answer is None else answer.outcome.value,
            }
            yield Contrast(
                id=f"{name}/{_id(template, emotion, draw)}",
                study="emotion_reward",
                prompts={"prompt": template.prompt(emotion)},
                images={"faithful": None if answer is None else answer.image, "default": happy.image},
                groups={"emotion": emotion.name, "editor": name},
                notes={"outcomes": outcomes, "editor": adapter, "template": template.id, "draw": draw},
            )


def _id(template: Template, emotion: Emotion, draw: int) -> str:
    return f"{template.id}/{emotion.name}" + (f"#{draw}" if draw else "")


def _sha(picture: Any) -> str | None:
    return None if picture is None else str(picture.sha256)
