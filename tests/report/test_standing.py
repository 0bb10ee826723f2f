"""Where a scorer stands, in one sentence and one chart."""

from __future__ import annotations

import pytest

from fauve.records import Finding
from fauve.report.standing import headline, main_accuracy, standing, standing_chart


def accuracy(scorer: str, share: float, n: int = 8, **where: object) -> Finding:
    wide = 0.3 if n < 100 else 0.05
    low, high = max(0.0, share - wide), min(1.0, share + wide)
    at: dict[str, object] = {"study": "reward_classification", "generator": "nano-banana"} | where
    return Finding(
        str(at.pop("study")),
        "accuracy",
        share,
        low,
        high,
        n,
        0.0,
        scorer,
        **at,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("share", "n", "said"),
    [
        (
            0.25,
            8,
            "mine chose the picture that was asked for in 2 of 8 pairs by Nano Banana, which a coin might do as well",
        ),
        (0.29, 300, "in 87 of 300 pairs by Nano Banana, less often than a coin would (95 % interval 24–34 %)."),
        (0.75, 300, "in 225 of 300 pairs by Nano Banana, more often than a coin would (95 % interval 70–80 %)."),
    ],
)
def test_the_headline_sets_the_accuracy_against_a_coin(share: float, n: int, said: str) -> None:
    assert said in headline("mine", accuracy("mine", share, n))


def test_without_a_choice_the_headline_says_so() -> None:
    assert headline("hpsv3", None) == "HPSv3 has not been tried on a choice between two pictures."


def test_pictures_of_generators_speak_before_contrasts_and_stimuli_last() -> None:
    pooled = accuracy("mine", 0.3, 20, generator=None)
    single = accuracy("mine", 0.4, 300)
    photographs = accuracy("mine", 0.5, 2000, study="photographs", generator=None)
    stimuli = accuracy("mine", 0.6, 5000, generator="stimuli")
    part = accuracy("mine", 0.1, 9000, generator=None, group={"dimension": "clarity"})
    undefined = Finding("reward_classification", "accuracy", None, None, None, 0, 1.0, "mine", note="no")
    ranked = [pooled, single, photographs, stimuli]
    for first in range(4):
        assert main_accuracy("mine", [part, undefined, *reversed(ranked[first:])]) == ranked[first]
    assert main_accuracy("mine", [part, undefined]) is None
    assert main_accuracy("other", ranked) is None


def test_scores_computed_here_speak_before_imported_ones() -> None:
    imported = accuracy("hpsv3", 0.2, 900, group={"source": "published"})
    assert main_accuracy("hpsv3", [imported, accuracy("hpsv3", 0.3)]) == accuracy("hpsv3", 0.3)
    assert main_accuracy("hpsv3", [imported]) == imported


def test_controls_stand_beside_on_the_same_choices_only() -> None:
    main = accuracy("mine", 0.5)
    controls = [accuracy("polish", 0.0), accuracy("random", 0.375), accuracy("random", 1.0, generator="stimuli")]
    said = standing(main, [main, *controls, accuracy("instrument:contrast", 1.0)])
    assert len(said) == 2
    assert said[0].endswith("never reads the prompt, did so in 0 of 8 (95 % interval 0–30 %).")
    assert "3 of 8" in said[1]
    chart = standing_chart("mine", main, [main, *controls, accuracy("hpsv2.1", 0.4)])
    assert {m.label for m in chart.marks if not m.quoted} == {"mine", "polish", "random"}


def test_published_figures_are_quoted_with_what_they_were_measured_over() -> None:
    chart = standing_chart("mine", accuracy("mine", 0.5), [])
    quoted = {m.label: m.estimate for m in chart.marks if m.quoted}
    assert quoted["HPSv3, published"] == 0.381
    assert quoted["PickScore, published"] == 0.851
    assert "10 generators × 300 prompts" in chart.note
    assert "other pictures" in chart.note
    assert [m.estimate for m in chart.marks] == sorted((m.estimate for m in chart.marks), reverse=True)


def test_a_models_own_published_figure_stands_on_its_row() -> None:
    chart = standing_chart("hpsv3", accuracy("hpsv3", 0.29), [])
    (own,) = [m for m in chart.marks if not m.quoted]
    assert own.published == 0.381
    assert "HPSv3, published" not in {m.label for m in chart.marks}


def test_nothing_published_stands_beside_random_weights() -> None:
    name = "hpsv3 (random weights)"
    chart = standing_chart(name, accuracy(name, 0.5), [accuracy("random", 0.5)])
    assert {m.label for m in chart.marks} == {name, "random"}
    assert not any(m.quoted or m.published for m in chart.marks)
    assert "ublished" not in chart.note + chart.title
