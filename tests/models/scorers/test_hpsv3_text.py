from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.scorers.plain_hpsv3 import PROMPTS, qwen_tokenizer, save_checkpoint, template_file
from tokenizers import Tokenizer, models, pre_tokenizers

from fauve.errors import ModelError, WeightsMismatch
from fauve.models.scorers import hpsv3_text
from fauve.models.scorers.hpsv3_text import RatingText, read_template
from fauve.models.weights import Checkpoint


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> RatingText:
    folder = save_checkpoint(tmp_path_factory.mktemp("hpsv3-text")).parent
    return RatingText("hpsv3", Checkpoint("hpsv3", str(folder), ("tokenizer.json",)))


def test_the_pieces_make_the_text_that_the_model_was_trained_with() -> None:
    data = json.loads(template_file().read_text(encoding="utf-8"))
    whole = "".join(data["instruction"]).replace("{text_prompt}", "PROMPT") + "".join(data["suffix"])
    template = read_template()
    read = f"{template.after_image} PROMPT{template.after_prompt}"
    assert f"<|vision_end|>{whole}".startswith(read)
    assert read.endswith("<|Reward|>")
    # blanks that an editor would take away
    assert "being the best. \n" in template.after_image
    assert "**Text Alignment:**  \n" in template.after_image
    assert template.after_image.endswith("Textual prompt -")
    assert data["licence"] == "MIT"
    assert "hpsv3" in data["source"]


@pytest.mark.parametrize("change", [("the best. \n", "the best.\n"), ("END", "End"), ("0 to 10", "0 to 5")])
def test_a_changed_text_is_refused(change: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoiled = tmp_path / "data" / "hpsv3.json"
    spoiled.parent.mkdir()
    before = json.loads(template_file().read_text(encoding="utf-8"))
    after = {key: [line.replace(*change) for line in before[key]] for key in ("instruction", "suffix")}
    assert after != {key: before[key] for key in after}
    spoiled.write_text(json.dumps({**before, **after}), encoding="utf-8")
    monkeypatch.setattr(hpsv3_text, "files", lambda _: tmp_path)
    read_template.cache_clear()
    try:
        with pytest.raises(ModelError, match="not the one that the model was trained with"):
            read_template()
    finally:
        read_template.cache_clear()


def test_the_chat_form_stands_around_the_picture(text: RatingText) -> None:
    ids, places = text.prefix(3)
    tokenizer = text.open()
    assert tokenizer.decode(ids[: places.start], skip_special_tokens=False) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
    )
    assert ids[places] == [tokenizer.token_to_id("<|image_pad|>")] * 3
    assert tokenizer.decode(ids[places.stop :], skip_special_tokens=False).startswith("<|vision_end|>\nYou are tasked")


@given(prompt=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_two_parts_are_the_tokens_of_the_whole_text(text: RatingText, prompt: str) -> None:
    template, tokenizer = read_template(), text.open()
    whole = f"{template.before_image}<|image_pad|>{template.after_image} {prompt}{template.after_prompt}"
    expected = tokenizer.encode(whole).ids
    ids, _ = text.prefix(1)
    assert ids + text.suffix(prompt) == expected
    assert expected[-1] == text.reward_id


def test_braces_in_a_prompt_are_plain_text(text: RatingText) -> None:
    decoded = text.open().decode(text.suffix("a {text_prompt} and {0}"))
    assert decoded.startswith(" a {text_prompt} and {0}\n")


def test_a_vocabulary_without_qwens_control_tokens(tmp_path: Path) -> None:
    Tokenizer(models.BPE()).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(WeightsMismatch, match="vision_end"):
        RatingText("hpsv3", Checkpoint("hpsv3", str(tmp_path), ("tokenizer.json",))).open()


def test_a_file_that_is_no_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsMismatch, match="no tokenizer"):
        RatingText("hpsv3", Checkpoint("hpsv3", str(tmp_path), ("tokenizer.json",))).open()


def test_a_tokenizer_that_joins_the_prompt_with_what_is_before_it(tmp_path: Path) -> None:
    joined = qwen_tokenizer(["Textual prompt - a red boat", *PROMPTS])
    joined.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    joined.train_from_iterator(["Textual prompt - a red boat"] * 9)
    joined.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(WeightsMismatch):
        RatingText("hpsv3", Checkpoint("hpsv3", str(tmp_path), ("tokenizer.json",))).suffix("a red boat")
