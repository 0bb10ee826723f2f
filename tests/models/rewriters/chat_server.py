"""A chat endpoint on loopback that speaks OpenAI's chat completions and can misbehave.

What a caption meets is scripted: a queue of acts for each, ``ok`` once it is empty. ``takes`` are the forms of answer
that the endpoint knows; with another it answers 400, as servers do that have no structured output.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = "Everything is out of focus: {caption} Blur smears it until no outline is left."
LONG = GOOD + " So very blurred indeed." * 30
ADDED = GOOD + " All of it is tinted a garish magenta."
OTHER = "A blurred submarine dives beyond an unfocused iceberg, every outline lost."


class ChatServer:
    def __init__(self, takes: Sequence[str] = ("json_schema", "json_object", "words")) -> None:
        self.takes = takes
        self.calls: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._scripts: dict[str, list[str]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()

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
        self._over.set()
        self._http.shutdown()
        self._http.server_close()

    def script(self, caption: str, *acts: str) -> None:
        self._scripts[caption] = list(acts)

    def forms(self) -> list[str]:
        return [form_of(call) for call in self.calls]

    def next_act(self, caption: str) -> str:
        with self._lock:
            queue = self._scripts.get(caption) or ["ok"]
            return queue.pop(0)

    def keep(self, call: dict[str, Any], key: str) -> None:
        with self._lock:
            self.calls.append(call)
            self.keys.append(key)

    def wait(self) -> None:
        self._over.wait(30)


def form_of(call: dict[str, Any]) -> str:
    return call.get("response_format", {}).get("type", "words")


def caption_of(call: dict[str, Any]) -> str:
    return call["messages"][1]["content"].removeprefix("Caption: ").split("\n")[0]


def content(act: str, caption: str) -> str:
    good = json.dumps({"anti": GOOD.format(caption=caption), "negative": "sharp"})
    texts = {
        "prose": f"Certainly! Here it is: {GOOD.format(caption=caption)}",
        "fenced": f"Here you go:\n```json\n{good}\n```\nEnjoy {{the}} picture!",
        "thinking": '<think>{"anti": "draft", "negative": "x"} no, better</think>' + good,
        "comma": good[:-1] + ",}",
        "cut json": good[: len(good) // 2],
        "cut": good[:20],
        "long": json.dumps({"anti": LONG.format(caption=caption), "negative": "sharp"}),
        "added": json.dumps({"anti": ADDED.format(caption=caption), "negative": "sharp"}),
        "other scene": json.dumps({"anti": OTHER, "negative": "sharp"}),
        "unchanged": json.dumps({"anti": caption, "negative": "sharp"}),
        "long negative": json.dumps(
            {"anti": GOOD.format(caption=caption), "negative": "very sharp and clear and fine"}
        ),
        "no negative": json.dumps({"anti": GOOD.format(caption=caption)}),
        "list": json.dumps({"anti": GOOD.format(caption=caption), "negative": ["sharp", "crisp"]}),
        "number": json.dumps({"anti": 7, "negative": "sharp"}),
        "surrogate": good.replace("Everything", "\\ud83d Everything"),
        "empty": "",
    }
    return texts.get(act, good)


def body(act: str, caption: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": content(act, caption)}
    finish = "stop"
    if act == "refusal":
        message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    if act == "filter":
        message, finish = {"role": "assistant", "content": ""}, "content_filter"
    if act == "cut":
        finish = "length"
    if act == "parts":
        message["content"] = [{"type": "text", "text": content("ok", caption)}]
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    return {"model": "served-model", "choices": [{"message": message, "finish_reason": finish}], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    chat: ChatServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Authorization", "")
        self.chat.keep(call, key)
        if self.path != "/v1/chat/completions":
            self._send(404, {"error": {"message": f"no such path {self.path}"}})
        elif form_of(call) not in self.chat.takes:
            self._send(400, {"error": {"message": "response_format is not supported", "param": "response_format"}})
        else:
            self._act(self.chat.next_act(caption_of(call)), caption_of(call), key)

    def _act(self, act: str, caption: str, key: str) -> None:
        if act.startswith("429"):
            wait = act.partition(":")[2]
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": wait} if wait else {})
        elif act.isdigit():
            self._send(int(act), {"error": {"message": f"something broke for {key}"}})
        elif act in {"hang", "lost"}:
            if act == "hang":
                self.chat.wait()
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif act == "page":
            self._raw(200, b"<!doctype html><title>Down for maintenance</title>")
        else:
            self._send(200, body(act, caption))

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(answer).encode(), headers)

    def _raw(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
