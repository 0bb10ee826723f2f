"""A picture service on loopback that plays the shapes and faults of OpenAI, OpenRouter, Google and Replicate.

What it does with a prompt is scripted: a queue of acts for each prompt, ``ok`` once it is empty; ``default`` is what
every other prompt meets. It keeps every call, counts what it would bill and how many paid calls are under way at once.
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
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from PIL import Image

from fauve.keys import seed_from


def picture(prompt: str, form: str = "PNG") -> bytes:
    """Another picture for each prompt, so that a test sees which answer belongs to which request."""
    rng = np.random.default_rng(seed_from(prompt))
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(buffer, form)
    return buffer.getvalue()


def constant() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16), (0, 0, 255)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    prompt: str
    at: float

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Act:
    """What is sent back: a status and a body, with what goes wrong on the way."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""


class ProviderServer:
    """Runs in a thread between ``with``; ``script(prompt, acts)`` says what a prompt meets."""

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.calls: list[Seen] = []
        self.billed: Counter[str] = Counter()
        self.most_at_once = 0
        self.cancelled: list[str] = []
        self.predictions: dict[str, dict[str, Any]] = {}
        self.polls_until_done = 1
        self.default = "ok"
        self._scripts: dict[str, list[str]] = {}
        self._at_once = 0
        self.lock = threading.Lock()
        self.over = threading.Event()

    def __enter__(self) -> ProviderServer:
        server = self

        class Handler(_Handler):
            provider = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    def script(self, prompt: str, acts: Sequence[str]) -> None:
        self._scripts[prompt] = list(acts)

    def paid(self) -> list[Seen]:
        return [call for call in self.calls if call.method == "POST" and "/cancel" not in call.path]

    def next_act(self, prompt: str) -> str:
        with self.lock:
            queue = self._scripts.get(prompt)
            if queue is None:
                return self.default if "download" not in prompt and "poll" not in prompt else "ok"
            return queue.pop(0) if queue else "ok"

    def enter(self) -> None:
        with self.lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def leave(self) -> None:
        with self.lock:
            self._at_once -= 1

    def bill(self, prompt: str) -> None:
        with self.lock:
            self.billed[prompt] += 1


def dialect(path: str) -> str:
    if "/images/" in path:
        return "openai"
    if "/chat/completions" in path:
        return "openrouter"
    return "gemini" if ":generateContent" in path else "replicate"


def prompt_of(kind: str, body: bytes) -> str:
    if kind == "openai" and body.startswith(b"--"):
        return re.search(rb'name="prompt"\r\n\r\n(.*?)\r\n', body, re.DOTALL)[1].decode()
    sent = json.loads(body)
    if kind == "openai":
        return sent["prompt"]
    if kind == "gemini":
        return sent["contents"][0]["parts"][0]["text"].partition("directly: ")[2]
    if kind == "openrouter":
        content = sent["messages"][0]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        return text.partition("directly: ")[2]
    return sent["input"]["prompt"]


def ok_body(kind: str, b64: str, mime: str = "image/png") -> dict[str, Any]:
    """An answer with a picture, in the service's own shape."""
    if kind == "openai":
        return {"created": 1, "data": [{"b64_json": b64}], "usage": {"total_tokens": 4200}}
    if kind == "openrouter":
        image = {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{b64}"}}
        message = {"role": "assistant", "content": "Here you are.", "images": [image]}
        return {
            "id": "gen-1",
            "provider": "Google AI Studio",
            "model": "google/gemini-2.5-flash-image",
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"cost": 0.0387, "total_tokens": 1300},
        }
    parts = [
        {"text": "thinking", "thought": True},
        {"inlineData": {"mimeType": mime, "data": base64.b64encode(constant()).decode()}, "thought": True},
        {"inlineData": {"mimeType": mime, "data": b64}},
    ]
    return {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "modelVersion": "gemini-2.5-flash-image-002",
        "responseId": "resp-1",
        "usageMetadata": {"totalTokenCount": 1299},
    }


