from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.chat.answering_server import AnsweringServer
from tests.models.chat.answers import ANTI, MODEL, USAGE

from fauve.errors import ConfigError, ModelError, UnknownName
from fauve.models.rewriters.chat import ChatRewriter
from fauve.prompts import Caption, RewriteRequest, Rewritten, anti_faults, write_pairs
from fauve.records import Outcome

pytest.importorskip("tenacity")

CAPTION = "A dog runs along a beach with a ball."
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_KEY", KEY)


def rewriter(server: AnsweringServer, **options: object) -> ChatRewriter:
    given = {"key_env": "CHAT_KEY", "timeout": 5.0, "deadline": 20.0, **options}
    return ChatRewriter("some-model", base_url=server.url, **given)


def ask(server: AnsweringServer, *acts: str, **options: object) -> Rewritten:
    server.script(CAPTION, *acts)
    return rewriter(server, **options).rewrite([RewriteRequest(CAPTION, ("clarity",))])[0]


def is_good(made: Rewritten) -> bool:
    return made.outcome is Outcome.OK and made.anti == ANTI.format(caption=CAPTION) and made.negative == "sharp"


def test_a_good_answer_is_taken_at_once(server: AnsweringServer) -> None:
    made = ask(server, "good")
    assert is_good(made)
    assert not anti_faults(CAPTION, made.anti or "", ["clarity"])
    assert len(server.calls) == 1
    assert server.keys == [f"Bearer {KEY}"]
    assert {k: made.facts[k] for k in ("asked", "tokens_in", "tokens_out", "form", "answered_model")} == {
        "asked": 1,
        "tokens_in": USAGE["prompt_tokens"],
        "tokens_out": USAGE["completion_tokens"],
        "form": "json_schema",
        "answered_model": MODEL,
    }
    told = server.calls[0]["messages"][1]["content"]
    assert CAPTION in told
    assert "clarity" in told
    assert "emotion" not in told


@pytest.mark.parametrize("act", ["fenced", "thinking", "comma", "parts"])
def test_what_can_be_read_past_its_wrapping_needs_no_second_call(server: AnsweringServer, act: str) -> None:
    assert is_good(ask(server, act))
    assert len(server.calls) == 1


def test_a_list_of_negative_words_is_taken_as_words(server: AnsweringServer) -> None:
    assert ask(server, "list").negative == "sharp, crisp"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("prose", "no JSON object"),
        ("cut", "cut off"),
        ("cut json", "no JSON object"),
        ("empty", "no JSON object"),
        ("page", "Nothing could be read"),
        ("no negative", "lacks 'anti' or 'negative'"),
        ("number", "must be texts"),
        ("surrogate", "whole characters"),
        ("long", "at most 70"),
        ("long negative", "at most 5"),
        ("added", "color aesthetic"),
        ("other scene", "scene must stay the same"),
        ("unchanged", "the caption itself"),
    ],
)
def test_a_bad_answer_is_shown_with_its_fault_and_asked_again(server: AnsweringServer, act: str, told: str) -> None:
    made = ask(server, act)
    assert is_good(made)
    assert made.facts["asked"] == 2
    (fault,) = made.facts["faults"]
    assert told in fault
    assert len(server.calls) == 2
    last = server.calls[1]["messages"]
    assert [one["role"] for one in last] == ["system", "user", "assistant", "user"]
    assert fault in last[3]["content"]


@pytest.mark.parametrize(
    ("act", "outcome"),
    [("prose", Outcome.UNPARSABLE), ("long", Outcome.FAILED), ("added", Outcome.FAILED), ("cut", Outcome.UNPARSABLE)],
)
def test_a_bad_text_is_never_taken_however_often_it_comes(server: AnsweringServer, act: str, outcome: Outcome) -> None:
    made = ask(server, *[act] * 5, asks=3)
    assert made.outcome is outcome
    assert made.anti is None
    assert made.negative is None
    assert "asked 3 times" in (made.reason or "")
    assert len(server.calls) == 3


@pytest.mark.parametrize(("act", "outcome"), [("refusal", Outcome.REFUSED), ("filter", Outcome.FILTERED)])
def test_a_refusal_is_not_argued_with(server: AnsweringServer, act: str, outcome: Outcome) -> None:
    made = ask(server, act)
    assert made.outcome is outcome
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("takes", "forms"),
    [
        (("json_object", "words"), ["json_schema", "json_object"]),
        (("words",), ["json_schema", "json_object", "words"]),
    ],
)
def test_the_ladder_of_forms_goes_down_once_and_stays_there(takes: tuple[str, ...], forms: list[str]) -> None:
    with AnsweringServer(takes) as server:
        asking = rewriter(server, concurrency=1)
        request = RewriteRequest(CAPTION, ("clarity",))
        first, second = asking.rewrite([request, request])
    assert is_good(first)
    assert is_good(second)
    assert server.forms() == [*forms, forms[-1]]
    assert second.facts["form"] == forms[-1]


def test_a_request_that_is_wrong_under_every_form_fails_and_spoils_no_later_one(server: AnsweringServer) -> None:
    asking = rewriter(server)
    server.script(CAPTION, "400", "400", "400")
    request = RewriteRequest(CAPTION, ("clarity",))
    failed = asking.rewrite([request])[0]
    assert failed.outcome is Outcome.FAILED
    assert "status 400" in (failed.reason or "")
    assert is_good(asking.rewrite([request])[0])
    assert server.forms() == ["json_schema", "json_object", "words", "json_schema"]


