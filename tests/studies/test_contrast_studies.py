"""Studies of ready-made contrasts: photographs, critique, emotions."""

from __future__ import annotations

import pytest

from fauve.studies import STUDIES


def find(findings, metric, **group):
    matches = [f for f in findings if f.metric == metric and dict(f.group) == group]
    assert len(matches) == 1
    return matches[0]


@pytest.mark.parametrize(
    ("name", "grouping", "values"),
    [
        ("photographs", "category", ("clarity_and_focus.intentional_blur", "color_and_tone.sickly_cast")),
        ("critique", "topic", ("anti-war", "pollution")),
        ("emotion_reward", "emotion", ("anger", "sadness")),
    ],
)
def test_overall_and_by_group(made, name, grouping, values):
    build = made()
    for value, faithful in ((values[0], 3.0), (values[0], 1.0), (values[1], 1.0), (values[1], 0.0)):
        build.score(build.contrast(name, groups={grouping: value}), "hpsv3", faithful=faithful, default=2.0)
    findings = STUDIES[name].analyse(build.evidence())
    assert find(findings, "accuracy").estimate == 0.25
    assert find(findings, "margin").estimate == pytest.approx(-0.75)
    assert find(findings, "accuracy", **{grouping: values[0]}).estimate == 0.5
    assert find(findings, "accuracy", **{grouping: values[1]}).estimate == 0.0
    assert STUDIES[name].sentences(findings)[0].startswith("HPSv3 chose the picture that was asked for in 1 of 4")
    charts = STUDIES[name].charts(findings)
    assert [c.name for c in charts] == [f"{name}-accuracy", f"{name}-{grouping}"]
    assert charts[0].lines == ((0.5, "chance"),)


def test_contrasts_of_another_study_do_not_count(made):
    build = made()
    build.score(build.contrast("critique"), "hpsv3", faithful=1.0, default=0.0)
    assert STUDIES["photographs"].analyse(build.evidence()) == []


def test_bias_is_the_margin_with_its_sign_turned(made):
    build = made()
    for faithful in (1.0, 2.0, 4.0):
        build.score(build.contrast("photographs"), "hpsv3", faithful=faithful, default=5.0)
    findings = STUDIES["photographs"].analyse(build.evidence())
    margin, bias = find(findings, "margin"), find(findings, "bias")
    assert (bias.estimate, bias.low, bias.high) == (-margin.estimate, -margin.high, -margin.low)
    assert bias.published.value == 5.90
    assert margin.test is not None
    assert bias.test is None


def test_photographs_say_what_was_asked_by_their_category(made):
    build = made()
    for faithful in (0.5, 1.9):
        item = build.contrast("photographs", groups={"category": "clarity_and_focus.intentional_blur"})
        build.judged += [
            (item, "faithful", "eye", "clarity", "ok", faithful),
            (item, "default", "eye", "clarity", "ok", 2.0),
        ]
    delivered = find(STUDIES["photographs"].analyse(build.evidence()), "honoured", judge="eye")
    assert (delivered.estimate, delivered.n) == (0.5, 2)


def test_emotions_have_published_accuracies(made):
    build = made()
    for emotion in ("anger", "fear", "sadness"):
        build.score(build.contrast("emotion_reward", groups={"emotion": emotion}), "hpsv3", faithful=0.0, default=1.0)
    findings = STUDIES["emotion_reward"].analyse(build.evidence())
    stated = {f.group["emotion"]: f.published.value for f in findings if f.metric == "accuracy" and f.group}
    assert stated == {"anger": 0.190, "fear": 0.320, "sadness": 0.440}
    assert find(findings, "accuracy").published is None


def test_several_scorers_are_ranked_by_how_often_they_overrule_the_prompt(made):
    build = made()
    for k in range(4):
        item = build.contrast("photographs")
        build.score(item, "mps", faithful=1.0, default=0.0)
        build.score(item, "hpsv3", faithful=float(k == 0), default=0.5)
        build.score(item, "random", faithful=0.0, default=0.5)
    said = STUDIES["photographs"].sentences(STUDIES["photographs"].analyse(build.evidence()))
    assert said[0].startswith("HPSv3 chose the picture that was asked for in 1 of 4 photographs")
    assert said[1].startswith("MPS chose the picture that was asked for in 4 of 4 photographs")
    assert not any("Random" in sentence for sentence in said)


def test_failed_cells_count_as_missing(made):
    build = made()
    build.score(build.contrast("photographs"), "hpsv3", faithful=1.0, default=0.0)
    build.score(build.contrast("photographs"), "hpsv3", faithful=None, default=0.0)
    accuracy = find(STUDIES["photographs"].analyse(build.evidence()), "accuracy")
    assert (accuracy.n, accuracy.missing) == (1, 0.5)
