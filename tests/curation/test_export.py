"""What leaves: a file that the import takes, with captions, category and the photograph's own bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fauve.curation import Caption, CurationStore, commit, committed, export_contrasts, read_captions, undo
from fauve.errors import DataError, ImportRejected
from fauve.ledger import Ledger, queries
from fauve.ledger.importing.contrasts import import_contrasts

BLUR, DISGUST = "clarity_and_focus.intentional_blur", "emotion_and_subject.disgust_and_aversion"


def test_the_import_takes_what_was_exported(
    store: CurationStore, by_path: Callable[[str], Any], colours: Path, ledger: Ledger, tmp_path: Path
) -> None:
    red, blue = by_path("red.png"), by_path("deep/blue.png")
    commit(store, [red], BLUR, "soft all over", Caption("a red wall, blurred “badly”", "a red wall"))
    commit(store, [blue], DISGUST, "it is")
    wrong = commit(store, [by_path("green.png")], BLUR, "oops", Caption("x"))
    undo(store, wrong, "sharp")
    store.keep_captions({blue.sha256: Caption("a rotten sea")})
    done = export_contrasts(store, tmp_path / "out")
    assert done.categories == {BLUR: 1, DISGUST: 1}
    assert import_contrasts(ledger, done.file).new == 2
    items = {item.groups["category"]: item for item in queries.items(ledger)}
    first = items[BLUR]
    assert first.study == "photographs"
    assert first.prompts == {"prompt": "a red wall, blurred “badly”"}
    assert first.notes["clean_prompt"] == "a red wall"
    assert first.notes["reason"] == "soft all over"
    assert first.images["default"] is None
    assert first.images["faithful"] is not None
    assert ledger.images.read(first.images["faithful"]) == (colours / "red.png").read_bytes()
    assert items[DISGUST].prompts == {"prompt": "a rotten sea"}
    assert import_contrasts(ledger, export_contrasts(store, tmp_path / "out").file).new == 0


def test_without_a_caption_or_a_set_nothing_is_written(
    store: CurationStore, by_path: Callable[[str], Any], tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="nothing is in the set"):
        export_contrasts(store, tmp_path / "out")
    commit(store, [by_path("red.png")], BLUR, "soft", Caption(None, "a wall"))
    with pytest.raises(DataError, match=r"red\.png.*--allow-no-caption"):
        export_contrasts(store, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    done = export_contrasts(store, tmp_path / "out", allow_no_caption=True)
    assert json.loads(done.file.read_text(encoding="utf-8"))["prompt"] is None
    assert done.without_caption == 1


def test_captions_of_a_commit_come_before_those_of_a_file(store: CurationStore, by_path: Callable[[str], Any]) -> None:
    red = by_path("red.png")
    store.keep_captions({red.sha256: Caption("of the file", "plain of the file")})
    commit(store, [red], BLUR, "soft", Caption("of the commit"))
    assert committed(store)[0].caption == Caption("of the commit", "plain of the file")


def test_captions_are_read_from_lines_and_columns(tmp_path: Path) -> None:
    lines = tmp_path / "c.jsonl"
    lines.write_text('{"picture": "a.png", "prompt": "p", "plain": "q"}\n\n{"picture": "b.png", "plain": "only"}\n')
    columns = tmp_path / "c.csv"
    columns.write_text('picture,prompt,plain\na.png,p,q\nb.png,,only\n"c, d.png","two\nlines",\n')
    told = [("a.png", Caption("p", "q")), ("b.png", Caption(None, "only"))]
    assert read_captions(lines) == told
    assert read_captions(columns) == [*told, ("c, d.png", Caption("two\nlines", None))]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("c.jsonl", '{"picture": "a"}', "says anything"),
        ("c.jsonl", '{"prompt": "a"}', "no picture is named"),
        ("c.jsonl", '{"picture": "a", "promt": "a"}', "no such field"),
        ("c.jsonl", '{"picture": "a", "prompt": 3}', "no text"),
        ("c.jsonl", "[1]", "no JSON object"),
        ("c.jsonl", "{", "no JSON"),
        ("c.jsonl", '{"picture": "a", "prompt": "p"}\n{"picture": "a", "prompt": "q"}', "line 2.*stands twice"),
        ("c.csv", "picture,prompt\na,b,c\n", "too many or too few"),
        ("c.csv", "picture,prompt\na\n", "too many or too few"),
    ],
)
def test_captions_that_cannot_be_read_are_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ImportRejected, match=words):
        read_captions(tmp_path / name)
