"""Any CLIP- or SigLIP-style checkpoint by its folder: against transformers' own answer, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from fauve.errors import ConfigError, ModelError, WeightsMismatch, WeightsMissing
from fauve.models.scorers.clip import ClipSimilarity
from fauve.models.scorers.hub_pixels import HubPixels

PROMPTS = ["a boat", "a dark wood in rain and a boat"]


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SigLIP with a word tokenizer, as transformers saves it."""
    folder = tmp_path_factory.mktemp("siglip")
    torch.manual_seed(7)
    tower = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = SiglipConfig(
        text_config={**tower, "vocab_size": 12, "max_position_embeddings": 16, "projection_size": 32},
        vision_config={**tower, "image_size": 64, "patch_size": 16},
    )
    model = SiglipModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(folder)
    words = ["<pad>", "</s>", "<unk>", "a", "boat", "dark", "wood", "in", "rain", "and"]
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("output", ["cosine", "logit"])
def test_siglip_parity(siglip: Path, pictures: list[Image.Image], whole_grid: np.ndarray, output: str) -> None:
    scorer = ClipSimilarity("my-siglip", str(siglip), output=output)
    scorer.load("cpu", "float32")
    ours = scorer.score(pictures, PROMPTS, whole_grid)
    reference = SiglipModel.from_pretrained(siglip, dtype=torch.float32).eval()
    prepared = SiglipImageProcessorPil.from_pretrained(siglip)(pictures, return_tensors="pt")
    tokens = PreTrainedTokenizerFast.from_pretrained(siglip)(
        PROMPTS, padding="max_length", max_length=16, truncation=True, return_tensors="pt"
    )
    with torch.inference_mode():
        answer = reference(pixel_values=prepared["pixel_values"], input_ids=tokens["input_ids"])
    cosine = answer.image_embeds @ answer.text_embeds.T
    expected = cosine if output == "cosine" else answer.logits_per_image
    np.testing.assert_allclose(ours, expected.numpy().ravel(), atol=5e-5)
    assert scorer.tokens(PROMPTS) == [(3, False), (9, False)]
    assert scorer.tokens([" ".join(["boat"] * 20)]) == [(21, True)]


def test_settings_are_whole_before_loading_and_hold_no_path(siglip: Path) -> None:
    scorer = ClipSimilarity("my-siglip", str(siglip))
    before = scorer.settings
    scorer.load("cpu", "float32")
    assert scorer.settings == before
    assert "size 64x64" in before["preprocessing"]
    assert str(siglip) not in repr(before) + repr(scorer.card)


def test_settings_without_the_files_name_the_source() -> None:
    settings = ClipSimilarity("other", "someone/clip", revision="v2").settings
    assert settings["weights"] == "someone/clip"
    assert settings["revision"] == "v2"


def test_clip_l_is_known_by_its_name_and_another_name_needs_weights() -> None:
    assert ClipSimilarity("clip-l").card.hub_id == "openai/clip-vit-large-patch14"
    with pytest.raises(ConfigError, match="mine: give weights"):
        ClipSimilarity("mine")
    with pytest.raises(ConfigError, match="'cosine' or 'logit'"):
        ClipSimilarity("clip-l", output="probability")
    with pytest.raises(WeightsMissing, match="clip-l"):
        ClipSimilarity("clip-l").load("cpu", "float32")


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(siglip: Path, tmp_path: Path, missing: str) -> None:
    for file in siglip.iterdir():
        if file.name != missing:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(WeightsMissing, match=f"mine: .*{missing}"):
        ClipSimilarity("mine", str(tmp_path)).load("cpu", "float32")


def test_a_model_of_another_kind_is_refused(siglip: Path, tmp_path: Path) -> None:
    for file in siglip.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((siglip / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "blip"}))
    with pytest.raises(WeightsMismatch, match="type 'blip'"):
        ClipSimilarity("mine", str(tmp_path)).load("cpu", "float32")


class TestHubPixels:
    def test_old_and_new_words_mean_the_same(self) -> None:
        old = HubPixels.from_json({"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3})
        new = HubPixels.from_json(
            {
                "size": {"shortest_edge": 224},
                "crop_size": {"height": 224, "width": 224},
                "do_center_crop": True,
                "rescale_factor": 0.00392156862745098,
            }
        )
        assert old == new
        assert old.name == new.name

    @pytest.mark.parametrize(
        "change",
        [
            {"do_normalize": False},
            {"do_resize": False},
            {"do_pad": True},
            {"rescale_factor": 1.0},
            {"crop_size": {"height": 224, "width": 200}},
            {"crop_size": 300},
            {"image_mean": [0.5]},
            {"size": {"longest_edge": 224}},
        ],
    )
    def test_steps_that_are_not_known_are_refused(self, change: dict[str, object], tmp_path: Path) -> None:
        described = {"size": 224, "crop_size": 224, "do_center_crop": True} | change
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(described))
        with pytest.raises(ModelError, match="no preprocessing that is known"):
            HubPixels.read(tmp_path / "preprocessor_config.json")

    def test_a_processor_file_holds_it_one_level_down(self, tmp_path: Path) -> None:
        inner = {"size": {"height": 8, "width": 6}, "resample": 2, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
        (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": inner}))
        rule = HubPixels.read(tmp_path / "processor_config.json")
        image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
        expected = np.asarray(image.resize((6, 8), Image.Resampling.BILINEAR), np.float32) / 127.5 - 1
        np.testing.assert_allclose(rule(image).permute(1, 2, 0).numpy(), expected, atol=1e-6)
