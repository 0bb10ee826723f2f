"""MPS against its published definition written out by hand, read out of a pickled module, and its traps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.models.scorers.plain_clip import TINY, image_tokens, openai_tensors, word_tokens
from tests.models.scorers.test_tuned_clips import ids_of
from torch import Tensor, nn
from transformers import CLIPModel

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models import pixels
from fauve.models.scorers.clip_hosts import clip_config, transformers_layout
from fauve.models.scorers.mps import MPS, OVERALL_CONDITION

PROMPTS = ["the boat on the lake", "a face with hands in good light, clear and sharp, of rich texture and color"]
WIDTH, HEADS, DEPTH = TINY.joint, TINY.joint // 64, 4


def cross_tensors(seed: int = 1) -> dict[str, Tensor]:
    """Random weights of the cross module under its published names."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * 0.12

    tensors = {}
    for layer in range(DEPTH):
        read, own = f"layers.{layer}.0.fn", f"layers.{layer}.1.fn"
        for stem in (read, own):
            tensors[f"{stem}.norm.weight"], tensors[f"{stem}.norm.bias"] = 1 + draw(WIDTH), torch.zeros(WIDTH)
        tensors[f"{read}.to_q.weight"] = draw(HEADS * 64, WIDTH)
        tensors[f"{read}.to_kv.weight"] = draw(128, WIDTH)
        tensors[f"{read}.to_out.weight"] = draw(WIDTH, HEADS * 64)
        tensors[f"{read}.ff.0.weight"], tensors[f"{read}.ff.2.weight"] = draw(8 * WIDTH, WIDTH), draw(WIDTH, 4 * WIDTH)
        tensors[f"{own}.rotary_emb.inv_freq"] = 10000 ** (-torch.arange(0, 64, 2) / 64)
        tensors[f"{own}.fused_attn_ff_proj.weight"] = draw(HEADS * 64 + 128 + 8 * WIDTH, WIDTH)
        tensors[f"{own}.attn_out.weight"] = draw(WIDTH, HEADS * 64)
        tensors[f"{own}.ff_out.1.weight"] = draw(WIDTH, 4 * WIDTH)
    return tensors


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Each head of q (places, heads × 64) against the one head of k and v."""
    heads = [(part @ k.T * 0.125 + bias).softmax(-1) @ v for part in q.split(64, dim=-1)]
    return torch.cat(heads, dim=-1)


def rotate(x: Tensor, frequencies: Tensor) -> Tensor:
    """As complex numbers: (first half, second half) of each head are real and imaginary parts."""
    turned = []
    for part in x.split(64, dim=-1):
        numbers = torch.complex(part[:, :32], part[:, 32:])
        numbers = numbers * torch.polar(torch.ones(()), torch.outer(torch.arange(len(x)).float(), frequencies))
        turned.append(torch.cat((numbers.real, numbers.imag), dim=-1))
    return torch.cat(turned, dim=-1)


def swiglu(x: Tensor) -> Tensor:
    value, gate = x.split(x.shape[-1] // 2, dim=-1)
    return value * gate * torch.sigmoid(gate)


def cross(tensors: dict[str, Tensor], image: Tensor, words: Tensor, keep: Tensor) -> Tensor:
    bias = torch.where(keep, 0.0, float("-inf"))
    for layer in range(DEPTH):
        read = {k.removeprefix(f"layers.{layer}.0.fn."): v for k, v in tensors.items()}
        own = {k.removeprefix(f"layers.{layer}.1.fn."): v for k, v in tensors.items()}
        x = nn.functional.layer_norm(image, (WIDTH,), read["norm.weight"])
        k, v = (words @ read["to_kv.weight"].T).split(64, dim=-1)
        seen = attend(x @ read["to_q.weight"].T, k, v, bias) @ read["to_out.weight"].T
        image = image + seen + swiglu(x @ read["ff.0.weight"].T) @ read["ff.2.weight"].T
        x = nn.functional.layer_norm(image, (WIDTH,), own["norm.weight"]) @ own["fused_attn_ff_proj.weight"].T
        q, k, v, inner = x.split([HEADS * 64, 64, 64, 8 * WIDTH], dim=-1)
        frequencies = own["rotary_emb.inv_freq"]
        seen = attend(rotate(q, frequencies), rotate(k, frequencies), v, torch.zeros(()))
        image = image + seen @ own["attn_out.weight"].T + swiglu(inner) @ own["ff_out.1.weight"].T
    return image


def likeness(tensors: dict[str, Tensor], words: Tensor, vocabulary: Path, condition: str) -> Tensor:
    """Each place's greatest product with the condition, over the greatest of all."""
    other = word_tokens(tensors, padded(condition, vocabulary), "gelu")
    greatest = (words @ other.T).max(dim=-1).values
    return greatest / greatest.max()


