from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fauve.errors import DataError
from fauve.models.judges.training.visionreward import unpack

ASKED = ("clarity", "color aesthetic")


def scores(clarity: int, colour: int, hands: int = -4) -> dict[str, int]:
    return {"clarity": clarity, "color aesthetic": colour, "hands": hands}


def written(path: Path, rows: list[tuple[Any, Any]]) -> Path:
    table = pa.table({"image": [image for image, _ in rows], "annotation": [labels for _, labels in rows]})
    pq.write_table(table, path)
    return path


def test_pictures_and_labels_come_out(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> None:
    rows = [({"bytes": photo_bytes(i), "path": None}, scores(i - 1, 2)) for i in range(3)]
    found = unpack(written(tmp_path / "a.parquet", rows), tmp_path / "out", ASKED)
    assert [(e.dimension, e.level) for e in found.examples[::2]] == [("clarity", 0), ("clarity", 1), ("clarity", 2)]
    assert {e.level for e in found.examples[1::2]} == {2}
    assert found.examples[0].path.read_bytes() == photo_bytes(0)
    assert found.passed_over == {"hands": 3}
    assert found.examples[0].split is None


@pytest.mark.parametrize("form", ["json", "underscores", "plain bytes"])
def test_the_forms_in_which_a_row_may_come(tmp_path: Path, photo_bytes: Callable[..., bytes], form: str) -> None:
    labels: Any = json.dumps(scores(1, -1)) if form == "json" else {"clarity": 1, "color_aesthetic": -1}
    image: Any = photo_bytes(0) if form == "plain bytes" else {"bytes": photo_bytes(0)}
    found = unpack(written(tmp_path / "a.parquet", [(image, labels)]), tmp_path / "out", ASKED)
    assert {e.dimension: e.level for e in found.examples} == {"clarity": 2, "color aesthetic": 0}


def test_rows_are_numbered_through_the_files_and_the_last_are_held_out(
    tmp_path: Path, photo_bytes: Callable[..., bytes]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    for part in range(2):
        rows = [({"bytes": photo_bytes(2 * part + i)}, scores(0, 0)) for i in range(2)]
        written(folder / f"train-{part}.parquet", rows)
    found = unpack(folder, tmp_path / "out", ASKED, train_rows=3)
    assert [e.split for e in found.examples[::2]] == ["train", "train", "train", "validation"]


def test_what_cannot_be_used_is_listed_and_never_trained_on(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> None:
    rows = [
        ({"bytes": photo_bytes(0)}, scores(0, 0)),
        ({"bytes": b"no picture"}, scores(0, 0)),
        ({"bytes": photo_bytes(0)}, scores(1, 1)),
        ({"bytes": None}, scores(0, 0)),
    ]
    found = unpack(written(tmp_path / "a.parquet", rows), tmp_path / "out", ASKED)
    assert len(found.examples) == 2
    assert set(found.rejected) == {f"a.parquet, row {at}" for at in (1, 2, 3)}
    assert "repeated" in found.rejected["a.parquet, row 2"]


def test_a_missing_column_or_dimension_is_named(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> None:
    pq.write_table(pa.table({"image": [photo_bytes(0)], "labels": ["{}"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no column 'annotation'; it has image, labels"):
        unpack(tmp_path / "a.parquet", tmp_path / "out", ASKED)
    file = written(tmp_path / "b.parquet", [({"bytes": photo_bytes(0)}, {"hands": 1})])
    with pytest.raises(DataError, match="Its dimensions: hands"):
        unpack(file, tmp_path / "out", ASKED)
    odd = written(tmp_path / "c.parquet", [({"bytes": photo_bytes(0)}, {"clarity": 0.5})])
    with pytest.raises(DataError, match="no whole number"):
        unpack(odd, tmp_path / "out", ASKED)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"text")
    with pytest.raises(DataError, match="no Parquet file"):
        unpack(tmp_path / "a.parquet", tmp_path / "out", ASKED)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no Parquet"):
        unpack(tmp_path / "empty", tmp_path / "out", ASKED)
