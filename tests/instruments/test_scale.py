from __future__ import annotations

import pytest

from fauve.errors import ConfigError
from fauve.instruments import INSTRUMENTS, Scale
from fauve.instruments.reference import ANCHORS


def test_piecewise_linear_and_flat_beyond_the_ends() -> None:
    scale = Scale(((1.0, 0.0), (3.0, 1.0), (4.0, 2.0)))
    assert [scale(x) for x in (-5, 1, 2, 3, 3.5, 4, 99)] == [0, 0, 0.5, 1, 1.5, 2, 2]


def test_a_two_sided_scale_is_low_at_both_ends() -> None:
    scale = Scale(((-2.0, 0.0), (0.0, 2.0), (1.0, 2.0), (3.0, 0.0)))
    assert [scale(x) for x in (-9, -1, 0.5, 2, 9)] == [0, 1, 2, 1, 0]


@pytest.mark.parametrize(
    "anchors",
    [
        ((1.0, 0.0),),
        ((1.0, 0.0), (1.0, 2.0)),
        ((2.0, 0.0), (1.0, 2.0)),
        ((0.0, 0.0), (1.0, 2.5)),
        ((0.0, -0.1), (1.0, 2.0)),
        ((0.0, 2.0), (1.0, 0.0), (2.0, 2.0)),
    ],
)
def test_anchors_that_make_no_scale_are_refused(anchors) -> None:
    with pytest.raises(ConfigError, match="scale anchors"):
        Scale(anchors)


def test_the_table_has_every_instrument_and_no_other() -> None:
    assert set(ANCHORS) == set(INSTRUMENTS)


def test_only_exposure_is_two_sided_and_every_scale_spans_the_range() -> None:
    for name, anchors in ANCHORS.items():
        scores = [score for _, score in anchors]
        assert {0.0, 1.0, 2.0} <= set(scores), name
        assert (scores != sorted(scores) and scores != sorted(scores, reverse=True)) == (name == "exposure")
