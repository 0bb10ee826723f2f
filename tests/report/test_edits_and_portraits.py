"""Edits, portraits and artworks in a report: their cards, and their studies' pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fauve.ledger import Answer, Ledger
from fauve.records import Edit, Outcome, Picture, Portrait, PromptPair
from fauve.report.site import build_report
from fauve.studies import STUDIES, Evidence, analyse_all

PAIRS = 3


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Path:
    """Three pairs, their edits (the last one refused), and portraits with and without a face."""
    folder = tmp_path_factory.mktemp("edits")
    with Ledger(folder / "run", write=True) as ledger:
        shas = iter(ledger.add_image(photo_bytes(seed, (64, 48)), f"{seed}").sha256 for seed in range(40))
        items: list[PromptPair | Edit | Portrait | Picture] = []
        for k in range(PAIRS):
            prompts = {"original": f"A bus number {k}", "anti": f"A bus number {k}, out of focus"}
            images = {"original": next(shas), "anti": next(shas)}
            pair = PromptPair(f"p{k}", "sdxl", prompts, images, ("clarity",))
            edited = next(shas) if k < PAIRS - 1 else None
            notes = {"outcome": "ok" if edited else "refused", "asked": "anti"}
            groups = {"arm": "strength 0.5", "source": "sdxl"}
            slots = {"input": images["anti"], "edit": edited}
            items += [pair, Edit(f"p{k}@strength 0.5", "flux-dev", prompts, slots, ("clarity",), groups, notes)]
        for emotion, finder, face in (("anger", "eyes", True), ("fear", "eyes", False), ("sadness", "none", False)):
            asked = {"prompt": f"A person in {emotion}", "emotion": f"a person who shows {emotion}"}
            pictures = {"picture": next(shas), "face": next(shas) if face else None}
            said = "not looked for" if finder == "none" else "found" if face else "no face"
            groups = {"emotion": emotion, "finder": finder}
            items.append(Portrait(f"t/{emotion}", "sdxl", asked, pictures, groups, {"outcome": "ok", "face": said}))
        said = {"prompt": "A hill in a storm", "shuffled": "A jug on a table"}
        items.append(Picture("a0", "real_art", said, {"picture": next(shas)}, {"style": "cubism"}))
        ledger.add_items([(item, "here") for item in items])
        _answer(ledger, items)
    with Ledger(folder / "run") as ledger:
        findings = analyse_all(Evidence.read(ledger))
        return build_report(ledger, findings, list(STUDIES.values()), folder / "report", {}).parent


def _answer(ledger: Ledger, items: list[PromptPair | Edit | Portrait | Picture]) -> None:
    run = ledger.begin_run("fauve run", {"fauve": "0.1.0"})
    card = {"kind": "reward model", "summary": "Mine.", "range": [None, None], "licence": None, "revision": "1"}
    scorer = ledger.register("scorer", "hpsv3", {}, card)
    judge = ledger.register("judge", "eye", {"dimensions": ["clarity"]}, {**card, "kind": "judge"})
    values = {"original": 5.0, "anti": 1.0, "input": 1.0, "edit": 3.5, "picture": 0.5, "face": 0.75}
    levels = {"original": 2.0, "anti": 1.0, "input": 1.0, "edit": 1.9, "picture": 1.0, "face": 1.0}
    cells, seen = {}, {}
    for item in items:
        for slot, image in item.images.items():
            for prompt in item.prompts.values():
                if image and prompt:
                    cells[image, prompt] = Answer(image, ledger.add_prompt(prompt), Outcome.OK, values[slot])
                    seen[image] = Answer(image, "clarity", Outcome.OK, levels[slot])
    ledger.record_cells(run, scorer, list(cells.values()))
    ledger.record_dimension_scores(run, judge, list(seen.values()))


@pytest.fixture(scope="module")
def cards(report: Path) -> dict[str, dict]:
    text = (report / "gallery" / "cards-0000.js").read_text("utf-8")
    return {card["id"]: card for card in json.loads(text[text.index("]=") + 2 :].rstrip().rstrip(";"))}


def test_input_and_edit_stand_side_by_side(cards):
    card = cards["p0@strength 0.5"]
    assert [image["role"] for image in card["images"]] == ["The input: made for this prompt", "The edit of it"]
    assert [image["scores"][0][1] for image in card["images"]] == ["1", "3.5"]
    assert [line[1:3] for line in card["verdicts"]] == [["-", "HPSv3 rose by 2.5 from the input to its edit"]]
    assert card["selection"].startswith("Edited under this prompt.")
    assert [segment for segment in card["prompt"] if segment[1]] == [["out of focus", True]]
    assert card["tags"] == [{"name": "clarity", "judges": [["eye", "not honoured"]]}]


def test_the_pair_of_an_edit_keeps_its_own_card(cards):
    assert cards["p0"]["tags"] == [{"name": "clarity", "judges": [["eye", "honoured"]]}]
    assert cards["p0"]["verdicts"][0][1] == "o"


def test_a_failed_edit_says_what_came_of_it(cards):
    card = cards["p2@strength 0.5"]
    assert card["images"][1]["missing"] == "No picture came back (refused)."
    assert card["verdicts"][0][2] == "HPSv3 has no score of both (no picture)"


def test_portraits_show_the_face_or_say_why_not(cards):
    assert [image["role"] for image in cards["t/anger"]["images"]] == [
        "Made for this prompt",
        "The face that was found in it",
    ]
    assert cards["t/anger"]["verdicts"] == []
    assert cards["t/anger"]["selection"] == "Scored under the sentence “a person who shows anger”."
    assert cards["t/fear"]["images"][1]["missing"] == "No face was found."
    assert len(cards["t/sadness"]["images"]) == 1


def test_an_artwork_stands_alone_with_its_score_under_its_own_caption(cards):
    card = cards["a0"]
    assert [image["role"] for image in card["images"]] == ["The artwork"]
    assert [score[:2] for score in card["images"][0]["scores"]] == [["HPSv3", "0.5"]]
    assert card["verdicts"] == []


def test_nothing_is_chosen_between_an_input_and_its_edit(report):
    text = (report / "gallery" / "index.js").read_text("utf-8")
    index = json.loads(text[text.index("=") + 1 :].rstrip().rstrip(";"))
    studies = [index["studies"][n] for n in index["items"]["study"]]
    chosen = {study: code for study, code in zip(studies, index["items"]["codes"], strict=True)}
    assert chosen == {
        "Prompt pairs": "o",
        STUDIES["editing"].title: "-",
        STUDIES["emotion_generation"].title: "-",
        STUDIES["real_art"].title: "-",
    }
    margins = {study: row for study, row in zip(studies, index["items"]["margins"], strict=True)}
    assert margins[STUDIES["editing"].title] == [None]
    assert "of the 3 pairs that the headline counts" in (report / "index.html").read_text("utf-8")


def test_study_pages_state_shift_survival_and_faces(report):
    editing = (report / "study-editing.html").read_text("utf-8")
    assert "From the input to its edit by FLUX.1 dev at strength 0.5, HPSv3 changes by +2.50" in editing.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "1 of 3 edits gave no picture" in editing
    faces = (report / "study-emotion-generation.html").read_text("utf-8")
    assert "the whole picture was scored: no face was looked for" in faces
    assert "no face found: 1 of 1 portraits" in faces