def text_body(kind: str, text: str | None, finish: str) -> dict[str, Any]:
    if kind == "openai":
        return {"created": 1, "data": []}
    if kind == "openrouter":
        return {"id": "gen-2", "choices": [{"message": {"content": text}, "finish_reason": finish}]}
    parts = [] if text is None else [{"text": text}]
    return {"candidates": [{"content": {"parts": parts}, "finishReason": finish}], "modelVersion": "m"}


def error_body(kind: str, status: int, message: str, code: str = "") -> dict[str, Any]:
    if kind == "replicate":
        return {"title": code or "Error", "detail": message, "status": status}
    if kind == "gemini":
        return {"error": {"code": status, "message": message, "status": code}}
    if kind == "openrouter":
        return {"error": {"code": status, "message": message}}
    return {"error": {"message": message, "type": "image_generation_user_error", "code": code, "param": None}}


REFUSAL = "Your request was rejected by the safety system. safety_violations=[violence]"


def act(name: str, kind: str, prompt: str, key: str) -> Act:  # noqa: C901 - one line an act
    """What an act answers to a paid call."""
    good = base64.b64encode(picture(prompt)).decode()
    as_json = {"Content-Type": "application/json"}
    body: Any = None
    status = 200
    if name.startswith("429"):
        wait = name.partition(":")[2]
        return Act(429, json.dumps(error_body(kind, 429, "slow down")).encode(), {"Retry-After": wait} if wait else {})
    if name.isdigit():
        return Act(int(name), json.dumps(error_body(kind, int(name), "something broke")).encode(), as_json)
    if name in {"ok", "lost", "drip", "hang", "reset"}:
        body = ok_body(kind, good)
    elif name == "jpeg":
        body = ok_body(kind, base64.b64encode(picture(prompt, "JPEG")).decode())
    elif name == "text":
        body = text_body(
            kind, "I would rather\ndescribe it: " + "a cat, " * 100, "stop" if kind != "gemini" else "STOP"
        )
    elif name == "nothing":
        body = text_body(kind, None, "NO_IMAGE")
    elif name == "empty":
        return Act(200, b"", as_json)
    elif name == "page":
        return Act(200, b"<!doctype html><title>Down for maintenance</title>", {"Content-Type": "text/html"})
    elif name == "cut":
        return Act(200, json.dumps(ok_body(kind, good)).encode()[:200], as_json)
    elif name == "base64":
        body = ok_body(kind, good[:-7] + "*")
    elif name == "constant":
        body = ok_body(kind, base64.b64encode(constant()).decode())
    elif name == "truncated":
        body = ok_body(kind, base64.b64encode(picture(prompt)[:300]).decode())
    elif name == "html":
        body = ok_body(kind, base64.b64encode(b"<html>not found</html>").decode(), "text/html")
    elif name == "refused" and kind == "openai":
        status, body = 400, error_body(kind, 400, REFUSAL, "moderation_blocked")
    elif name == "refused" and kind == "openrouter":
        status, body = 403, error_body(kind, 403, "Input was flagged: violence", "")
    elif name == "refused":
        body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "m"}
    elif name == "finish":
        body = text_body(kind, None, "IMAGE_SAFETY" if kind == "gemini" else "content_filter")
    elif name == "inner-error":
        body = {"error": {"code": 502, "message": "Provider returned error"}}
    elif name == "auth":
        status, body = 401, error_body(kind, 401, f"Incorrect API key provided: {key}.", "invalid_api_key")
    elif name == "money":
        status, body = 429, error_body(kind, 429, "You exceeded your current quota", "insufficient_quota")
    elif name == "model":
        status, body = 404, error_body(kind, 404, "The model does not exist", "model_not_found")
    elif name == "bad":
        status, body = 400, error_body(kind, 400, "Invalid value: prompt too long", "string_above_max_length")
    elif name == "echo":
        body = text_body(kind, f"your key is {key}", "stop")
    elif name == "url":
        body = {"data": [{"url": "URL/files/" + base64.urlsafe_b64encode(prompt.encode()).decode()}]}
    return Act(status, json.dumps(body).encode(), {**as_json, "x-request-id": "req-1"})


