"""BLIP image–text matching against plain torch and against transformers' own class, in both published layouts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.models.scorers import blip_checkpoints as checkpoints
from tests.models.scorers import plain_blip as plain
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing
from torch.nn import functional
from transformers import AutoTokenizer, BertTokenizer, PreTrainedTokenizerFast
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from fauve.errors import ConfigError, WeightsMismatch, WeightsMissing
from fauve.models.protocols import Scorer
from fauve.models.scorers.blip import BlipMatching

GOLDEN = Path(__file__).parent / "golden"
CLOSE = 5e-6
CELLS = np.array([(image, prompt) for image in range(3) for prompt in range(2)], dtype=np.intp)
PICTURES = plain.pictures()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Salesforce's layout: one file, nested, with what its training leaves beside the weights."""
    folder = tmp_path_factory.mktemp("salesforce")
    plain_tensors = plain.matching_tensors()
    beside = {
        "temp": torch.tensor(0.07),
        "image_queue": torch.zeros(32, 8),
        "ptr_queue": torch.zeros(1),
        "text_encoder_m.embeddings.LayerNorm.weight": torch.zeros(128),
        "vision_proj_m.bias": torch.zeros(32),
    }
    checkpoints.write_vocabulary(folder)
    torch.save({"model": plain_tensors | beside, "epoch": 5}, folder / "model_tiny_coco.pth")
    return folder / "model_tiny_coco.pth"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder as transformers saves it, and its model."""
    folder = tmp_path_factory.mktemp("hub")
    return folder, checkpoints.write_hub_folder(folder)


def loaded(weights: Path, **options: Any) -> BlipMatching:
    dtype = options.pop("load_dtype", "float32")
    scorer = BlipMatching("blip-b", str(weights), **options)
    scorer.load("cpu", dtype)
    return scorer


def by_hand(rules: plain.Rules = plain.ORIGINAL, most: int = 512) -> np.ndarray:
    """Match logits of the whole grid in plain torch."""
    tensors = plain.matching_tensors()
    words = [plain.ids(prompt, most) for prompt in plain.PROMPTS]
    return np.array(
        [plain.match_logits(plain.squeezed(PICTURES[i]), words[p], tensors, rules)[1].item() for i, p in CELLS]
    )


def far_apart(one: np.ndarray, other: np.ndarray) -> bool:
    """Every cell differs by much more than two exact computations do."""
    return bool((np.abs(one - other) > 4 * CLOSE).all())


def test_it_is_a_scorer_and_dear_to_nobody_before_load(original: Path) -> None:
    scorer = BlipMatching("blip-b", str(original))
    assert isinstance(scorer, Scorer)
    assert scorer.host is None


@pytest.mark.parametrize("output", ["logit", "probability", "itc"])
def test_salesforce_layout_gives_what_plain_torch_gives(original: Path, output: str) -> None:
    tensors = plain.matching_tensors()
    wanted = []
    for image, prompt in CELLS:
        pixels, words = plain.squeezed(PICTURES[image]), plain.ids(plain.PROMPTS[prompt], 512)
        logits = plain.match_logits(pixels, words, tensors)
        both = {"logit": float(logits[1]), "probability": float(logits.softmax(0)[1])}
        wanted.append(plain.contrast(pixels, words, tensors) if output == "itc" else both[output])
    found = loaded(original, output=output).score(PICTURES, plain.PROMPTS, CELLS)
    np.testing.assert_allclose(found, wanted, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("output", ["logit", "probability", "itc"])
def test_hub_layout_gives_what_transformers_gives(hub: tuple[Path, Any], output: str) -> None:
    folder, model = hub
    tokenizer = AutoTokenizer.from_pretrained(folder)
    processor = BlipImageProcessorPil(size={"height": 64, "width": 64})
    wanted = []
    for image, prompt in CELLS:
        words = tokenizer(plain.PROMPTS[prompt], return_tensors="pt")
        given = {
            "input_ids": words.input_ids,
            "attention_mask": words.attention_mask,
            "pixel_values": processor(PICTURES[image], return_tensors="pt").pixel_values,
        }
        with torch.inference_mode():
            scores = model(**given, use_itm_head=output != "itc").itm_score[0]
        wanted.append(float({"logit": scores[-1], "probability": scores.softmax(0)[-1], "itc": scores[0]}[output]))
    found = loaded(folder, output=output).score(PICTURES, plain.PROMPTS, CELLS)
    np.testing.assert_allclose(found, wanted, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("model", ["blip-salesforce", "blip-transformers"])
def test_references_own_code_gives_these_scores(model: str, tmp_path: Path) -> None:
    row = json.loads((GOLDEN / f"{model}.json").read_text())
    if row["inputs"] != plain.inputs_digest():
        pytest.skip("this NumPy draws other numbers from the seeds of the golden rows")
    checkpoints.write_checkpoint(model, tmp_path)
    for output, wanted in row["scores"].items():
        found = checkpoints.adapter_scores(model, tmp_path, output)
        np.testing.assert_allclose(found, wanted, atol=2e-6, rtol=0, err_msg=output)


def test_prompts_start_with_cls_and_not_with_enc(original: Path) -> None:
    tensors, tokens = plain.matching_tensors(), plain.ids(plain.PROMPTS[0], 512)
    pixels = plain.squeezed(PICTURES[0])
    right = float(plain.match_logits(pixels, tokens, tensors)[1])
    trap = float(plain.match_logits(pixels, [plain.ENC, *tokens[1:]], tensors)[1])
    found = loaded(original).score(PICTURES[:1], plain.PROMPTS[:1], CELLS[:1])[0]
    assert abs(found - right) < CLOSE
    assert abs(found - trap) > 1e-3


def test_a_tokenizer_that_does_not_start_with_cls_is_refused(original: Path, tmp_path: Path) -> None:
    ids = {word: number for number, word in enumerate([*plain.VOCABULARY, "[ENC]"])}
    splitter = Tokenizer(WordLevel(ids, unk_token="[UNK]"))
    splitter.post_processor = TemplateProcessing(
        single="[ENC] $A [SEP]", special_tokens=[("[ENC]", ids["[ENC]"]), ("[SEP]", plain.SEP)]
    )
    odd = PreTrainedTokenizerFast(tokenizer_object=splitter, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]")
    odd.save_pretrained(tmp_path)
    with pytest.raises(WeightsMismatch, match="starts with id"):
        loaded(original, tokenizer=str(tmp_path))


def test_a_larger_vocabulary_than_the_towers_is_refused(original: Path, tmp_path: Path) -> None:
    words = [*plain.VOCABULARY, *(f"word{number}" for number in range(40))]
    BertTokenizer(vocab={word: number for number, word in enumerate(words)}).save_pretrained(tmp_path)
    with pytest.raises(WeightsMismatch, match="text tower knows 92"):
        loaded(original, tokenizer=str(tmp_path))


def test_each_layout_has_its_own_epsilon(original: Path, tmp_path: Path) -> None:
    found = loaded(original).score(PICTURES, plain.PROMPTS, CELLS)
    np.testing.assert_allclose(found, by_hand(), atol=CLOSE, rtol=0)
    assert far_apart(found, by_hand(dataclasses.replace(plain.ORIGINAL, vision_eps=1e-5)))
    by_eps = []
    for eps in ({}, {"layer_norm_eps": 1e-5}, {"layer_norm_eps": 1e-6}):
        folder = tmp_path / f"eps{len(by_eps)}"
        folder.mkdir()
        checkpoints.write_hub_folder(folder, **eps)
        by_eps.append(loaded(folder).score(PICTURES, plain.PROMPTS, CELLS))
    np.testing.assert_array_equal(by_eps[0], by_eps[1], "a config without an epsilon means that of transformers")
    assert far_apart(by_eps[1], by_eps[2])


def test_heads_are_64_wide_whatever_the_class_takes_for_granted(original: Path) -> None:
    found = loaded(original).score(PICTURES, plain.PROMPTS, CELLS)
    assert far_apart(found, by_hand(dataclasses.replace(plain.ORIGINAL, text_head=128 // 8)))


def test_image_tower_gives_all_tokens(original: Path) -> None:
    scorer = loaded(original)
    with torch.inference_mode():
        tokens = scorer.image_tower(scorer.pixels(PICTURES[1])[None])
    assert tokens.shape == (1, 17, 128)
    wanted = plain.image_tokens(plain.squeezed(PICTURES[1]), plain.matching_tensors())
    torch.testing.assert_close(tokens[0].double(), wanted, atol=1e-5, rtol=0)


def test_pictures_are_resized_by_pillow_on_bytes(original: Path) -> None:
    """Transformers' default processors resize tensors; on noise that is scaled up it moves the logit."""
    noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (37, 29, 3), dtype=np.uint8))
    scorer = loaded(original)
    torch.testing.assert_close(scorer.pixels(noise).double(), plain.squeezed(noise), atol=1e-6, rtol=0)
    values = torch.from_numpy(np.array(noise)).permute(2, 0, 1)[None].float()
    floats = functional.interpolate(values, (64, 64), mode="bicubic", antialias=True)[0] / 255
    trap = (floats - torch.tensor(plain.MEAN).view(3, 1, 1)) / torch.tensor(plain.STD).view(3, 1, 1)
    tensors, words = plain.matching_tensors(), plain.ids(plain.PROMPTS[0], 512)
    found = scorer.score([noise], plain.PROMPTS[:1], CELLS[:1])[0]
    assert abs(found - float(plain.match_logits(plain.squeezed(noise), words, tensors)[1])) < CLOSE
    assert abs(found - float(plain.match_logits(trap, words, tensors)[1])) > 4 * CLOSE


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close_recorded_and_not_rounded_at_the_end(original: Path, dtype: str) -> None:
    exact = loaded(original)
    half = loaded(original, load_dtype=dtype)
    wanted, found = (s.score(PICTURES, plain.PROMPTS, CELLS) for s in (exact, half))
    assert half.towers.text.dtype == getattr(torch, dtype)
    assert half.settings["dtype"] == dtype != exact.settings["dtype"]
    assert np.abs(found - wanted).max() < (0.1 if dtype == "bfloat16" else 0.01)
    rounded = torch.from_numpy(np.asarray(found)).to(getattr(torch, dtype)).float().numpy()
    assert (found != rounded).any(), "the head is float32: a logit in half precision would tie close pictures"


