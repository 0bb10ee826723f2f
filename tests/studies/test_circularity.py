"""Findings under each selector and judge: what is robust, what is contradicted, and how many columns said so."""

from __future__ import annotations

import pytest

from fauve.studies import STUDIES
from fauve.studies.standpoints import judge_selections, standpoints

STUDY = STUDIES["circularity"]


def scored(build, n=40, generator="sdxl", margin=1.0, **columns):
    """Pairs whose anti image a scorer puts higher by ``margin``; each selector always chooses what its column says."""
    items = []
    for k in range(n):
        item = build.pair(generator=generator, prompt=f"{generator} {k}", dimensions=["clarity"])
        build.score(item, "hpsv3", oa=0.0, aa=margin, oo=0.0, ao=0.0)
        for name, choice in columns.items():
            build.select(item, name, choice)
        items.append(item)
    return items


def verdict(build, metric, **where):
    rows = [
        f for f in STUDY.analyse(build.evidence()) if f.metric == "columns_agreeing" and f.group["finding"] == metric
    ]
    rows = [f for f in rows if all(getattr(f, key) == value for key, value in where.items())]
    assert len(rows) == 1
    return rows[0]


def cells(build, metric, **where):
    return {
        f.group["under"]: f
        for f in STUDY.analyse(build.evidence())
        if f.metric == metric and all(getattr(f, key) == value for key, value in where.items())
    }


def test_a_sign_that_every_column_shares_is_robust(made):
    build = made()
    scored(build, qwen="anti", people="anti")
    assert {name: f.estimate for name, f in cells(build, "accuracy").items()} == {"people": 1.0, "qwen": 1.0}
    found = verdict(build, "accuracy")
    assert (found.estimate, found.n) == (1.0, 2)
    assert found.note == "robust: of 2 columns 2 above 0.5, 0 below, 0 undecided"
    assert verdict(build, "margin").note.startswith("robust: of 2 columns 2 above 0,")
    assert verdict(build, "success").note.startswith("robust")


def test_columns_on_opposite_sides_contradict_and_are_named_in_a_sentence(made):
    build = made()
    scored(build, qwen="anti", people="original")
    found = verdict(build, "accuracy")
    assert (found.estimate, found.note) == (0.5, "contradicted: of 2 columns 1 above 0.5, 1 below, 0 undecided")
    said = STUDY.sentences(STUDY.analyse(build.evidence()))
    assert said[0].startswith("0 of 3 findings")
    assert "Accuracy of HPSv3: contradicted: of 2 columns 1 above 0.5, 1 below, 0 undecided." in said


def test_an_undecided_column_keeps_a_finding_from_being_robust(made):
    build = made()
    items = scored(build, qwen="anti")
    for k, item in enumerate(items):
        build.select(item, "people", "anti" if k % 2 else "original")
    assert verdict(build, "accuracy").note == (
        "not robust, though no column contradicts it: of 2 columns 1 above 0.5, 0 below, 1 undecided"
    )


def test_one_column_proves_nothing(made):
    build = made()
    scored(build, qwen="anti")
    assert verdict(build, "accuracy").note.startswith("one column only")
    assert STUDY.sentences(STUDY.analyse(build.evidence())) == []


def test_nobodys_selection_is_no_column(made):
    build = made()
    scored(build)
    assert STUDY.analyse(build.evidence()) == []


def test_a_judge_selects_by_what_was_asked_and_it_can_see(made):
    build = made()
    lower, higher, close, blind, failed = (build.pair(dimensions=["clarity", "emotion"]) for _ in range(5))
    build.judge(lower, "clarity", 2.0, 1.0)
    build.judge(higher, "clarity", 1.0, 2.0)
    build.judge(close, "clarity", 1.0, 0.9)
    build.judge(blind, "richness", 2.0, 0.0)  # nothing that was asked
    build.judge(failed, "clarity", 2.0, None)
    contrast = build.contrast("photographs", groups={"category": "color_and_tone.muted_faded"})
    for dimension in ("color aesthetic", "color brightness", "clarity"):
        build.look(contrast, dimension, faithful=0.0, default=2.0)
    rows = {item: (selector, choice) for item, selector, choice, _ in judge_selections(build.evidence()).rows()}
    assert rows == {
        lower: ("judge eye", "anti"),
        higher: ("judge eye", "original"),
        close: ("judge eye", "tie"),
        contrast: ("judge eye", "faithful"),
    }


