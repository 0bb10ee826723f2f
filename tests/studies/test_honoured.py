"""When a judge finds a request honoured."""

from __future__ import annotations

import polars as pl
import pytest

from fauve.studies.honoured import LOW, MARGIN, honoured

WANTED = pl.DataFrame({"item": [1], "dimension": ["clarity"]})


def verdict(asked: float | None, plain: float | None, *, absolute: bool | None) -> bool | None:
    rows = {
        "item": [1, 1],
        "image_slot": ["anti", "original"],
        "judge": ["j", "j"],
        "dimension": ["clarity", "clarity"],
        "value": pl.Series([asked, plain], dtype=pl.Float64),
    }
    judged = pl.DataFrame(rows)
    if absolute is not None:
        judged = judged.with_columns(pl.lit(absolute).alias("absolute"))
    found: bool | None = honoured(judged, WANTED)["honoured"][0]
    return found


@pytest.mark.parametrize("absolute", [None, False])
def test_where_only_differences_count_the_plain_picture_decides(absolute: bool | None) -> None:
    assert verdict(1.0, 1.0 + 2 * MARGIN, absolute=absolute) is True
    assert verdict(1.0, 1.0 + MARGIN / 2, absolute=absolute) is False
    assert verdict(0.1, 0.1, absolute=absolute) is False
    assert verdict(0.1, None, absolute=absolute) is None


def test_a_level_that_means_something_needs_no_plain_picture() -> None:
    assert verdict(LOW - 0.01, 0.0, absolute=True) is True
    assert verdict(LOW - 0.01, None, absolute=True) is True
    assert verdict(LOW + 0.01, 0.0, absolute=True) is False
    assert verdict(1.0, 1.0 + 2 * MARGIN, absolute=True) is True
    assert verdict(None, 0.0, absolute=True) is None
