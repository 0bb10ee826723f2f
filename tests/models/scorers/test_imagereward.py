"""ImageReward against plain torch, its reference's own scores, and the traps that are its own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.models.scorers import blip_checkpoints as checkpoints
from tests.models.scorers import plain_blip as plain

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models.protocols import Scorer
from fauve.models.scorers.imagereward import ImageReward

GOLDEN = Path(__file__).parent / "golden" / "imagereward.json"
CLOSE = 1e-5
CELLS = np.array([(image, prompt) for image in range(3) for prompt in range(2)], dtype=np.intp)
PICTURES = plain.pictures()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ImageReward.pt, med_config.json and the vocabulary."""
    folder = tmp_path_factory.mktemp("imagereward")
    checkpoints.write_checkpoint("imagereward", folder)
    return folder


def loaded(folder: Path, **options: Any) -> ImageReward:
    dtype = options.pop("load_dtype", "float32")
    scorer = ImageReward(weights=str(folder), **options)
    scorer.load("cpu", dtype)
    return scorer


def by_hand(rules: plain.Rules = plain.ORIGINAL) -> np.ndarray:
    """Rewards of the whole grid in plain torch."""
    tensors = plain.reward_tensors()
    words = [plain.ids(prompt, 35) for prompt in plain.PROMPTS]
    return np.array([plain.reward(plain.cropped(PICTURES[i]), words[p], tensors, rules) for i, p in CELLS])


def score(scorer: ImageReward) -> np.ndarray:
    return np.asarray(scorer.score(PICTURES, plain.PROMPTS, CELLS))


def test_published_layout_gives_what_plain_torch_gives(weights: Path) -> None:
    scorer = loaded(weights)
    assert isinstance(scorer, Scorer)
    np.testing.assert_allclose(score(scorer), by_hand(), atol=CLOSE, rtol=0)


def test_references_own_code_gives_these_scores(weights: Path) -> None:
    row = json.loads(GOLDEN.read_text())
    if row["inputs"] != plain.inputs_digest():
        pytest.skip("this NumPy draws other numbers from the seeds of the golden rows")
    found = checkpoints.adapter_scores("imagereward", weights, "reward")
    np.testing.assert_allclose(found, row["scores"]["reward"], atol=6e-6, rtol=0)


def test_a_lone_file_needs_no_config(weights: Path, tmp_path: Path) -> None:
    checkpoints.write_vocabulary(tmp_path)
    file = tmp_path / "renamed.pth"
    file.write_bytes((weights / "ImageReward.pt").read_bytes())
    scorer = ImageReward(weights=str(file))
    scorer.load()
    np.testing.assert_allclose(score(scorer), by_hand(), atol=CLOSE, rtol=0)


