"""Jobs: values come back for the right cells, failures are narrowed down and become outcomes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.engine.jobs import AdapterSpec, Job, answer_cells, answer_dimensions, shown_name
from fauve.ledger.images import ImageFolder
from fauve.models.cards import ModelCard
from fauve.records import ImageRef, Outcome


def store(root: Path, colours: list[int]) -> tuple[ImageRef, ...]:
    """One small picture a colour: its red level is the colour, with one odd pixel so that it is no placeholder."""
    refs = []
    for colour in colours:
        pixels = np.full((8, 8, 3), 128, np.uint8)
        pixels[..., 0] = colour
        pixels[0, 0] = 0
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        refs.append(ImageFolder(root).put(buffer.getvalue(), str(colour)))
    return tuple(refs)


class RedTimesLength:
    """Score = red level × prompt length; fails on the prompts and pictures that it is told to fail on."""

    card = ModelCard(name="red", kind="callable", summary="test")
    settings = {"revision": 1}

    def __init__(self, bad_prompt: str | None = None, wrong_count: bool = False) -> None:
        self.bad_prompt, self.wrong_count, self.calls = bad_prompt, wrong_count, 0

    def load(self, device: str, dtype: str) -> None: ...

    def score(self, images, prompts, cells):
        self.calls += 1
        if self.wrong_count:
            return np.zeros(len(cells) + 1)
        if self.bad_prompt in prompts and any(prompts[p] == self.bad_prompt for _, p in cells):
            raise ValueError("cannot read this prompt")
        return np.array([np.asarray(images[i])[4, 4, 0] * len(prompts[p]) for i, p in cells], dtype=float)


def job(refs: tuple[ImageRef, ...], prompts: tuple[str, ...]) -> Job:
    cells = tuple((i, p) for i in range(len(refs)) for p in range(len(prompts)))
    return Job(AdapterSpec("scorer", "red"), refs, prompts, tuple(f"id-{p}" for p in prompts), cells)


def test_each_cell_gets_its_own_value(tmp_path: Path) -> None:
    refs = store(tmp_path, [10, 20, 30])
    answers = answer_cells(RedTimesLength(), job(refs, ("a", "bbb")), tmp_path)
    found = {(a.image, a.subject): a.value for a in answers}
    expected = {
        (ref.sha256, f"id-{p}"): level * len(p)
        for ref, level in zip(refs, (10, 20, 30), strict=True)
        for p in ("a", "bbb")
    }
    assert found == expected


def test_one_bad_prompt_costs_only_its_own_cells(tmp_path: Path) -> None:
    refs = store(tmp_path, [10, 20, 30])
    answers = answer_cells(RedTimesLength(bad_prompt="bad"), job(refs, ("a", "bad", "cc")), tmp_path)
    failed = [a for a in answers if a.outcome is Outcome.FAILED]
    assert {a.subject for a in failed} == {"id-bad"}
    assert all(a.value is None and a.reason == "ValueError: cannot read this prompt" for a in failed)
    assert sum(a.outcome is Outcome.OK for a in answers) == 6


def test_an_answer_of_the_wrong_length_is_a_failure_of_every_cell_and_never_shifted_values(tmp_path: Path) -> None:
    answers = answer_cells(RedTimesLength(wrong_count=True), job(store(tmp_path, [10, 20]), ("a",)), tmp_path)
    assert [a.outcome for a in answers] == [Outcome.FAILED] * 2
    assert all("one number a row" in (a.reason or "") for a in answers)


def test_a_picture_that_was_altered_on_disk_is_not_scored(tmp_path: Path) -> None:
    refs = store(tmp_path, [10, 20])
    (tmp_path / refs[0].path).write_bytes((tmp_path / refs[1].path).read_bytes())
    answers = answer_cells(RedTimesLength(), job(refs, ("a",)), tmp_path)
    by_image = {a.image: a for a in answers}
    assert by_image[refs[0].sha256].outcome is Outcome.FAILED
    assert "altered" in (by_image[refs[0].sha256].reason or "")
    assert by_image[refs[1].sha256].value == 20


class Halves:
    """A judge of two dimensions whose values leave [0, 2] for bright pictures."""

    card = ModelCard(name="halves", kind="judge", summary="test")
    settings = {"revision": 1}
    dimensions = ("clarity", "richness")

    def load(self, device: str, dtype: str) -> None: ...

    def judge(self, images):
        return np.array([[np.asarray(i)[4, 4, 0] / 100, 1.0] for i in images])


def test_a_judge_outside_its_range_fails_that_picture_only(tmp_path: Path) -> None:
    refs = store(tmp_path, [50, 250])
    wanted = Job(
        AdapterSpec("judge", "halves"),
        refs,
        ("richness", "clarity"),
        ("richness", "clarity"),
        tuple((i, d) for i in range(2) for d in range(2)),
    )
    answers = {(a.image, a.subject): a for a in answer_dimensions(Halves(), wanted, tmp_path)}
    assert answers[refs[0].sha256, "clarity"].value == pytest.approx(0.5)
    assert answers[refs[0].sha256, "richness"].value == 1.0
    assert {answers[refs[1].sha256, d].outcome for d in ("clarity", "richness")} == {Outcome.FAILED}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"preset": "matched"}, "drawer"),
        ({}, "drawer"),
        ({"preset": "paper"}, "drawer (paper preset)"),
        ({"preset": "paper", "weights": "random"}, "drawer (paper preset) (random weights)"),
    ],
)
def test_a_generator_of_another_preset_has_another_name(settings: dict[str, str], name: str) -> None:
    class Drawer:
        card = ModelCard(name="drawer", kind="generator", summary="test")

        def load(self, device: str, dtype: str) -> None: ...

        def generate(self, requests: object) -> list[object]:
            return []

    made = Drawer()
    made.settings = settings
    assert shown_name(made) == name


def test_a_preset_of_a_scorer_is_no_part_of_its_name() -> None:
    scorer = RedTimesLength()
    scorer.settings = {"preset": "paper"}
    assert shown_name(scorer) == "red"
