"""The grid of the BLIP family: image tokens once an image, keys and values once a batch, any cells in any order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.models.scorers import blip_checkpoints as checkpoints
from tests.models.scorers import plain_blip as plain
from transformers import BlipConfig, BlipTextModel

from fauve.errors import ModelError
from fauve.models.conformance import examine
from fauve.models.scorers.blip import BlipMatching
from fauve.models.scorers.blip_reading import lengths_mask, read
from fauve.models.scorers.imagereward import ImageReward

PICTURES = plain.pictures()
PROMPTS = [*plain.PROMPTS, "a dog"]
CLOSE = 1e-5


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for model in ("imagereward", "blip-salesforce"):
        made[model] = tmp_path_factory.mktemp(model)
        checkpoints.write_checkpoint(model, made[model])
    return made


def reward(weights: dict[str, Path], **options: Any) -> ImageReward:
    scorer = ImageReward(weights=str(weights["imagereward"]), **options)
    scorer.load()
    return scorer


def itc(weights: dict[str, Path], **options: Any) -> BlipMatching:
    scorer = BlipMatching("blip-b", str(weights["blip-salesforce"]), output="itc", **options)
    scorer.load()
    return scorer


def grid(images: int, prompts: int) -> np.ndarray:
    return np.array([(i, p) for i in range(images) for p in range(prompts)], dtype=np.intp)


class Counting:
    """Rows that go into a module, call by call."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.rows: list[int] = []
        module.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.rows.append(len(next(iter((*args, *kwargs.values())))))


def test_images_once_keys_and_values_once_a_batch_text_once_a_cell(weights: dict[str, Path]) -> None:
    scorer = reward(weights, batch=6)
    vision = Counting(scorer.towers.vision)
    layer = scorer.towers.text.encoder.layer[0]
    keys, words = Counting(layer.crossattention.self.key), Counting(layer.attention.self.query)
    scorer.score(PICTURES, PROMPTS, grid(3, 3))
    assert sum(vision.rows) == 3
    assert words.rows == [6, 3]
    assert keys.rows == [2, 1], "two images fill the first batch of six cells"


def test_contrast_encodes_each_prompt_once_and_remembers_it(weights: dict[str, Path]) -> None:
    scorer = itc(weights)
    vision, words = Counting(scorer.towers.vision), Counting(scorer.towers.text.embeddings)
    scorer.score(PICTURES, PROMPTS, grid(3, 3))
    scorer.score(PICTURES, PROMPTS, grid(3, 3))
    assert (sum(vision.rows), sum(words.rows)) == (6, 3)
    assert not hasattr(scorer, "images"), "nothing of the pictures is kept"


@pytest.mark.parametrize("make", [reward, itc])
def test_any_cells_in_any_order_and_any_batch_give_the_same(weights: dict[str, Path], make: Any) -> None:
    cells = grid(3, 3)
    whole = make(weights).score(PICTURES, PROMPTS, cells)
    order = np.random.default_rng(0).permutation(len(cells))
    chosen = np.concatenate([order, order[:2]])
    for batch in (1, 2, 5):
        found = make(weights, batch=batch).score(PICTURES, PROMPTS, cells[chosen])
        np.testing.assert_allclose(found, whole[chosen], atol=CLOSE, rtol=0)
    one = make(weights).score(PICTURES, PROMPTS, np.array([(2, 1)]))
    np.testing.assert_allclose(one, whole[[7]], atol=CLOSE, rtol=0)
    assert make(weights).score(PICTURES, PROMPTS, np.empty((0, 2), dtype=np.intp)).shape == (0,)


def test_no_more_than_a_few_batches_of_pictures_are_held(weights: dict[str, Path]) -> None:
    """With a batch of one image, four are encoded before the first is read."""
    many = [PICTURES[at % 3] for at in range(10)]
    opened: list[int] = []
    read_at: list[int] = []

    class Lazy(Sequence[Image.Image]):
        def __len__(self) -> int:
            return len(many)

        def __getitem__(self, at: int) -> Image.Image:  # type: ignore[override]
            opened.append(at)
            return many[at]

    scorer = reward(weights, batch=1)
    scorer.towers.text.embeddings.register_forward_pre_hook(
        lambda *_args, **_kwargs: read_at.append(len(opened)), with_kwargs=True
    )
    found = scorer.score(Lazy(), PROMPTS, grid(10, 3))
    assert sorted(opened) == list(range(10))
    assert read_at[0] == 4
    np.testing.assert_allclose(found[:9], found[9:18], atol=CLOSE, rtol=0)


