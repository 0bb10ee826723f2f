"""The wire between Fauve and a server that runs VisionReward-Image: three requests over HTTP, JSON both ways.

The checkpoint fits no maintained class and wants its own old libraries, so it runs elsewhere: another environment, or
another machine. ``visionreward_server.py`` beside this file speaks the server's side and needs nothing but Pillow.

``GET /v1/about``
    Answer: an object with at least ``protocol`` (:data:`PROTOCOL`), ``model`` and ``revision``; whatever else it holds
    (number format, alignment model, versions) becomes part of the scorer's settings too.
``POST /v1/answers`` with ``{"image": BASE64 PNG, "questions": [TEXT, …]}``
    Each question is asked on its own as ``Question: {TEXT} Short answer:``, greedily.
    Answer: ``{"replies": [TEXT, …]}`` in the same order, each as the model wrote it, end token included
    (``yes<|end_of_text|>``).
``POST /v1/alignment`` with ``{"image": BASE64 PNG, "questions": [TEXT, …], "answer": TEXT}``
    Answer: ``{"log_probabilities": [[NUMBER, …], …]}``: for each question the natural logarithm of the probability of
    every token of ``answer``, its end token included.

A failure is any other status than 200, with ``{"error": TEXT}``.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from PIL.Image import Image

from fauve.errors import ConfigError, InvalidOutput, ModelError

__all__ = ["PROTOCOL", "VisionRewardServer"]

PROTOCOL = "visionreward/1"
_MOST_BYTES = 1 << 22


class VisionRewardServer:
    """A server by its address, such as ``http://127.0.0.1:8765``.

    Args:
        endpoint: address that the three paths are appended to.
        timeout: seconds to wait for an answer; 30 questions to 19 billion parameters take their time.
    """

    def __init__(self, endpoint: str, timeout: float = 300.0) -> None:
        try:
            parts = urlsplit(endpoint)
            self._host, self._port, self._path = parts.hostname or "", parts.port, parts.path.rstrip("/")
            usable = parts.scheme in {"http", "https"} and self._host and not (parts.query or parts.fragment)
        except ValueError:
            usable = False
        if not usable:
            raise ConfigError(
                f"visionreward: {endpoint!r} is no address of a server. Give one such as http://127.0.0.1:8765."
            )
        if not timeout > 0:
            raise ConfigError(f"visionreward: the timeout is {timeout:g} s. Give a number of seconds above 0.")
        self.endpoint = endpoint.rstrip("/")
        self._secure = parts.scheme == "https"
        self._timeout = timeout

    def about(self) -> Mapping[str, Any]:
        """What the server says of itself. Raises ModelError, InvalidOutput."""
        found = self._ask("GET", "/v1/about")
        if found.get("protocol") != PROTOCOL:
            raise InvalidOutput(
                f"visionreward: {self.endpoint} speaks {found.get('protocol')!r} and not {PROTOCOL!r}. "
                "Start visionreward_server.py of this version of Fauve there."
            )
        nameless = [key for key in ("model", "revision") if not isinstance(found.get(key), str) or not found[key]]
        if nameless:
            raise InvalidOutput(
                f"visionreward: {self.endpoint} does not say its {' and '.join(nameless)}, so its scores could not be "
                "told from another model's. Add that to what it answers to /v1/about."
            )
        return found

    def answers(self, image: Image, questions: Sequence[str]) -> list[str]:
        """The model's replies, one a question. Raises ModelError, InvalidOutput."""
        found = self._ask("POST", "/v1/answers", {"image": _png(image), "questions": list(questions)})
        replies = self._rows(found, "replies", len(questions))
        if not all(isinstance(reply, str) for reply in replies):
            raise InvalidOutput(f"visionreward: {self.endpoint} left a question without a reply of text.")
        return replies

    def log_probabilities(self, image: Image, questions: Sequence[str], answer: str) -> list[list[float]]:
        """For each question the log-probabilities of the tokens of ``answer``. Raises ModelError, InvalidOutput."""
        body = {"image": _png(image), "questions": list(questions), "answer": answer}
        rows = self._rows(self._ask("POST", "/v1/alignment", body), "log_probabilities", len(questions))
        if not all(isinstance(row, list) and all(type(value) in {int, float} for value in row) for row in rows):
            raise InvalidOutput(f"visionreward: {self.endpoint} gave log_probabilities that are no lists of numbers.")
        return rows

    def _rows(self, found: Mapping[str, Any], field: str, count: int) -> list[Any]:
        rows = found.get(field)
        if not isinstance(rows, list) or len(rows) != count:
            held = f"{len(rows)}" if isinstance(rows, list) else "none"
            raise InvalidOutput(f"visionreward: {self.endpoint} gave {held} {field} where {count} were asked for.")
        return rows

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        connect = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = connect(self._host, self._port, timeout=self._timeout)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, self._path + path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            status, raw = response.status, response.read(_MOST_BYTES + 1)
        except TimeoutError as error:
            raise ModelError(
                f"visionreward: {self.endpoint} did not answer {path} within {self._timeout:g} s. "
                "Give it longer (`timeout`), or see what it is doing."
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise ModelError(
                f"visionreward: {self.endpoint} cannot be asked ({type(error).__name__}: {error}). "
                "Start the server (visionreward_server.py), or correct `endpoint`."
            ) from error
        finally:
            connection.close()
        return self._object(path, status, raw)

    def _object(self, path: str, status: int, raw: bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw) if len(raw) <= _MOST_BYTES else None
        except ValueError:
            found = None
        if status != http.client.OK:
            said = found.get("error") if isinstance(found, dict) else None
            raise ModelError(f"visionreward: {self.endpoint}{path} failed with status {status}: {said or 'no reason'}.")
        if not isinstance(found, dict):
            raise InvalidOutput(f"visionreward: {self.endpoint}{path} did not answer with a JSON object.")
        return found


def _png(image: Image) -> str:
    stream = io.BytesIO()
    image.convert("RGB").save(stream, "PNG", compress_level=1)
    return base64.b64encode(stream.getvalue()).decode("ascii")
