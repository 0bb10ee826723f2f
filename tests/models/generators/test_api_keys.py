"""Keys are read from the environment, sent to their own service alone, and found nowhere afterwards."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.models.generators.api_cases import CLASSES, KEYS, KINDS, make, server, wanted
from tests.models.generators.provider_server import ProviderServer

from fauve.errors import ConfigError, FauveError, ModelError
from fauve.keys import canonical_json
from fauve.models.generators.api_transport import AnswerLost, Call, FakeTransport, NotSent, Reply

__all__ = ["server"]

ACTS = ["ok", "auth", "echo", "bad", "500", "429:0.01", "reset", "refused", "empty", "cut", "model"]


def texts_of(value: Any, seen: set[int]) -> list[str]:
    """Every text that can be reached from an object."""
    if id(value) in seen:
        return []
    seen.add(id(value))
    parts: list[Any] = []
    if isinstance(value, str | bytes | int | float | None):
        return [value if isinstance(value, str) else repr(value)]
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    slots = [name for base in type(value).__mro__ for name in getattr(base, "__slots__", ())]
    parts += [getattr(value, name, None) for name in slots if not name.startswith("__")]
    parts += list(getattr(value, "__dict__", {}).values())
    return [text for part in parts for text in texts_of(part, seen)]


@pytest.mark.parametrize("kind", KINDS)
def test_planted_keys_are_found_nowhere(
    kind: str, server: ProviderServer, tmp_path: Path, caplog: Any, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    leftovers: list[Any] = []
    for at, act in enumerate(ACTS):
        server.script(f"p{at}", [act, act, act])
        generator = make(kind, server, journal=tmp_path / "journal", deadline=0.5)
        made = generator.generate(wanted(f"p{at}"))
        leftovers += [made, repr(made), generator, dict(generator.settings), dict(generator.provenance)]
        leftovers += [canonical_json(generator.settings), repr(vars(generator)), repr(vars(generator.account))]
    assert len(server.paid()) >= len(ACTS), "nothing was sent, so nothing could have leaked"
    sent = [value for call in server.calls for value in call.headers.values()]
    assert any(key in value for key in KEYS.values() for value in sent), "the key never reached the service"
    texts = texts_of(leftovers, set())
    assert len(texts) > 100
    texts += [caplog.text, *capfd.readouterr()]
    texts += [file.read_text("utf-8", "replace") for file in tmp_path.rglob("*") if file.is_file()]
    assert any('"prompt": "p0"' in text for text in texts), "the journal was not read"
    for key in KEYS.values():
        assert not any(key in text for text in texts), "a key was found"
        assert not any(key[-8:] in text for text in texts), "the end of a key was found"


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_own_key_goes_to_a_service(kind: str, server: ProviderServer) -> None:
    make(kind, server).generate(wanted("p"))
    own = CLASSES[kind].KEY_NAMES[0]
    for call in server.calls:
        values = " ".join([call.path, *call.headers.values(), call.body.decode("latin-1")])
        assert (KEYS[own] in values) == ("/files/" not in call.path)
        assert not any(key in values for name, key in KEYS.items() if name != own)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_is_said_before_any_call(
    kind: str, value: str | None, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    generator = make(kind, server)
    assert generator.settings["model"]
    for use in (generator.check, generator.load, lambda: generator.generate(wanted("p"))):
        with pytest.raises(ModelError, match=f"Set .*{CLASSES[kind].KEY_NAMES[0]}.* in the environment"):
            use()
    assert server.calls == []


@pytest.mark.parametrize("bad", ["abc\ndef-secret", "abc def-secret", "schlüssel-secret", "abc\x07-secret"])
def test_a_key_that_is_none_is_refused_without_showing_it(
    bad: str, server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", bad)
    with pytest.raises(ModelError, match="holds characters that no key has") as raised:
        make("openai", server).check()
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_google_has_two_names_for_its_key(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv("GOOGLE_API_KEY", "planted-second-name")
    make("gemini", server).generate(wanted("p"))
    assert server.calls[0].headers["x-goog-api-key"] == "planted-second-name"
    assert "planted" not in server.calls[0].path


def test_another_variable_may_hold_the_key_or_none(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", "planted-own")
    make("openai", server, key_env="MY_SERVER_KEY").generate(wanted("p"))
    assert server.calls[-1].headers["authorization"] == "Bearer planted-own"
    make("openai", server, key_env="").generate(wanted("p"))
    assert "authorization" not in server.calls[-1].headers


def test_a_key_in_place_of_its_name_is_not_shown(server: ProviderServer) -> None:
    with pytest.raises(ConfigError) as raised:
        make("openai", server, key_env="sk-proj-verysecret")
    assert "verysecret" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://user:verysecret@host/v1",
        "https://host/v1?key=verysecret",
        "https://host/v1#verysecret",
        "host",
        "ftp://h",
    ],
)
def test_addresses_that_hold_secrets_or_are_none(address: str) -> None:
    with pytest.raises(ConfigError, match="base_url") as raised:
        CLASSES["openai"](base_url=address)
    assert "verysecret" not in str(raised.value)


def test_a_key_does_not_cross_a_network_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    fake = FakeTransport(lambda call: Reply(200))
    generator = CLASSES["openai"](base_url="http://models.example/v1", transport=fake)
    with pytest.raises(ModelError, match="https"):
        generator.check()
    CLASSES["openai"](base_url="http://models.example/v1", transport=fake, key_env="").check()
    assert fake.calls == []


def test_keys_of_others_in_an_error_are_masked_too(server: ProviderServer) -> None:
    generator = make("openai", server)
    said = "key sk-proj-AbC*****xyz9 and r8_0123456789abcdef are wrong"
    assert generator.account.redact({"a": [said]}) == {"a": ["key [key] and [key] are wrong"]}
    harmless = "skateboarding skeletons, hfofmannsthal and pkunzipping, task-orientedness"
    assert generator.account.redact(harmless) == harmless


def test_a_stand_in_for_a_key_is_not_hunted_in_every_word(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert make("openai", server).account.redact("an ox in a box") == "an ox in a box"


def test_a_call_shows_neither_headers_nor_body() -> None:
    shown = repr(Call("POST", "https://h/v1", {"Authorization": "Bearer verysecret"}, b"verysecret"))
    assert "verysecret" not in shown


def test_errors_of_the_seam_are_errors_of_the_house() -> None:
    assert issubclass(NotSent, FauveError)
    assert issubclass(AnswerLost, FauveError)
