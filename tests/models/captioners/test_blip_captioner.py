"""BLIP as a captioner, against transformers' own generation on the same random weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from fauve.errors import ConfigError, ModelError, WeightsMismatch
from fauve.models.captioners import make_captioner
from fauve.models.captioners.blip import BlipCaptioner
from fauve.models.captioners.plain_wording import INTERPRETING, interpreting_words
from fauve.models.weights import RANDOM_MARK
from fauve.records import Outcome

SIDE = 32
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "woman", "on", "red", "mat", "serene", "ether", "##eal"]
START = len(WORDS)
"""As published: the start token and one more have weights, and no place in the vocabulary."""
PREPROCESSING = {
    "image_processor_type": "BlipImageProcessor",
    "size": {"height": SIDE, "width": SIDE},
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def write_blip(folder: Path, seed: int = 0, bias: dict[str, float] | None = None) -> Any:
    """Seeded weights in the published layout; ``bias`` makes words likelier. Returns the model."""
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {
        **sizes,
        "vocab_size": len(WORDS) + 2,
        "encoder_hidden_size": 32,
        "max_position_embeddings": 48,
        "is_decoder": True,
        "bos_token_id": START,
        "sep_token_id": WORDS.index("[SEP]"),
        "pad_token_id": WORDS.index("[PAD]"),
        "eos_token_id": WORDS.index("[CLS]"),
    }
    vision = {**sizes, "image_size": SIDE, "patch_size": 8}
    torch.manual_seed(seed)
    model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.25)
        wanted = {"[UNK]": -30.0, "[CLS]": -30.0, "[PAD]": -30.0, "[SEP]": 1.0, **(bias or {})}
        model.text_decoder.cls.predictions.bias[START:] = -30.0
        for word, value in wanted.items():
            model.text_decoder.cls.predictions.bias[WORDS.index(word)] = value
    model.save_pretrained(folder)
    BertTokenizer(vocab={word: place for place, word in enumerate(WORDS)}).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING))
    return model


def picture(seed: int, width: int = 50, height: int = 30) -> Image.Image:
    blocks = np.random.default_rng(seed).integers(0, 255, (4, 5, 3)).astype(np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def captioner(folder: Path, **options: Any) -> BlipCaptioner:
    made = BlipCaptioner("blip-caption:tiny", str(folder), **{"most_tokens": 8, **options})
    made.load("cpu", "float32")
    return made


def reference(model: Any, folder: Path, image: Image.Image, **options: Any) -> str:
    """A caption by transformers' own processor and generation."""
    pixels = BlipImageProcessorPil.from_pretrained(folder)(images=image, return_tensors="pt")["pixel_values"]
    made = model.generate(pixel_values=pixels, **{"max_new_tokens": 8, "num_beams": 3, "do_sample": False, **options})
    return BertTokenizer.from_pretrained(folder).decode(made[0], skip_special_tokens=True)


@pytest.mark.parametrize("beams", [1, 3])
def test_captions_are_those_of_transformers(tmp_path: Path, beams: int) -> None:
    model = write_blip(tmp_path)
    images = [picture(seed) for seed in range(6)]
    answers = captioner(tmp_path, beams=beams, plain=False).caption(images)
    wanted = [reference(model, tmp_path, image, num_beams=beams) for image in images]
    assert [answer.caption for answer in answers] == wanted
    assert len(set(wanted)) > 2
    assert [answer.facts["interprets"] for answer in answers] == [interpreting_words(text) for text in wanted]
    assert "torchvision" not in sys.modules


def test_words_that_interpret_are_shut_out_while_the_sentence_is_made(tmp_path: Path) -> None:
    model = write_blip(tmp_path, bias={"serene": 6.0, "##eal": 5.0, "ether": 5.0})
    image = picture(1)
    free = captioner(tmp_path, plain=False).caption([image])[0]
    assert free.outcome is Outcome.OK
    assert free.facts["interprets"]
    plain = captioner(tmp_path).caption([image])[0]
    assert (plain.outcome, plain.facts["interprets"]) == (Outcome.OK, [])
    ids = {word: place for place, word in enumerate(WORDS)}
    shut_out = [[ids["serene"]], [ids["ether"], ids["##eal"]]]
    assert plain.caption == reference(model, tmp_path, image, bad_words_ids=shut_out)
    assert "ethereal" in INTERPRETING


def test_a_caption_that_says_nothing_is_an_outcome(tmp_path: Path) -> None:
    write_blip(tmp_path, bias={"[SEP]": 60.0})
    for plain in (True, False):
        (answer,) = captioner(tmp_path, plain=plain).caption([picture(1)])
        assert (answer.outcome, answer.caption, answer.reason) == (Outcome.UNPARSABLE, None, "It says nothing.")


def test_batches_caption_as_single_pictures_do(tmp_path: Path) -> None:
    write_blip(tmp_path)
    images = [picture(seed) for seed in range(5)]
    assert captioner(tmp_path, batch=3).caption(images) == captioner(tmp_path).caption(images)
    assert captioner(tmp_path).caption([]) == []


def test_settings_are_complete_before_loading(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_blip(folder)
    made = make_captioner(f"blip-caption:{folder}", {"beams": 2})
    made.check()  # type: ignore[attr-defined]
    before = dict(made.settings)
    made.load("cpu", "float32")
    assert dict(made.settings) == before
    assert made.card.name == "blip-caption:mine"
    assert before["beams"] == 2
    assert {"weights_sha256", "config_sha256", "preprocessing_sha256", "vocabulary_sha256"} <= before.keys()
    assert make_captioner(f"blip-caption:{folder}", {"plain": False}).settings["shut_out"] is None
    assert str(tmp_path) not in json.dumps([before, made.provenance, made.card.as_json()])  # type: ignore[attr-defined]
    (folder / RANDOM_MARK).touch()
    assert made.settings["weights"] == "random"


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="beams"):
        BlipCaptioner(beams=0)
    with pytest.raises(ModelError, match="not loaded"):
        BlipCaptioner().caption([picture(1)])
    write_blip(tmp_path)
    for change in ({"size": {"height": 16, "width": 16}}, {"do_center_crop": True}, {"do_normalize": False}):
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({**PREPROCESSING, **change}))
        with pytest.raises(WeightsMismatch, match="none that is known"):
            captioner(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(PREPROCESSING))
    config = json.loads((tmp_path / "config.json").read_text())
    config["text_config"]["num_hidden_layers"] = 3
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsMismatch, match="missing"):
        captioner(tmp_path)
