"""The rubric judge: two scorers of one model that share each question, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.models.chat.answering_server import AnsweringServer
from tests.models.chat.answers import brightness, prompt_of
from tests.models.selectors.test_chat_selector import BRIGHT, DARK

from fauve.errors import ConfigError, UnknownName
from fauve.models.registry import make_scorer
from fauve.models.scorers.rubric import NotRated, RubricScorer
from fauve.records import Outcome

GRID = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=np.intp)


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


def pair(server: AnsweringServer, **options: object) -> tuple[RubricScorer, RubricScorer]:
    made = [
        make_scorer(f"rubric:{name}@mine", {"base_url": server.url, "key_env": "", **options})
        for name in ("main-concept", "special-effects")
    ]
    for scorer in made:
        scorer.load("cpu", "float32")
    return made[0], made[1]


def test_both_ratings_of_the_grid_come_from_one_question_a_cell(server: AnsweringServer) -> None:
    concept, effects = pair(server)
    bright, dark = brightness(BRIGHT), brightness(DARK)
    assert concept.score([BRIGHT, DARK], ["a dog", "a cat"], GRID).tolist() == [bright, bright, dark, dark]
    assert sorted(map(prompt_of, server.calls)) == ["a cat", "a cat", "a dog", "a dog"]
    rest = [100 - bright] * 2 + [100 - dark] * 2
    assert effects.score([BRIGHT, DARK], ["a dog", "a cat"], GRID).tolist() == rest
    assert len(server.calls) == 4


def test_scorers_with_other_options_share_nothing(server: AnsweringServer) -> None:
    concept, _ = pair(server)
    _, effects = pair(server, parameters={"temperature": 1})
    for scorer in (concept, effects):
        scorer.score([BRIGHT], ["a dog"], GRID[:1])
    assert len(server.calls) == 2


@pytest.mark.parametrize("act", ["range", "below", "one", "truth", "text", "prose", "both"])
def test_a_rating_that_is_none_is_asked_for_again(server: AnsweringServer, act: str) -> None:
    server.script("a dog", act)
    concept, _ = pair(server)
    assert concept.score([BRIGHT], ["a dog"], GRID[:1]).tolist() == [brightness(BRIGHT)]
    assert len(server.calls) == 2


def test_what_stays_out_of_range_has_no_value_and_says_so(server: AnsweringServer) -> None:
    server.script("a dog", *["range"] * 9)
    concept, _ = pair(server)
    with pytest.raises(NotRated, match="between 0 and 100") as caught:
        concept.score([BRIGHT], ["a dog", "a cat"], np.array([(0, 0), (0, 1)]))
    assert caught.value.outcome is Outcome.UNPARSABLE
    before = len(server.calls)
    # the engine looks for the cell that fails by asking for fewer: nothing is bought twice for that
    assert concept.score([BRIGHT], ["a dog", "a cat"], np.array([(0, 1)])).tolist() == [brightness(BRIGHT)]
    with pytest.raises(NotRated):
        concept.score([BRIGHT], ["a dog", "a cat"], np.array([(0, 0)]))
    assert len(server.calls) == before
    concept.load("cpu", "float32")
    server.script("a dog")
    assert concept.score([BRIGHT], ["a dog"], GRID[:1]).tolist() == [brightness(BRIGHT)]


def test_the_journal_is_shared_by_both_and_by_later_runs(server: AnsweringServer, tmp_path: Path) -> None:
    concept, effects = pair(server, concurrency=2)
    assert concept.journal_name == effects.journal_name
    concept.keep_journal(tmp_path / concept.journal_name)
    concept.score([BRIGHT], ["a dog"], GRID[:1])
    _, later = pair(server, concurrency=3)  # another limit, so another desk
    later.keep_journal(tmp_path / later.journal_name)
    assert later.score([BRIGHT], ["a dog"], GRID[:1]).tolist() == [100 - brightness(BRIGHT)]
    assert len(server.calls) == 1


def test_names_and_settings(server: AnsweringServer) -> None:
    concept, effects = pair(server)
    assert concept.settings != effects.settings
    assert concept.settings["model"] == "mine"
    assert make_scorer("rubric:main-concept@gpt-5-chat").settings["model"] == "gpt-5-chat-latest"
    with pytest.raises(UnknownName, match="main-concept"):
        make_scorer("rubric:main-concpt@mine", {"base_url": server.url})
    with pytest.raises(ConfigError, match="base_url"):
        make_scorer("rubric:main-concept@mine")
    with pytest.raises(ConfigError, match="model"):
        make_scorer("rubric:main-concept", {"base_url": server.url})
