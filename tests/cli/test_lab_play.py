from __future__ import annotations

import threading
from http.client import HTTPConnection
from pathlib import Path

import pytest
from click.testing import CliRunner

from fauve.cli import fauve
from fauve.cli.lab_play import server
from fauve.errors import ConfigError, WeightsMissing


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        fauve, ["lab", "play", "--out", str(tmp_path / "out"), "--family", str(tmp_path), "--no-serve"]
    )
    assert isinstance(told.exception, WeightsMissing)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_page_is_built_and_its_place_is_told(tmp_path: Path) -> None:
    told = CliRunner().invoke(fauve, ["lab", "play", "--out", str(tmp_path / "out"), "--no-serve"])
    assert told.exit_code == 0
    assert str(tmp_path / "out" / "index.html") in told.output
    assert (tmp_path / "out" / "index.html").is_file()


def test_only_the_files_of_the_page_are_served_and_on_loopback_only(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("page", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "files.txt").write_text("index.html\n", encoding="utf-8")
    with server(tmp_path) as running:
        assert running.server_address[0] == "127.0.0.1"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            answers = {}
            for path in ("/", "/index.html", "/secret.txt", "/files.txt", "/%2e%2e/x", "/../index.html"):
                connection = HTTPConnection("127.0.0.1", running.server_address[1], timeout=5)
                connection.request("GET", path)
                answer = connection.getresponse()
                answers[path] = (answer.status, answer.read() if answer.status == 200 else b"")
                connection.close()
        finally:
            running.shutdown()
            thread.join()
    assert answers.pop("/") == answers.pop("/index.html") == (200, b"page")
    assert {status for status, _ in answers.values()} == {404}


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "files.txt").write_text("", encoding="utf-8")
    with server(tmp_path) as running, pytest.raises(ConfigError, match="leave --port out"):
        server(tmp_path, running.server_address[1])