@pytest.mark.parametrize(
    "trap",
    [
        dataclasses.replace(plain.ORIGINAL, vision_eps=1e-5),
        dataclasses.replace(plain.ORIGINAL, text_head=128 // 8),
    ],
    ids=["epsilon of the class", "heads of the class"],
)
def test_what_transformers_takes_for_granted_is_not_taken(weights: Path, trap: plain.Rules) -> None:
    found = score(loaded(weights))
    assert (np.abs(found - by_hand(trap)) > 4 * CLOSE).all()


def test_med_config_decides_the_heads(weights: Path, tmp_path: Path) -> None:
    for file in weights.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    described = json.loads((tmp_path / "med_config.json").read_text())
    (tmp_path / "med_config.json").write_text(json.dumps({**described, "num_attention_heads": 8}))
    scorer = loaded(tmp_path)
    np.testing.assert_allclose(score(scorer), by_hand(plain.Rules(text_head=16)), atol=CLOSE, rtol=0)
    assert scorer.settings != loaded(weights).settings
    (tmp_path / "med_config.json").write_text("{}")
    with pytest.raises(WeightsMismatch, match=r"med_config\.json"):
        loaded(tmp_path)


def test_only_35_tokens_are_read_and_the_rest_is_counted(weights: Path) -> None:
    scorer = loaded(weights)
    long, other = plain.PROMPTS[1] + " in the rain", plain.PROMPTS[1] + " and nothing of this is heard"
    counts = [len(plain.ids(prompt, 512)) for prompt in (long, other, "a dog")]
    assert scorer.tokens([long, other, "a dog"]) == [(counts[0], True), (counts[1], True), (4, False)]
    found = scorer.score(PICTURES[:1], [long, other], CELLS[:2])
    assert found[0] == pytest.approx(found[1], abs=CLOSE)
    tensors = plain.reward_tensors()
    uncut = plain.reward(plain.cropped(PICTURES[0]), plain.ids(long, 512), tensors)
    assert abs(found[0] - uncut) > 1e-3, "the trap would be to read all of it"
    exactly = " ".join(["boat"] * 33)
    assert scorer.tokens([exactly, exactly + " a"]) == [(35, False), (36, True)]


def test_prompts_start_with_cls_and_not_with_enc(weights: Path) -> None:
    tensors, words = plain.reward_tensors(), plain.ids(plain.PROMPTS[0], 35)
    trap = plain.reward(plain.cropped(PICTURES[0]), [plain.ENC, *words[1:]], tensors)
    assert abs(score(loaded(weights))[0] - trap) > 1e-3


def test_padding_to_35_does_not_take_part(weights: Path) -> None:
    scorer = loaded(weights)
    alone = scorer.score(PICTURES[:1], plain.PROMPTS[:1], CELLS[:1])[0]
    beside_a_longer_one = scorer.score(PICTURES[:1], plain.PROMPTS, CELLS[:2])[0]
    assert alone == pytest.approx(beside_a_longer_one, abs=CLOSE)
    tensors, words = plain.reward_tensors(), plain.ids(plain.PROMPTS[0], 35)
    unmasked = plain.reward(plain.cropped(PICTURES[0]), words + [0] * (35 - len(words)), tensors)
    assert abs(alone - unmasked) > 1e-3


def test_a_wide_picture_is_cropped_and_not_squeezed(weights: Path) -> None:
    scorer = loaded(weights)
    for picture in PICTURES:
        torch.testing.assert_close(scorer.pixels(picture).double(), plain.cropped(picture), atol=1e-6, rtol=0)
    assert (scorer.pixels(PICTURES[1]) - plain.squeezed(PICTURES[1])).abs().max() > 0.5


@pytest.mark.parametrize("mode", ["P", "RGBA", "L"])
def test_pictures_of_other_modes_are_made_rgb_before_the_resize(weights: Path, mode: str) -> None:
    """The reference resizes palette pictures as they are, which keeps the nearest colour only."""
    scorer = loaded(weights)
    other = PICTURES[1].convert(mode)
    found = scorer.score([other, other.convert("RGB")], plain.PROMPTS[:1], np.array([(0, 0), (1, 0)]))
    assert found[0] == found[1]
    if mode == "P":
        tensors, words = plain.reward_tensors(), plain.ids(plain.PROMPTS[0], 35)
        assert abs(found[0] - plain.reward(plain.cropped(other), words, tensors)) > 1e-3


def test_head_is_float32_in_half_precision(weights: Path) -> None:
    exact, half = score(loaded(weights)), loaded(weights, load_dtype="bf16")
    found = score(half)
    assert {value.dtype for value in half.head.parameters()} == {torch.float32}
    assert {value.dtype for value in half.towers.parameters()} == {torch.bfloat16}
    assert np.abs(found - exact).max() < 0.2
    assert (found != torch.from_numpy(found).bfloat16().float().numpy()).any()


def test_number_format_is_asked_for_and_never_that_of_the_file(tmp_path: Path) -> None:
    checkpoints.write_checkpoint("imagereward", tmp_path)
    halves = {key: v.half() if v.is_floating_point() else v for key, v in plain.reward_tensors().items()}
    torch.save(halves, tmp_path / "ImageReward.pt")
    scorer = loaded(tmp_path)
    assert {value.dtype for value in scorer.towers.parameters()} == {torch.float32}
    wanted = plain.reward(plain.cropped(PICTURES[0]), plain.ids(plain.PROMPTS[0], 35), halves)
    assert score(scorer)[0] == pytest.approx(wanted, abs=CLOSE)


@pytest.mark.parametrize("key", ["mlp.layers.7.weight", "mlp.layers.0.bias", "blip.visual_encoder.norm.bias"])
def test_a_part_that_the_file_lacks_is_named(weights: Path, tmp_path: Path, key: str) -> None:
    """The reference loads what it finds and leaves the rest at random."""
    checkpoints.write_checkpoint("imagereward", tmp_path)
    tensors = plain.reward_tensors()
    del tensors[key]
    torch.save(tensors, tmp_path / "ImageReward.pt")
    told = key.removeprefix("blip.").replace("visual_encoder.norm", "vision_model.post_layernorm")
    with pytest.raises(WeightsMismatch, match=told.replace(".", r"\.")):
        loaded(tmp_path)


def test_projections_that_are_never_read_may_be_there_or_not(weights: Path, tmp_path: Path) -> None:
    checkpoints.write_checkpoint("imagereward", tmp_path)
    tensors = {key: value for key, value in plain.reward_tensors().items() if "_proj." not in key}
    torch.save(tensors, tmp_path / "ImageReward.pt")
    np.testing.assert_array_equal(score(loaded(tmp_path)), score(loaded(weights)))


def test_check_says_what_is_missing(weights: Path) -> None:
    ImageReward(weights=str(weights)).check()
    with pytest.raises(WeightsMissing, match=r"THUDM/ImageReward.*hf download THUDM/ImageReward ImageReward\.pt"):
        ImageReward().check()


def test_published_scores_of_the_published_weights() -> None:
    """Row of ImageReward's own README, where weights and its four pictures are on this machine."""
    folder = Path(os.environ.get("FAUVE_GOLDEN_IMAGES", "/nonexistent"))
    scorer = ImageReward()
    try:
        scorer.checkpoint.path(online=False)
        scorer.check()
    except WeightsMissing:
        pytest.skip("the weights of THUDM/ImageReward and bert-base-uncased's vocabulary are not on this machine")
    files = [folder / f"{number}.webp" for number in range(1, 5)]
    if not all(file.is_file() for file in files):
        pytest.skip("set FAUVE_GOLDEN_IMAGES to the folder assets/images of THUDM/ImageReward")
    assert hashlib.sha256(files[0].read_bytes()).hexdigest().startswith("a5fcd126763da8b3")
    scorer.load()
    prompt = "a painting of an ocean with clouds and birds, day time, low depth field effect"
    cells = np.array([(image, 0) for image in range(4)], dtype=np.intp)
    found = scorer.score([Image.open(file).convert("RGB") for file in files], [prompt], cells)
    np.testing.assert_allclose(found, [0.58116, 0.27453, -1.41318, -2.02957], atol=3e-3)
