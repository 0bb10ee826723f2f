"""An OpenAI-compatible chat service on loopback that returns log-probabilities, or misbehaves as it is told to."""

from __future__ import annotations

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ChatServer:
    """Runs in a thread between ``with``.

    ``acts`` maps a word in the question to what it meets, in turn, the last for ever: ``ok``, a status, or a fault by
    name. ``shares`` maps a word in the question to the probabilities of tokens; ``model`` makes them of a request.
    """

    def __init__(self) -> None:
        self.acts: dict[str, list[str]] = {}
        self.shares: dict[str, dict[str, float]] = {}
        self.model: Callable[[dict[str, Any]], dict[str, float]] | None = None
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.at_once = self.most_at_once = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        self.over = threading.Event()

    def __enter__(self) -> ChatServer:
        server = self

        class Handler(_Handler):
            chat = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()

    def asked(self) -> Counter[str]:
        """How often each question was put."""
        return Counter(question(body) for body in self.bodies)

    def act(self, text: str) -> str:
        for word, queue in self.acts.items():
            if word in text:
                return queue.pop(0) if len(queue) > 1 else queue[0]
        return "ok"

    def share(self, text: str) -> dict[str, float]:
        return next((s for word, s in self.shares.items() if word in text), {"0": 0.2, "1": 0.3, "2": 0.4, "The": 0.1})


def question(body: dict[str, Any]) -> str:
    return next(part["text"] for part in body["messages"][0]["content"] if part["type"] == "text")


def reply(shares: dict[str, float], fault: str) -> dict[str, Any]:
    ranked = sorted(shares.items(), key=lambda one: -one[1])
    top = [{"token": token, "logprob": math.log(share) if share else -9999.0} for token, share in ranked]
    first = {**top[0], "top_logprobs": top}
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": top[0]["token"]},
        "logprobs": {"content": [first]},
        "finish_reason": "length",
    }
    if fault == "no logprobs":
        choice["logprobs"] = None
    elif fault == "empty logprobs":
        choice["logprobs"] = {"content": []}
    elif fault == "odd logprobs":
        first["top_logprobs"] = [{"token": "0", "logprob": "high"}, {"token": 1}, None, {"token": "2", "logprob": 7.0}]
    elif fault == "refusal":
        choice |= {"message": {"role": "assistant", "content": None, "refusal": "I cannot look at this."}}
    elif fault == "filtered":
        choice["finish_reason"] = "content_filter"
    elif fault == "no choice":
        return {"choices": []}
    return {
        "id": "r-1",
        "model": "tiny-1",
        "choices": [choice],
        "usage": {"prompt_tokens": 300, "completion_tokens": 1},
    }


class _Handler(BaseHTTPRequestHandler):
    chat: ChatServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        chat = self.chat
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.body = body
        with chat.lock:
            chat.bodies.append(body)
            chat.keys.append(self.headers.get("authorization", ""))
            chat.at_once += 1
            chat.most_at_once = max(chat.most_at_once, chat.at_once)
            act = chat.act(question(body))
        time.sleep(chat.delay)
        # before the reply is out: whoever has it may ask again at once
        with chat.lock:
            chat.at_once -= 1
        self._play(act, question(body))

    def _play(self, act: str, text: str) -> None:
        if act == "hang":
            self.chat.over.wait(30)
            return
        if act == "cut off":
            self.send_response(200)
            self.send_header("content-length", "5000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.connection.close()
            return
        if act == "prose":
            self._send(200, b"I would say it is a two.")
        elif act == "nothing":
            self._send(200, b"")
        elif act.isdigit():
            self._send(int(act), json.dumps({"error": {"message": f"status {act}", "code": "x"}}).encode())
        else:
            self._send(200, json.dumps(reply(self._shares(text), act)).encode())

    def _shares(self, text: str) -> dict[str, float]:
        return self.chat.share(text) if self.chat.model is None else self.chat.model(self.body)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
