"""What goes over the wire is what the service's own library would send; an interrupted run leaves nothing behind."""

from __future__ import annotations

import email
import email.policy
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.models.generators.api_cases import KEYS, make, server, wanted
from tests.models.generators.provider_server import ProviderServer, Seen

from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_wire import merged, wire_seed
from fauve.models.protocols import ImageRequest
from fauve.records import Outcome

__all__ = ["server"]


@pytest.fixture
def library(server: ProviderServer) -> Any:
    openai = pytest.importorskip("openai")
    return openai.OpenAI(api_key=KEYS["OPENAI_API_KEY"], base_url=f"{server.url}/v1", max_retries=0)


def form_of(call: Seen) -> dict[str, tuple[str | None, bytes]]:
    """Name, media type and value of every field of a form, read by the standard library."""
    head = f"Content-Type: {call.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + call.body, policy=email.policy.HTTP)
    return {
        str(part.get_param("name", header="content-disposition")): (
            part.get_content_type() if part.get_filename() else None,
            part.get_payload(decode=True) or b"",
        )
        for part in message.iter_parts()
    }


def test_generations_are_put_as_openai_does(server: ProviderServer, library: Any) -> None:
    library.images.generate(
        model="gpt-image-1.5",
        prompt="a dark room",
        n=1,
        size="1024x1024",
        quality="high",
        moderation="low",
        background="opaque",
        output_format="png",
    )
    make("openai", server).generate(wanted("a dark room"))
    theirs, ours = server.paid()
    assert ours.json == theirs.json
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_edits_are_put_as_openai_does(server: ProviderServer, library: Any) -> None:
    image = Image.effect_noise((12, 9), 60).convert("RGB")
    png = io.BytesIO()
    image.save(png, "PNG")
    fields = {"size": "1024x1024", "quality": "high", "background": "opaque", "output_format": "png"}
    library.images.edit(
        model="gpt-image-1.5", prompt="dim it: ünï", n=1, image=("image.png", png.getvalue(), "image/png"), **fields
    )
    make("openai", server).generate([ImageRequest("dim it: ünï", 0, image=image)])
    theirs, ours = (form_of(call) for call in server.paid())
    assert ours == theirs
    assert ours["image"] == ("image/png", png.getvalue())
    assert ours["prompt"][1].decode() == "dim it: ünï"


def test_chats_are_put_as_openai_does(server: ProviderServer, library: Any) -> None:
    generator = make("openrouter", server, preset="paper")
    text = f"{generator.prefix}a dark room"
    library.chat.completions.create(
        model=generator.model,
        messages=[{"role": "user", "content": text}],
        stream=False,
        extra_body={"usage": {"include": True}},
    )
    generator.generate(wanted("a dark room"))
    theirs, ours = server.paid()
    assert ours.json == theirs.json
    assert ours.path == theirs.path


def test_seeds_and_parameters() -> None:
    assert [wire_seed(seed) for seed in (0, 2**31 - 1, 2**31, 2**62 + 3)] == [0, 2**31 - 1, 0, 3]
    assert merged({"a": 1, "b": 2}, {"b": None, "c": False}) == {"a": 1, "c": False}
    assert merged({"a": 1}, None) == {"a": 1}


CHILD = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
from tests.models.generators.api_cases import CLASSES, wanted
made = CLASSES["openai"](base_url=sys.argv[1], journal=sys.argv[2], concurrency=2)
try:
    made.generate(wanted(*(f"p{at}" for at in range(12))))
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_was_under_way_and_starts_nothing(server: ProviderServer, tmp_path: Path) -> None:
    server.delay = 1.0  # long enough that a busy machine still interrupts it in the middle
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, f"{server.url}/v1", str(tmp_path)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while len(server.paid()) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=30)
    assert said.split() == ["stopped"]
    bought = server.billed.total()
    assert 3 <= bought <= 6
    assert len(list(tmp_path.glob("*.bin"))) == bought, "what was under way was lost"
    server.delay = 0.0
    made = make("openai", server, journal=tmp_path, concurrency=2).generate(wanted(*(f"p{at}" for at in range(12))))
    assert {one.outcome for one in made} == {Outcome.OK}
    assert server.billed == {f"p{at}": 1 for at in range(12)}, "something was bought twice"
    assert ApiJournal(tmp_path).spent() == 0