def test_number_format_is_asked_for_and_never_that_of_the_file(tmp_path: Path) -> None:
    checkpoints.write_vocabulary(tmp_path)
    halves = {
        key: value.half() if value.is_floating_point() else value for key, value in plain.matching_tensors().items()
    }
    torch.save(halves, tmp_path / "pytorch_model.bin")
    scorer = loaded(tmp_path)
    assert {value.dtype for value in scorer.towers.parameters()} == {torch.float32}
    assert scorer.settings["dtype"] == "float32"
    words = plain.ids(plain.PROMPTS[1], 512)
    wanted = float(plain.match_logits(plain.squeezed(PICTURES[0]), words, halves)[1])
    assert abs(scorer.score(PICTURES, plain.PROMPTS, CELLS)[1] - wanted) < CLOSE


def test_prompts_are_read_to_their_end_unless_a_limit_is_asked_for(original: Path) -> None:
    long, other = plain.PROMPTS[1] + " in the rain", plain.PROMPTS[1] + " and a dog"
    whole, cut = loaded(original), loaded(original, max_tokens=35)
    assert whole.tokens([long]) == [(len(plain.ids(long, 512)), False)]
    assert cut.tokens([long, "a dog"]) == [(len(plain.ids(long, 512)), True), (4, False)]
    cells = CELLS[:2]
    heard, unheard = (s.score(PICTURES[:1], [long, other], cells) for s in (whole, cut))
    assert abs(heard[0] - heard[1]) > 1e-3
    assert abs(unheard[0] - unheard[1]) < CLOSE
    assert abs(unheard[0] - heard[0]) > 1e-3
    assert cut.card.prompt_limit == 35
    assert whole.settings["text"] != cut.settings["text"]


