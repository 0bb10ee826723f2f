"""Captions in several wordings."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from fauve.engine.progress import Silent
from fauve.engine.prompt_sets import prompts_of
from fauve.engine.rewriting import Written
from fauve.engine.run import execute
from fauve.engine.wordings import in_wordings, worded
from fauve.errors import ConfigError, UnknownName
from fauve.ledger import Ledger
from fauve.ledger.importing.prompts import PromptRow
from fauve.models.cards import ModelCard
from fauve.models.protocols import Generated, ImageRequest
from fauve.prompts.settings import PromptSettings
from fauve.records import Outcome
from fauve.settings import RunSettings
from fauve.studies import STUDIES
from fauve.studies.evidence import Evidence

ROW = PromptRow(
    "one", "A dog runs.", "Blurred beyond recognition, a dog runs.", ("clarity",), {"theme": "animals"}, "sharp"
)


def asked(*wordings, **more):
    return PromptSettings(set="fauve", wordings=wordings, **more)


def test_every_pair_stands_in_every_wording_with_its_own_id():
    rows = in_wordings([ROW], asked("template", "neutral"))
    assert [(row.id, row.groups) for row in rows] == [
        ("one", {"theme": "animals", "wording": "written"}),
        ("one/template", {"theme": "animals", "wording": "template"}),
        ("one/neutral", {"theme": "animals", "wording": "neutral"}),
    ]
    assert {row.original for row in rows} == {"A dog runs."}
    assert rows[0].anti == ROW.anti
    assert rows[1].anti != ROW.anti
    assert rows[1].dimensions == ("clarity",)


def test_the_neutral_wording_is_as_long_and_asks_for_nothing():
    *_, neutral = in_wordings([ROW], asked("neutral"))
    assert neutral.anti.startswith("A dog runs.")
    assert len(neutral.anti.split()) == len(ROW.anti.split())
    assert (neutral.dimensions, neutral.negative) == ((), None)


def test_the_whole_shipped_set_can_be_worded():
    rows = prompts_of(asked())
    assert len(in_wordings(rows, asked("template", "neutral"))) == 3 * len(rows) == 900


def test_without_wordings_pairs_stay_as_they_are():
    assert in_wordings([ROW], asked()) == [ROW]


def test_notes_of_one_rewriter_do_not_stand_at_what_another_wrote():
    written = Written([ROW], {"rewriter": "template"})
    assert worded(written, asked()) is written
    assert worded(written, asked("neutral", rewriter="template")).notes == {}


def test_a_rewriter_gives_its_name_to_the_pairs_that_it_wrote():
    rows = in_wordings([ROW], asked("neutral", rewriter="template"))
    assert [row.groups["wording"] for row in rows] == ["template", "neutral"]


def test_what_cannot_be_worded_is_refused_by_name():
    with pytest.raises(UnknownName, match="no wording called 'templat'"):
        in_wordings([ROW], asked("templat"))
    with pytest.raises(ConfigError, match="'template' would stand there twice"):
        in_wordings([ROW], asked("template", rewriter="template"))
    with pytest.raises(ConfigError, match="'neutral' would stand there twice"):
        in_wordings([ROW], asked("neutral", "neutral"))
    short = PromptRow("short", "A dog runs over a wide field.", "Blur.", ("clarity",), {}, None)
    with pytest.raises(ConfigError, match=r"'short' cannot be worded 'neutral': the caption has 7 words .* 1"):
        in_wordings([short], asked("neutral"))


class Speckle:
    """Draws speckles from the seed and the length of the prompt, and notes what it was asked."""

    card = ModelCard(name="speckle", kind="generator", summary="test")
    batch = 4
    settings: Mapping[str, object] = {"revision": 1}
    asked: ClassVar[list[ImageRequest]] = []

    def load(self, device: str, dtype: str) -> None: ...

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        self.asked.extend(requests)
        return [Generated(Outcome.OK, self._drawn(request)) for request in requests]

    def _drawn(self, request: ImageRequest) -> bytes:
        pixels = np.random.default_rng([request.seed, len(request.prompt)]).integers(0, 255, (16, 16, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()


def test_a_run_draws_every_wording_from_the_same_noise_and_compares_them(tmp_path):
    Speckle.asked.clear()
    settings = RunSettings(
        prompts=asked("template", "neutral", count=3),
        generators=({"name": "tests.engine.test_wordings:Speckle"},),
        scorers=({"name": "random"},),
        engine={"workers": 1},
    )
    execute(settings, tmp_path / "run", Silent())
    plain = {row.original for row in prompts_of(asked(count=3))}
    assert sum(request.prompt in plain for request in Speckle.asked) == 3, "a plain picture is asked for once"
    assert len(Speckle.asked) == 12
    assert len({request.seed for request in Speckle.asked}) == 3
    with Ledger(tmp_path / "run") as ledger:
        evidence = Evidence.read(ledger)
    assert sorted(evidence.items["kind"]) == ["neutral"] * 3 + ["pair"] * 6
    findings = STUDIES["prompt_complexity"].analyse(evidence)
    between = {(f.group["wording"], f.group["against"]): f.n for f in findings if f.metric == "shift_between"}
    assert between == {("written", "neutral"): 3, ("template", "neutral"): 3, ("template", "written"): 3}
    words = {f.group["wording"]: f.estimate for f in findings if f.metric == "words"}
    assert words["neutral"] == words["written"] > words["caption"]
