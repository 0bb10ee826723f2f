"""What the contrast analysis says of made evidence whose answer is known."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fauve.studies.contrasting import ALL_METRICS, by_scorer, contrast_findings
from fauve.studies.stating import Address


def analysed(evidence, metrics=ALL_METRICS, scorer="s"):
    table = evidence.contrasts().filter(pl.col("scorer") == scorer)
    return {f.metric: f for f in contrast_findings(Address("study", scorer), table, metrics)}


def pairs(made, rows):
    """Pairs by rows of (choice, r(Io, pa), r(Ia, pa))."""
    build = made()
    for choice, original, anti in rows:
        build.score(build.pair(choice=choice), "s", oa=original, aa=anti)
    return build.evidence()


def test_counts_choices_of_the_anti_image_where_it_is_faithful(made):
    found = analysed(pairs(made, [("anti", 1, 2), ("anti", 2, 1), ("anti", 0, 3), ("anti", 5, 1)]))
    assert found["accuracy"].estimate == 0.5
    assert found["margin"].estimate == pytest.approx((1 - 1 + 3 - 4) / 4)
    assert found["accuracy"].n == 4
    assert found["accuracy"].missing == 0


def test_selection_of_the_original_swaps_what_is_faithful(made):
    found = analysed(pairs(made, [("original", 2, 1), ("original", 1, 4), ("anti", 1, 4), ("anti", 0, 1)]))
    assert found["accuracy"].estimate == 0.75
    assert found["margin"].estimate == pytest.approx((1 - 3 + 3 + 1) / 4)
    # recalls: original 1 of 2, anti 2 of 2
    assert found["balanced_accuracy"].estimate == 0.75
    # anti − original as a score for "anti is faithful": −1, 3 against 3, 1: wins 1 and 0.5, 1 and 0
    assert found["auroc"].estimate == pytest.approx(2.5 / 4)


def test_ties_of_the_selection_are_set_aside_and_counted(made):
    found = analysed(pairs(made, [("anti", 1, 2), ("tie", 1, 2), ("tie", 9, 2), ("anti", 2, 1)]))
    assert found["accuracy"].n == 2
    assert found["accuracy"].missing == 0
    assert "2 ties of the selection set aside" in found["accuracy"].note


def test_equal_scores_are_no_right_choice_and_are_counted(made):
    found = analysed(pairs(made, [("anti", 1, 1), ("anti", 1, 2)]))
    assert found["accuracy"].estimate == 0.5
    assert "1 equal score counts as no right choice" in found["accuracy"].note


def test_failed_cells_are_missing_with_bounds_and_never_dropped_silently(made):
    found = analysed(pairs(made, [("anti", 1, 2), ("anti", 1, None), ("anti", None, None), ("anti", 2, 1)]))
    accuracy = found["accuracy"]
    assert (accuracy.n, accuracy.missing) == (2, 0.5)
    assert accuracy.estimate == 0.5
    assert "with the 2 missing all wrong or all right: 0.250 to 0.750" in accuracy.note


def test_a_scorer_that_failed_everywhere_still_gets_a_finding(made):
    accuracy = analysed(pairs(made, [("anti", None, None), ("anti", None, None)]))["accuracy"]
    assert accuracy.estimate is None
    assert (accuracy.n, accuracy.missing) == (0, 1.0)
    assert accuracy.note.startswith("no rows")


def test_cells_that_were_never_computed_count_as_missing_once_the_scorer_was_tried(made):
    build = made()
    build.score(build.pair(choice="anti"), "s", oa=1, aa=2)
    build.pair(choice="anti")
    found = analysed(build.evidence())
    assert (found["accuracy"].n, found["accuracy"].missing) == (1, 0.5)


def test_imported_scores_owe_only_the_items_that_their_source_brought(made):
    build = made()
    build.score(build.pair(choice="anti"), "s", "published", oa=1, aa=2)
    build.pair(choice="anti")
    found = analysed(build.evidence())
    assert (found["accuracy"].n, found["accuracy"].missing) == (1, 0.0)
    assert "scores not computed here (source: published)" in found["accuracy"].note


def test_without_selection_the_anti_image_is_faithful_and_the_note_says_so(made):
    found = analysed(pairs(made, [(None, 1, 2), (None, 2, 1)]))
    assert found["accuracy"].estimate == 0.5
    assert "no independent selection on file: the anti image counts as the faithful one" in found["accuracy"].note
    assert found["auroc"].estimate is None
    assert "only one class occurs" in found["auroc"].note


def test_with_some_selections_the_note_counts_the_others(made):
    found = analysed(pairs(made, [(None, 1, 2), ("anti", 2, 1), ("original", 2, 1)]))
    assert "in 1 of 3 pairs" in found["accuracy"].note


def test_computed_and_imported_scores_never_share_an_address(made):
    build = made()
    for _ in range(3):
        item = build.pair(choice="anti")
        build.score(item, "s", oa=1, aa=2)
        build.score(item, "s", "published", oa=2, aa=1)
        build.score(item, "other", "published", oa=2, aa=1)
    parts = {
        (where.scorer, where.group.get("source")): contrast_findings(where, table, ("accuracy",))[0].estimate
        for where, table in by_scorer(build.evidence().contrasts(), Address("study"))
    }
    assert parts == {("s", None): 1.0, ("s", "published"): 0.0, ("other", None): 0.0}


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["anti", "original", "tie", None]),
        st.floats(-100, 100, allow_subnormal=False).map(lambda v: round(v, 3)),
        st.floats(-100, 100, allow_subnormal=False).map(lambda v: round(v, 3)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25)
@given(rows=ROWS)
def test_swapping_the_images_flips_the_margin(made, rows):
    one = analysed(pairs(made, rows), ("margin",))["margin"]
    two = analysed(pairs(made, [(c, anti, original) for c, original, anti in rows]), ("margin",))["margin"]
    if one.estimate is None:
        assert two.estimate is None
    else:
        assert two.estimate == pytest.approx(-one.estimate, abs=1e-9)


@settings(max_examples=25)
@given(rows=ROWS)
def test_swapping_images_and_selection_changes_nothing(made, rows):
    other = {"anti": "original", "original": "anti", "tie": "tie", None: None}
    selected = [row for row in rows if row[0] is not None]
    assume(selected)
    one = analysed(pairs(made, selected), ("accuracy", "margin"))
    two = analysed(pairs(made, [(other[c], b, a) for c, a, b in selected]), ("accuracy", "margin"))
    for metric in ("accuracy", "margin"):
        assert one[metric].estimate == pytest.approx(two[metric].estimate) or one[metric].n == 0
        assert one[metric].n == two[metric].n


@settings(max_examples=10)
@given(rows=ROWS, seed=st.integers(0, 5))
def test_the_order_of_rows_does_not_matter(made, rows, seed):
    evidence = pairs(made, rows)
    shuffled = type(evidence)(
        *(
            t.sample(fraction=1, shuffle=True, seed=seed) if len(t) else t
            for t in (evidence.items, evidence.grid, evidence.judged, evidence.labels, evidence.tokens)
        )
    )
    assert analysed(evidence) == analysed(shuffled)


def test_rows_of_one_prompt_are_resampled_together(made):
    build = made()
    for k in range(40):
        item = build.pair(choice="anti", prompt=f"p{k % 4}")
        build.score(item, "s", oa=0, aa=1 if k % 4 < 2 else -1)
    accuracy = analysed(build.evidence())["accuracy"]
    # Four prompts, all or nothing each: no interval for 40 independent rows would be so wide.
    assert (accuracy.low, accuracy.high) == (0.0, 1.0)
    assert "4 prompts behind 40 rows" in accuracy.note
