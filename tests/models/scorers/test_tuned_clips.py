"""HPS v1, HPSv2, PickScore and CLIP-L against CLIP written out by hand, and the mistakes that would change a number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.models.scorers.plain_clip import TINY, image_vector, openai_tensors, prompt_vector
from torch import nn
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

from fauve.errors import ConfigError, WeightsMismatch, WeightsMissing
from fauve.models import pixels
from fauve.models.scorers.clip import ClipSimilarity
from fauve.models.scorers.clip_hosts import clip_config, transformers_layout
from fauve.models.scorers.hps_v1 import HPSv1
from fauve.models.scorers.hpsv2 import HPSv2
from fauve.models.scorers.pickscore import PickScore

LONG = "a wide field with a fence and a road and a hill and a house, all of it out of focus and far too dark"
PROMPTS = ["the boat on the lake", LONG]


def ids_of(prompt: str, vocabulary: Path) -> list[int]:
    """Ids by hand: every character a token, the last of a word with its own id, "the" one token; cut to 77."""
    table = json.loads((vocabulary / "tokenizer.json").read_text())["model"]["vocab"]
    ids = []
    for word in prompt.replace(",", " ,").lower().split():
        ids += [table["the</w>"]] if word == "the" else [table[c] for c in word[:-1]] + [table[word[-1] + "</w>"]]
    # "th" at the start of a longer word joins too
    return [514, *ids[:75], 515]


def expected(
    tensors: dict[str, torch.Tensor], images: list[torch.Tensor], vocabulary: Path, activation: str
) -> np.ndarray:
    """Cosines of all images by all prompts, flat."""
    vectors = [prompt_vector(tensors, ids_of(prompt, vocabulary), activation) for prompt in PROMPTS]
    return np.array([float(image_vector(tensors, image, activation) @ v) for image in images for v in vectors])


def saved(folder: Path, name: str, content: object) -> str:
    torch.save(content, folder / name)
    TINY.write_config(folder)
    return str(folder)


def transformers_model(tensors: dict[str, torch.Tensor], folder: Path) -> CLIPModel:
    TINY.write_config(folder)
    model = CLIPModel(clip_config("ViT-H/14", "gelu", folder / "config.json"))
    model.config.text_config.eos_token_id = model.text_model.eos_token_id = 515
    model.load_state_dict(transformers_layout(tensors), strict=True)
    return model.eval()


class TestHPSv2:
    @pytest.fixture
    def weights(self, tmp_path: Path) -> str:
        return saved(tmp_path, "HPS_v2.1_compressed.pt", {"state_dict": openai_tensors()})

    def test_parity(
        self, weights: str, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
    ) -> None:
        scorer = HPSv2("hpsv2.1", weights, tokenizer=str(clip_vocabulary))
        scorer.load("cpu", "float32")
        ours = scorer.score(pictures, PROMPTS, whole_grid)
        prepared = [pixels.padded_pixels(picture) for picture in pictures]
        np.testing.assert_allclose(ours, expected(openai_tensors(), prepared, clip_vocabulary, "gelu"), atol=2e-6)
        quick = expected(openai_tensors(), prepared, clip_vocabulary, "quick_gelu")
        assert np.abs(ours - quick).max() > 1e-4, "a config without an activation must not mean QuickGELU"
        cropped = [pixels.clip_pixels(picture) for picture in pictures]
        wrong = expected(openai_tensors(), cropped, clip_vocabulary, "gelu")
        assert np.abs(ours - wrong)[2:].max() > 1e-3, "pictures that are not square are padded, not cropped"

    def test_antialias_is_a_setting_that_changes_the_number(
        self, weights: str, clip_vocabulary: Path, whole_grid: np.ndarray
    ) -> None:
        noise = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (700, 500, 3), np.uint8)) for n in range(3)]
        scores = []
        for antialias in (True, False):
            scorer = HPSv2("hpsv2.1", weights, tokenizer=str(clip_vocabulary), antialias=antialias)
            scorer.load("cpu", "float32")
            scores.append(scorer.score(noise, PROMPTS, whole_grid))
        assert np.abs(scores[0] - scores[1]).max() > 1e-3

    def test_typographic_quotes_and_entities_are_mended(
        self, weights: str, clip_vocabulary: Path, pictures: list[Image.Image]
    ) -> None:
        scorer = HPSv2("hpsv2.1", weights, tokenizer=str(clip_vocabulary))
        scorer.load("cpu", "float32")
        typed = [" a “cat’s” hat &amp;amp; the sea", 'a "cat\'s" hat & the sea']
        one, other = scorer.score(pictures[:1], typed, np.array([(0, 0), (0, 1)]))
        assert one == other
        unmended = PickScore("mine", weights + "/HPS_v2.1_compressed.pt", tokenizer=str(clip_vocabulary))
        unmended.load("cpu", "float32")
        one, other = unmended.score(pictures[:1], typed, np.array([(0, 0), (0, 1)]))
        assert one != other

    def test_the_version_chooses_the_file_and_never_the_other(self, weights: str, clip_vocabulary: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"hpsv2\.0: .*HPS_v2_compressed\.pt"):
            HPSv2("hpsv2.0", weights, tokenizer=str(clip_vocabulary)).load("cpu", "float32")
        HPSv2("mine", weights, tokenizer=str(clip_vocabulary)).load("cpu", "float32")
        with pytest.raises(ConfigError, match=r"version is '2\.0' or '2\.1'"):
            HPSv2("mine", weights, version="3")

    def test_a_flat_safetensors_copy_gives_the_same(
        self, weights: str, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray, tmp_path: Path
    ) -> None:
        folder = tmp_path / "copy"
        folder.mkdir()
        save_file(openai_tensors(), folder / "HPS_v2.1_compressed.safetensors")
        TINY.write_config(folder)
        scores = []
        for place in (weights, str(folder)):
            scorer = HPSv2("hpsv2.1", place, tokenizer=str(clip_vocabulary))
            scorer.load("cpu", "float32")
            scores.append(scorer.score(pictures, PROMPTS, whole_grid))
        np.testing.assert_array_equal(*scores)

    @pytest.mark.parametrize(
        "key", ["visual.proj", "text_projection", "logit_scale", "transformer.resblocks.1.ln_2.bias"]
    )
    def test_weights_that_lack_a_part_are_refused(self, tmp_path: Path, clip_vocabulary: Path, key: str) -> None:
        tensors = openai_tensors()
        del tensors[key]
        place = saved(tmp_path, "HPS_v2.1_compressed.pt", {"state_dict": tensors})
        with pytest.raises(WeightsMismatch, match=r"hpsv2\.1: .*1 missing"):
            HPSv2("hpsv2.1", place, tokenizer=str(clip_vocabulary)).load("cpu", "float32")

    def test_weights_of_another_size_are_refused_without_a_config(self, weights: str, clip_vocabulary: Path) -> None:
        (Path(weights) / "config.json").unlink()
        with pytest.raises(WeightsMismatch, match="of another shape"):
            HPSv2("hpsv2.1", weights, tokenizer=str(clip_vocabulary)).load("cpu", "float32")

    def test_no_network_and_no_weights_say_what_to_do(self) -> None:
        with pytest.raises(WeightsMissing, match=r"hf download"):
            HPSv2("hpsv2.1").load("cpu", "float32")


class TestHPSv1:
    def test_parity_in_quick_gelu_with_torchvisions_crop(
        self, tmp_path: Path, clip_vocabulary: Path, whole_grid: np.ndarray
    ) -> None:
        # 227 wide: the two rules of the centre crop differ here
        images = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (224, 227, 3), np.uint8)) for n in range(3)]
        place = saved(tmp_path, "hpc.pt", {"epoch": 1, "state_dict": openai_tensors(seed=3)})
        scorer = HPSv1("hps-v1", place, tokenizer=str(clip_vocabulary))
        scorer.load("cpu", "float32")
        ours = scorer.score(images, PROMPTS, whole_grid)
        right = [pixels.clip_pixels(image, centre="torchvision") for image in images]
        tensors = openai_tensors(seed=3)
        np.testing.assert_allclose(ours, expected(tensors, right, clip_vocabulary, "quick_gelu"), atol=2e-6)
        assert np.abs(ours - expected(tensors, right, clip_vocabulary, "gelu")).max() > 1e-4
        wrong = [pixels.clip_pixels(image, centre="transformers") for image in images]
        assert np.abs(ours - expected(tensors, wrong, clip_vocabulary, "quick_gelu")).max() > 1e-3

    def test_a_file_with_strange_company_is_read_without_running_it(
        self, tmp_path: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
    ) -> None:
        place = saved(tmp_path, "hpc.pt", {"args": nn.Linear(1, 1), "state_dict": openai_tensors()})
        scorer = HPSv1("hps-v1", place, tokenizer=str(clip_vocabulary))
        scorer.load("cpu", "float32")
        assert np.isfinite(scorer.score(pictures, PROMPTS, whole_grid)).all()

    def test_without_a_file_it_says_that_the_hub_has_none(self, clip_vocabulary: Path) -> None:
        with pytest.raises(WeightsMissing, match="not on the hub"):
            HPSv1(tokenizer=str(clip_vocabulary)).load("cpu", "float32")


class TestPickScore:
    @pytest.fixture
    def weights(self, tmp_path: Path) -> Path:
        model = transformers_model(openai_tensors(seed=5), tmp_path)
        # published checkpoints of that age carry position ids, and the config of some no activation
        state = dict(model.state_dict()) | {"vision_model.embeddings.position_ids": torch.arange(65)[None]}
        save_file({key: value.contiguous() for key, value in state.items()}, tmp_path / "model.safetensors")
        return tmp_path

    def test_parity_with_clipmodel(
        self, weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
    ) -> None:
        reference = transformers_model(openai_tensors(seed=5), weights)
        prepared = torch.stack([pixels.clip_pixels(picture) for picture in pictures])
        tokens = CLIPTokenizer.from_pretrained(clip_vocabulary)(
            PROMPTS, padding=True, truncation=True, max_length=77, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = reference(pixel_values=prepared, **tokens).logits_per_image
        scorer = PickScore("pickscore", str(weights), tokenizer=str(clip_vocabulary))
        scorer.load("cpu", "float32")
        ours = scorer.score(pictures, PROMPTS, whole_grid)
        np.testing.assert_allclose(ours, logits.numpy().ravel(), atol=5e-5)
        by_hand = expected(openai_tensors(seed=5), list(prepared), clip_vocabulary, "gelu") * np.exp(3.1)
        np.testing.assert_allclose(ours, by_hand, atol=5e-5)
        assert scorer.provenance["logit_scale"] == pytest.approx(np.exp(3.1), rel=1e-6)

    def test_the_bare_cosine_is_another_setting(
        self, weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
    ) -> None:
        scaled = PickScore("pickscore", str(weights), tokenizer=str(clip_vocabulary))
        bare = PickScore("pickscore", str(weights), tokenizer=str(clip_vocabulary), scaled=False)
        for scorer in (scaled, bare):
            scorer.load("cpu", "float32")
        ratio = scaled.score(pictures, PROMPTS, whole_grid) / bare.score(pictures, PROMPTS, whole_grid)
        np.testing.assert_allclose(ratio, np.exp(3.1), rtol=1e-5)
        assert scaled.settings != bare.settings
        assert bare.card.range == (-1.0, 1.0)

    def test_a_tokenizer_beside_the_weights_is_used(self, weights: Path, clip_vocabulary: Path) -> None:
        CLIPTokenizer.from_pretrained(clip_vocabulary).save_pretrained(weights)
        assert PickScore("pickscore", str(weights)).tokens(["the"]) == [(3, False)]


def test_a_config_of_another_kind_beside_the_weights_is_refused(tmp_path: Path, clip_vocabulary: Path) -> None:
    torch.save({"state_dict": openai_tensors()}, tmp_path / "HPS_v2.1_compressed.pt")
    for content in ("{}", "[1]", "no json"):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(WeightsMismatch, match="describes no CLIP model"):
            HPSv2("hpsv2.1", str(tmp_path), tokenizer=str(clip_vocabulary)).load("cpu", "float32")


def test_published_sizes_are_those_of_the_towers() -> None:
    with torch.device("meta"):
        huge = CLIPModel(clip_config("ViT-H/14", "gelu"))
        large = CLIPModel(clip_config("ViT-L/14", "quick_gelu"))
    assert sum(p.numel() for p in huge.parameters()) == 986_109_441
    assert sum(p.numel() for p in large.parameters()) == 427_616_513
    assert isinstance(huge.config, CLIPConfig)


def test_clip_l_reads_its_own_files(
    tmp_path: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    tensors = openai_tensors(seed=9)
    save_file({k: v.contiguous() for k, v in transformers_layout(tensors).items()}, tmp_path / "model.safetensors")
    TINY.write_config(tmp_path)
    CLIPTokenizer.from_pretrained(clip_vocabulary).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        json.dumps({"size": 224, "crop_size": 224, "do_center_crop": True, "resample": 3})
    )
    scorer = ClipSimilarity("clip-l", str(tmp_path))
    scorer.load("cpu", "float32")
    prepared = [pixels.clip_pixels(picture) for picture in pictures]
    ours = scorer.score(pictures, PROMPTS, whole_grid)
    np.testing.assert_allclose(ours, expected(tensors, prepared, clip_vocabulary, "quick_gelu"), atol=2e-6)
    assert np.abs(ours - expected(tensors, prepared, clip_vocabulary, "gelu")).max() > 1e-4
