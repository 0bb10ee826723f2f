from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fauve.engine.jobs import AdapterSpec, Job, answer_cells
from fauve.errors import ConfigError, FauveError, InvalidOutput, ModelError
from fauve.keys import canonical_json
from fauve.ledger.images import ImageFolder
from fauve.models.scorers import visionreward_client, visionreward_server
from fauve.models.scorers.visionreward import VisionReward
from fauve.models.scorers.visionreward_client import VisionRewardServer
from fauve.models.scorers.visionreward_rule import alignment, answer_terms, read_rule
from fauve.models.scorers.visionreward_server import make_server
from fauve.records import Outcome

ABOUT = {"model": "THUDM/VisionReward-Image", "revision": "abc", "dtype": "bfloat16"}
PROMPTS = ("a red boat", 'a "quoted" boat, in fog — blurred', "a third one")
GRID = np.array([(i, p) for i in range(2) for p in range(3)], dtype=np.intp)


class Model:
    """Answers that depend on picture and question, and a record of what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []

    def answer(self, picture: Image.Image, question: str) -> str:
        level = picture.getpixel((1, 1))[0]
        self.asked.append((level, question))
        return "yes<|end_of_text|>" if (level + len(question)) % 3 else "no<|end_of_text|>"

    def log_probabilities(self, picture: Image.Image, question: str, answer: str) -> list[float]:
        assert answer == "Yes"
        self.asked.append((picture.getpixel((1, 1))[0], question))
        return [-0.01 * len(question), -0.002 * picture.getpixel((1, 1))[0]]


def pictures() -> list[Image.Image]:
    made = [Image.new("RGB", (20, 12), (level, 9, 9)) for level in (40, 90)]
    for picture in made:
        picture.putpixel((0, 0), (0, 0, 0))
    return made


@contextmanager
def running(server: HTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def scorer(model: Model) -> Iterator[VisionReward]:
    with running(make_server(model.answer, model.log_probabilities, ABOUT)) as endpoint:
        made = VisionReward(endpoint=endpoint, timeout=20)
        made.load("cpu", "float32")
        yield made


def expected(picture: Image.Image, prompt: str) -> float:
    model, rule = Model(), read_rule()
    terms = answer_terms([model.answer(picture, question) for question in rule.questions])
    question = f'Does this figure show "{prompt}"? Please answer yes or no.'
    aligned = alignment(model.log_probabilities(picture, question, "Yes"))
    return float(sum(w * t for w, t in zip(rule.weights, terms, strict=True)) + 2.3542882631150923 * aligned)


def test_scores_of_a_grid(scorer: VisionReward) -> None:
    found = scorer.score(pictures(), PROMPTS, GRID)
    np.testing.assert_allclose(found, [expected(pictures()[i], PROMPTS[p]) for i, p in GRID], rtol=1e-12)
    assert len({round(value, 6) for value in found}) == len(found)


def test_questions_are_asked_once_a_picture_and_alignment_once_a_cell(scorer: VisionReward, model: Model) -> None:
    scorer.score(pictures(), PROMPTS, GRID)
    scorer.score(pictures()[::-1], PROMPTS[::-1], GRID[::-1])
    for level in (40, 90):
        asked = [question for picture, question in model.asked if picture == level]
        assert asked[:30] == list(read_rule().questions)
        assert len(asked) == 30 + len(PROMPTS)


def test_details_and_answers(scorer: VisionReward) -> None:
    parts = scorer.details(pictures(), PROMPTS, GRID)
    np.testing.assert_array_equal(parts["quality"][:3], parts["quality"][0])
    assert len(set(parts["alignment"])) == 6
    total = parts["quality"] + 2.3542882631150923 * parts["alignment"]
    np.testing.assert_allclose(scorer.score(pictures(), PROMPTS, GRID), total)
    answers = scorer.answers(pictures()[0])
    assert len(answers) == 27
    assert set(answers.values()) <= {-1, 0, 1}


def test_settings_say_what_runs_and_not_where(scorer: VisionReward) -> None:
    text = canonical_json(scorer.settings)
    assert "abc" in text
    assert "bfloat16" in text
    assert "127.0.0.1" not in text
    assert "127.0.0.1" in str(scorer.provenance)


def test_the_alignment_term_may_come_from_another_server(model: Model) -> None:
    other = Model()
    with (
        running(make_server(model.answer, forbidden, ABOUT)) as questions,
        running(make_server(forbidden, other.log_probabilities, {**ABOUT, "model": "clip-flant5-xxl"})) as words,
    ):
        made = VisionReward(endpoint=questions, alignment_endpoint=words, timeout=20)
        made.load()
        found = made.score(pictures(), PROMPTS, GRID)
    np.testing.assert_allclose(found, [expected(pictures()[i], PROMPTS[p]) for i, p in GRID], rtol=1e-12)
    assert made.settings["alignment"]["model"] == "clip-flant5-xxl"


def forbidden(*_: object) -> Any:
    raise AssertionError("this server is not asked that")


def test_a_failure_of_the_server_is_a_failure_of_its_cells(tmp_path: Path, model: Model) -> None:
    def answer(picture: Image.Image, question: str) -> str:
        if picture.getpixel((1, 1))[0] == 90:
            raise RuntimeError("out of memory on the other side")
        return model.answer(picture, question)

    refs = []
    for picture in pictures():
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        refs.append(ImageFolder(tmp_path).put(stream.getvalue(), "picture"))
    cells = tuple((int(i), int(p)) for i, p in GRID)
    with running(make_server(answer, model.log_probabilities, ABOUT)) as endpoint:
        made = VisionReward(endpoint=endpoint, timeout=20)
        made.load()
        job = Job(AdapterSpec("scorer", "visionreward"), tuple(refs), PROMPTS, PROMPTS, cells)
        answers = answer_cells(made, job, tmp_path)
    assert [a.outcome for a in answers] == [Outcome.OK] * 3 + [Outcome.FAILED] * 3
    assert all("out of memory on the other side" in (a.reason or "") for a in answers[3:])
    assert all(a.value is None for a in answers[3:])
    # the halving asks again for good cells, which are remembered
    assert len([question for level, question in model.asked if level == 40]) == 30 + len(PROMPTS)


def test_a_server_that_does_not_answer_in_time() -> None:
    given_up = threading.Event()

    def slow(*_: object) -> Any:
        given_up.wait(20)

    with running(make_server(slow, slow, ABOUT)) as endpoint:
        made = VisionReward(endpoint=endpoint, timeout=0.5)
        made.load()
        with pytest.raises(ModelError, match=r"within 0\.5 s"):
            made.score(pictures(), PROMPTS, GRID[:1])
        given_up.set()


def test_no_server_there() -> None:
    with running(make_server(forbidden, forbidden, ABOUT)) as endpoint:
        pass
    with pytest.raises(ModelError, match="Start the server"):
        VisionReward(endpoint=endpoint, timeout=5).check()


@pytest.mark.parametrize("endpoint", ["file:///etc/passwd", "127.0.0.1:80", "http://", "http://h:port", "http://h/?q"])
def test_what_is_no_address(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        VisionReward(endpoint=endpoint)


def test_no_address_is_said_before_any_work() -> None:
    scorer = VisionReward()
    with pytest.raises(ConfigError, match="endpoint"):
        scorer.check()
    with pytest.raises(ModelError, match="not loaded"):
        scorer.score(pictures(), PROMPTS, GRID)
    with pytest.raises(ConfigError, match="timeout"):
        VisionReward(endpoint="http://127.0.0.1:1", timeout=0)


def saying(status: int, body: bytes) -> HTTPServer:
    """A server that says the same to everything."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            self.parse_request()
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    return HTTPServer(("127.0.0.1", 0), Handler)


