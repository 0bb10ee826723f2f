"""A chat endpoint on loopback that is shown pictures, and can misbehave.

What a request meets is scripted by the text of the prompt: a queue of acts for each, and ``default`` once it is empty.
``faithful`` chooses the brighter picture, whichever place it has; ``first`` always the one shown first. ``takes`` are
the forms of answer that the endpoint knows; with another it answers 400, as servers do that have no structured output.
"""

from __future__ import annotations

import base64
import io
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

FORMS = ("json_schema", "json_object", "words")


class AnsweringServer:
    """``seconds`` is how long an answer takes and ``at_once`` how many are worked on at a time (None: all)."""

    def __init__(
        self, takes: Sequence[str] = FORMS, default: str = "faithful", seconds: float = 0.0, at_once: int | None = None
    ) -> None:
        self.takes, self.default, self.seconds = takes, default, seconds
        self.calls: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.most_at_once = 0
        self._working = 0
        self._places = None if at_once is None else threading.BoundedSemaphore(at_once)
        self._scripts: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> AnsweringServer:
        server = self

        class Handler(_Handler):
            chat = server

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    def script(self, prompt: str, *acts: str) -> None:
        """What requests with this prompt meet, in turn."""
        self._scripts[prompt] = list(acts)

    def forms(self) -> list[str]:
        return [form_of(call) for call in self.calls]

    def next_act(self, prompt: str) -> str:
        with self._lock:
            queue = self._scripts.get(prompt)
            return queue.pop(0) if queue else self.default

    def keep(self, call: dict[str, Any]) -> None:
        with self._lock:
            self.calls.append(call)

    def work(self) -> None:
        """Take the time that an answer takes."""
        if self._places is not None:
            self._places.acquire()
        with self._lock:
            self._working += 1
            self.most_at_once = max(self.most_at_once, self._working)
        time.sleep(self.seconds)
        with self._lock:
            self._working -= 1
        if self._places is not None:
            self._places.release()

    def hang(self) -> None:
        self._over.wait(30)


def form_of(call: dict[str, Any]) -> str:
    return call.get("response_format", {}).get("type", "words")


def asked(call: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the question, before anything was said about it."""
    return call["messages"][1]["content"]


def prompt_of(call: dict[str, Any]) -> str:
    return re.fullmatch(r"Request:\n(.*)\n\n(?:First p|P)icture:", asked(call)[0]["text"], re.DOTALL)[1]


def pictures_of(call: dict[str, Any]) -> list[Image.Image]:
    urls = [part["image_url"]["url"] for part in asked(call) if part["type"] == "image_url"]
    assert all(url.startswith("data:image/png;base64,") for url in urls)
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


def brightness(picture: Image.Image) -> int:
    return round(float(np.asarray(picture.convert("L")).mean()) / 255 * 100)


def content(act: str, call: dict[str, Any]) -> str:
    if len([part for part in asked(call) if part["type"] == "image_url"]) == 1:
        return _rating(act, call)
    if act in {"first", "second", "tie"}:
        return json.dumps({"choice": act})
    texts = {
        "prose": "The first picture fits better, clearly.",
        "both": '{"choice": "first"} or rather {"choice": "second"}',
        "twice": '{"choice": "first", "choice": "second"}',
        "list": '{"choice": ["first", "second"]}',
        "range": '{"choice": "third"}',
        "number": '{"choice": 1}',
        "other key": '{"selection": "first"}',
        "cut": '{"choi',
        "empty": "",
    }
    if act in texts:
        return texts[act]
    levels = [brightness(picture) for picture in pictures_of(call)]
    good = "tie" if levels[0] == levels[1] else "first" if levels[0] > levels[1] else "second"
    wrapped = {
        "fenced": f'Sure!\n```json\n{{"choice": "{good}"}}\n```\nThe other {{one}} is duller.',
        "in prose": f'I think {{"choice": "{good}"}} is right.',
        "thinking": f'<think>{{"choice": "tie"}} no</think>{{"choice": "{good}"}}',
        "comma": f'{{"choice": " {good.upper()} ",}}',
        "again": f'{{"choice": "{good}"}} {{"choice": "{good}"}}',
    }
    return wrapped.get(act, json.dumps({"choice": good}))


def _rating(act: str, call: dict[str, Any]) -> str:
    level = brightness(pictures_of(call)[0])
    ratings = {
        "range": {"main_concept": 101, "special_effects": 5},
        "below": {"main_concept": 5, "special_effects": -1},
        "one": {"main_concept": 5},
        "truth": {"main_concept": True, "special_effects": 5},
        "text": {"main_concept": "high", "special_effects": 5},
    }
    if act == "prose":
        return "I would give it 85 out of 100."
    if act == "both":
        return '{"main_concept": 1, "special_effects": 2} {"main_concept": 3, "special_effects": 4}'
    return json.dumps(ratings.get(act, {"main_concept": level, "special_effects": 100 - level}))


class _Handler(BaseHTTPRequestHandler):
    chat: AnsweringServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.chat.keep(call)
        self.chat.keys.add(self.headers.get("Authorization", ""))
        if self.path != "/v1/chat/completions":
            self._send(404, {"error": {"message": f"no such path {self.path}"}})
        elif form_of(call) not in self.chat.takes:
            self._send(400, {"error": {"message": "response_format is not supported", "param": "response_format"}})
        else:
            self._act(self.chat.next_act(prompt_of(call)), call)

    def _act(self, act: str, call: dict[str, Any]) -> None:
        if act.startswith("429"):
            wait = act.partition(":")[2]
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": wait} if wait else {})
        elif act.isdigit():
            self._send(int(act), {"error": {"message": "something broke"}})
        elif act in {"hang", "lost"}:
            if act == "hang":
                self.chat.hang()
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif act == "page":
            self._raw(200, b"<!doctype html><title>Down for maintenance</title>")
        else:
            self.chat.work()
            self._send(200, _answer(act, call))

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(answer).encode(), headers)

    def _raw(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _answer(act: str, call: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "" if act in {"refusal", "filter"} else content(act, call),
    }
    if act == "refusal":
        message["refusal"] = "I cannot compare these."
    finish = {"filter": "content_filter", "cut": "length"}.get(act, "stop")
    return {
        "id": "r-1",
        "model": "served-2026-01",
        "system_fingerprint": "fp-7",
        "choices": [{"message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 6},
    }