def padded(prompt: str, vocabulary: Path) -> list[int]:
    ids = ids_of(prompt.replace(".", " ."), vocabulary)
    return ids + [515] * (77 - len(ids))


def by_hand(
    image: Image.Image, prompt: str, vocabulary: Path, threshold: float = 0.3, condition: str = OVERALL_CONDITION
) -> float:
    tensors = openai_tensors()
    tokens = image_tokens(tensors, pixels.clip_pixels(image), "gelu") @ tensors["visual.proj"]
    ids = padded(prompt, vocabulary)
    words = word_tokens(tensors, ids, "gelu")
    keep = likeness(tensors, words, vocabulary, condition) > threshold
    seen = cross(cross_tensors(), tokens, words, keep)[0]
    vector = words[ids.index(515)]
    return float(np.exp(3.1) * nn.functional.cosine_similarity(vector, seen, dim=0))


class CrossPart(nn.Module):
    """A module tree with the published names."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        for key, value in tensors.items():
            *stems, name = key.split(".")
            at: nn.Module = self
            for stem in stems:
                if stem not in at._modules:
                    at.add_module(stem, nn.Module())
                at = at.get_submodule(stem)
            if name in {"bias", "inv_freq"}:
                at.register_buffer(name, value)
            else:
                at.register_parameter(name, nn.Parameter(value))


class Published(nn.Module):
    """What the authors pickled: a module of their own around transformers' CLIP and the cross module."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model = CLIPModel(clip_config("ViT-H/14", "gelu", folder / "config.json"))
        self.model.load_state_dict(transformers_layout(openai_tensors()), strict=True)
        self.cross_model = CrossPart(cross_tensors())


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mps")
    TINY.write_config(folder)
    torch.save(Published(folder), folder / "MPS_overall_checkpoint.pth")
    return folder


def loaded(weights: Path, vocabulary: Path, **options: object) -> MPS:
    scorer = MPS("mps", str(weights), tokenizer=str(vocabulary), **options)
    scorer.load("cpu", "float32")
    return scorer


@pytest.mark.parametrize("threshold", [0.3, 0.01])
def test_parity_with_the_published_definition(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray, threshold: float
) -> None:
    ours = loaded(weights, clip_vocabulary, threshold=threshold).score(pictures, PROMPTS, whole_grid)
    expected = [by_hand(pictures[i], PROMPTS[p], clip_vocabulary, threshold) for i, p in whole_grid]
    np.testing.assert_allclose(ours, expected, atol=5e-5)


