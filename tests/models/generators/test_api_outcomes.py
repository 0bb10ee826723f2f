"""Every shape and fault of every service, over real sockets: the outcome, the reason, and what was asked and billed."""

from __future__ import annotations

import json
import time

import pytest
from PIL import Image
from tests.models.generators.api_cases import KINDS, make, server, wanted
from tests.models.generators.provider_server import ProviderServer, picture

from fauve.models.generators.api_generator import ApiGenerator
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["server"]

# What the services answer with and what must come of it; where not named, for every service.
OUTCOMES = [
    ("jpeg", Outcome.OK, None, ("openai", "openrouter", "gemini")),
    ("text", Outcome.NO_IMAGE, "text instead of a picture: I would rather describe it", ("openrouter", "gemini")),
    ("nothing", Outcome.NO_IMAGE, "no picture", KINDS),
    ("empty", Outcome.UNPARSABLE, "status 200 with nothing in it", KINDS),
    ("page", Outcome.UNPARSABLE, "no JSON (text/html)", ("openai", "openrouter", "gemini")),
    ("cut", Outcome.UNPARSABLE, "no JSON", ("openai", "openrouter", "gemini")),
    ("base64", Outcome.UNPARSABLE, "no valid base64", KINDS),
    ("truncated", Outcome.UNPARSABLE, "truncated", ("openai", "openrouter", "gemini")),
    ("html", Outcome.UNPARSABLE, "", ("openai", "openrouter", "gemini")),
    ("constant", Outcome.FILTERED, "constant", KINDS),
    ("refused", Outcome.REFUSED, "", KINDS),
    ("finish", Outcome.REFUSED, "stopped by", ("openrouter", "gemini")),
    ("inner-error", Outcome.FAILED, "Provider returned error", ("openrouter",)),
    ("bad", Outcome.FAILED, "prompt too long", ("openai", "openrouter", "replicate")),
    ("failed", Outcome.FAILED, "CUDA out of memory", ("replicate",)),
    ("file", Outcome.UNPARSABLE, "no https address", ("replicate",)),
]
CASES = [(kind, act, outcome, reason) for act, outcome, reason, kinds in OUTCOMES for kind in kinds]


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_come_as_they_are_and_in_order(kind: str, server: ProviderServer) -> None:
    prompts = [f"scene {at}" for at in range(9)]
    generator: ApiGenerator = make(kind, server, concurrency=3)
    generator.load("cpu", "float32")
    made = generator.generate(wanted(*prompts))
    assert [one.data for one in made] == [picture(prompt) for prompt in prompts]
    assert all(one.outcome is Outcome.OK and one.facts["media_type"] == "image/png" for one in made)
    assert all(one.facts["attempts"] == 1 and one.facts["sent"] for one in made)
    assert len(server.paid()) == 9
    assert set(server.billed.values()) == {1}


@pytest.mark.parametrize(("kind", "act", "outcome", "reason"), CASES)
def test_one_fault_one_outcome_and_the_others_unharmed(
    kind: str, act: str, outcome: Outcome, reason: str | None, server: ProviderServer
) -> None:
    server.script("bad luck", [act, act])
    made = make(kind, server).generate(wanted("a", "bad luck", "b"))
    assert [one.outcome for one in made] == [Outcome.OK, outcome, Outcome.OK]
    assert (made[1].data is None) == (outcome is not Outcome.OK)
    if reason is not None:
        assert reason in made[1].reason
        assert len(made[1].reason) < 520
        assert "\n" not in made[1].reason
    assert len([call for call in server.paid() if call.prompt == "bad luck"]) == 1, "a final answer was asked again"
    assert made[1].facts["attempts"] == 1
    json.dumps(dict(made[1].facts))  # plain values, which can be filed


def test_text_instead_of_a_picture_is_kept_shortened(server: ProviderServer) -> None:
    server.script("p", ["text"])
    made = make("openrouter", server).generate(wanted("p"))[0]
    assert made.facts["text"].startswith("I would rather describe it: a cat")
    assert len(made.facts["text"]) <= 300


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("acts", [["500", "503"], ["429:0.1"], ["429"], ["reset"], ["502", "429:0.05", "reset"]])
def test_what_may_pass_is_asked_again(kind: str, acts: list[str], server: ProviderServer) -> None:
    server.script("p", acts)
    made = make(kind, server).generate(wanted("o", "p"))
    assert [one.data for one in made] == [picture("o"), picture("p")]
    assert made[1].facts["attempts"] == len(acts) + 1
    assert made[1].facts["unanswered"] == acts.count("reset")
    assert server.billed == {"o": 1, "p": 1}


@pytest.mark.parametrize("kind", ["openai", "openrouter", "gemini"])
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_call_ends_in_time_even_if_bytes_keep_coming(kind: str, fault: str, server: ProviderServer) -> None:
    server.script("p", [fault, fault])
    started = time.monotonic()
    made = make(kind, server, timeout=0.3, deadline=5.0).generate(wanted("p", "o"))
    assert made[0].outcome is Outcome.TIMED_OUT
    assert "no complete answer within 0.3 s" in made[0].reason
    assert made[0].facts["unanswered"] == 2, "sent once, and once again"
    assert made[1].outcome is Outcome.OK
    assert time.monotonic() - started < 8, "the drip alone would take a minute"


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_is_sent_again_no_more_often_than_allowed(kind: str, server: ProviderServer) -> None:
    server.script("p", ["reset"] * 5)
    made = make(kind, server, resend=2, price=0.1).generate(wanted("p"))[0]
    assert made.outcome is Outcome.FAILED
    assert "connection broke" in made.reason
    assert len(server.paid()) == 3
    assert made.facts["cost"] == pytest.approx(0.3), "each may have been billed"


