"""Populations, dimensions and the correlation with human preferences, on made evidence."""

from __future__ import annotations

import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["reward_classification"]


def accuracy(findings, scorer, generator=None, **group):
    matches = [
        f
        for f in findings
        if (f.metric, f.scorer, f.generator, dict(f.group)) == ("accuracy", scorer, generator, group)
    ]
    assert len(matches) == 1
    return matches[0]


def test_generators_are_pooled_among_themselves_and_never_with_stimuli(made):
    build = made()
    for generator, right in (("sdxl", True), ("sd3.5-m", False), ("stimuli", True)):
        for _ in range(4):
            build.score(build.pair(generator=generator, choice="anti"), "hpsv3", oa=0.0, aa=1.0 if right else -1.0)
    findings = STUDY.analyse(build.evidence())
    assert accuracy(findings, "hpsv3").estimate == 0.5
    assert accuracy(findings, "hpsv3").n == 8
    assert accuracy(findings, "hpsv3", "sdxl").estimate == 1.0
    assert accuracy(findings, "hpsv3", "stimuli").estimate == 1.0


def test_one_generator_is_not_called_pooled(made):
    build = made()
    build.score(build.pair(generator="sdxl", choice="anti"), "hpsv3", oa=0.0, aa=1.0)
    assert {f.generator for f in STUDY.analyse(build.evidence()) if f.metric == "accuracy"} == {"sdxl"}


def test_pooling_leaves_out_generators_that_a_scorer_was_never_tried_on(made):
    build = made()
    for generator in ("sdxl", "sd3.5-m"):
        item = build.pair(generator=generator, choice="anti")
        build.score(item, "hpsv3", oa=0.0, aa=1.0)
        build.score(item, "mps", oa=0.0, aa=1.0)
    build.score(build.pair(generator="flux-dev", choice="anti"), "mps", oa=0.0, aa=1.0)
    findings = STUDY.analyse(build.evidence())
    assert (accuracy(findings, "hpsv3").n, accuracy(findings, "hpsv3").missing) == (2, 0.0)
    assert accuracy(findings, "mps").n == 3


def test_a_pair_counts_for_every_dimension_that_it_asks_for(made):
    build = made()
    build.score(build.pair(choice="anti", dimensions=["clarity", "richness"]), "hpsv3", oa=0.0, aa=1.0)
    build.score(build.pair(choice="anti", dimensions=["clarity"]), "hpsv3", oa=1.0, aa=0.0)
    findings = STUDY.analyse(build.evidence())
    assert accuracy(findings, "hpsv3", "sdxl", dimension="clarity").n == 2
    assert accuracy(findings, "hpsv3", "sdxl", dimension="clarity").estimate == 0.5
    assert accuracy(findings, "hpsv3", "sdxl", dimension="richness").estimate == 1.0


def test_published_values_stand_beside_pooled_findings_only(made):
    build = made()
    for generator in ("sdxl", "sd3.5-m"):
        build.score(build.pair(generator=generator, choice="anti"), "hpsv3", oa=0.0, aa=1.0)
    findings = STUDY.analyse(build.evidence())
    assert accuracy(findings, "hpsv3").published.value == 0.381
    assert accuracy(findings, "hpsv3", "sdxl").published is None


def four_scorers(made):
    build = made()
    right = {"imagereward": 9, "mps": 7, "hpsv2.1": 5, "hpsv3": 2}
    for k in range(10):
        item = build.pair(choice="anti")
        for scorer, hits in right.items():
            build.score(item, scorer, oa=0.0, aa=1.0 if k < hits else -1.0)
    return STUDY.analyse(build.evidence())


def correlations(findings, **group):
    at = {"with": "HPDv3 preference accuracy", **group}
    rest = [(f, {k: v for k, v in f.group.items() if k != "method"}) for f in findings if f.metric == "correlation"]
    return {f.group["method"]: f for f, where in rest if where == at}


