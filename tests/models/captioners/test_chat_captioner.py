"""A captioner behind a service, against a real server on loopback that answers well or badly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.models.chat.answering_server import AnsweringServer, form_of
from tests.models.chat.answers import CAPTION, MODEL, USAGE, pictures_of

from fauve.errors import ConfigError, ModelError
from fauve.models.captioners import Captioned, make_captioner
from fauve.models.captioners.chat import ChatCaptioner
from fauve.models.captioners.plain_wording import interpreting_words
from fauve.records import Outcome


def picture(level: int) -> Image.Image:
    noise = np.random.default_rng(level).integers(0, 255, (16, 24, 3)).astype(np.uint8)
    noise[0, 0, 0] = level
    return Image.fromarray(noise)


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


def captioner(server: AnsweringServer, **options: Any) -> ChatCaptioner:
    made = ChatCaptioner("chat:mine", "mine", **{"base_url": server.url, "key_env": "", **options})
    made.load()
    return made


def one(made: ChatCaptioner, level: int = 1) -> Captioned:
    (answer,) = made.caption([picture(level)])
    return answer


def test_a_caption_says_what_the_service_saw(server: AnsweringServer) -> None:
    answer = one(captioner(server, token_prices=(1.0, 10.0)))
    assert (answer.outcome, answer.caption, answer.reason) == (Outcome.OK, CAPTION, None)
    assert (answer.facts["asked"], answer.facts["answered_model"], answer.facts["form"]) == (
        1,
        MODEL,
        "json_schema",
    )
    assert answer.facts["cost"] == pytest.approx(
        (USAGE["prompt_tokens"] * 1.0 + USAGE["completion_tokens"] * 10.0) / 1e6
    )
    (call,) = server.calls
    assert np.array_equal(np.asarray(pictures_of(call)[0]), np.asarray(picture(1)))
    assert (call["model"], call["temperature"], call["seed"]) == ("mine", 0, 0)
    told = call["messages"][0]["content"]
    assert "40 words" in told
    # the instruction names no example that would fail the check itself
    assert interpreting_words(told.partition("Say nothing else.")[0]) == []


@pytest.mark.parametrize("act", ["fenced", "thinking", "lines"])
def test_a_caption_is_read_out_of_whatever_it_is_wrapped_in(server: AnsweringServer, act: str) -> None:
    server.script(1, act)
    answer = one(captioner(server))
    assert (answer.caption, answer.facts["asked"]) == (CAPTION, 1)


BAD = {
    "serene": "interprets ('serene', 'beautiful')",
    "long": "40 at most",
    "blank": "says nothing",
    "both": "more than one caption",
    "list": "one text",
    "number": "one text",
    "null": "one text",
    "other key": 'lacks "caption"',
    "prose": "no JSON object",
    "cut": "cut off",
    "empty": "no JSON object",
    "page": "Nothing could be read",
}


@pytest.mark.parametrize("act", BAD)
def test_a_bad_answer_is_asked_for_again_with_its_fault_named(server: AnsweringServer, act: str) -> None:
    server.script(1, act)
    answer = one(captioner(server))
    assert (answer.caption, answer.facts["asked"]) == (CAPTION, 2)
    (fault,) = answer.facts["faults"]
    assert BAD[act] in fault
    again = server.calls[1]["messages"]
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert fault in again[3]["content"]


@pytest.mark.parametrize("act", BAD)
def test_what_stays_bad_is_unparsable_and_never_a_caption(server: AnsweringServer, act: str) -> None:
    server.script(1, *[act] * 9)
    answer = one(captioner(server, asks=2, price=0.5, budget=10.0))
    assert (answer.outcome, answer.caption) == (Outcome.UNPARSABLE, None)
    assert "asked 2 times" in (answer.reason or "")
    assert BAD[act] in (answer.reason or "")
    assert (len(server.calls), answer.facts["cost"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("act", "outcome"),
    [("refusal", Outcome.REFUSED), ("filter", Outcome.FILTERED), ("400", Outcome.FAILED), ("403", Outcome.FAILED)],
)
def test_a_final_answer_is_not_asked_for_again(server: AnsweringServer, act: str, outcome: Outcome) -> None:
    server.script(1, *[act] * 9)
    answer = one(captioner(server))
    assert (answer.outcome, answer.caption) == (outcome, None)
    assert answer.reason


def test_a_service_that_breaks_for_a_moment_is_asked_again(server: AnsweringServer) -> None:
    server.script(1, "500", "lost")
    answer = one(captioner(server))
    assert (answer.caption, answer.facts["asked"], len(server.calls)) == (CAPTION, 1, 3)


def test_a_service_that_hangs_is_an_outcome_and_takes_no_other_with_it(server: AnsweringServer) -> None:
    server.script(2, *["hang"] * 9)
    answers = captioner(server, timeout=0.3, deadline=1.0, resend=0).caption([picture(1), picture(2), picture(3)])
    assert [answer.outcome for answer in answers] == [Outcome.OK, Outcome.TIMED_OUT, Outcome.OK]


def test_answers_are_in_the_order_of_the_pictures(server: AnsweringServer) -> None:
    server.script(3, "refusal")
    server.script(5, *["serene"] * 9)
    answers = captioner(server).caption([picture(level) for level in range(1, 7)])
    ok = Outcome.OK
    assert [answer.outcome for answer in answers] == [ok, ok, Outcome.REFUSED, ok, Outcome.UNPARSABLE, ok]
    assert captioner(server).caption([]) == []


def test_the_money_ends_where_it_should(server: AnsweringServer) -> None:
    answers = captioner(server, price=1.0, budget=2.0, concurrency=1).caption([picture(level) for level in range(1, 5)])
    assert [answer.outcome for answer in answers] == [Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.FAILED]
    assert [answer.facts.get("sent") for answer in answers[2:]] == [False, False]
    assert len(server.calls) == 2


@pytest.mark.parametrize("takes", [("json_object", "words"), ("words",)])
def test_a_service_without_structured_output_still_captions(server: AnsweringServer, takes: tuple[str, ...]) -> None:
    server.takes = takes
    assert one(captioner(server)).caption == CAPTION
    assert form_of(server.calls[-1]) == takes[0]


def test_what_was_bought_is_not_bought_again(server: AnsweringServer, tmp_path: Path) -> None:
    made = captioner(server, price=1.0)
    made.keep_journal(tmp_path)
    assert one(made).caption == CAPTION
    later = captioner(server, price=1.0, journal=tmp_path)
    answer = one(later)
    assert (answer.caption, answer.facts["reused"], len(server.calls)) == (CAPTION, True, 1)
    assert later.provenance["spent"] == 1.0
    assert one(later, 2).caption == CAPTION
    assert len(server.calls) == 2


def test_settings_tell_what_can_change_a_caption_and_no_key(
    server: AnsweringServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    made = captioner(server, key_env="MY_KEY", parameters={"temperature": 0.5, "seed": None})
    settings = made.settings
    assert settings["parameters"] == {"temperature": 0.5, "max_tokens": 300}
    assert (settings["model"], settings["asks"]) == ("mine", 3)
    assert "wording" in settings
    assert settings != captioner(server).settings
    assert "sk-secret" not in json.dumps([settings, made.provenance, one(made).facts], default=str)


def test_a_captioner_needs_a_model_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"model = "):
        ChatCaptioner()
    with pytest.raises(ConfigError, match=r"base_url = "):
        make_captioner("chat:mine")
    with pytest.raises(ConfigError, match="no option 'prize'"):
        make_captioner("chat:mine", {"base_url": "http://127.0.0.1:9/v1", "prize": 1})
    made = make_captioner("chat:mine", {"base_url": "http://127.0.0.1:9/v1", "key_env": "NO_SUCH_KEY"})
    with pytest.raises(ModelError, match="NO_SUCH_KEY"):
        made.load("cpu", "float32")
