"""What is sent is what the settings say, and both presets are what was published or agreed on."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.generators.api_cases import CLASSES, KEYS, KINDS, make, server, wanted
from tests.models.generators.provider_server import ProviderServer, ok_body, picture

from fauve.errors import ConfigError
from fauve.keys import digest
from fauve.models.generators.api_answers import NoPicture, dig, read_error, read_json
from fauve.models.generators.api_cards import API_CARDS, NANO_BANANA_PREFIX, PRESETS
from fauve.models.generators.api_transport import FakeTransport, Reply
from fauve.models.protocols import Generated, ImageRequest
from fauve.records import Outcome

__all__ = ["server"]


def sent_by(server: ProviderServer, kind: str, **options: Any) -> dict[str, Any]:
    make(kind, server, **options).generate([ImageRequest("a dark room", seed=2**31 + 9)])
    return server.paid()[-1].json


def test_gpt_image_as_published_and_matched(server: ProviderServer) -> None:
    paper = sent_by(server, "openai", preset="paper")
    assert paper == {
        "model": "gpt-image-1.5",
        "prompt": "a dark room",
        "n": 1,
        "size": "1024x1024",
        "quality": "high",
    }
    matched = sent_by(server, "openai")
    assert matched == {**paper, "moderation": "low", "background": "opaque", "output_format": "png"}
    assert "response_format" not in matched


def test_nano_banana_as_published_and_matched(server: ProviderServer) -> None:
    paper = sent_by(server, "openrouter", preset="paper")
    text = "Generate an image with following prompt, return the image directly: a dark room"
    assert paper["messages"] == [{"role": "user", "content": text}]
    assert not {"modalities", "seed", "image_config", "provider"} & set(paper)
    matched = sent_by(server, "openrouter", providers=["google-ai-studio"])
    assert matched["modalities"] == ["image", "text"]
    assert matched["image_config"] == {"aspect_ratio": "1:1"}
    assert matched["seed"] == 9
    assert matched["provider"] == {"order": ["google-ai-studio"], "allow_fallbacks": False}
    assert paper["stream"] is matched["stream"] is False


def test_gemini_as_published_and_matched(server: ProviderServer) -> None:
    assert sent_by(server, "gemini", preset="paper")["generationConfig"] == {}
    matched = sent_by(server, "gemini")
    assert matched["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "1:1"},
        "seed": 9,
    }
    assert server.paid()[-1].path == "/v1/models/gemini-2.5-flash-image:generateContent"


def test_seedream_as_published_and_matched(server: ProviderServer) -> None:
    common = {
        "prompt": "a dark room",
        "size": "1K",
        "aspect_ratio": "1:1",
        "max_images": 1,
        "sequential_image_generation": "disabled",
    }
    assert sent_by(server, "replicate", preset="paper")["input"] == {**common, "width": 1024, "height": 1024}
    assert sent_by(server, "replicate")["input"] == {**common, "enhance_prompt": False}


def test_any_model_of_an_endpoint_that_speaks_the_images_api(server: ProviderServer) -> None:
    generator = make("openai", server, name="openai-images:flux-tiny", parameters={"size": "512x512", "seed": 3})
    generator.generate(wanted("p"))
    assert server.paid()[-1].json == {"model": "flux-tiny", "prompt": "p", "n": 1, "size": "512x512", "seed": 3}
    assert generator.card.name == "openai-images:flux-tiny"


def test_a_parameter_can_be_taken_out(server: ProviderServer) -> None:
    assert "moderation" not in sent_by(server, "openai", parameters={"moderation": None})


@pytest.mark.parametrize("kind", KINDS)
def test_settings_are_complete_before_loading_and_tell_one_run_from_another(kind: str, server: ProviderServer) -> None:
    several: list[dict[str, Any]] = [
        {},
        {"preset": "paper"},
        {"parameters": {"x": 1}},
        {"base_url": f"{server.url}/v2"},
    ]
    several += [{"model": "other/model"}]
    several += [{"version": "ab" * 20}] if kind == "replicate" else []
    several += [{"prefix": ""}] if kind in {"openrouter", "gemini"} else []
    several += [{"providers": ["a"]}] if kind == "openrouter" else []
    names = [digest(make(kind, server, **options).settings) for options in several]
    assert len(set(names)) == len(names)
    limits = {"price": 1.0, "budget": 5.0, "concurrency": 2, "timeout": 9.0, "resend": 0, "per_minute": 5.0}
    generator = make(kind, server, **limits)
    assert digest(generator.settings) == names[0], "what cannot change a picture is part of the key"
    before = dict(generator.settings)
    generator.load("cpu", "float32")
    generator.generate(wanted("p"))
    assert generator.settings == before
    assert generator.provenance["budget"] == 5.0
    assert generator.batch == 2


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_options_and_presets_are_refused(kind: str, server: ProviderServer) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'paper'"):
        make(kind, server, preset="papper")
    with pytest.raises(ConfigError, match="Did you mean 'budget'"):
        make(kind, server, budgett=3)


def test_cards_are_generators_and_presets_have_both() -> None:
    assert set(PRESETS) == set(API_CARDS) == {"nano-banana", "gpt-image-1.5", "seedream-4", "qwen-image@replicate"}
    assert all(card.kind == "generator" and card.name == name for name, card in API_CARDS.items())
    assert all(set(presets) == {"paper", "matched"} for presets in PRESETS.values())
    assert NANO_BANANA_PREFIX.endswith(": ")
    with pytest.raises(TypeError):
        PRESETS["seedream-4"]["paper"]["size"] = "2K"  # type: ignore[index]


# Keys that the readers look for, so that random answers reach deep into them.
NAMES = """data b64_json url error code message metadata raw details reason choices images image_url content usage cost
total_tokens candidates parts inlineData mimeType text id status output version model detail title revised_prompt
finishReason modelVersion"""
WORDS = st.sampled_from(NAMES.split())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 600),
    st.floats(allow_nan=True),
    st.text(max_size=12),
    st.sampled_from(
        [
            "data:image/png;base64,AAAA",
            "AAAA",
            "SAFETY",
            "succeeded",
            "failed",
            "\ud800",
            "file:///x",
            "https://[x",
            "https://ü/",
        ]
    ),
)
ANSWERS = st.recursive(
    LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(WORDS, below, max_size=5)),
    max_leaves=25,
)


def answered_with(kind: str, status: int, answer: Any) -> Generated:
    with pytest.MonkeyPatch.context() as patch:
        for name, key in KEYS.items():
            patch.setenv(name, key)
        fake = FakeTransport(lambda call: Reply(status, {}, json.dumps(answer).encode()))
        more: dict[str, Any] = {"poll": 6.0} if kind == "replicate" else {}
        generator = CLASSES[kind](
            base_url="https://h.example/v1", transport=fake, deadline=5.0, timeout=5.0, resend=0, **more
        )
        made: Generated = generator.generate(wanted("p"))[0]
    json.dumps(dict(made.facts), allow_nan=False).encode("utf-8")
    digest(dict(made.facts))
    return made


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(answer=ANSWERS, status=st.sampled_from([200, 201, 400, 403, 404, 422]))
def test_no_answer_however_odd_breaks_a_request(kind: str, answer: Any, status: int) -> None:
    made = answered_with(kind, status, answer)
    assert made.outcome is not Outcome.OK
    assert made.reason


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in parsed JSON."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data(), odd=ANSWERS)
def test_no_part_of_a_good_answer_however_odd_breaks_a_request(kind: str, data: st.DataObject, odd: Any) -> None:
    good = base64.b64encode(picture("p")).decode()
    done = {"id": "p1", "status": "succeeded", "output": [f"data:image/png;base64,{good}"], "version": "v", "error": ""}
    answer = done if kind == "replicate" else ok_body(kind, good)
    assert answered_with(kind, 200, answer).outcome is Outcome.OK
    container, key = data.draw(st.sampled_from(places(answer)))
    container[key] = odd
    made = answered_with(kind, 200, answer)
    assert (made.data is None) == (made.reason is not None)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hosts",
        "https://[x",
        "https://h:99999/",
        "https://ü.example/",
        "https://h/a b",
        "https://",
        "http://h/",
    ],
)
def test_an_address_that_is_none_is_not_fetched(url: str) -> None:
    made = answered_with("openai", 200, {"data": [{"url": url}]})
    assert made.outcome is Outcome.UNPARSABLE
    assert "address" in made.reason


@given(ANSWERS, st.lists(st.one_of(WORDS, st.integers(-3, 3)), max_size=4))
def test_a_path_that_leads_nowhere_gives_none(answer: Any, path: list[str | int]) -> None:
    dig(answer, *path)
    read_error(400, answer)


@given(st.binary(max_size=60).filter(lambda body: not body.strip().startswith(b"{")))
def test_bytes_that_are_no_object_are_unparsable(body: bytes) -> None:
    with pytest.raises(NoPicture) as raised:
        read_json(Reply(200, {}, body))
    assert raised.value.outcome is Outcome.UNPARSABLE
