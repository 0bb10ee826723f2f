"""What holds for every study."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import fauve.studies
from fauve.records import Finding
from fauve.studies import STUDIES, analyse_all
from fauve.studies.families import FAMILIES
from fauve.vocabulary import PROMPT_DIMENSIONS

ORDER = [
    "reward_classification",
    "generation",
    "editing",
    "steering",
    "probe",
    "prompt_complexity",
    "photographs",
    "real_art",
    "critique",
    "emotion_reward",
    "emotion_generation",
    "truncation",
    "calibration",
    "dimensions",
    "judge_validation",
    "selection_agreement",
    "human_agreement",
    "circularity",
    "sensitivity",
]


def steer_edit_and_portray(build, score, rng):
    """Steered generators, edits with their pairs, portraits with a finder; some edits and faces fail."""
    for generator in ("sd3.5-m+vsf@2.0", "sd3.5-m+vsf@3.0", "sd3.5-m-pickscore~-0.5", "sd3.5-m-pickscore~0.5"):
        for k in range(10):
            item = build.pair(generator=generator, prompt=f"p{k}", dimensions=["clarity", "richness"])
            score(item, "oo", "oa", "ao", "aa")
            for d in ("clarity", "richness"):
                build.judge(item, d, *rng.uniform(0, 2, 2))
    plain = [build.pair(generator="nano-banana", prompt=f"p{k}", name=f"e{k}") for k in range(10)]
    for item in plain:
        build.judge(item, "clarity", 2.0, 1.0)
    for generator in ("sd3.5-m", "sd3.5-m-pickscore"):
        for arm in ("strength 0.5", "encode-decode", "reference"):
            for k in range(10):
                item = build.edit(
                    f"e{k}", arm, generator=generator, prompt=f"p{k}", dimensions=["clarity"], failed=k == 3
                )
                score(item, "input", *([] if k == 3 else ["edit"]))
                build.look(item, "clarity", input=1.0, **({} if k == 3 else {"edit": float(rng.uniform(0, 2))}))
        for emotion in ("happiness", "anger", "sadness"):
            for k in range(6):
                slots = ["picture"] if k == 2 else ["face", "picture"]
                item = build.portrait(f"t{k}", emotion, generator=generator, finder="eyes", slots=slots)
                score(item, *slots)


def reword_and_hang(build, score):
    """The same captions in three wordings; artworks under two captions, some with a style or a name."""
    for wording in ("written", "template", "neutral"):
        for k in range(10):
            item = build.pair(
                generator="sd3.5-m", prompt=f"p{k}", request=f"p{k} {wording}", groups={"wording": wording}
            )
            score(item, "oo", "oa", "ao", "aa")
    for k in range(10):
        groups = {"style": "cubism"} if k % 2 else {"work": f"Untitled {k}"}
        score(build.picture("real_art", groups=groups), "picture:prompt", "picture:shuffled")


def rate(build, item, choice, k):
    """Three people, of whom the first chose what is on file as selected by people."""
    if choice is not None:
        said = (choice, "anti", ("tie", "original")[k % 2])
        build.ratings += [(item, f"r{n}", one, "original", 3.5) for n, one in enumerate(said)]


@pytest.fixture(scope="module")
def rich(made):
    """Something for every study: two generators of a family, stimuli, contrasts, a judge, labels, failures."""
    rng = np.random.default_rng(5)
    build = made()

    def score(item, *cells):
        for scorer, source in (
            ("hpsv3", "computed"),
            ("hpsv3", "published"),
            ("blip-l", "computed"),
            ("random", "computed"),
        ):
            failed = scorer == "blip-l" and item % 7 == 0
            build.score(item, scorer, source, **{c: None if failed else float(rng.normal()) for c in cells})

    for generator in ("sd3.5-m", "sd3.5-m-pickscore"):
        for k in range(40):
            dimensions = [PROMPT_DIMENSIONS[k % 11], PROMPT_DIMENSIONS[(k + 3) % 11]]
            choice = ("anti", "original", "tie", None)[k % 4]
            item = build.pair(generator=generator, prompt=f"p{k}", dimensions=dimensions, choice=choice)
            score(item, "oo", "oa", "ao", "aa")
            rate(build, item, choice, k)
            build.count(item, "blip-l", "anti", f"request {k}", 20 + 3 * k, k > 20)
            for d in ("clarity", "richness", *dimensions):
                if not any(r[0] == item and r[3] == d for r in build.judged):
                    build.judge(item, d, *rng.uniform(0, 2, 2))
    reword_and_hang(build, score)
    for photo in "abcd":
        for strength in ("0.5", "1"):
            groups = {"effect": "defocus", "strength": strength, "photo": photo}
            item = build.pair(generator="stimuli", prompt=photo, groups=groups, dimensions=["clarity"], choice="anti")
            score(item, "oo", "oa", "ao", "aa")
            build.judge(item, "clarity", 2.0, 1.0)
    for study, group in (
        ("photographs", {"category": "color_and_tone.muted_faded"}),
        ("critique", {"topic": "pollution"}),
        ("emotion_reward", {"emotion": "fear"}),
    ):
        for _ in range(3):
            score(build.contrast(study, groups=group), "faithful", "default")
    steer_edit_and_portray(build, score, rng)
    for k in range(12):
        build.label(f"image {k}", "clarity", float(rng.uniform(0, 2)), int(rng.integers(-2, 3)))
    return build.evidence()


def test_order_of_presentation():
    assert list(STUDIES) == ORDER


@pytest.mark.parametrize("name", ORDER)
def test_a_study_says_what_it_is(name):
    study = STUDIES[name]
    assert study.name == name
    for text in (study.title, study.question, study.method, study.source):
        assert text
        assert text == text.strip()
    assert study.question.endswith("?")


@pytest.mark.parametrize("name", ORDER)
def test_findings_sentences_and_charts(rich, name):
    study = STUDIES[name]
    findings = study.analyse(rich)
    assert findings or name == "dimensions"
    assert {f.study for f in findings} <= {name}
    for sentence in study.sentences(findings):
        assert sentence.endswith(".")
        assert "None" not in sentence
        assert "nan" not in sentence.split()
    charts = study.charts(findings)
    assert all(chart.marks for chart in charts)
    assert len({chart.name for chart in charts}) == len(charts)


def test_no_two_findings_share_an_address(rich):
    findings = analyse_all(rich)
    assert [k for k, n in Counter(f.key for f in findings).items() if n > 1] == []
    assert list(dict.fromkeys(f.study for f in findings)) == [n for n in ORDER if n in {f.study for f in findings}]


def test_every_estimate_has_an_interval_or_says_why_not(rich):
    for f in analyse_all(rich):
        if f.estimate is None or f.low is None:
            assert f.note
        else:
            assert f.low <= f.estimate <= f.high or f.metric in {"kappa", "wf1", "wmae"}
        assert 0.0 <= f.missing <= 1.0
        assert f.test is None or f.test.p_adjusted >= f.test.p


def test_findings_survive_json_and_do_not_depend_on_the_order_of_rows(rich):
    findings = analyse_all(rich)
    assert [Finding.from_json(f.as_json()) for f in findings] == findings
    tables = (rich.items, rich.grid, rich.judged, rich.labels, rich.tokens, rich.selections, rich.choices)
    mixed, others = (
        [t.sample(fraction=1, shuffle=True, seed=2) for t in part] for part in (tables, [rich.lengths, rich.ratings])
    )
    shuffled = type(rich)(*mixed, lengths=others[0], ratings=others[1])
    assert analyse_all(shuffled) == findings


def test_computed_and_published_scores_of_one_scorer_stay_apart(rich):
    for f in analyse_all(rich):
        if f.scorer == "hpsv3":
            imported = "scores not computed here (source: published)" in (f.note or "")
            assert imported == ("source" in f.group) or f.metric in {"shift", "slope"}, f


def test_nothing_to_analyse_states_nothing(made):
    assert analyse_all(made().evidence()) == []
    for study in STUDIES.values():
        assert study.sentences([]) == []
        assert study.charts([]) == []


def test_studies_do_not_import_each_other():
    folder = Path(fauve.studies.__file__).parent
    for name in ORDER:
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert node.module.removeprefix("fauve.studies.") not in ORDER


def test_families_name_each_variant_once_and_only_real_bases():
    assert len({v.name for v in FAMILIES}) == len(FAMILIES)
    assert {v.base for v in FAMILIES}.isdisjoint(v.name for v in FAMILIES)
