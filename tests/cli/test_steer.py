"""``fauve steer`` as somebody uses it who makes pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.models.generators import tiny_pipelines as tiny

from fauve.cli import main

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
from fauve.models.generators.steered import SteeredGenerator  # noqa: E402


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def steer(*args: object) -> tuple[int, str, str]:
        code = 0
        try:
            main(["steer", *map(str, args)])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return steer


@pytest.fixture(scope="module")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.tiny_flux(tmp_path_factory.mktemp("steer") / "flux")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("a street", "--model", "flux-dev"), 2, "--avoid 'people, cars, neon signs'"),
        (("a street", "--model", "flux-dev", "--strength", "2"), 2, "nothing says from what"),
        (("a street", "--model", "flux-dv", "--avoid", "cars"), 2, "Did you mean 'flux-dev'?"),
        (("a street", "--model", "nano-banana", "--avoid", "cars"), 2, "hand it a negative prompt"),
        (("a street", "--model", "z-image", "--avoid", "cars"), 2, "cannot be steered inside its attention"),
        (("a street", "--model", "flux-dev", "--dial", "ladder"), 2, "dance-flux~0.5 or pref-flux~0.5"),
        (("a street", "--model", "flux-krea", "--dial", "0.5"), 2, "another raw model"),
        (
            ("a street", "--model", "flux-dev", "--avoid", "cars", "--strength", "much"),
            2,
            "--strength 'much' is no number",
        ),
        (("a street", "--model", "dance-flux", "--dial", "x"), 2, "--dial 0.5,1,2 or --dial ladder"),
        (("a street", "--model", "flux-dev", "--avoid", "cars", "--strength", "-1"), 2, "0 or more"),
        (("a street", "--model", "flux-dev", "--avoid", "c", "--scorer", "polich"), 2, "Did you mean 'polish'?"),
        (("a street", "--model", "flux-dev", "--avoid", "c", "--scorer-weights", "blip-l"), 2, "is not NAME=PATH"),
        (("a street", "--model", "flux-dev", "--avoid", "c", "--scorer-weights", "blip-l=x"), 2, "no scorer here"),
        (("a street", "--model", "flux-dev", "--avoid", "cars"), 1, "hf download black-forest-labs/FLUX.1-dev"),
        (("a street", "--avoid", "cars"), 2, "--model"),
    ],
)
def test_wrong_input_says_what_to_write(
    call: Any, tmp_path: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    found, _, stderr = call(*args)
    assert words in stderr
    assert "Traceback" not in stderr
    assert found == code
    assert not (tmp_path / "fauve-steer").exists()


def test_a_sheet_is_made(call: Any, tmp_path: Path, flux: Path) -> None:
    given = ("--weights", flux, "--size", 64, "--steps", 2, "--strength", "1,3", "--strength", "2")
    code, stdout, stderr = call("an empty street", "--model", "flux-dev", "--avoid", "cars", "--out", "o", *given)
    assert code == 0, stderr
    assert "Sheet: o/sheet.html" in stdout
    assert "VSF at 3: Prompt-blind polish" in stdout
    said = json.loads((tmp_path / "o" / "steer.json").read_text(encoding="utf-8"))
    assert [p["label"] for p in said["pictures"]] == ["Not steered", "VSF at 1", "VSF at 2", "VSF at 3"]
    assert str(flux) not in json.dumps(said)
    assert (tmp_path / "o" / "sheet.png").is_file()


def test_json_is_what_the_file_holds_and_nothing_else(call: Any, tmp_path: Path, flux: Path) -> None:
    given = ("--weights", flux, "--size", 64, "--steps", 1, "--strength", 2, "--scorer", "polish", "--json")
    code, stdout, _ = call("an empty street", "--model", "flux-dev", "--avoid", "cars", *given)
    assert code == 0
    assert json.loads(stdout) == json.loads((tmp_path / "fauve-steer" / "steer.json").read_text(encoding="utf-8"))


def test_no_picture_at_all_is_a_failure_with_a_sheet(
    call: Any, tmp_path: Path, flux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("\x1b[31mit broke")

    monkeypatch.setattr(SteeredGenerator, "generate", broken)
    given = ("--weights", flux, "--size", 64, "--steps", 1, "--strength", 2)
    code, _, stderr = call("an empty street", "--model", "flux-dev", "--avoid", "cars", *given)
    assert code == 1
    assert "VSF at 2: failed: RuntimeError" in stderr
    assert "\x1b" not in stderr
    assert "it broke" in (tmp_path / "fauve-steer" / "sheet.html").read_text(encoding="utf-8")
