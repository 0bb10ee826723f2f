"""Throughput of two selectors side by side in a run, beside the limit of the service that they ask.

The service runs in a process of its own on loopback: an answer takes a fixed time, and so many are worked on at once.
Its limit is (at once) / (seconds an answer), measured here too by a client that does nothing but send the same bodies.
The run is a whole one: pairs from a ledger, pictures decoded and sent as PNG, answers parsed, filed and drawn.

    python benchmarks/selection.py [--pairs 120] [--seconds 2] [--at-once 16] [--side 512]
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from fauve.engine.progress import Silent
from fauve.engine.run import execute
from fauve.ledger import Ledger
from fauve.records import PromptPair
from fauve.settings import RunSettings

ANSWER = json.dumps(
    {
        "id": "r",
        "model": "served",
        "choices": [{"message": {"role": "assistant", "content": '{"choice": "first"}'}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 6},
    }
).encode()


def serve(port: multiprocessing.Queue[int], seconds: float, at_once: int) -> None:
    places = threading.BoundedSemaphore(at_once)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with places:
                time.sleep(seconds)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(ANSWER)))
            self.end_headers()
            self.wfile.write(ANSWER)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

    server = Server(("127.0.0.1", 0), Handler)
    port.put(server.server_port)
    server.serve_forever()


def fill(directory: Path, pairs: int, side: int) -> int:
    """Pairs with smooth pictures and a little noise, as photographs have; returns the bytes of one body, about."""
    ramp = np.linspace(0, 200, side)
    size = 0
    with Ledger(directory, write=True) as ledger:
        for n in range(pairs):
            shas = []
            for k in range(2):
                rng = np.random.default_rng(2 * n + k)
                pixels = (
                    ramp[:, None, None] * rng.random(3) + ramp[None, :, None] * 0.2 + rng.normal(0, 3, (side, side, 3))
                )
                png = io.BytesIO()
                Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(png, "PNG")
                size = len(png.getvalue())
                shas.append(ledger.add_image(png.getvalue(), "made").sha256)
            prompts = {"original": f"a slope {n}", "anti": f"a noisy slope {n}"}
            ledger.add_items([(PromptPair(str(n), "made", prompts, {"original": shas[0], "anti": shas[1]}), "here")])
    return round(2 * size * 4 / 3)


def limit(port: int, requests: int, at_once: int, size: int) -> float:
    """Answers a second of the service, asked by a client that only sends bodies of this size."""
    body = b"x" * size

    def ask(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/v1/chat/completions", body)
        connection.getresponse().read()
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(ask, range(requests)))
    return requests / (time.perf_counter() - started)


def selecting(directory: Path, port: int, concurrency: int) -> tuple[float, float]:
    """Seconds of a run in which two selectors answer everything, and the processor's seconds that it took."""
    options = {"base_url": f"http://127.0.0.1:{port}/v1", "key_env": "", "concurrency": concurrency}
    settings = {
        "data": {"photographs": False},
        "scorers": [],
        "judges": [],
        "selectors": [{"name": f"chat:{name}", "options": options} for name in ("one", "two")],
    }
    started, worked = time.perf_counter(), time.process_time()
    summary = execute(RunSettings.model_validate(settings), directory, Silent())
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    assert all(set(counts) == {"ok"} for counts in summary.outcomes.values()), summary.outcomes
    return seconds, work


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=120)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--side", type=int, default=512)
    asked = parser.parse_args()
    requests = 4 * asked.pairs
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    service = multiprocessing.Process(target=serve, args=(ports, asked.seconds, asked.at_once), daemon=True)
    service.start()
    port = ports.get(timeout=10)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        size = fill(Path(folder) / "run", asked.pairs, asked.side)
        bare = limit(port, requests, asked.at_once, size)
        seconds, work = selecting(Path(folder) / "run", port, asked.at_once // 2)
    service.terminate()
    service.join()
    ideal, ours = asked.at_once / asked.seconds, requests / seconds
    print(f"{asked.pairs} pairs of {asked.side} × {asked.side}, bodies of {size / 1e6:.2f} MB, {requests} questions")
    print(f"limit by design      {ideal:6.1f} answers/s ({asked.at_once} at once, {asked.seconds} s each)")
    print(f"limit as measured    {bare:6.1f} answers/s (bodies of the same size, sent and nothing else)")
    print(f"two selectors, a run {ours:6.1f} answers/s: {ours / ideal:.1%} by design, {ours / bare:.1%} measured")
    print(f"this machine's part  {1000 * work / requests:6.1f} ms of one processor a question")
    return 0 if ours >= 0.9 * bare else 1


if __name__ == "__main__":
    sys.exit(main())