def test_out_of_memory_halves_the_cells_and_loses_none(
    weights: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = grid(3, 3)
    wanted = reward(weights).score(PICTURES, PROMPTS, cells)
    scorer = reward(weights, batch=8)
    tried = []
    forward = scorer._read_cells

    def tight(batch: Any, images: Any) -> Any:
        tried.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("no room")
        return forward(batch, images)

    monkeypatch.setattr(scorer, "_read_cells", tight)
    np.testing.assert_allclose(scorer.score(PICTURES, PROMPTS, cells), wanted, atol=CLOSE, rtol=0)
    assert tried[:3] == [8, 4, 2]
    assert max(tried[2:]) == 2, "what did not fit is not tried again"


def test_kept_features_cost_no_vision_work_for_new_prompts_nor_for_another_output(
    weights: dict[str, Path], tmp_path: Path
) -> None:
    first = itc(weights, features=tmp_path)
    wanted = first.score(PICTURES, PROMPTS, grid(3, 3))
    again = itc(weights, features=tmp_path)
    vision = Counting(again.towers.vision)
    np.testing.assert_allclose(again.score(PICTURES, PROMPTS, grid(3, 3)), wanted, atol=CLOSE, rtol=0)
    matching = BlipMatching("blip-b", str(weights["blip-salesforce"]), features=tmp_path)
    matching.load()
    counted = Counting(matching.towers.vision)
    fresh = BlipMatching("blip-b", str(weights["blip-salesforce"]))
    fresh.load()
    cells = grid(3, 1)
    np.testing.assert_allclose(
        matching.score(PICTURES, ["new"], cells), fresh.score(PICTURES, ["new"], cells), atol=CLOSE, rtol=0
    )
    assert (vision.rows, counted.rows) == ([], [])


def test_kept_features_of_another_description_are_not_used(tmp_path: Path) -> None:
    """The same tensors under another epsilon are another image tower."""
    scores = []
    for eps in (1e-5, 1e-3):
        folder = tmp_path / str(eps)
        folder.mkdir()
        checkpoints.write_hub_folder(folder, layer_norm_eps=eps)
        scorer = BlipMatching("blip-b", str(folder), features=tmp_path / "features")
        scorer.load()
        counted = Counting(scorer.towers.vision)
        scores.append(scorer.score(PICTURES, PROMPTS, grid(3, 1)))
        assert sum(counted.rows) == 3
    assert (np.abs(scores[0] - scores[1]) > 1e-4).all()


def test_reading_is_the_pass_of_transformers_own_text_model() -> None:
    config: Any = BlipConfig.from_dict(plain.hub_config()).text_config
    model = BlipTextModel(config, add_pooling_layer=False).eval()
    model.load_state_dict(plain.fill_by_name({key: tuple(value.shape) for key, value in model.state_dict().items()}))
    images = plain.Draw(5)(2, 17, 128, scale=1.0)
    ids = torch.tensor([[2, 60, 61, 62, 3, 0, 0], [2, 60, 70, 71, 72, 73, 3], [2, 5, 3, 0, 0, 0, 0]])
    mask = lengths_mask(ids, 0)
    rows = torch.tensor([1, 0, 1])
    assert mask is not None
    with torch.inference_mode():
        wanted = model(
            input_ids=ids,
            attention_mask=mask.long(),
            encoder_hidden_states=images[rows],
            encoder_attention_mask=torch.ones(3, 17, dtype=torch.long),
        ).last_hidden_state[:, 0]
        alone = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state[:, 0]
        torch.testing.assert_close(read(model, ids, mask, images, rows), wanted, atol=1e-5, rtol=0)
        torch.testing.assert_close(read(model, ids, mask), alone, atol=1e-5, rtol=0)


def test_a_padding_token_inside_a_prompt_stays() -> None:
    ids = torch.tensor([[2, 0, 5, 3], [2, 3, 0, 0]])
    mask = lengths_mask(ids, 0)
    assert mask is not None
    assert mask.tolist() == [[True, True, True, True], [True, True, False, False]]
    assert lengths_mask(ids[:1], 0) is None


def test_scoring_before_loading_says_so(weights: dict[str, Path]) -> None:
    scorer = ImageReward(weights=str(weights["imagereward"]))
    with pytest.raises(ModelError, match="load"):
        scorer.score(PICTURES, PROMPTS, grid(1, 1))


@pytest.mark.parametrize("make", [reward, itc])
def test_conformance(weights: dict[str, Path], make: Any) -> None:
    checks = {check.name: check for check in examine(make(weights))}
    assert {name for name, check in checks.items() if check.verdict == "fail"} == set()
    assert checks["hears the prompt"].verdict == "pass"
