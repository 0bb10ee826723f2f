"""The server's side of the wire to VisionReward-Image. Copy this one file to where the checkpoint runs.

It needs Python 3.9 and Pillow, and nothing of Fauve. Load the checkpoint with its authors' code, put two functions on
top, and serve them:

    serve(answer, log_probabilities, {"model": "THUDM/VisionReward-Image", "revision": "…", "dtype": "bfloat16"})

``answer(picture, question)`` returns the reply as the model wrote it, end token included; it is the authors' chat
function in its ``vqa`` form, which asks ``Question: {question} Short answer:``, with ``top_k=1``.
``log_probabilities(picture, question, answer)`` returns the natural logarithms of the probabilities that the alignment
model (clip-flant5-xxl) gives the tokens of ``answer``, its end token included. What a function raises becomes the
failure of that one request. Requests are answered one after the other.
"""

from __future__ import annotations

import base64
import io
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Callable, Dict, List, Mapping  # noqa: UP035 - runs on older Python too

from PIL import Image

__all__ = ["make_server", "serve"]

PROTOCOL = "visionreward/1"
_MOST_BYTES = 1 << 28

Answer = Callable[[Image.Image, str], str]
LogProbabilities = Callable[[Image.Image, str, str], List[float]]  # noqa: UP006


def serve(
    answer: Answer,
    log_probabilities: LogProbabilities,
    about: Mapping[str, str],
    host: str = "127.0.0.1",
    port: int = 8765,
) -> None:
    """Answer requests until interrupted. There is no password: leave it on loopback, or put a tunnel in front."""
    with make_server(answer, log_probabilities, about, host, port) as server:
        server.serve_forever()


def make_server(
    answer: Answer,
    log_probabilities: LogProbabilities,
    about: Mapping[str, str],
    host: str = "127.0.0.1",
    port: int = 0,
) -> HTTPServer:
    """The server without its loop; port 0 takes a free one (``server_address`` says which)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/v1/about":
                self._reply(200, {**about, "protocol": PROTOCOL})
            else:
                self._reply(404, {"error": f"there is no {self.path}"})

        def do_POST(self) -> None:
            try:
                asked = self._body()
                picture = Image.open(io.BytesIO(base64.b64decode(asked["image"]))).convert("RGB")
                if self.path == "/v1/answers":
                    found: Dict[str, Any] = {"replies": [answer(picture, q) for q in asked["questions"]]}  # noqa: UP006
                elif self.path == "/v1/alignment":
                    rows = [log_probabilities(picture, q, asked["answer"]) for q in asked["questions"]]
                    found = {"log_probabilities": rows}
                else:
                    self._reply(404, {"error": f"there is no {self.path}"})
                    return
            except Exception as error:
                self._reply(500, {"error": f"{type(error).__name__}: {error}"})
                return
            self._reply(200, found)

        def _body(self) -> Dict[str, Any]:  # noqa: UP006
            length = int(self.headers.get("Content-Length", 0))
            if not 0 < length <= _MOST_BYTES:
                raise ValueError(f"a request of {length} bytes")
            body: Dict[str, Any] = json.loads(self.rfile.read(length))  # noqa: UP006
            return body

        def _reply(self, status: int, body: Mapping[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: prompts and pictures are nobody else's business."""

    return HTTPServer((host, port), Handler)