def test_beyond_its_places_a_prompt_is_cut_and_says_so(original: Path) -> None:
    scorer = loaded(original)
    endless = "a red boat " * 60
    assert scorer.tokens([endless]) == [(182, True)]
    words = plain.ids(endless, 96)
    wanted = plain.match_logits(plain.squeezed(PICTURES[0]), words, plain.matching_tensors())[1]
    assert abs(scorer.score(PICTURES[:1], [endless], CELLS[:1])[0] - float(wanted)) < CLOSE


def test_hub_weights_without_their_config_are_refused(hub: tuple[Path, Any], tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((hub[0] / "model.safetensors").read_bytes())
    checkpoints.write_vocabulary(tmp_path)
    with pytest.raises(WeightsMissing, match=r"config\.json.*heads"):
        loaded(tmp_path)


def test_another_models_config_is_refused(tmp_path: Path) -> None:
    checkpoints.write_hub_folder(tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**described, "model_type": "blip-2"}))
    with pytest.raises(WeightsMismatch, match="blip-2"):
        loaded(tmp_path)


def test_a_config_that_denies_the_cross_attention_is_put_right(hub: tuple[Path, Any], tmp_path: Path) -> None:
    checkpoints.write_hub_folder(tmp_path)
    described = json.loads((tmp_path / "config.json").read_text())
    described["text_config"]["is_decoder"] = False
    (tmp_path / "config.json").write_text(json.dumps(described))
    scores = [loaded(folder).score(PICTURES, plain.PROMPTS, CELLS) for folder in (tmp_path, hub[0])]
    np.testing.assert_array_equal(*scores)


