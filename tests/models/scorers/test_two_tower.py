"""The grid of every two-tower scorer: each image and prompt once, any cells, any batch, features kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.models.scorers.plain_clip import TINY, openai_tensors

from fauve.errors import ConfigError, ModelError
from fauve.models.scorers.hpsv2 import HPSv2
from fauve.models.scorers.pickscore import PickScore

PROMPTS = ["the boat", "a long walk in the rain, everything blurred and dark", "x"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    torch.save({"state_dict": openai_tensors()}, folder / "HPS_v2.1_compressed.pt")
    TINY.write_config(folder)
    return folder


def scorer(weights: Path, clip_vocabulary: Path, **options: object) -> HPSv2:
    made = HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary), **options)
    made.load("cpu", "float32")
    return made


class Counting:
    """Counts what goes into the towers of a scorer."""

    def __init__(self, counted: HPSv2, monkeypatch: pytest.MonkeyPatch) -> None:
        self.images = self.prompts = 0
        image_tower, text_tower = counted.image_tower, counted.text_tower

        def images(pixels: torch.Tensor) -> torch.Tensor:
            self.images += len(pixels)
            return image_tower(pixels)

        def prompts(ids: torch.Tensor) -> torch.Tensor:
            self.prompts += len(ids)
            return text_tower(ids)

        monkeypatch.setattr(counted, "image_tower", images)
        monkeypatch.setattr(counted, "text_tower", prompts)


def grid(images: int, prompts: int) -> np.ndarray:
    return np.array([(i, p) for i in range(images) for p in range(prompts)], dtype=np.intp)


def test_each_image_and_prompt_is_encoded_once(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scorer(weights, clip_vocabulary)
    count = Counting(made, monkeypatch)
    cells = np.concatenate([grid(3, 3), grid(3, 3)])
    made.score(pictures, PROMPTS, cells)
    assert (count.images, count.prompts) == (3, 3)
    made.score(pictures, [*PROMPTS, "new", "new"], grid(3, 5))
    assert count.prompts == 4, "prompts of earlier calls are remembered, and equal ones are one"


def test_what_no_cell_names_is_neither_opened_nor_encoded(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []

    class Lazy(Sequence[Image.Image]):
        def __len__(self) -> int:
            return 3

        def __getitem__(self, at: int) -> Image.Image:  # type: ignore[override]
            opened.append(at)
            return pictures[at]

    made = scorer(weights, clip_vocabulary)
    count = Counting(made, monkeypatch)
    made.score(Lazy(), PROMPTS, np.array([(2, 1)]))
    assert opened == [2]
    assert (count.images, count.prompts) == (1, 1)
    assert made.score(Lazy(), PROMPTS, np.empty((0, 2), dtype=np.intp)).shape == (0,)


def test_a_cell_has_one_score_whatever_stands_around_it(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image]
) -> None:
    cells = grid(3, 3)
    whole = scorer(weights, clip_vocabulary).score(pictures, PROMPTS, cells)
    assert whole.std() > 0.01
    for batch in (1, 2):
        np.testing.assert_allclose(
            scorer(weights, clip_vocabulary, batch=batch).score(pictures, PROMPTS, cells), whole, atol=1e-6
        )
    made = scorer(weights, clip_vocabulary)
    singly = [made.score([pictures[i]], [PROMPTS[p]], np.array([(0, 0)]))[0] for i, p in cells]
    np.testing.assert_allclose(singly, whole, atol=1e-6)
    np.testing.assert_allclose(made.score(pictures, PROMPTS, cells[::-1]), whole[::-1], atol=1e-6)
    turned = made.score(pictures[::-1], PROMPTS[::-1], 2 - cells)
    np.testing.assert_allclose(turned, whole, atol=1e-6)


def test_features_that_are_kept_save_the_vision_work(
    weights: Path,
    clip_vocabulary: Path,
    pictures: list[Image.Image],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = scorer(weights, clip_vocabulary, features=tmp_path).score(pictures, PROMPTS, grid(3, 3))
    again = scorer(weights, clip_vocabulary, features=tmp_path)
    count = Counting(again, monkeypatch)
    np.testing.assert_array_equal(again.score(pictures, PROMPTS, grid(3, 3)), first)
    assert count.images == 0
    other = scorer(weights, clip_vocabulary, features=tmp_path, antialias=False)
    count = Counting(other, monkeypatch)
    other.score(pictures, PROMPTS, grid(3, 3))
    assert count.images == 3, "another preprocessing shares nothing"


@pytest.mark.parametrize(("dtype", "off"), [("bfloat16", 0.05), ("fp16", 0.01)])
def test_half_precision_is_near_and_settings_say_which(
    weights: Path, clip_vocabulary: Path, pictures: list[Image.Image], dtype: str, off: float
) -> None:
    exact = scorer(weights, clip_vocabulary).score(pictures, PROMPTS, grid(3, 3))
    made = scorer(weights, clip_vocabulary, dtype=dtype)
    near = made.score(pictures, PROMPTS, grid(3, 3))
    assert 1e-6 < np.abs(near - exact).max() < off
    assert made.settings["dtype"] == {"fp16": "float16"}.get(dtype, dtype)


def test_a_checkpoint_in_half_precision_runs_in_the_format_that_was_asked_for(
    tmp_path: Path, clip_vocabulary: Path, pictures: list[Image.Image]
) -> None:
    tensors = {key: value.half() for key, value in openai_tensors().items()}
    torch.save({"state_dict": tensors}, tmp_path / "HPS_v2.1_compressed.pt")
    TINY.write_config(tmp_path)
    made = scorer(tmp_path, clip_vocabulary)
    assert {p.dtype for p in made.ready().parameters()} == {torch.float32}
    assert made.settings["dtype"] == "float32"


def test_settings_tell_answers_apart_and_name_no_place(weights: Path, clip_vocabulary: Path, tmp_path: Path) -> None:
    made = scorer(weights, clip_vocabulary)
    before = HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary)).settings
    assert made.settings == before, "loading changes no key"
    others = [
        HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary), antialias=False).settings,
        HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary), dtype="bf16").settings,
    ]
    assert all(other != before for other in others)
    assert str(weights) not in repr(made.settings) + repr(made.provenance)
    assert made.provenance["device"] == "cpu"
    assert made.provenance["torch"] == torch.__version__


def test_tokens_count_start_and_end_and_say_what_was_cut(weights: Path, clip_vocabulary: Path) -> None:
    made = HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary))
    assert made.tokens(["the", "a" * 75, "a" * 76]) == [(3, False), (77, False), (78, True)]


def test_misuse_is_said_to_be_misuse(weights: Path, clip_vocabulary: Path, pictures: list[Image.Image]) -> None:
    made = HPSv2("hpsv2.1", str(weights), tokenizer=str(clip_vocabulary))
    with pytest.raises(ModelError, match=r"hpsv2\.1 is not loaded"):
        made.score(pictures, PROMPTS, grid(1, 1))
    with pytest.raises(ConfigError, match="no number format 'int3'"):
        made.load("cpu", "int3")
    with pytest.raises(ModelError, match="Use cpu"):
        made.load("cuda:97", "float32")
    with pytest.raises(ConfigError, match="no number format"):
        PickScore(dtype="int3")
