from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from fauve.stats import benjamini_hochberg, holm

p_values = st.lists(st.none() | st.floats(0, 1), max_size=20)


@pytest.mark.parametrize(("adjust", "reference"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@settings(max_examples=30, deadline=None)
@given(family=p_values)
def test_is_statsmodels_and_none_passes_through(adjust, reference, family):
    adjusted = adjust(family)
    known = [p for p in family if p is not None]
    assert [p is None for p in adjusted] == [p is None for p in family]
    if known:
        expected = multipletests(known, method=reference)[1]
        assert [p for p in adjusted if p is not None] == pytest.approx(list(expected))


def test_known_answers():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert benjamini_hochberg([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.04, 0.04])
    assert holm([]) == []
    assert holm([None, None]) == [None, None]


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), float("inf")])
@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_what_is_no_p_value_is_refused(adjust, bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust([0.5, bad])
