"""``fauve curate`` from a folder of photographs to an import, with a small CLIP of random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fauve.cli import main
from fauve.ledger import Ledger, queries
from fauve.stimuli.photographs import photographs

torch = pytest.importorskip("torch")
torch.set_num_threads(1)
from tokenizers import pre_tokenizers  # noqa: E402
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer  # noqa: E402
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil  # noqa: E402

from fauve.models.scorers.clip import ClipSimilarity  # noqa: E402

BLUR = "clarity_and_focus.intentional_blur"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CLIP as transformers saves it: two small layers a tower, drawn from a seed."""
    folder = tmp_path_factory.mktemp("models") / "tiny-clip"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    CLIPTokenizer(vocab={word: n for n, word in enumerate(words)}, merges=[]).save_pretrained(folder)
    tower = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    text = {**tower, "vocab_size": len(words), "bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1}
    torch.manual_seed(3)
    config = CLIPConfig(text_config=text, vision_config={**tower, "image_size": 32, "patch_size": 8}, projection_dim=16)
    model = CLIPModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    model.save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPImageProcessorPil(**sizes).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photographs"
    made.mkdir()
    for number, one in enumerate(photographs()[:5]):
        Image.fromarray(one.load(128)).save(made / f"p{number}.png")
    Image.open(made / "p1.png").resize((80, 60)).save(made / "p1 small.jpg", quality=80)
    (made / "torn.jpg").write_bytes(b"\xff\xd8 torn")
    return made


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def curate(*args: object, code: int = 0) -> str:
        got = 0
        try:
            main(["curate", *map(str, args)])
        except SystemExit as stopped:
            got = int(stopped.code or 0)
        out, err = capsys.readouterr()
        assert got == code, err
        return err if code else out

    return curate


def test_from_a_folder_to_an_import(call: Any, folder: Path, clip: Path, tmp_path: Path) -> None:
    model = f"clip:{clip}"
    (tmp_path / "captions.csv").write_text(
        "picture,prompt,plain\np0.png,a face out of focus,a face\np2.png,a dark stall,a stall\n"
    )
    said = call("index", folder, "--out", "work", "--model", model, "--captions", "captions.csv")
    assert "6 pictures, 6 of them new; 6 vectors made" in said
    assert "0 of them new; 0 vectors made" in call("index", folder, "--out", "work", "--model", model)

    hits = json.loads(
        call("search", "work", "a dark wood", "--not", "a sunny lake", "--model", model, "--json", "--sheet")
    )
    assert len(hits) == 6
    scorer = ClipSimilarity("mine", str(clip))
    scorer.load()
    shown = [Image.open(folder / hit["picture"]).convert("RGB") for hit in hits]
    cells = np.array([(row, prompt) for row in range(6) for prompt in range(2)])
    cosines = scorer.score(shown, ["a dark wood", "a sunny lake"], cells).reshape(6, 2)
    told = np.array([[hit["match"], hit["against"]] for hit in hits])
    np.testing.assert_allclose(told, cosines, atol=1e-5)
    margins = [hit["margin"] for hit in hits]
    assert margins == sorted(margins, reverse=True)
    assert (tmp_path / "work" / "sheet" / "index.html").read_text(encoding="utf-8").count("<img ") == 6

    alike = json.loads(call("duplicates", "work", "--cosine", "1", "--json"))
    assert [{row["first"], row["second"]} for row in alike] == [{"p1.png", "p1 small.jpg"}]

    assert "entry 1: 1 in" in call("commit", "work", "p0.png", "--category", BLUR, "--reason", "soft")
    other = next(hit for hit in hits if hit["picture"] != "p0.png")
    call("commit", "work", other["sha256"][:10], "--category", BLUR, "--reason", "x")
    drawn = call("sample", "work", "--scorer", "polish", "--to", "1", "--count", "9", "--json")
    names = {row["picture"] for row in json.loads(drawn)}
    assert len(names) == 4
    assert not names & {"p0.png", other["picture"]}
    assert "1 pictures in the set" in call("undo", "work", "2", "--reason", "no")
    call("sheet", "work")
    page = (tmp_path / "work" / "sheet" / "index.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 1
    assert "a face out of focus" in page
    assert "Without the style: a face" in page

    assert f"{BLUR}: 1" in call("export", "work")
    with pytest.raises(SystemExit) as stopped:
        main(["import", "contrasts", "work/export/contrasts.jsonl", "--out", "run"])
    assert stopped.value.code == 0
    with Ledger(tmp_path / "run") as ledger:
        (item,) = queries.items(ledger)
    assert (item.prompts["prompt"], item.groups["category"]) == ("a face out of focus", BLUR)


def test_what_looks_like_one_of_the_set_is_named_when_it_is_committed(call: Any, folder: Path) -> None:
    call("index", folder, "--out", "work")
    call("commit", "work", "p1.png", "--category", BLUR, "--reason", "soft")
    said = call("commit", "work", "p1 small.jpg", "--category", BLUR, "--reason", "softer")
    assert "alike in the set: p1 small.jpg and p1.png" in said


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("search", "nowhere", "x"), "fauve curate index FOLDER --out nowhere"),
        (("index", "missing", "--out", "new"), "is no folder"),
        (("commit", "work", "p9.png", "--category", BLUR, "--reason", "x"), "path or hash of no picture"),
        (("commit", "work", "p0.png", "--category", "blur", "--reason", "x"), "no photo category"),
        (("undo", "work", "7", "--reason", "x"), "no entry 7"),
        (("export", "work"), "nothing is in the set"),
        (("sheet", "work"), "nothing is in the set yet"),
        (("search", "work", "x", "--model", "polish"), "gives no vectors"),
        (("sample", "work", "--scorer", "random"), "--prompt"),
        (("sample", "work", "--scorer", "polish", "--from", "1", "--to", "0"), "no band"),
    ],
)
def test_mistakes_are_told_with_a_remedy(call: Any, folder: Path, args: tuple[str, ...], words: str) -> None:
    call("index", folder, "--out", "work")
    assert words in call(*args, code=2)