def test_preprocessing_for_other_sizes_is_refused(tmp_path: Path) -> None:
    checkpoints.write_hub_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": {"height": 384, "width": 384}}))
    with pytest.raises(WeightsMismatch, match=r"384x384.*64x64"):
        loaded(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": 64}))
    assert loaded(tmp_path).pixels(PICTURES[1]).shape == (3, 64, 64)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop("itm_head.weight"), "missing: itm_head.weight"),
        (lambda t: t.update({"itm_head.weight": torch.zeros(3, 128)}), "itm_head.weight is (3, 128)"),
        (lambda t: t.pop("text_encoder.encoder.layer.1.crossattention.self.key.bias"), "crossattention.self.key.bias"),
        (lambda t: t.update({"cls_head.bias": torch.zeros(1)}), "not expected: cls_head.bias"),
        (lambda t: t.pop("visual_encoder.pos_embed"), "visual_encoder.pos_embed"),
    ],
)
def test_what_is_not_this_models_is_refused_with_its_key(tmp_path: Path, change: Any, told: str) -> None:
    tensors = plain.matching_tensors()
    change(tensors)
    checkpoints.write_vocabulary(tmp_path)
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(WeightsMismatch) as caught:
        loaded(tmp_path)
    assert told in str(caught.value)
    assert "blip-b" in str(caught.value)


def test_cards_of_the_outputs(original: Path) -> None:
    logit, probability, itc = (BlipMatching("blip-l", output=output) for output in ("logit", "probability", "itc"))
    assert [s.card.name for s in (logit, probability, itc)] == ["blip-l", "blip-l-probability", "blip-l-itc"]
    assert [s.card.range for s in (logit, probability, itc)] == [(None, None), (0.0, 1.0), (-1.0, 1.0)]
    assert len({s.card.summary for s in (logit, probability, itc)}) == 3
    assert {s.card.hub_id for s in (logit, probability, itc)} == {"Salesforce/blip-itm-large-coco"}
    own = BlipMatching("mine", "somebody/blip-itm")
    assert (own.card.name, own.card.hub_id, own.card.licence) == ("mine", "somebody/blip-itm", None)
    assert BlipMatching("mine", str(original)).card.hub_id is None


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="logit, probability, itc"):
        BlipMatching("blip-l", output="cosine")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="mine: give weights"):
        BlipMatching("mine")
    with pytest.raises(ConfigError, match="at least 3"):
        BlipMatching("blip-l", max_tokens=2)


def test_check_finds_weights_without_loading_and_says_what_is_missing(original: Path) -> None:
    scorer = BlipMatching("blip-b", str(original))
    scorer.check()
    assert scorer.host is None
    with pytest.raises(WeightsMissing, match=r"Salesforce/blip-itm-large-coco.*hf download"):
        BlipMatching("blip-l").check()
    with pytest.raises(WeightsMissing, match="bert-base-uncased"):
        BlipMatching("blip-b", str(original), tokenizer="google-bert/bert-base-uncased").check()


def test_settings_change_with_whatever_changes_an_answer(hub: tuple[Path, Any], original: Path, tmp_path: Path) -> None:
    checkpoints.write_hub_folder(tmp_path, layer_norm_eps=1e-3)
    made = [
        loaded(hub[0]),
        loaded(tmp_path),
        loaded(original),
        loaded(original, output="probability"),
        loaded(original, dtype="bfloat16"),
        loaded(original, max_tokens=35),
    ]
    assert len({json.dumps(dict(scorer.settings), sort_keys=True) for scorer in made}) == len(made)
    same = loaded(hub[0]).settings
    assert same == made[0].settings
    assert same["weights_sha256"] == made[1].settings["weights_sha256"], "only the config differs between these two"
