from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fauve.errors import DataError, ImportRejected, UnknownName
from fauve.ledger.importing.prompts import read_prompts
from fauve.prompts import TemplateRewriter, load_prompt_set, prompt_rows, read_coco_captions, shipped_pairs
from fauve.prompts.texts import PairText

OWN = [
    {
        "id": "a",
        "prompt_original": "A dog runs.",
        "prompt_anti": "A blurred dog\u2028runs.",
        "dimensions": ["clarity"],
        "negative": "sharp",
        "groups": {"theme": "animals"},
    },
    {"id": "b", "prompt_original": "A cat, asleep.", "prompt_anti": "A sad cat.", "dimensions": ["emotion", "clarity"]},
]
PUBLISHED = [
    {
        "original_prompt": "A dog runs.",
        "disorted_long_prompt": "A blurred dog runs.",
        "selected": ["clarity", "emotion"],
        "desc": "x\ny",
        "negative_prompt": "sharp",
    },
    {
        "original_prompt": "A cat.",
        "disorted_long_prompt": "A dim cat.",
        "selected": ["color brightness"],
        "desc": "z",
        "negative_prompt": None,
    },
]


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def coco(path: Path, captions: list[tuple[int, int, str]]) -> Path:
    annotations = [{"image_id": image, "id": name, "caption": text} for image, name, text in captions]
    path.write_text(json.dumps({"images": [], "annotations": annotations}))
    return path


CAPTIONS = [(image, 10 * image + turn, f"Dog {image} sits, version {turn}.\n") for turn in (2, 1) for image in range(8)]


def test_the_shipped_set_by_its_name() -> None:
    assert tuple(prompt_rows("fauve")) == load_prompt_set("fauve").pairs == shipped_pairs()
    assert load_prompt_set("fauve", count=7).pairs == shipped_pairs()[:7]


def test_own_json_lines_are_read_as_the_import_reads_them(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "mine.jsonl", OWN)
    loaded = load_prompt_set(path)
    assert loaded.name == "mine"
    rows = read_prompts(path)
    assert [(p.id, p.original, p.anti, p.dimensions, p.groups, p.negative) for p in loaded.pairs] == [
        (r.id, r.original, r.anti, r.dimensions, r.groups, r.negative) for r in rows
    ]


def test_own_csv_with_a_line_break_inside_a_prompt(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "prompt_original", "prompt_anti", "dimensions", "negative", "groups.theme"])
        writer.writerow(["a", "A dog, running.", 'A "blurred"\ndog.', "clarity; emotion", "", "animals"])
    assert load_prompt_set(str(path)).pairs == (
        PairText("a", "A dog, running.", 'A "blurred"\ndog.', ("clarity", "emotion"), {"theme": "animals"}, None),
    )


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_the_published_prompts_in_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"published.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table({name: [row[name] for row in PUBLISHED] for name in PUBLISHED[0]}), path)
    elif suffix == "jsonl":
        jsonl(path, PUBLISHED)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, PUBLISHED[0])
            writer.writeheader()
            writer.writerows(PUBLISHED)
    assert load_prompt_set(path).pairs == (
        PairText("0000", "A dog runs.", "A blurred dog runs.", ("clarity", "emotion"), {}, "sharp"),
        PairText("0001", "A cat.", "A dim cat.", ("color brightness",), {}, None),
    )