def test_the_threshold_decides_which_words_are_read(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    tensors = openai_tensors()
    words = word_tokens(tensors, padded(PROMPTS[0], clip_vocabulary), "gelu")
    shares = likeness(tensors, words, clip_vocabulary, OVERALL_CONDITION).sort().values
    low, high = float(shares[20]) + 1e-4, float(shares[40]) + 1e-4
    scores = [loaded(weights, clip_vocabulary, threshold=t).score(pictures, PROMPTS, whole_grid) for t in (low, high)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-2
    expected = [by_hand(pictures[i], PROMPTS[p], clip_vocabulary, high) for i, p in whole_grid]
    np.testing.assert_allclose(scores[1], expected, atol=5e-5)


def test_each_prompt_is_masked_by_its_own_greatest_word(weights: Path, clip_vocabulary: Path) -> None:
    scorer = loaded(weights, clip_vocabulary, threshold=0.7)
    features = torch.stack(scorer.encode_prompts(PROMPTS))[:, 1:]
    both = scorer.kept_words(features)
    alone = torch.cat([scorer.kept_words(features[n : n + 1]) for n in range(2)])
    assert torch.equal(both, alone)
    # the same words twice as strong: a maximum over the batch would now drop words of the other prompt
    assert torch.equal(scorer.kept_words(torch.stack([features[0], features[1] * 2])), both)
    assert 0 < int(both.sum()) < both.numel()


def test_the_condition_is_verbatim_and_part_of_the_key(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    assert OVERALL_CONDITION.endswith("word, things.")
    assert OVERALL_CONDITION.count(",") == 21
    published = loaded(weights, clip_vocabulary, threshold=0.6)
    other = loaded(weights, clip_vocabulary, threshold=0.6, condition="a cat")
    assert published.settings != other.settings
    scores = other.score(pictures, PROMPTS, whole_grid)
    expected = [by_hand(pictures[i], PROMPTS[p], clip_vocabulary, 0.6, "a cat") for i, p in whole_grid]
    np.testing.assert_allclose(scores, expected, atol=5e-5)
    assert np.abs(scores - published.score(pictures, PROMPTS, whole_grid)).max() > 1e-3


def test_image_tokens_are_reused_across_prompts_and_the_condition_is_read_once(
    weights: Path,
    clip_vocabulary: Path,
    pictures: list[Image.Image],
    whole_grid: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scorer = loaded(weights, clip_vocabulary, batch=2)
    images: list[int] = []
    prompts: list[int] = []
    image_tower, text_tower = scorer.image_tower, scorer.text_tower
    monkeypatch.setattr(scorer, "image_tower", lambda x: images.append(len(x)) or image_tower(x))
    monkeypatch.setattr(scorer, "text_tower", lambda x: prompts.append(len(x)) or text_tower(x))
    scorer.score(pictures, PROMPTS, whole_grid)
    assert (sum(images), sum(prompts)) == (3, 2)


def test_a_cell_has_one_score_whatever_stands_around_it(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    scorer = loaded(weights, clip_vocabulary)
    whole = scorer.score(pictures, PROMPTS, whole_grid)
    singly = [scorer.score([pictures[i]], [PROMPTS[p]], np.array([(0, 0)]))[0] for i, p in whole_grid]
    np.testing.assert_allclose(singly, whole, atol=2e-5)


def test_half_precision_stays_near(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    exact = loaded(weights, clip_vocabulary).score(pictures, PROMPTS, whole_grid)
    near = loaded(weights, clip_vocabulary, dtype="bfloat16").score(pictures, PROMPTS, whole_grid)
    assert np.abs(near - exact).max() < 0.05 * np.exp(3.1)


def test_a_safetensors_copy_gives_the_same(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], whole_grid: np.ndarray, tmp_path: Path
) -> None:
    TINY.write_config(tmp_path)
    state = {f"model.{k}": v.contiguous() for k, v in transformers_layout(openai_tensors()).items()}
    state |= {f"cross_model.{k}": v for k, v in cross_tensors().items()}
    save_file(state, tmp_path / "MPS_overall_checkpoint_diffsynth.safetensors")
    ours = loaded(tmp_path, clip_vocabulary).score(pictures, PROMPTS, whole_grid)
    np.testing.assert_array_equal(ours, loaded(weights, clip_vocabulary).score(pictures, PROMPTS, whole_grid))


def test_a_checkpoint_without_its_cross_module_is_refused(tmp_path: Path, clip_vocabulary: Path) -> None:
    TINY.write_config(tmp_path)
    state = {f"model.{k}": v.contiguous() for k, v in transformers_layout(openai_tensors()).items()}
    torch.save(state, tmp_path / "MPS_overall_checkpoint.pth")
    with pytest.raises(WeightsMismatch, match=r"mps, the cross module: .*missing"):
        loaded(tmp_path, clip_vocabulary)


def test_without_a_file_it_says_where_to_get_it(clip_vocabulary: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"Get MPS_overall_checkpoint\.pth from github\.com/Kwai-Kolors/MPS"):
        MPS(tokenizer=str(clip_vocabulary)).load("cpu", "float32")