def test_several_dimensions_are_averaged(made):
    build = made()
    item = build.pair(dimensions=["clarity", "emotion"])
    build.judge(item, "clarity", 2.0, 1.0)
    build.judge(item, "emotion", 1.0, 1.8)
    (row,) = judge_selections(build.evidence()).rows()
    assert row[2] == "tie"  # lower by 0.1 on average


def test_judges_are_columns_beside_selectors(made):
    build = made()
    for item in scored(build, qwen="anti"):
        build.judge(item, "clarity", 2.0, 0.5)
        build.judge(item, "clarity", 0.5, 2.0, judge="contrary")
    _, names = standpoints(build.evidence())
    assert names == ["qwen", "judge contrary", "judge eye"]
    found = cells(build, "accuracy")
    assert {name: f.estimate for name, f in found.items()} == {"qwen": 1.0, "judge eye": 1.0, "judge contrary": 0.0}
    assert verdict(build, "accuracy").note.startswith("contradicted: of 3 columns 2 above 0.5, 1 below")
    honoured = cells(build, "honoured")
    assert {name: f.estimate for name, f in honoured.items()} == {"judge eye": 1.0, "judge contrary": 0.0}
    shift = cells(build, "shift")
    assert {name: f.estimate for name, f in shift.items()} == {"judge eye": -1.5, "judge contrary": 1.5}
    assert verdict(build, "shift").note.startswith("contradicted")


def test_a_column_counts_only_the_pairs_that_it_chose_in(made):
    build = made()
    for k, item in enumerate(scored(build, n=20, qwen="anti")):
        if k < 12:
            build.select(item, "people", "tie" if k < 2 else "anti")
    found = cells(build, "accuracy")
    assert (found["qwen"].n, found["people"].n) == (20, 10)
    assert "2 ties of the selection set aside" in found["people"].note
    success = cells(build, "success")["people"]
    assert (success.estimate, success.n, success.missing) == (10 / 12, 12, pytest.approx(8 / 20))


def test_generators_are_pooled_and_stimuli_apart(made):
    build = made()
    scored(build, n=10, generator="sdxl", qwen="anti", people="anti")
    scored(build, n=10, generator="flux-dev", qwen="anti", people="anti")
    scored(build, n=10, generator="stimuli", margin=-1.0, construction="anti", qwen="anti")
    assert verdict(build, "accuracy", generator=None).n == 2
    assert cells(build, "accuracy", generator=None)["qwen"].n == 20
    stimuli = cells(build, "accuracy", generator="stimuli")
    assert {name: f.estimate for name, f in stimuli.items()} == {"construction": 0.0, "qwen": 0.0}
    assert verdict(build, "accuracy", generator="stimuli").note.startswith("robust: of 2 columns 0 above 0.5, 2 below")
    assert {f.generator for f in STUDY.analyse(build.evidence()) if f.metric == "success"} == {"sdxl", "flux-dev"}


def test_controls_are_no_findings(made):
    build = made()
    for item in scored(build, qwen="anti"):
        build.score(item, "oracle", oa=0.0, aa=1.0, oo=0.0, ao=0.0)
        build.score(item, "random", oa=0.0, aa=1.0, oo=0.0, ao=0.0)
    assert {f.scorer for f in STUDY.analyse(build.evidence()) if f.scorer} == {"hpsv3"}


def test_the_chart_compares_columns(made):
    build = made()
    scored(build, qwen="anti", people="original")
    (chart,) = STUDY.charts(STUDY.analyse(build.evidence()))
    assert {(mark.label, mark.series, mark.estimate) for mark in chart.marks} == {
        ("qwen", "hpsv3", 1.0),
        ("people", "hpsv3", 0.0),
    }
