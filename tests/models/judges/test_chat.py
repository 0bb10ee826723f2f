"""The judge behind a service, over real sockets, against a service that also misbehaves."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.models.chat.answering_server import AnsweringServer
from tests.models.chat.answers import MODEL, USAGE, pictures_of, question_of
from transformers import Qwen3VLForConditionalGeneration

from fauve.engine.jobs import AdapterSpec
from fauve.errors import ConfigError, ModelError, UnknownName
from fauve.models.judges.chat import ChatJudge, NotJudged
from fauve.models.judges.guidelines import own_guidelines
from fauve.models.judges.qwen3vl import QwenJudge
from fauve.models.judges.qwen3vl_pixels import qwen3_patches
from fauve.records import Outcome

TWO = ("clarity", "emotion")
CLARITY, EMOTION = (own_guidelines().text(dimension) for dimension in TWO)


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


def made(server: AnsweringServer, **options: Any) -> ChatJudge:
    given = {"dimensions": TWO, "key_env": "", "size": 32, "deadline": 10.0, "timeout": 5.0, **options}
    return ChatJudge("tiny", server.url, **given)


def test_the_value_is_the_expected_level_and_the_rest_is_told(
    server: AnsweringServer, pictures: list[Image.Image]
) -> None:
    server.shares = {CLARITY: {"2": 0.6, "1": 0.1, "0": 0.1, "good": 0.2}, EMOTION: {"1": 0.5, "0": 0.5, "2": 0.0}}
    judge = made(server)
    np.testing.assert_allclose(judge.judge(pictures), [[(0.1 + 1.2) / 0.8, 0.5]] * 2, atol=1e-9)
    answers = judge.answers(pictures[:1])[0]
    assert answers["clarity"].outside == pytest.approx(0.2)
    assert answers["clarity"].facts["answered_model"] == MODEL
    assert answers["clarity"].facts["tokens_in"] == USAGE["prompt_tokens"]


@pytest.mark.parametrize(("layout", "order"), [("paper", ["text", "image_url"]), ("fast", ["image_url", "text"])])
def test_what_is_sent(server: AnsweringServer, pictures: list[Image.Image], layout: str, order: list[str]) -> None:
    made(server, layout=layout, parameters={"seed": 5, "temperature": None}).judge(pictures[:1])
    body = next(call for call in server.calls if question_of(call) == CLARITY)
    content = body["messages"][0]["content"]
    assert [part["type"] for part in content] == order
    assert (body["logprobs"], body["top_logprobs"], body["max_tokens"], body["seed"]) == (True, 20, 1, 5)
    assert "temperature" not in body
    (sent,) = pictures_of(body)
    wanted = pictures[0].convert("RGB").resize((32, 32), Image.Resampling.BICUBIC)
    assert np.array_equal(np.asarray(sent), np.asarray(wanted))


@pytest.mark.parametrize(
    ("fault", "outcome", "told"),
    [
        ("no logprobs", Outcome.UNPARSABLE, "no log-probabilities"),
        ("empty logprobs", Outcome.UNPARSABLE, "no log-probabilities"),
        ("odd logprobs", Outcome.UNPARSABLE, "probability of 0"),
        ("page", Outcome.UNPARSABLE, "no JSON"),
        ("nothing", Outcome.UNPARSABLE, "nothing in it"),
        ("no choice", Outcome.UNPARSABLE, "no choice"),
        ("refusal", Outcome.REFUSED, "I cannot look"),
        ("filter", Outcome.FILTERED, "filter"),
        ("400", Outcome.FAILED, "status 400"),
    ],
)
def test_no_value_is_made_of_anything_else(
    server: AnsweringServer, pictures: list[Image.Image], fault: str, outcome: Outcome, told: str
) -> None:
    server.script(CLARITY, fault, fault)
    judge = made(server)
    with pytest.raises(NotJudged, match=f"no value for clarity .*{told}") as raised:
        judge.judge(pictures[:1])
    assert raised.value.outcome is outcome
    assert raised.value.answers["emotion"].outcome is Outcome.OK
    assert raised.value.answers["clarity"].shares is None
    assert len(server.calls) == 2, "what cannot pass by itself is not asked again"


def test_an_answer_that_is_not_listed_counts_only_where_it_cannot_matter(
    server: AnsweringServer, pictures: list[Image.Image]
) -> None:
    server.shares = {
        CLARITY: {"2": 0.99, "1": 0.009, "x": 1e-5},
        EMOTION: {"2": 0.6, "1": 0.3, "x": 0.1},
    }
    answers = made(server).answers(pictures[:1])[0]
    assert answers["clarity"].shares == pytest.approx((0, 0.009 / 0.999, 0.99 / 0.999))
    assert answers["emotion"].outcome is Outcome.UNPARSABLE
    assert "0 is not among the 3 first tokens" in str(answers["emotion"].reason)


@pytest.mark.parametrize("passing", ["429", "500", "cut off", "lost"])
def test_what_may_pass_is_asked_again(server: AnsweringServer, pictures: list[Image.Image], passing: str) -> None:
    server.script(CLARITY, passing)
    assert made(server).judge(pictures[:1]).shape == (1, 2)
    assert server.asked()[CLARITY] == 2


def test_a_service_that_hangs_is_left(server: AnsweringServer, pictures: list[Image.Image]) -> None:
    server.script(CLARITY, "hang", "hang")
    judge = made(server, timeout=0.3, deadline=1.0, resend=0)
    with pytest.raises(NotJudged) as raised:
        judge.judge(pictures[:1])
    assert raised.value.outcome is Outcome.TIMED_OUT


def test_asking_again_asks_only_what_is_lacking(server: AnsweringServer, pictures: list[Image.Image]) -> None:
    server.script(CLARITY, "page")
    judge = made(server)
    with pytest.raises(NotJudged):
        judge.judge(pictures[:1])
    judge.judge(pictures[:1])
    asked = server.asked()
    assert asked[EMOTION] == 1
    assert asked[CLARITY] == 2


def test_a_journal_keeps_what_was_bought_and_what_it_cost(
    server: AnsweringServer, pictures: list[Image.Image], tmp_path: Path
) -> None:
    options: dict[str, Any] = {"journal": tmp_path / "j", "price": 0.5, "budget": 1.0}
    first = made(server, **options).judge(pictures[:1])
    again = made(server, **options)
    np.testing.assert_array_equal(again.judge(pictures[:1]), first)
    assert len(server.calls) == 2
    assert float(again.account.budget.spent) == 1.0
    with pytest.raises(NotJudged, match="budget"):
        again.judge(pictures[1:])
    assert len(server.calls) == 2


def test_a_key_that_is_not_accepted_stops_everything(
    server: AnsweringServer, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-secret-secret")
    server.default = "401"
    judge = made(server, key_env="JUDGE_KEY", concurrency=1)
    with pytest.raises(NotJudged, match="does not accept the key") as raised:
        judge.judge(pictures)
    assert len(server.calls) == 1
    assert server.keys == ["Bearer sk-secret-secret"]
    assert "secret" not in str(raised.value) + str(judge.settings) + str(judge.provenance)


def test_no_more_are_under_way_than_allowed(server: AnsweringServer, pictures: list[Image.Image]) -> None:
    server.seconds = 0.05
    made(server, concurrency=2, dimensions=("clarity", "emotion", "background", "richness")).judge(pictures)
    assert server.most_at_once == 2


@pytest.mark.parametrize("layout", ["paper", "fast"])
def test_a_real_model_behind_the_service_gives_what_it_gives_here(
    server: AnsweringServer, tiny: Path, pictures: list[Image.Image], layout: str
) -> None:
    here = QwenJudge("tiny", str(tiny), layout=layout, size=64, dimensions=TWO)
    here.load("cpu", "float32")
    model = Qwen3VLForConditionalGeneration.from_pretrained(str(tiny)).eval()
    image_id = here.text.image_id
    lock = threading.Lock()

    def answer(body: dict[str, Any]) -> dict[str, float]:
        """As a service does it: from the request alone, through the chat form and the whole forward."""
        said, grid = [], (0, 0)
        for part in body["messages"][0]["content"]:
            if part["type"] == "text":
                said.append(part["text"])
            else:
                data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
                patches, grid = qwen3_patches(Image.open(io.BytesIO(data)), 64)
                said.append("<|vision_start|>" + "<|image_pad|>" * (grid[0] * grid[1] // 4) + "<|vision_end|>")
        text = f"<|im_start|>user\n{''.join(said)}<|im_end|>\n<|im_start|>assistant\n"
        ids = torch.tensor([here.text.open().encode(text, add_special_tokens=False).ids])
        with lock, torch.no_grad():
            shape = torch.tensor([[1, *grid]])
            kinds = (ids == image_id).int()
            logits = model(input_ids=ids, pixel_values=patches, image_grid_thw=shape, mm_token_type_ids=kinds).logits
        shares = logits[0, -1].double().softmax(0).tolist()
        return {here.text.open().id_to_token(at) or str(at): share for at, share in enumerate(shares)}

    server.model = answer
    there = made(server, layout=layout, size=64)
    np.testing.assert_allclose(there.judge(pictures), here.judge(pictures), atol=1e-5)
    outside = [[one[d].outside for d in TWO] for one in there.answers(pictures)]
    np.testing.assert_allclose(outside, here.details(pictures)["outside"], atol=1e-5)


def test_the_key_must_be_there(server: AnsweringServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        ChatJudge("tiny", server.url).check()


def test_wrong_options_are_told(server: AnsweringServer) -> None:
    with pytest.raises(UnknownName, match="clearness"):
        made(server, dimensions=("clearness",))
    with pytest.raises(ConfigError, match="Did you mean 'timeout'"):
        made(server, timeuot=3)
    with pytest.raises(ConfigError, match="paper or fast"):
        made(server, layout="other")


def test_the_registry_can_make_it_and_settings_tell_services_apart(server: AnsweringServer) -> None:
    options = {"model": "tiny", "base_url": server.url, "key_env": ""}
    judge = AdapterSpec("judge", "fauve.models.judges.chat:ChatJudge", options).make()
    assert judge.card.name == "chat:tiny"
    other = AdapterSpec("judge", "fauve.models.judges.chat:ChatJudge", {**options, "model": "large"}).make()
    assert dict(judge.settings) != dict(other.settings)
