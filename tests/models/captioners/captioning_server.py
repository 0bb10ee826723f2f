"""A chat endpoint on loopback that captions pictures and can misbehave.

A picture is known by the red of its first pixel: ``script(level, *acts)`` says what requests with it meet in turn, and
``default`` is what they meet once that is used up. ``takes`` are the forms of answer that the endpoint knows.
"""

from __future__ import annotations

import base64
import io
import json
import socket
import struct
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

GOOD = "A woman in a red coat stands beside a grey dog on a wet street; an oil painting."
SERENE = "A serene woman stands beside a beautiful dog."
LONG = "A woman and a dog " + "and one more dog " * 12
FORMS = ("json_schema", "json_object", "words")

_TEXTS = {
    "prose": "This is a picture of a dog.",
    "two": '{"caption": "A dog."} {"caption": "A cat."}',
    "list": '{"caption": ["A dog."]}',
    "number": '{"caption": 7}',
    "null": '{"caption": null}',
    "other key": '{"text": "A dog."}',
    "cut": '{"caption": "A wo',
    "blank": '{"caption": " … "}',
    "serene": json.dumps({"caption": SERENE}),
    "long": json.dumps({"caption": LONG}),
    "empty": "",
    "fenced": f"Here you are:\n```json\n{json.dumps({'caption': GOOD})}\n```",
    "thinking": f"<think>{json.dumps({'caption': 'A cat.'})}</think>{json.dumps({'caption': GOOD})}",
    "lines": json.dumps({"caption": GOOD.replace(" stands", "\n  stands")}),
}


class CaptioningServer:
    def __init__(self, takes: Sequence[str] = FORMS, default: str = "good") -> None:
        self.takes, self.default = takes, default
        self.calls: list[dict[str, Any]] = []
        self._scripts: dict[int, list[str]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> CaptioningServer:
        server = self

        class Handler(_Handler):
            chat = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    def script(self, level: int, *acts: str) -> None:
        self._scripts[level] = list(acts)

    def next_act(self, level: int) -> str:
        with self._lock:
            queue = self._scripts.get(level)
            return queue.pop(0) if queue else self.default

    def keep(self, call: dict[str, Any]) -> None:
        with self._lock:
            self.calls.append(call)

    def hang(self) -> None:
        self._over.wait(30)


def form_of(call: dict[str, Any]) -> str:
    return call.get("response_format", {}).get("type", "words")


def picture_of(call: dict[str, Any]) -> Image.Image:
    (url,) = [part["image_url"]["url"] for part in call["messages"][1]["content"] if part["type"] == "image_url"]
    return Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))


class _Handler(BaseHTTPRequestHandler):
    chat: CaptioningServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.chat.keep(call)
        if form_of(call) not in self.chat.takes:
            self._send(400, {"error": {"message": "response_format is not supported", "param": "response_format"}})
        else:
            self._act(self.chat.next_act(picture_of(call).getpixel((0, 0))[0]))

    def _act(self, act: str) -> None:
        if act.isdigit():
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
            self._send(200, _answer(act))

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        self._raw(status, json.dumps(answer).encode())

    def _raw(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _answer(act: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": _TEXTS.get(act, json.dumps({"caption": GOOD}))}
    if act == "refusal":
        message = {"role": "assistant", "content": None, "refusal": "I cannot describe this."}
    if act == "filter":
        message["content"] = ""
    finish = {"filter": "content_filter", "cut": "length"}.get(act, "stop")
    usage = {"prompt_tokens": 700, "completion_tokens": 30}
    return {"model": "served-1", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}