def test_the_published_benchmark_repeats_its_prompts_for_each_generator(tmp_path: Path) -> None:
    row = {
        "index": 3,
        "prompt_original": "A dog.",
        "prompt_distorted": "A sad dog.",
        "selected_dims": '["emotion"]',
        "image_original": b"not a picture",
    }
    table = pa.table({name: [value, value] for name, value in row.items()})
    pq.write_table(table, tmp_path / "final.parquet")
    pairs = load_prompt_set(tmp_path / "final.parquet").pairs
    assert pairs == (PairText("3", "A dog.", "A sad dog.", ("emotion",)),)
    other = pa.table({name: [value, value] for name, value in row.items()} | {"prompt_distorted": ["A sad dog.", "B"]})
    pq.write_table(other, tmp_path / "final.parquet")
    with pytest.raises(ImportRejected, match="stands in the file already"):
        load_prompt_set(tmp_path / "final.parquet")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"prompt_anti": None}, "field 'prompt_anti': there is no text"),
        ({"prompt_anti": " "}, "there is no text"),
        ({"dimensions": ["clarty"]}, "Did you mean 'clarity'"),
        ({"dimensions": "[nonsense"}, "it is no list of dimensions"),
        ({"dimensions": 3}, "it is no list of dimensions"),
        ({"id": True}, "it names no pair"),
        ({"id": "a"}, "'a' stands in the file already"),
        ({"groups": 3}, "it is no object"),
        ({"groups": {"theme": 3}}, "a value is no text"),
        ({"negatve": "x"}, "there is no such column. Did you mean 'negative'"),
    ],
)
def test_the_first_fault_is_told_with_its_place(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    path = jsonl(tmp_path / "mine.jsonl", [OWN[0], {**OWN[1], **change}])
    with pytest.raises(ImportRejected, match=told) as caught:
        load_prompt_set(path)
    assert "mine.jsonl" in str(caught.value)


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    rows = [{key: value for key, value in row.items() if key != "disorted_long_prompt"} for row in PUBLISHED]
    with pytest.raises(ImportRejected, match="disorted_long_prompt"):
        load_prompt_set(jsonl(tmp_path / "published.jsonl", rows))


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.jsonl", b"[1]\n", "this is no JSON object"),
        ("a.jsonl", b"{\n", "this is no JSON object"),
        ("a.jsonl", b"\xff\xfe\n", "is not UTF-8"),
        ("a.jsonl", b"", "the column is missing"),
        ("a.csv", b"prompt_original,prompt_anti,dimensions\n", "holds no rows"),
        ("a.csv", b"prompt_original,prompt_anti,dimensions\nx,y\n", "more or fewer cells"),
        ("a.csv", b'prompt_original,prompt_anti,dimensions\n"x,y,z\n', "it is not CSV"),
        ("a.parquet", b"PAR1 no", "cannot be read as Parquet"),
        ("a.json", b"{}", "there is no such list"),
        ("a.json", b'{"annotations": [{"id": 1}]}', "it lacks image_id"),
    ],
)
def test_files_that_are_something_else_are_refused(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportRejected, match=told):
        load_prompt_set(tmp_path / name, TemplateRewriter())


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.json"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImportRejected, match="cannot be read"):
        load_prompt_set(tmp_path / name)


def test_a_name_that_is_no_set_is_told() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'fauve'"):
        load_prompt_set("fauv")


def test_coco_gives_one_caption_an_image_and_a_seeded_draw(tmp_path: Path) -> None:
    path = coco(tmp_path / "captions.json", CAPTIONS)
    every = read_coco_captions(path)
    assert [(one.id, one.text) for one in every] == [
        (f"coco-{10 * n + 1}", f"Dog {n} sits, version 1.") for n in range(8)
    ]
    drawn = read_coco_captions(path, 5, seed=1)
    assert len({one.id for one in drawn}) == 5
    assert drawn == read_coco_captions(coco(tmp_path / "other.json", CAPTIONS[::-1]), 5, seed=1)
    assert drawn != read_coco_captions(path, 5, seed=2)
    with pytest.raises(ImportRejected, match="fewer than 9"):
        read_coco_captions(path, 9)


def test_captions_become_pairs_by_a_rewriter_and_not_without(tmp_path: Path) -> None:
    path = coco(tmp_path / "captions.json", CAPTIONS)
    pairs = load_prompt_set(path, TemplateRewriter(), count=6, seed=3).pairs
    assert len(pairs) == 6
    assert all(2 <= len(pair.dimensions) <= 4 and pair.anti != pair.original for pair in pairs)
    assert pairs == load_prompt_set(path, TemplateRewriter(), count=6, seed=3).pairs
    with pytest.raises(DataError, match="Give a rewriter"):
        load_prompt_set(path)


def test_a_caption_left_unwritten_is_not_passed_over(tmp_path: Path) -> None:
    path = coco(tmp_path / "captions.json", [(1, 1, "A dog sits."), (2, 2, "A dog " + "and a dog " * 30)])
    with pytest.raises(DataError, match="1 of 2 captions got no anti prompt; coco-2"):
        load_prompt_set(path, TemplateRewriter())
