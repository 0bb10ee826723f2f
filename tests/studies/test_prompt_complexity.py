"""Wordings and prompts as long that ask for nothing, on made evidence with planted differences."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES

STUDY = STUDIES["prompt_complexity"]


def find(findings, metric, group, **where):
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == group and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def plant(build, *, look, length, manner=0.0, captions=12, generator="sdxl", scorer="hpsv3", noise=None, first=0):
    """The score falls by ``length`` under a longer prompt, by ``look`` in an anti picture, by ``manner`` by template.

    Each caption has a level of its own, which pairing takes away.
    """
    for k in range(first, first + captions):
        level = 10.0 * k
        for wording in ("written", "template", "neutral"):
            own = 0.0 if noise is None else float(noise.normal(0, 0.1))
            fall = 0.0 if wording == "neutral" else look + (manner if wording == "template" else 0.0)
            item = build.pair(
                generator=generator,
                prompt=f"caption {k}",
                request=f"caption {k} asked for {wording} in {'six words' if wording == 'neutral' else 'words'}",
                groups={"wording": wording},
            )
            build.score(
                item, scorer, oo=level, ao=level - fall - length / 2 + own, oa=level - length, aa=level - length - fall
            )


def test_length_is_not_taken_for_the_look(made):
    build = made()
    plant(build, look=0.0, length=3.0)
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "shift", {"wording": "written"}).estimate == pytest.approx(-1.5)
    assert find(findings, "shift", {"wording": "neutral"}).estimate == pytest.approx(-1.5)
    beyond = find(findings, "shift_between", {"wording": "written", "against": "neutral"})
    assert beyond.estimate == pytest.approx(0.0)
    assert find(findings, "prompt_shift", {"wording": "written"}).estimate == pytest.approx(-3.0)
    plain = find(findings, "prompt_shift_between", {"wording": "written", "against": "neutral"})
    assert plain.estimate == pytest.approx(0.0)


def test_the_look_is_what_is_left_beyond_length(made):
    build = made()
    plant(build, look=2.0, length=3.0, manner=0.5, noise=np.random.default_rng(1))
    findings = STUDY.analyse(build.evidence())
    written = find(findings, "shift_between", {"wording": "written", "against": "neutral"})
    assert written.low < -2.0 < written.high < -1.5
    assert written.n == 12
    assert written.test.p_adjusted < 0.05
    template = find(findings, "shift_between", {"wording": "template", "against": "neutral"})
    assert template.low < -2.5 < template.high
    manner = find(findings, "shift_between", {"wording": "template", "against": "written"})
    assert manner.low < -0.5 < manner.high < 0.0
    said = STUDY.sentences(findings)
    assert said[0].startswith("With pictures of anti prompts (by template) by SDXL, HPSv3 changes by −3.99")
    assert "is not length" in said[0]
    assert "prompts as long that ask for nothing" in said[0]


def test_differences_are_paired_by_caption_and_generator(made):
    build = made()
    plant(build, look=2.0, length=0.0, captions=3)
    plant(build, look=4.0, length=0.0, captions=3, generator="sd3.5-m")
    lonely = build.pair(prompt="lonely", groups={"wording": "written"})
    build.score(lonely, "hpsv3", oo=0.0, ao=-99.0)
    findings = STUDY.analyse(build.evidence())
    at = {"wording": "written", "against": "neutral"}
    pooled = find(findings, "shift_between", at, generator=None)
    assert (pooled.estimate, pooled.n) == (pytest.approx(-3.0), 6)
    assert "3 captions behind 6 rows" in pooled.note
    assert find(findings, "shift_between", at, generator="sdxl").estimate == pytest.approx(-2.0)
    assert find(findings, "shift_between", at, generator="sd3.5-m").estimate == pytest.approx(-4.0)


def test_a_failed_cell_is_missing_from_the_difference(made):
    build = made()
    plant(build, look=2.0, length=0.0, captions=3)
    place = next(i for i, row in enumerate(build.grid) if row[3:5] == ("anti", "original"))
    build.grid[place] = (*build.grid[place][:5], "failed", None)
    found = find(STUDY.analyse(build.evidence()), "shift_between", {"wording": "written", "against": "neutral"})
    assert (found.n, found.missing) == (2, pytest.approx(1 / 3))


def test_contrast_under_each_wording(made):
    build = made()
    for k in range(8):
        for wording, wins in (("written", 6), ("template", 2)):
            item = build.pair(prompt=f"p{k}", request=f"{k} {wording}", groups={"wording": wording}, choice="anti")
            build.score(item, "hpsv3", oa=0.0, aa=1.0 if k < wins else -1.0)
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "accuracy", {"wording": "written"}).estimate == 0.75
    assert find(findings, "accuracy", {"wording": "template"}).estimate == 0.25
    assert find(findings, "margin", {"wording": "template"}).estimate == -0.5
    at = {"wording": "template", "against": "written"}
    assert find(findings, "accuracy_between", at).estimate == -0.5
    assert find(findings, "margin_between", at).estimate == -1.0
    said = " ".join(STUDY.sentences(findings))
    assert "in 25 % of pairs worded by template" in said.replace(" by SDXL", "")
    assert "and in 75 % of those worded as written" in said


def test_words_of_every_wording_and_of_captions(made):
    build = made()
    plant(build, look=1.0, length=1.0, captions=3)
    findings = STUDY.analyse(build.evidence())
    counts = {f.group["wording"]: f.estimate for f in findings if f.metric == "words"}
    assert counts == {"written": 7.0, "template": 7.0, "neutral": 8.0, "caption": 2.0}
    assert STUDY.sentences(findings)[-1].startswith("Captions have 2.0 words on average; the prompts made of them have")


def test_one_wording_or_none_is_no_question(made):
    build = made()
    for groups in ({}, {"wording": "written"}):
        build.score(build.pair(groups=groups), "hpsv3", oo=0.0, ao=1.0, oa=0.0, aa=1.0)
    assert STUDY.analyse(build.evidence()) == []
    assert STUDY.sentences([]) == []
    assert STUDY.charts([]) == []


def test_neutral_pairs_enter_no_study_of_requests(made):
    """What asks for nothing has no faithful picture: it would pull every accuracy towards chance."""
    build = made()
    for k in range(6):
        item = build.pair(prompt=f"p{k}", groups={"wording": "neutral"}, choice="original")
        build.score(item, "hpsv3", oo=0.0, ao=-50.0, oa=1.0, aa=0.0)
    item = build.pair(prompt="p", choice="anti")
    build.score(item, "hpsv3", oo=0.0, ao=1.0, oa=0.0, aa=1.0)
    evidence = build.evidence()
    assert {f.n for f in STUDIES["reward_classification"].analyse(evidence) if f.metric == "accuracy"} == {1}
    shift = [f for f in STUDIES["generation"].analyse(evidence) if f.metric == "shift" and f.scorer]
    assert [(f.estimate, f.n) for f in shift] == [(1.0, 1)]


def test_charts_stand_on_no_change_and_chance(made):
    build = made()
    plant(build, look=2.0, length=1.0)
    charts = {c.name: c for c in STUDY.charts(STUDY.analyse(build.evidence()))}
    assert [m.label for m in charts["prompt_complexity-hpsv3-shift"].marks] == [
        "SDXL, as written",
        "SDXL, by template",
        "SDXL, neutral, as long",
    ]
    assert charts["prompt_complexity-hpsv3-beyond"].lines == ((0.0, "no change"),)
    assert charts["prompt_complexity-accuracy"].lines == ((0.5, "chance"),)