def test_correlation_with_preference_accuracy_has_its_exact_test(made):
    found = correlations(four_scorers(made))
    assert found["spearman"].estimate == pytest.approx(-1.0)
    assert found["pearson"].estimate < -0.9
    assert found["spearman"].n == 4
    assert found["spearman"].test.p == 2 / 24
    assert "2 of the 24 orders of 4 scorers" in found["spearman"].note
    assert "n = 4 proves nothing" in found["spearman"].note
    assert "that of version 2.0" in found["spearman"].note
    assert found["spearman"].published.value == -1.0


def test_three_scorers_prove_nothing_and_that_is_said(made):
    findings = four_scorers(made)
    three = correlations(findings, over="the three of the paper")
    assert (three["spearman"].estimate, three["spearman"].low, three["spearman"].n) == (pytest.approx(-1.0), None, 3)
    assert three["spearman"].test.p == 2 / 6
    assert three["pearson"].published.value == -0.995
    assert "the smallest p that any order could have is 0.333: n = 3 proves nothing" in three["spearman"].note
    build = made()
    for k in range(10):
        item = build.pair(choice="anti")
        for scorer, hits in {"imagereward": 9, "hpsv2.1": 5, "hpsv3": 2}.items():
            build.score(item, scorer, oa=0.0, aa=1.0 if k < hits else -1.0)
    alone = STUDY.analyse(build.evidence())
    assert correlations(alone)["spearman"].n == 3
    assert not correlations(alone, over="the three of the paper")
    said = STUDY.sentences(alone)[-1]
    assert "3 scorers prove nothing: by chance alone it would be as far from 0 in 1 of 3 cases" in said


def test_two_scorers_have_no_correlation(made):
    build = made()
    for k in range(10):
        item = build.pair(choice="anti")
        for scorer, hits in {"imagereward": 9, "hpsv3": 2}.items():
            build.score(item, scorer, oa=0.0, aa=1.0 if k < hits else -1.0)
    found = correlations(STUDY.analyse(build.evidence()))["spearman"]
    assert found.estimate is None
    assert "n = 2 scorers proves nothing" in found.note


def test_accuracies_on_ones_own_test_stand_apart(made):
    own = [f for f in four_scorers(made) if f.group.get("with") == "own published preference accuracy"]
    assert {f.n for f in own} == {3}, "HPSv2.1 has none on file"
    assert all("each on another test" in f.note and f.published is None for f in own)


def test_preference_chart_stands_in_the_order_of_general_taste(made):
    charts = {c.name: c for c in STUDY.charts(four_scorers(made))}
    labels = [m.label for m in charts["reward_classification-preference"].marks]
    assert labels == ["HPSv3 (76.9 %)", "HPSv2.1 (65.3 %)", "MPS (64.3 %)", "ImageReward (58.6 %)"]


def test_headline_is_the_scorer_that_overrules_the_prompt_most(made):
    said = STUDY.sentences(four_scorers(made))
    assert said[0].startswith("HPSv3 chose the picture that was asked for in 2 of 10 pairs by SDXL (95 % interval ")


def test_charts_draw_chance_and_mark_controls(made):
    build = made()
    for _ in range(5):
        item = build.pair(choice="anti", dimensions=["clarity"])
        build.score(item, "hpsv3", oa=1.0, aa=0.0)
        build.score(item, "random", oa=0.0, aa=1.0)
    charts = {c.name: c for c in STUDY.charts(STUDY.analyse(build.evidence()))}
    chart = charts["reward_classification-accuracy"]
    assert chart.lines == ((0.5, "chance"),)
    assert {m.series: m.control for m in chart.marks} == {"hpsv3": False, "random": True}
    assert [m.label for m in charts["reward_classification-dimensions"].marks] == ["clarity"]


def test_no_evidence_no_findings_no_sentences(made):
    assert STUDY.analyse(made().evidence()) == []
    assert STUDY.sentences([]) == []
    assert STUDY.charts([]) == []
