"""Faces under the sentence of their emotion, on made evidence."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.studies import STUDIES
from fauve.studies.emotion_generation import NEGATIVE

STUDY = STUDIES["emotion_generation"]
EMOTIONS = ("happiness", "anger", "fear", "sadness")


def find(findings, metric, group, **where):
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == group and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def portraits(build, generator, level, *, finder="eyes", templates=6):
    """A portrait of every emotion of ``level`` for templates 0, 1, …, each of which adds a level of its own."""
    for k in range(templates):
        for emotion, value in level.items():
            item = build.portrait(f"t{k}", emotion, generator=generator, finder=finder)
            build.score(
                item,
                "blip-l-probability",
                picture=value + k / 100,
                **({} if finder == "none" else {"face": value + k / 64}),
            )


def test_mean_of_the_face_by_generator_and_emotion(made):
    build = made()
    portraits(build, "dance-flux", {"happiness": 0.75, "anger": 0.25}, templates=3)
    findings = STUDY.analyse(build.evidence())
    found = find(
        findings, "mean", {"emotion": "anger", "of": "face"}, generator="dance-flux", scorer="blip-l-probability"
    )
    assert found.estimate == pytest.approx(0.25 + 1 / 64)
    assert found.published.value == 0.27
    assert "The face shows [emotion] expression" in found.note
    assert find(findings, "mean", {"emotion": NEGATIVE, "of": "face"}).published is None


def test_without_a_finder_the_whole_picture_is_scored_and_said_so(made):
    build = made()
    portraits(build, "dance-flux", {"anger": 0.25}, finder="none", templates=1)
    findings = STUDY.analyse(build.evidence())
    found = find(findings, "mean", {"emotion": "anger", "of": "whole picture"})
    assert found.estimate == 0.25
    assert found.published is None, "the published figure is of faces"
    assert "the whole picture was scored: no face was looked for" in found.note
    assert any("No face was looked for" in said for said in STUDY.sentences(findings))
    assert not [f for f in findings if f.metric == "faces_found"]


def test_faces_that_were_not_found_and_pictures_that_were_not_made_are_missing(made):
    build = made()
    portraits(build, "sdxl", {"anger": 0.5}, templates=2)
    build.score(
        build.portrait("faceless", "anger", finder="eyes", slots=["picture"]), "blip-l-probability", picture=0.9
    )
    blank = build.portrait("blank", "anger", finder="eyes", slots=["picture"])
    build.items[blank - 1] = (*build.items[blank - 1][:-1], [])
    found = find(findings := STUDY.analyse(build.evidence()), "mean", {"emotion": "anger", "of": "face"})
    assert (found.n, found.missing) == (2, 0.5)
    assert "no picture: 1 of 4 portraits; no face found: 1 of 4 portraits" in found.note
    faces = find(findings, "faces_found", {})
    assert (faces.estimate, faces.n, faces.missing) == (pytest.approx(2 / 3), 3, 0.25)
    assert any(said.startswith("A face was found in 2 of 3 (of 4;") for said in STUDY.sentences(findings))


def test_against_happiness_is_paired_by_template(made):
    build = made()
    portraits(build, "sdxl", {"happiness": 0.75, "anger": 0.5, "fear": 0.25})
    build.score(build.portrait("lonely", "anger", finder="eyes"), "blip-l-probability", face=0.99)
    findings = STUDY.analyse(build.evidence())
    anger = find(findings, "against_happy", {"emotion": "anger", "of": "face"})
    assert (anger.estimate, anger.n, anger.missing) == (-0.25, 6, pytest.approx(1 / 7))
    pooled = find(findings, "against_happy", {"emotion": NEGATIVE, "of": "face"})
    assert (pooled.estimate, pooled.n) == (pytest.approx(-0.375), 12)
    assert "6 templates behind 12 rows" in pooled.note


@pytest.mark.parametrize("suffix", ["", " (random weights)"])
def test_family_members_are_paired_by_template_and_emotion(made, suffix):
    build = made()
    portraits(build, f"flux-dev{suffix}", dict.fromkeys(EMOTIONS, 0.5))
    portraits(build, f"dance-flux{suffix}", {"happiness": 0.75, "anger": 0.25, "fear": 0.25, "sadness": 0.25})
    findings = STUDY.analyse(build.evidence())
    at = {"base": f"flux-dev{suffix}", "of": "face"}
    happy = find(findings, "difference", {**at, "emotion": "happiness"}, generator=f"dance-flux{suffix}")
    assert (happy.estimate, happy.n) == (0.25, 6)
    anger = find(findings, "difference", {**at, "emotion": "anger"})
    assert anger.estimate == -0.25
    assert (anger.published is None) == bool(suffix)
    assert suffix or anger.published.value == pytest.approx(0.27 - 0.51)
    if not suffix:
        assert STUDY.sentences(findings)[0].startswith(
            "Where anger, fear or sadness was asked for, the score of BLIP-L (probability) for the face by DanceFlux "
            "differs by −0.250 from that by its base FLUX.1 dev"
        )


def test_emotions_that_do_not_differ_have_an_interval_around_nothing(made):
    rng = np.random.default_rng(7)
    build = made()
    for k in range(60):
        for emotion in ("happiness", "anger"):
            build.score(
                build.portrait(f"t{k}", emotion, finder="eyes"), "blip-l-probability", face=float(rng.uniform())
            )
    found = find(STUDY.analyse(build.evidence()), "against_happy", {"emotion": "anger", "of": "face"})
    assert found.low < 0 < found.high


def test_scores_under_the_prompt_of_the_generator_are_another_question(made):
    build = made()
    item = build.portrait("t", "anger", finder="eyes")
    build.grid.append((item, "blip-l-probability", "computed", "face", "prompt", "ok", 0.9))
    findings = STUDY.analyse(build.evidence())
    assert {f.metric for f in findings} == {"faces_found"}
    assert build.evidence().contrasts().is_empty()


def test_charts(made):
    build = made()
    portraits(build, "flux-dev", dict.fromkeys(EMOTIONS, 0.5))
    portraits(build, "dance-flux", dict.fromkeys(EMOTIONS, 0.25))
    charts = {chart.name for chart in STUDY.charts(STUDY.analyse(build.evidence()))}
    assert charts == {
        f"emotion_generation-blip-l-probability-face-{e}" for e in (*EMOTIONS, NEGATIVE.replace(" ", "-"), "family")
    }


def test_sentences_and_charts_are_about_matchers_and_tables_about_all(made):
    build = made()
    portraits(build, "flux-dev", dict.fromkeys(EMOTIONS, 0.5))
    for row in list(build.grid):
        build.grid.append((row[0], "hpsv3", *row[2:]))
    findings = STUDY.analyse(build.evidence())
    assert {f.scorer for f in findings if f.scorer} == {"blip-l-probability", "hpsv3"}
    assert not [said for said in STUDY.sentences(findings) if "HPSv3" in said]
    assert not [chart for chart in STUDY.charts(findings) if "hpsv3" in chart.name]
