from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fauve.errors import ConfigError, DataError, ImportRejected
from fauve.models.judges.training.examples import (
    Example,
    class_counts,
    class_weights,
    fingerprint,
    read_examples,
    split_examples,
)


def written(folder: Path, *rows: dict[str, object]) -> Path:
    for row in rows:
        (folder / str(row["image"])).write_bytes(b"picture")
    file = folder / "labels.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return file


def example(image: str, level: int, dimension: str = "clarity") -> Example:
    return Example(image, Path(image), dimension, level)


def test_the_sign_of_a_label_is_its_level(tmp_path: Path) -> None:
    rows = [{"image": f"{label}.png", "dimension": "clarity", "label": label} for label in (-4, -1, 0, 1, 2)]
    found = read_examples(written(tmp_path, *rows))
    assert [one.level for one in found] == [0, 0, 1, 2, 2]
    assert found[0].path == tmp_path / "-4.png"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"image": "a", "dimension": "x", "label": 1}, {"image": "a", "dimension": "x", "label": 0}], "label for x"),
        (
            [
                {"image": "a", "dimension": "x", "label": 1, "split": "train"},
                {"image": "a", "dimension": "y", "label": 1, "split": "validation"},
            ],
            "other side",
        ),
        ([{"image": "a", "dimension": "x", "label": 0.5}], "whole number"),
        ([{"image": "a", "dimension": "x", "label": 0, "split": "test"}], "train"),
        ([{"image": "a", "dimension": "x"}], "missing"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, rows: list[dict[str, object]], told: str) -> None:
    with pytest.raises(ImportRejected, match=rf"line {len(rows)}.*{told}"):
        read_examples(written(tmp_path, *rows))


def test_a_missing_picture_is_told(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text('{"image": "none.png", "dimension": "x", "label": 0}')
    with pytest.raises(ImportRejected, match=r"no file none\.png"):
        read_examples(file)


def test_a_picture_is_on_one_side_and_the_draw_is_the_same_every_time() -> None:
    rows = [example(f"{i}.png", 1, d) for i in range(300) for d in ("clarity", "emotion")]
    train, test = split_examples(rows, 0.2, 0)
    assert {one.image for one in train}.isdisjoint({one.image for one in test})
    assert 0.1 < len(test) / len(rows) < 0.3
    assert split_examples(rows, 0.2, 0) == (train, test)
    assert split_examples(rows, 0.2, 1)[1] != test
    assert split_examples(rows, 0.0, 0) == (rows, [])


def test_what_the_rows_say_of_sides_counts() -> None:
    rows = [Example("a", Path("a"), "x", 0, "validation"), Example("b", Path("b"), "x", 0, "train")]
    train, test = split_examples(rows, 0.0, 0)
    assert ([one.image for one in train], [one.image for one in test]) == (["b"], ["a"])
    with pytest.raises(DataError, match="No row is left"):
        split_examples(rows[:1], 0.0, 0)
    with pytest.raises(ConfigError, match="below 1"):
        split_examples(rows, 1.0, 0)


def test_weights_make_the_classes_of_each_dimension_count_alike() -> None:
    rows = [
        *[example(str(i), 1) for i in range(6)],
        *[example(str(i), 0) for i in range(2)],
        *[example(str(i), level, "emotion") for i, level in enumerate((0, 1, 2))],
    ]
    weights = class_weights(rows)
    assert weights.mean() == pytest.approx(1)
    assert weights[:6].sum() == pytest.approx(weights[6:8].sum())
    np.testing.assert_allclose(weights[8:], 1)
    assert class_counts(rows) == {"clarity": [2, 6, 0], "emotion": [1, 1, 1]}


def test_the_fingerprint_is_of_the_labels_and_not_of_where_they_lie() -> None:
    one = Example("a", Path("here"), "x", 0)
    assert fingerprint([one]) == fingerprint([Example("a", Path("there"), "x", 0)])
    assert fingerprint([one]) != fingerprint([Example("a", Path("here"), "x", 1)])