@pytest.mark.parametrize("acts", [("429:0.1",), ("500",), ("500", "429")])
def test_what_may_pass_is_waited_out(server: AnsweringServer, acts: tuple[str, ...]) -> None:
    made = ask(server, *acts)
    assert is_good(made)
    assert made.facts["asked"] == 1
    assert made.facts["statuses"] == [*(act[:3] for act in acts), "200"]


def test_429_waits_as_long_as_it_asks_for(server: AnsweringServer) -> None:
    began = time.monotonic()
    assert is_good(ask(server, "429:1"))
    assert time.monotonic() - began >= 1


def test_a_server_that_hangs_is_left_and_counted_as_paid(server: AnsweringServer) -> None:
    made = ask(server, "hang", "hang", timeout=0.3, resend=1, price=0.01)
    assert made.outcome is Outcome.TIMED_OUT
    assert made.facts["cost"] == pytest.approx(0.02)
    assert len(server.calls) == 2


def test_a_lost_answer_is_sent_again_once(server: AnsweringServer) -> None:
    made = ask(server, "lost", price=0.01)
    assert is_good(made)
    assert made.facts["cost"] == pytest.approx(0.02)


def test_the_budget_ends_asking(server: AnsweringServer) -> None:
    made = ask(server, *["long"] * 5, asks=5, price=0.4, budget=1.0)
    assert made.outcome is Outcome.FAILED
    assert "budget of 1.0 reached" in (made.reason or "")
    assert len(server.calls) == 2


def test_tokens_are_counted_and_paid_by_the_price_list(server: AnsweringServer) -> None:
    made = ask(server, "long", token_prices=(2.0, 8.0), price=0.01, budget=1.0)
    told, written = 2 * USAGE["prompt_tokens"], 2 * USAGE["completion_tokens"]
    assert (made.facts["tokens_in"], made.facts["tokens_out"]) == (told, written)
    assert made.facts["cost"] == pytest.approx((told * 2 + written * 8) / 1e6)


def test_answers_stay_in_the_order_of_the_requests(server: AnsweringServer) -> None:
    captions = [f"A dog number {name} runs along a beach." for name in ("one", "two", "three", "four", "five")]
    server.script(captions[0], "429:0.2")
    server.script(captions[2], *["prose"] * 3)
    made = rewriter(server).rewrite([RewriteRequest(text, ("clarity",)) for text in captions])
    assert [one.outcome is Outcome.OK for one in made] == [True, True, False, True, True]
    assert all(text in (one.anti or "") for text, one in zip(captions, made, strict=True) if one.anti)


def test_pairs_are_written_and_the_unwritten_are_told(server: AnsweringServer) -> None:
    server.script(CAPTION, *["added"] * 3)
    captions = [Caption("a", "A cat sleeps on a red sofa.", "animals"), Caption("b", CAPTION)]
    pairs, unwritten = write_pairs(captions, [("clarity",), ("clarity",)], rewriter(server))
    assert [(pair.id, pair.dimensions, pair.groups) for pair in pairs] == [("a", ("clarity",), {"theme": "animals"})]
    assert [(one.caption.id, one.outcome) for one in unwritten] == [("b", Outcome.FAILED)]


def test_what_was_bought_is_not_bought_again(server: AnsweringServer, tmp_path: Path) -> None:
    request = RewriteRequest(CAPTION, ("clarity",))
    first = rewriter(server, journal=tmp_path).rewrite([request])[0]
    again = rewriter(server, journal=tmp_path).rewrite([request])[0]
    assert is_good(first)
    assert is_good(again)
    assert again.facts["reused"] is True
    assert len(server.calls) == 1
    rewriter(server, journal=tmp_path).rewrite([RewriteRequest(CAPTION, ("emotion",))])
    assert len(server.calls) > 1


def test_the_key_is_told_to_nobody(server: AnsweringServer, tmp_path: Path) -> None:
    made = ask(server, "401", journal=tmp_path)
    assert made.outcome is Outcome.FAILED
    assert "does not accept the key" in (made.reason or "")
    written = "".join(file.read_text() for file in tmp_path.iterdir())
    assert KEY not in f"{made}{written}"


def test_without_a_key_nothing_is_sent(server: AnsweringServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAT_KEY")
    with pytest.raises(ModelError, match="Set CHAT_KEY"):
        ask(server)
    assert not server.calls


def test_a_dimension_that_does_not_exist_stops_before_any_call(server: AnsweringServer) -> None:
    with pytest.raises(UnknownName, match="clarity"):
        rewriter(server).rewrite([RewriteRequest(CAPTION, ("clarty",))])
    assert not server.calls


@pytest.mark.parametrize(
    "options",
    [
        {"asks": 0},
        {"most_words": 0},
        {"journl": "x"},
        {"budget": 1.0},
        {"token_prices": (1.0,)},
        {"token_prices": (-1.0, 2.0)},
    ],
)
def test_options_that_make_no_sense_are_refused(server: AnsweringServer, options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        rewriter(server, **options)


def test_settings_tell_what_can_change_a_text_and_no_secret(server: AnsweringServer) -> None:
    one, other = rewriter(server).settings, rewriter(server, parameters={"temperature": 0.0}, budget=None).settings
    assert one["parameters"] == {"temperature": 0.7, "max_tokens": 400}
    assert {k for k in one if one[k] != other[k]} == {"parameters"}
    assert KEY not in str(one)