def test_an_answer_that_was_billed_and_lost_is_not_bought_twice_where_that_is_forbidden(
    server: ProviderServer,
) -> None:
    server.script("p", ["lost", "ok"])
    made = make("openai", server, resend=0).generate(wanted("p"))[0]
    assert made.outcome is Outcome.FAILED
    assert server.billed == {"p": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_key_stops_everything_at_once(kind: str, server: ProviderServer) -> None:
    server.default = "auth"
    generator = make(kind, server, concurrency=2)
    made = generator.generate(wanted(*(f"p{at}" for at in range(40))))
    assert {one.outcome for one in made} == {Outcome.FAILED}
    assert all("does not accept the key" in one.reason for one in made)
    assert len(server.paid()) <= 2
    assert sum(not one.facts["sent"] for one in made) >= 38
    before = len(server.calls)
    generator.generate(wanted("later"))
    assert len(server.calls) == before, "it asked again with the same key"
    server.default = "ok"
    generator.load("cpu", "float32")
    assert generator.generate(wanted("later"))[0].outcome is Outcome.OK


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("act", "reason"), [("model", "no such model"), ("money", "no money left")])
def test_a_wrong_model_and_an_empty_account_stop_everything_at_once(
    kind: str, act: str, reason: str, server: ProviderServer
) -> None:
    if kind in {"openrouter", "gemini", "replicate"} and act == "money":
        act = "402"
    server.default = act
    made = make(kind, server, concurrency=1).generate(wanted("a", "b", "c"))
    assert all(reason in one.reason for one in made)
    assert [one.facts["sent"] for one in made] == [True, False, False]
    assert len(server.paid()) == 1


def test_a_service_that_cannot_be_reached_is_not_tried_for_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    with ProviderServer() as gone:
        generator = make("openai", gone, deadline=0.8, concurrency=1)
    made = generator.generate(wanted("a", "b", "c"))
    assert all("cannot be reached" in one.reason and not one.facts["sent"] for one in made)
    assert set(made[0].facts["statuses"]) == {"not sent"}
    assert made[1].facts["statuses"] == made[2].facts["statuses"] == []


def test_a_wait_longer_than_the_deadline_is_not_waited_for(server: ProviderServer) -> None:
    server.default = "429:3600"
    started = time.monotonic()
    made = make("openrouter", server, concurrency=1).generate(wanted("a", "b"))
    assert time.monotonic() - started < 8
    assert "asks to wait 3600 s" in made[0].reason
    assert not made[1].facts["sent"]
    server.default = "ok"


def test_a_picture_may_come_as_an_address(server: ProviderServer) -> None:
    server.script("p", ["url"])
    server.script("download p", ["500", "ok"])
    made = make("openai", server).generate(wanted("p"))[0]
    assert made.data == picture("p")
    downloads = [call for call in server.calls if "/files/" in call.path]
    assert len(downloads) == 2
    assert all("authorization" not in call.headers for call in downloads), "the key went to another address"
    assert server.billed == {"p": 1}


def test_facts_tell_what_the_service_said(server: ProviderServer) -> None:
    openai = make("openai", server, price=0.133).generate(wanted("p"))[0].facts
    assert (openai["request_id"], openai["tokens"], openai["cost"], openai["revised"]) == ("req-1", 4200, 0.133, False)
    router = make("openrouter", server, price=1.0).generate(wanted("p"))[0].facts
    assert (router["provider"], router["cost"]) == ("Google AI Studio", 0.0387), "the stated cost goes before the price"
    gemini = make("gemini", server).generate(wanted("p"))[0].facts
    assert (gemini["answered_model"], gemini["request_id"]) == ("gemini-2.5-flash-image-002", "resp-1")
    replicate = make("replicate", server).generate(wanted("p"))[0].facts
    assert (replicate["answered_model"], replicate["request_id"]) == ("abc123", "p0")
    assert all(facts["seconds"] >= 0 and facts["statuses"][0] in {"200", "201"} for facts in (openai, replicate))


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_to_edit_goes_along(kind: str, server: ProviderServer) -> None:
    image = Image.new("RGB", (8, 8), (10, 200, 30))
    made = make(kind, server).generate([ImageRequest("redden it", 3, image=image)])[0]
    assert made.data == picture("redden it")
    sent = server.paid()[0]
    assert sent.path.endswith("/images/edits") == (kind == "openai")
    assert b"PNG" in sent.body if kind == "openai" else b"iVBORw0KGgo" in sent.body


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_service_cannot_do_is_not_asked_of_it(kind: str, server: ProviderServer) -> None:
    requests = [ImageRequest("p", 0, negative="pretty"), ImageRequest("p", 0, strength=0.5), ImageRequest("p", 0)]
    made = make(kind, server).generate(requests)
    assert [one.outcome for one in made] == [Outcome.FAILED, Outcome.FAILED, Outcome.OK]
    assert "negative prompt" in made[0].reason
    assert "strength" in made[1].reason
    assert len(server.paid()) == 1


def test_half_a_surrogate_pair_fails_alone(server: ProviderServer) -> None:
    made = make("openai", server).generate(wanted("fine", "bro\ud800ken"))
    assert [one.outcome for one in made] == [Outcome.OK, Outcome.FAILED]
    assert "cannot be sent" in made[1].reason


def test_nothing_asked_nothing_sent(server: ProviderServer) -> None:
    assert make("openai", server).generate([]) == []
    assert server.calls == []