class _Handler(BaseHTTPRequestHandler):
    provider: ProviderServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._keep("", b"")
        if "/files/" in self.path:
            prompt = base64.urlsafe_b64decode(self.path.rpartition("/")[2]).decode()
            name = self.provider.next_act(f"download {prompt}")
            fine = Act(200, picture(prompt), {"Content-Type": "image/png"}, "" if name == "ok" else name)
            self._answer(Act(int(name), b"gone") if name.isdigit() else fine)
            return
        self._poll(self.path.rpartition("/")[2])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/cancel"):
            self._keep("", body)
            self.provider.cancelled.append(self.path.split("/")[-2])
            self._answer(Act(200, b"{}"))
            return
        kind = dialect(self.path)
        prompt = prompt_of(kind, body)
        self._keep(prompt, body)
        self.provider.enter()
        time.sleep(self.provider.delay)
        # before the answer: a client that has it may call again at once
        self.provider.leave()
        name = self.provider.next_act(prompt)
        if kind == "replicate" and name not in {"auth", "money", "model", "bad", "reset", "hang", "empty"}:
            self._create(prompt, name)
        else:
            self._paid(kind, prompt, name)

    def _paid(self, kind: str, prompt: str, name: str) -> None:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("x-goog-api-key", "")
        made = act(name, kind, prompt, key)
        made.body = made.body.replace(b"URL/", f"{self.provider.url}/".encode())
        made.fault = name if name in {"lost", "drip", "hang", "reset"} else ""
        if made.status == 200 and name not in {"hang", "reset"}:
            self.provider.bill(prompt)
        self._answer(made)

    def _create(self, prompt: str, name: str) -> None:
        if name[:3].isdigit():
            self._answer(act(name, "replicate", prompt, ""))
            return
        self.provider.bill(prompt)
        with self.provider.lock:
            job = f"p{len(self.provider.predictions)}"
            record = {"id": job, "status": "starting", "version": "abc123", "output": None, "error": None}
            self.provider.predictions[job] = {"prompt": prompt, "act": name, "polls": 0, "record": record}
        self._answer(Act(201, json.dumps(record).encode(), fault="lost" if name == "lost" else ""))

    def _poll(self, job: str) -> None:
        held = self.provider.predictions.get(job)
        if held is None:
            self._answer(Act(404, json.dumps(error_body("replicate", 404, "not found")).encode()))
            return
        held["polls"] += 1
        poll = self.provider.next_act(f"poll {held['prompt']}")
        if poll != "ok":
            self._answer(Act(200, b"{}", {}, poll) if poll == "reset" else act(poll, "replicate", "", ""))
            return
        record, name = held["record"], held["act"]
        done = held["polls"] >= self.provider.polls_until_done and name != "stuck"
        record["status"] = "processing" if not done else "failed" if name in {"refused", "failed"} else "succeeded"
        if done:
            record["error"] = {"refused": "NSFW content detected (E005)", "failed": "CUDA out of memory"}.get(name)
            address = base64.urlsafe_b64encode(held["prompt"].encode()).decode()
            url = f"{self.provider.url}/files/{address}"
            bad = "data:image/png;base64,@@@"
            blue = "data:image/png;base64," + base64.b64encode(constant()).decode()
            outputs = {
                "nothing": None,
                "single": url,
                "base64": [bad],
                "constant": [blue],
                "file": ["file:///etc/hosts"],
            }
            record["output"] = outputs.get(name, [url])
        self._answer(Act(200, json.dumps(record).encode()))

    def _keep(self, prompt: str, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.provider.lock:
            self.provider.calls.append(Seen(self.command, self.path, headers, body, prompt, time.monotonic()))

    def _answer(self, made: Act) -> None:
        if made.fault == "hang":
            self.provider.over.wait(30)
        if made.fault in {"hang", "reset", "lost"}:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(made.status)
        for name, value in made.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(made.body)))
        self.end_headers()
        try:
            if made.fault == "drip":
                for at in range(len(made.body)):
                    self.wfile.write(made.body[at : at + 1])
                    if self.provider.over.wait(0.05):
                        return
            else:
                self.wfile.write(made.body)
        except OSError:
            self.close_connection = True