def _about(server: VisionRewardServer) -> object:
    return server.about()


def _answers(server: VisionRewardServer) -> object:
    return server.answers(pictures()[0], ["a", "b"])


def _alignment(server: VisionRewardServer) -> object:
    return server.log_probabilities(pictures()[0], ["a"], "Yes")


@pytest.mark.parametrize(
    ("ask", "status", "body", "error", "words"),
    [
        (_about, 200, b'{"protocol": "visionreward/2"}', InvalidOutput, "visionreward/2"),
        (_about, 200, b'{"protocol": "visionreward/1", "model": "m"}', InvalidOutput, "revision"),
        (_about, 200, b"<html>", InvalidOutput, "JSON object"),
        (_about, 200, b"[]", InvalidOutput, "JSON object"),
        (_about, 404, b"nothing here", ModelError, "404"),
        (_about, 302, b"", ModelError, "302"),
        (_answers, 200, b'{"replies": ["yes<|end_of_text|>"]}', InvalidOutput, "1 replies where 2"),
        (_answers, 200, b'{"replies": ["yes<|end_of_text|>", null]}', InvalidOutput, "without a reply"),
        (_answers, 200, b'{"answers": []}', InvalidOutput, "none replies where 2"),
        (_answers, 500, b'{"error": "no memory"}', ModelError, "no memory"),
        (_alignment, 200, b'{"log_probabilities": [[true]]}', InvalidOutput, "lists of numbers"),
        (_alignment, 200, b'{"log_probabilities": [-0.1]}', InvalidOutput, "lists of numbers"),
        (_alignment, 200, b'{"log_probabilities": []}', InvalidOutput, "where 1"),
        (_answers, 200, b'{"replies": "' + b"y" * (1 << 22) + b'"}', InvalidOutput, "JSON object"),
    ],
)
def test_what_is_no_answer(
    ask: Callable[[VisionRewardServer], object], status: int, body: bytes, error: type[FauveError], words: str
) -> None:
    with running(saying(status, body)) as endpoint, pytest.raises(error, match=words):
        ask(VisionRewardServer(endpoint, 20))


def test_a_picture_arrives_as_it_was_sent(model: Model) -> None:
    seen: list[Image.Image] = []

    def answer(picture: Image.Image, question: str) -> str:
        seen.append(picture)
        return question

    noise = np.random.default_rng(0).integers(0, 256, (33, 21, 3), dtype=np.uint8)
    with running(make_server(answer, model.log_probabilities, ABOUT)) as endpoint:
        assert VisionRewardServer(endpoint, 20).answers(Image.fromarray(noise), ["déjà vu"]) == ["déjà vu"]
    np.testing.assert_array_equal(np.asarray(seen[0]), noise)


def test_both_sides_mean_the_same_protocol() -> None:
    assert visionreward_server.PROTOCOL == visionreward_client.PROTOCOL


def test_the_server_runs_without_fauve(tmp_path: Path) -> None:
    copied = tmp_path / "server.py"
    copied.write_bytes(Path(visionreward_server.__file__).read_bytes())
    script = (
        "import sys; sys.modules['fauve'] = None; sys.modules['torch'] = None; import server; "
        "made = server.make_server(None, None, {}); print(made.server_address[0]); made.server_close()"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "127.0.0.1"


def test_the_scorer_needs_no_torch() -> None:
    script = "import sys; sys.modules['torch'] = None; import fauve.models.scorers.visionreward"
    subprocess.run([sys.executable, "-c", script], check=True)
