"""Portraits of every emotion, and happy ones edited to negative emotions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.toy_painter import CALLS, REFUSED

from fauve import api
from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.errors import ImportRejected, LedgerConflict, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.importing import import_contrasts
from fauve.ledger.origins import PROMPT_SET, origins
from fauve.ledger.queries import StoredItem
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import fingerprint, state
from fauve.settings import RunSettings
from fauve.vocabulary import EMOTIONS

PAINTER = "tests.engine.toy_painter:Painter"
CORNER = "tests.engine.toy_painter:Corner"
NEGATIVE = {"anger", "fear", "sadness"}
TEMPLATES = [("baker", "a close view of a baker who looks [emotion]"), ("diver", "a [emotion] diver")]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    CALLS.clear()
    REFUSED.clear()
    yield
    REFUSED.clear()


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    file = tmp_path / "emotion.jsonl"
    rows = [{"id": id_, "template": text} for id_, text in TEMPLATES]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def settings(file: Path, emotion: dict[str, Any] | None = None, **changes: Any) -> RunSettings:
    plain = {
        "emotion": {"file": file, **(emotion or {})},
        "generators": [PAINTER],
        "scorers": ["polish"],
        "judges": [],
        "engine": {"workers": 1},
    }
    return RunSettings.model_validate(plain | changes)


def items_of(out: Path, kind: str) -> dict[str, StoredItem]:
    with Ledger(out) as ledger:
        return {item.id: item for item in queries.items(ledger, kind)}


def test_every_emotion_of_a_template_is_drawn_from_the_same_noise(templates: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    summary = execute(settings(templates, {"draws": 2}), out, Silent())
    found = items_of(out, "portrait")
    expected = {f"{t}/{e}{d}" for t, _ in TEMPLATES for e in EMOTIONS for d in ("", "#1")}
    assert (set(found), summary.portrayed, len(CALLS)) == (expected, 16, 16)
    angry = found["diver/anger"]
    assert angry.prompts == {"prompt": "a angry diver", "emotion": "a person who looks angry"}
    assert angry.groups == {"emotion": "anger", "finder": "none"}
    assert (angry.notes["outcome"], angry.notes["face"], angry.images["face"]) == ("ok", "not looked for", None)
    assert (angry.study, angry.generator) == ("emotion_generation", "painter")
    seeds = {prompt: {c.seed for c in CALLS if prompt in c.prompt} for prompt in ("baker", "diver")}
    assert [len(s) for s in seeds.values()] == [2, 2]  # one for each draw, whatever the emotion
    assert not seeds["baker"] & seeds["diver"]


def test_a_second_run_asks_for_nothing(templates: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "run", settings(templates, {"edits": True, "finder": CORNER})
    api.run(plan, out)
    CALLS.clear()
    again = api.run(plan, out)
    assert (CALLS, again.summary.did_nothing, again.fresh) == ([], True, False)


def test_portraits_say_whose_templates_they_answer(templates: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in templates.read_text(encoding="utf-8").splitlines()]
    rows[0]["groups"] = {PROMPT_SET: "someone/portraits", "emotion": "none of its own"}
    templates.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    execute(settings(templates), tmp_path / "run", Silent())
    with Ledger(tmp_path / "run") as ledger:
        found = origins(ledger)
        named = {item.item: item for item in queries.items(ledger, "portrait")}
    answered = [named[item] for item in found["item"]]
    assert set(found["origin"]) == {"someone/portraits"}
    assert {item.id.partition("/")[0] for item in answered} == {rows[0]["id"]}
    assert {item.groups["emotion"] for item in answered} == {"anger", "fear", "happiness", "sadness"}


def test_faces_are_cut_out_and_scored_under_the_sentence(templates: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    summary = execute(settings(templates, {"finder": CORNER}), out, Silent())
    assert dict(summary.outcomes["corner"]) == {"ok": 8}
    face = items_of(out, "portrait")["diver/fear"]
    assert (face.groups["finder"], face.notes["face"], face.notes["face_score"]) == ("corner", "found", 0.9)
    assert face.images["face"] is not None
    assert (face.images["face"].width, face.images["face"].height) == (4, 6)
    with Ledger(out) as ledger:
        scored = ledger.db.execute(
            "SELECT count(*) FROM grid WHERE image_slot = 'face' AND prompt_slot = 'emotion'"
        ).fetchone()[0]
    assert scored == 8


def test_another_finder_replaces_the_portraits_and_no_picture_is_made_again(templates: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(templates), out, Silent())
    CALLS.clear()
    seen = []
    for options in ({}, {"threshold": 0.9}):
        finder = {"name": CORNER, "options": options}
        assert execute(settings(templates, {"finder": finder}), out, Silent()).portrayed == 8
        found = items_of(out, "portrait").values()
        seen.append({item.notes["face"] for item in found})
        assert len(found) == 8
        with Ledger(out) as ledger:
            seen.append({fingerprint(ledger)})
    assert (CALLS, seen[0], seen[2]) == ([], {"found"}, {"no face"})
    assert seen[1] != seen[3]


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"fail": True}, "RuntimeError: no such layer"), ({"outside": True}, "InvalidOutput: FaceBox")],
)
def test_a_search_that_fails_is_told_from_no_face_and_tried_again_on_request(
    templates: Path, tmp_path: Path, options: dict[str, bool], reason: str
) -> None:
    out = tmp_path / "run"
    plan = settings(templates, {"finder": {"name": CORNER, "options": options}})
    assert dict(execute(plan, out, Silent()).outcomes["corner"]) == {"failed": 8}
    one = items_of(out, "portrait")["diver/fear"]
    assert (one.notes["face"], one.images["face"]) == ("not looked for", None)
    assert one.notes["reason"].startswith(reason)
    assert execute(plan, out, Silent()).did_nothing
    with Ledger(out, write=True) as ledger:
        assert forget_failures(ledger) == 8
    assert execute(plan, out, Silent()).portrayed == 8


def test_happy_pictures_are_edited_to_every_negative_emotion(templates: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    execute(settings(templates, {"edits": True}), out, Silent())
    found, portraits = items_of(out, "contrast"), items_of(out, "portrait")
    assert set(found) == {f"painter/{t}/{e}" for t, _ in TEMPLATES for e in NEGATIVE}
    for id_, item in found.items():
        _, template, emotion = id_.split("/")
        assert item.study == "emotion_reward"
        assert item.groups == {"emotion": emotion, "editor": "painter"}
        assert item.images["default"] == portraits[f"{template}/happiness"].images["picture"]
        assert item.images["faithful"] not in (None, item.images["default"])
        assert item.prompts["prompt"] == portraits[f"{template}/{emotion}"].prompts["prompt"]
    edits = [call for call in CALLS if call.image is not None]
    assert len(edits) == 6
    assert all(call.strength is None and "expression" in call.prompt for call in edits)
    with Ledger(out) as ledger:
        assert state(ledger).items == {"contrasts of emotion_reward": 6, "portraits by painter": 8}
        assert state(ledger).editors == {"painter": {"ok": 6}}


def test_failures_keep_their_place(templates: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "run", settings(templates, {"edits": True})
    REFUSED.update({"happy diver", "very angry"})
    execute(plan, out, Silent())
    found = items_of(out, "contrast")
    assert len(found) == 6
    refused = found["painter/diver/fear"]
    assert refused.images == {"faithful": None, "default": None}
    assert refused.notes["outcomes"] == {"default": "refused", "faithful": "not asked"}
    angry = found["painter/baker/anger"]
    assert (angry.images["faithful"], angry.notes["outcomes"]["faithful"]) == (None, "refused")
    assert items_of(out, "portrait")["diver/happiness"].notes["outcome"] == "refused"
    REFUSED.clear()
    with Ledger(out, write=True) as ledger:
        assert forget_failures(ledger) == 2
    CALLS.clear()
    execute(plan, out, Silent())
    assert len(CALLS) == 1 + 1 + 3  # the happy diver, the angry baker, and the diver's edits that were never asked
    found = items_of(out, "contrast")
    assert len(found) == 6
    assert all(None not in item.images.values() for item in found.values())
    assert len(items_of(out, "portrait")) == 8


def test_only_the_named_generators_edit(templates: Path, tmp_path: Path) -> None:
    other = {"name": "tests.engine.toy_painter:Plain", "options": {"name": "plain"}}
    plan = settings(templates, {"edits": [PAINTER]}, generators=[PAINTER, other])
    execute(plan, tmp_path / "run", Silent())
    assert {item.groups["editor"] for item in items_of(tmp_path / "run", "contrast").values()} == {"painter"}
    assert len(items_of(tmp_path / "run", "contrast")) == 6
    assert {item.generator for item in items_of(tmp_path / "run", "portrait").values() if item.id == "diver/fear"}
    with Ledger(tmp_path / "run") as ledger:
        assert {item.generator for item in queries.items(ledger, "portrait")} == {"painter", "plain"}


def test_an_imported_contrast_of_the_same_name_is_never_replaced(templates: Path, tmp_path: Path) -> None:
    row = {"id": "painter/diver/fear", "study": "emotion_reward", "prompt": "x", "faithful": None, "default": None}
    file = tmp_path / "contrasts.jsonl"
    file.write_text(json.dumps(row), encoding="utf-8")
    with Ledger(tmp_path / "run", write=True) as ledger:
        import_contrasts(ledger, file)
    with pytest.raises(LedgerConflict, match="painter/diver/fear"):
        execute(settings(templates, {"edits": True}), tmp_path / "run", Silent())
    assert items_of(tmp_path / "run", "contrast")["painter/diver/fear"].prompts["prompt"] == "x"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"id": "1", "template": "a sad baker"}, r"no slot \[emotion\]"),
        ({"id": "baker", "template": "[emotion]"}, "stands in the file already"),
        ({"id": "1", "template": None}, "template"),
    ],
)
def test_faulty_templates_are_refused(templates: Path, tmp_path: Path, line: dict[str, Any], told: str) -> None:
    templates.write_text(templates.read_text(encoding="utf-8") + "\n" + json.dumps(line), encoding="utf-8")
    with pytest.raises(ImportRejected, match=told):
        execute(settings(templates), tmp_path / "run", Silent())
    assert CALLS == []


def test_an_unknown_finder_stops_the_run_before_it_starts(templates: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no face finder called 'retina'"):
        execute(settings(templates, {"finder": "retina"}), tmp_path / "run", Silent())
    assert not (tmp_path / "run").exists()


def test_a_limit_takes_the_first_templates(templates: Path, tmp_path: Path) -> None:
    execute(settings(templates), tmp_path / "run", Silent(), limit=1)
    assert len(items_of(tmp_path / "run", "portrait")) == 4
