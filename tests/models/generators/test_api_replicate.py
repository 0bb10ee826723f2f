"""Replicate's predictions: one paid call, any number of questions, both shapes of output, versions, cancelling."""

from __future__ import annotations

import pytest
from tests.models.generators.api_cases import make, server, wanted
from tests.models.generators.provider_server import ProviderServer, picture

from fauve.errors import ConfigError
from fauve.models.generators.api_replicate import ReplicateImages
from fauve.models.generators.api_transport import FakeTransport, Reply
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["server"]


def test_a_prediction_is_created_once_however_often_it_is_asked_after(server: ProviderServer) -> None:
    server.polls_until_done = 6
    server.script("poll p", ["500", "reset", "429:0.01", "503"])
    made = make("replicate", server).generate(wanted("p"))[0]
    assert made.data == picture("p")
    assert made.facts["attempts"] == 1
    assert made.facts["unanswered"] == 0
    assert len(server.paid()) == 1


@pytest.mark.parametrize("act", ["single", "ok"])
def test_an_output_is_an_address_or_a_list_of_them(act: str, server: ProviderServer) -> None:
    server.script("p", [act])
    assert make("replicate", server).generate(wanted("p"))[0].data == picture("p")


def test_a_prediction_that_takes_too_long_is_cancelled(server: ProviderServer) -> None:
    server.script("p", ["stuck"])
    made = make("replicate", server, deadline=1.5).generate(wanted("p", "q"))
    assert made[0].outcome is Outcome.TIMED_OUT
    assert "had not ended after 1.5 s" in made[0].reason
    assert made[0].facts["cancelled"] is True
    assert server.cancelled == ["p0"] or server.cancelled == ["p1"]
    assert made[1].outcome is Outcome.OK


def test_a_prediction_refused_or_failed_says_why(server: ProviderServer) -> None:
    server.script("p", ["refused"])
    server.script("q", ["failed"])
    made = make("replicate", server).generate(wanted("p", "q"))
    assert (made[0].outcome, made[1].outcome) == (Outcome.REFUSED, Outcome.FAILED)
    assert made[0].reason == "the prediction failed: NSFW content detected (E005)"


def test_the_version_is_pinned_where_one_is_given(server: ProviderServer) -> None:
    make("replicate", server).generate(wanted("p"))
    make("replicate", server, version="ab" * 32).generate(wanted("p"))
    newest, pinned = server.paid()
    assert newest.path == "/v1/models/bytedance/seedream-4/predictions"
    assert "version" not in newest.json
    assert pinned.path == "/v1/predictions"
    assert pinned.json["version"] == "ab" * 32


def test_seed_and_negative_prompt_of_qwen_image(server: ProviderServer) -> None:
    requests = [ImageRequest("a", 2**40 + 5), ImageRequest("b", 7, negative=""), ImageRequest("c", 7, negative="dull")]
    for preset in ("matched", "paper"):
        make("replicate", server, name="qwen-image@replicate", preset=preset, concurrency=1).generate(requests)
    given = [call.json["input"] for call in server.paid()]
    assert [one.get("negative_prompt") for one in given] == [" ", "", "dull", None, "", "dull"]
    assert [one.get("seed") for one in given] == [5, 7, 7, None, None, None]
    assert {one["go_fast"] for one in given[:3]} == {False}
    assert {one["go_fast"] for one in given[3:]} == {True}
    assert {one["enhance_prompt"] for one in given} == {False}


@pytest.mark.parametrize(
    "options", [{"name": "something"}, {"model": "no-slash"}, {"version": "latest"}, {"poll": 0.0}, {"model": "a/../b"}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ReplicateImages(**options)  # type: ignore[arg-type]


def test_a_prediction_id_cannot_lead_elsewhere(server: ProviderServer) -> None:
    fake = FakeTransport(lambda call: Reply(201, {}, b'{"id": "../../account", "status": "starting"}'))
    made = make("replicate", server, transport=fake).generate(wanted("p"))[0]
    assert made.outcome is Outcome.UNPARSABLE
    assert [call.method for call in fake.calls] == ["POST"]
