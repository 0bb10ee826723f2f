"""An OpenAI-compatible chat service on loopback that answers whatever Fauve asks of one, and can misbehave.

What a request meets is scripted by its subject (see :func:`tests.models.chat.answers.subject`): a queue of acts, and
``default`` once it is empty. Acts are those of :mod:`tests.models.chat.answers`, and those of the line: a status
(``500``), ``429:1`` (with ``Retry-After: 1``), ``hang``, ``lost`` (the connection is reset), ``cut off`` (in the middle
of the body), ``page`` (HTML with status 200) and ``nothing`` (an empty body). ``takes`` are the forms of answer that
the service knows; with another it answers 400, as servers do that have no structured output.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.models.chat.answers import answer, subject

FORMS = ("json_schema", "json_object", "words")
SHARES = {"0": 0.2, "1": 0.3, "2": 0.4, "The": 0.1}


class AnsweringServer:
    """Runs in a thread between ``with``.

    ``seconds`` is how long an answer takes and ``at_once`` how many are worked on at a time (None: all). ``shares``
    maps a judge's question to the probabilities of tokens; ``model`` makes them of a request.
    """

    def __init__(
        self, takes: Sequence[str] = FORMS, default: str = "good", seconds: float = 0.0, at_once: int | None = None
    ) -> None:
        self.takes, self.default, self.seconds = takes, default, seconds
        self.shares: dict[str, dict[str, float]] = {}
        self.model: Callable[[dict[str, Any]], dict[str, float]] | None = None
        self.calls: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.most_at_once = 0
        self._working = 0
        self._places = None if at_once is None else threading.BoundedSemaphore(at_once)
        self._scripts: dict[str | int, list[str]] = {}
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

    def script(self, about: str | int, *acts: str) -> None:
        """What requests about this meet, in turn."""
        self._scripts[about] = list(acts)

    def forms(self) -> list[str]:
        """The form of answer that each request asked for."""
        return [form_of(call) for call in self.calls]

    def asked(self) -> Counter[str | int]:
        """How often each subject was asked about."""
        return Counter(map(subject, self.calls))

    def next_act(self, about: str | int) -> str:
        with self._lock:
            queue = self._scripts.get(about)
            return queue.pop(0) if queue else self.default

    def keep(self, call: dict[str, Any], key: str) -> None:
        with self._lock:
            self.calls.append(call)
            self.keys.append(key)

    def body(self, act: str, call: dict[str, Any]) -> bytes:
        """Take the time that an answer takes, and give it."""
        if self._places is not None:
            self._places.acquire()
        with self._lock:
            self._working += 1
            self.most_at_once = max(self.most_at_once, self._working)
        time.sleep(self.seconds)
        shares = self.shares.get(str(subject(call)), SHARES) if self.model is None else self.model(call)
        # before the reply is out: whoever has it may ask again at once
        with self._lock:
            self._working -= 1
        if self._places is not None:
            self._places.release()
        return json.dumps(answer(act, call, shares)).encode()

    def hang(self) -> None:
        self._over.wait(30)


def form_of(call: Mapping[str, Any]) -> str:
    """The form of answer that a request asks for."""
    form: str = call.get("response_format", {}).get("type", "words")
    return form


class _Handler(BaseHTTPRequestHandler):
    chat: AnsweringServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Authorization", "")
        self.chat.keep(call, key)
        if self.path != "/v1/chat/completions":
            self._error(404, f"no such path {self.path}")
        elif form_of(call) not in self.chat.takes:
            self._error(400, "response_format is not supported", param="response_format")
        else:
            self._act(self.chat.next_act(subject(call)), call, key)

    def _act(self, act: str, call: dict[str, Any], key: str) -> None:
        status, _, wait = act.partition(":")
        if status.isdigit():
            self._error(int(status), f"something broke for {key}", {"Retry-After": wait} if wait else {})
        elif act in {"hang", "lost"}:
            if act == "hang":
                self.chat.hang()
            self._reset()
        elif act == "cut off":
            self._send(200, b'{"choices": [', length=5000)
            self._reset()
        elif act == "page":
            self._send(200, b"<!doctype html><title>Down for maintenance</title>")
        elif act == "nothing":
            self._send(200, b"")
        else:
            self._send(200, self.chat.body(act, call))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _error(self, status: int, message: str, headers: Mapping[str, str] | None = None, **more: str) -> None:
        self._send(status, json.dumps({"error": {"message": message, **more}}).encode(), headers)

    def _send(
        self, status: int, data: bytes, headers: Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)
