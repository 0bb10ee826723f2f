"""People and those who stand in for them: known tables, a reference library, a planted ceiling."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from fauve.studies import STUDIES
from fauve.studies.comparability import compared

STUDY = STUDIES["human_agreement"]
NAMES = ("original", "tie", "anti")


def found(build, metric, **group):
    matching = [f for f in STUDY.analyse(build.evidence()) if f.metric == metric and f.group == group]
    assert len(matching) <= 1
    return matching[0] if matching else None


def rated(made, *, people=6, items=150, person=0.75, model=0.75, seed=0):
    """Raters and a model who each see the truth with some chance and else guess."""
    build, rng = made(), np.random.default_rng(seed)
    for _ in range(items):
        item, truth = build.pair(), rng.integers(3)
        said = np.where(rng.random(people) < person, truth, rng.integers(0, 3, people))
        build.rate(item, {f"r{k}": NAMES[c] for k, c in enumerate(said)}, first="original")
        build.select(item, "qwen", NAMES[truth if rng.random() < model else rng.integers(3)])
    return build


def test_kappa_is_that_of_the_reference_library_with_what_people_selected(made):
    build = rated(made)
    chosen = {name: {item: c for item, s, c, _ in build.selections if s == name} for name in ("qwen", "people")}
    one, two = ([NAMES.index(chosen[name][k]) for k in sorted(chosen[name])] for name in ("qwen", "people"))
    kappa = found(build, "kappa", selector="qwen", against="people")
    assert kappa.estimate == pytest.approx(cohen_kappa_score(one, two, weights="quadratic"))
    assert (kappa.n, kappa.missing) == (150, 0)
    assert found(build, "same", selector="qwen", against="people").estimate == np.mean(np.equal(one, two))


def test_a_model_that_sees_as_well_as_a_person_reaches_the_ceiling(made):
    build = rated(made)
    under = found(build, "under_ceiling", selector="qwen")
    assert under.low < 0 < under.high
    others, ceiling = found(build, "with_others", selector="qwen"), found(build, "ceiling")
    assert under.estimate == pytest.approx(others.estimate - ceiling.estimate)
    assert "not shown to differ from what one person reaches" in STUDY.sentences(STUDY.analyse(build.evidence()))[0]


@pytest.mark.parametrize(("model", "says"), [(0.2, "less than one person does, by"), (1.0, "more than one person")])
def test_a_model_that_sees_worse_or_better_than_a_person_is_told_from_one(made, model, says):
    build = rated(made, model=model)
    assert says in STUDY.sentences(STUDY.analyse(build.evidence()))[0]


def test_the_ceiling_is_lower_than_agreement_with_everybody_for_noise_alone(made):
    """Whoever is among the people agrees with them more: a ceiling must leave the person out."""
    build = rated(made, people=3, person=0.5)
    ceiling = found(build, "ceiling")
    people = {item: NAMES.index(c) for item, s, c, _ in build.selections if s == "people"}
    among = []
    for k in range(3):
        own = [(NAMES.index(c), people[item]) for item, r, c, *_ in build.ratings if r == f"r{k}"]
        among.append(cohen_kappa_score(*zip(*own, strict=True), weights="quadratic"))
    assert ceiling.estimate < np.mean(among) - 0.1


def test_a_person_who_guesses_stands_out(made):
    build, rng = made(), np.random.default_rng(4)
    for _ in range(80):
        truth = NAMES[rng.integers(3)]
        build.rate(build.pair(), {"r1": truth, "r2": truth, "r3": truth, "guess": NAMES[rng.integers(3)]})
    raters = {f.group["rater"]: f for f in STUDY.analyse(build.evidence()) if f.metric == "rater"}
    assert raters["guess"].high < 0.4
    assert min(raters[name].estimate for name in ("r1", "r2", "r3")) == 1.0
    assert found(build, "alpha", among="4 people").estimate < 0.9


def test_habits_of_people_are_counted(made):
    build = made()
    for k in range(40):
        build.rate(build.pair(), {"a": "original", "b": NAMES[k % 3]}, first="original" if k < 30 else None)
    ties, pull = found(build, "ties"), found(build, "first_shown")
    assert (ties.estimate, ties.n) == (13 / 80, 80)
    decided = [(c, f) for _, _, c, f, _ in build.ratings if c != "tie"]
    assert pull.n == sum(f is not None for _, f in decided)
    assert pull.missing == pytest.approx(1 - pull.n / len(decided))
    assert pull.estimate == np.mean([c == f for c, f in decided if f])


def test_a_scorer_chooses_by_its_scores_and_stands_beside_the_people(made):
    build, rng = made(), np.random.default_rng(5)
    chosen, said = [], []
    for k in range(60):
        item, truth = build.pair(prompt=f"p{k}"), NAMES[2 * rng.integers(2)]
        build.rate(item, {f"r{n}": truth if rng.random() < 0.9 else "tie" for n in range(3)})
        follows = truth if rng.random() < 0.8 else {"anti": "original", "original": "anti"}[truth]
        score = {"anti": (0.0, 1.0), "original": (1.0, 0.0)}[follows] if k else (2.0, 2.0)
        build.score(item, "hpsv3", oa=score[0], aa=score[1])
        chosen.append(NAMES.index(follows) if k else 1)
        said.append(NAMES.index(next(c for i, s, c, _ in build.selections if i == item and s == "people")))
    findings = STUDY.analyse(build.evidence())
    by = {f.metric: f for f in findings if f.scorer == "hpsv3"}
    assert by["kappa"].estimate == pytest.approx(cohen_kappa_score(chosen, said, weights="quadratic"))
    assert by["same"].estimate == np.mean(np.equal(chosen, said))
    assert by["kappa"].group == {"against": "people"}
    assert by["kappa"].published is None
    assert by["under_ceiling"].high < 0
    assert any(line.startswith("HPSv3 agrees with people") for line in STUDY.sentences(findings))


def test_where_people_agree_no_better_than_chance_it_is_said(made):
    build = rated(made, person=0.0, items=60)
    said = [line for line in STUDY.sentences(STUDY.analyse(build.evidence())) if line.startswith("One person")]
    assert "little to hold anybody against" in said[0]


def test_items_that_a_selector_was_not_asked_about_are_missing(made):
    build = made()
    for k in range(20):
        item = build.pair()
        build.rate(item, {"a": NAMES[k % 3], "b": NAMES[k % 3]})
        if k < 15:
            build.select(item, "qwen", NAMES[k % 3])
    kappa = found(build, "kappa", selector="qwen", against="people")
    assert (kappa.estimate, kappa.n, kappa.missing) == (1.0, 15, 0.25)
    assert found(build, "with_others", selector="qwen").n == 30


def test_one_person_has_no_ceiling_and_is_still_compared_with(made):
    build = made()
    for k in range(9):
        item = build.pair()
        build.rate(item, {"only": NAMES[k % 3]})
        build.select(item, "qwen", NAMES[k % 3])
    assert found(build, "ceiling").note == "only one person rated"
    assert found(build, "kappa", selector="qwen", against="people").estimate == 1.0
    assert found(build, "with_others", selector="qwen") is None
    assert STUDY.sentences(STUDY.analyse(build.evidence()))


def test_the_published_figure_stands_beside_models_and_is_never_held_to_be_the_same(made):
    build = rated(made, items=40)
    for item, *_ in build.items:
        build.select(item, "construction", "anti")
    evidence = build.evidence()
    by = {f.group["selector"]: f for f in compared(STUDY.analyse(evidence), evidence) if f.metric == "kappa"}
    assert by["construction"].published is None
    assert by["qwen"].published.value == 0.8
    assert by["qwen"].published.verdict == "not comparable"
    assert "public" in by["qwen"].published.because


def test_without_ratings_there_is_nothing_to_say(made):
    build = made()
    build.select(build.pair(), "qwen", "anti")
    assert STUDY.analyse(build.evidence()) == []
    assert STUDY.sentences([]) == []


def test_charts_draw_the_ceiling_as_a_line(made):
    build = rated(made)
    findings = STUDY.analyse(build.evidence())
    selectors, raters = STUDY.charts(findings)
    ceiling = next(f.estimate for f in findings if f.metric == "ceiling")
    assert (ceiling, "one person") in selectors.lines
    assert [m.label for m in selectors.marks] == ["qwen"]
    assert len(raters.marks) == 6
