"""LAION v2: the published stack of layers against the one affine map, and a deaf ear to prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.models.scorers.plain_clip import TINY, image_vector, openai_tensors
from torch import nn

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models import pixels
from fauve.models.scorers.clip_hosts import transformers_layout
from fauve.models.scorers.laion import LaionAesthetic

HEAD = "sac+logos+ava1-l14-linearMSE.pth"


class Head(nn.Module):
    """The stack as it was published."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(TINY.joint, 1024),
            nn.Dropout(0.2),
            nn.Linear(1024, 128),
            nn.Dropout(0.2),
            nn.Linear(128, 64),
            nn.Dropout(0.1),
            nn.Linear(64, 16),
            nn.Linear(16, 1),
        )


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tower")
    TINY.write_config(folder)
    tensors = transformers_layout(openai_tensors())
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "model.safetensors")
    return folder


@pytest.fixture
def head(tmp_path: Path) -> Head:
    torch.manual_seed(4)
    made = Head().eval()
    torch.save(made.state_dict(), tmp_path / HEAD)
    return made


def test_parity_with_the_stack_of_layers(
    tower: Path, head: Head, tmp_path: Path, pictures: list[Image.Image], whole_grid: np.ndarray
) -> None:
    scorer = LaionAesthetic("laion-v2", str(tmp_path / HEAD), tower=str(tower))
    scorer.load("cpu", "float32")
    ours = scorer.score(pictures, ["the boat", "anything"], whole_grid)
    prepared = [pixels.clip_pixels(picture, centre="torchvision") for picture in pictures]

    def answer(activation: str) -> np.ndarray:
        vectors = torch.stack([image_vector(openai_tensors(), image, activation) for image in prepared])
        with torch.inference_mode():
            return head.layers(vectors)[:, 0].numpy()

    np.testing.assert_allclose(ours[::2], answer("quick_gelu"), atol=1e-6)
    np.testing.assert_array_equal(ours[::2], ours[1::2])
    assert np.abs(ours[::2] - answer("gelu")).max() > 1e-5
    assert scorer.card.sees_prompt is False
    assert scorer.tokens(["the boat"]) == [(0, False)]


def test_the_head_is_part_of_the_key(tower: Path, head: Head, tmp_path: Path) -> None:
    before = LaionAesthetic("laion-v2", str(tmp_path), tower=str(tower)).settings
    with torch.no_grad():
        head.layers[7].bias += 1
    torch.save(head.state_dict(), tmp_path / HEAD)
    assert LaionAesthetic("laion-v2", str(tmp_path), tower=str(tower)).settings != before


def test_a_head_that_lacks_a_layer_or_holds_nan_is_refused(tower: Path, head: Head, tmp_path: Path) -> None:
    state = dict(head.state_dict())
    scorer = LaionAesthetic("laion-v2", str(tmp_path), tower=str(tower))
    torch.save({k: v for k, v in state.items() if not k.startswith("layers.7")}, tmp_path / HEAD)
    with pytest.raises(WeightsMismatch, match=r"laion-v2, the head: .*2 missing: layers\.7"):
        scorer.load("cpu", "float32")
    torch.save(state | {"layers.4.bias": torch.full((64,), float("nan"))}, tmp_path / HEAD)
    with pytest.raises(WeightsMismatch, match="not finite"):
        scorer.load("cpu", "float32")


def test_without_a_head_it_says_where_to_get_it(tower: Path) -> None:
    with pytest.raises(WeightsMissing, match="improved-aesthetic-predictor"):
        LaionAesthetic(tower=str(tower)).load("cpu", "float32")
