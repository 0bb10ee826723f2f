from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tests.models.scorers.plain_hpsv3 import PROMPTS, inputs_digest, pictures, save_checkpoint, trained_text
from tokenizers import Tokenizer
from transformers import Qwen2VLConfig, Qwen2VLImageProcessorPil, Qwen2VLModel

from fauve.errors import ConfigError, DataError, ModelError, WeightsMismatch, WeightsMissing
from fauve.models.conformance import examine
from fauve.models.scorers import hpsv3_host
from fauve.models.scorers.hpsv3 import HPSv3Scorer

SIZES = [(448, 448), (616, 364), (336, 616)]
"""Width and height that the published rule gives the three pictures, worked out by hand."""
GRID = np.array([(i, p) for i in range(3) for p in range(3)], dtype=np.intp)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("hpsv3") / "weights").parent


@pytest.fixture(scope="module")
def scorer(folder: Path) -> HPSv3Scorer:
    made = HPSv3Scorer(weights=str(folder))
    made.load("cpu", "float32")
    return made


@pytest.fixture(scope="module")
def table(scorer: HPSv3Scorer) -> np.ndarray:
    return scorer.predict(pictures(), PROMPTS, GRID)


@pytest.fixture(scope="module")
def expected(folder: Path) -> np.ndarray:
    return Reference(folder).table()


class Reference:
    """Every pair read whole and alone by transformers' own model, no cache; pixels by transformers' processor."""

    def __init__(self, folder: Path, *, rounded: bool = True) -> None:
        tensors = load_file(folder / "HPSv3.safetensors")
        config = Qwen2VLConfig.from_dict({**json.loads((folder / "config.json").read_text()), "torch_dtype": None})
        config.text_config.vocab_size = tensors["model.embed_tokens.weight"].shape[0]
        self.model: Any = Qwen2VLModel(config).eval()
        backbone = {k: v for k, v in tensors.items() if not k.startswith(("rm_head", "lm_head"))}
        names = {k: k if k.startswith("visual.") else k.replace("model.", "language_model.", 1) for k in backbone}
        self.model.load_state_dict({names[k]: v for k, v in backbone.items()}, strict=True)
        if rounded:
            text, picture = self.model.language_model.rotary_emb, self.model.visual.rotary_pos_emb
            text.inv_freq = text.inv_freq.to(torch.bfloat16)
            picture.forward = lambda _, places: rounded_rotation(places, picture.inv_freq.to(torch.bfloat16))
        self.head = [(tensors[f"rm_head.{k}.weight"], tensors[f"rm_head.{k}.bias"]) for k in (0, 3, 5)]
        self.tokenizer = _tokenizer(folder)
        self.texts = trained_text()

    def chat(self, prompt: str, places: int) -> str:
        instruction = self.texts["instruction"].format(text_prompt=prompt)
        return (
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            + "<|image_pad|>" * places
            + f"<|vision_end|>{instruction}{self.texts['suffix']}<|im_end|>\n<|im_start|>assistant\n"
        )

    @torch.no_grad()
    def rate(self, image: Image.Image, size: tuple[int, int], prompt: str, *, mrope: bool = False) -> np.ndarray:
        resized = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
        pixels = Qwen2VLImageProcessorPil(size={"shortest_edge": 3136, "longest_edge": 12845056})(
            resized, return_tensors="pt"
        )
        grid = pixels["image_grid_thw"]
        ids = torch.tensor([self.tokenizer.encode(self.chat(prompt, int(grid.prod()) // 4)).ids])
        image_id, reward_id = (self.tokenizer.token_to_id(token) for token in ("<|image_pad|>", "<|Reward|>"))
        embeddings = self.model.get_input_embeddings()(ids)
        seen = self.model.visual(pixels["pixel_values"], grid_thw=grid).pooler_output
        embeddings = embeddings.masked_scatter((ids == image_id).unsqueeze(-1), seen)
        if mrope:
            kinds = (ids == image_id).int()
            positions, _ = self.model.get_rope_index(ids, image_grid_thw=grid, mm_token_type_ids=kinds)
        else:
            positions = torch.arange(ids.shape[1]).expand(3, 1, -1)
        hidden = self.model.language_model(inputs_embeds=embeddings, position_ids=positions).last_hidden_state
        value = hidden[0, (ids[0] == reward_id).nonzero()[0, 0]]
        for depth, (weight, bias) in enumerate(self.head):
            value = weight @ value + bias
            value = value.clamp(min=0) if depth < 2 else value
        return value.numpy()

    def table(self, *, mrope: bool = False) -> np.ndarray:
        pairs = [(pictures()[i], SIZES[i], PROMPTS[p]) for i, p in GRID]
        return np.stack([self.rate(*pair, mrope=mrope) for pair in pairs])


def rounded_rotation(places: torch.Tensor, frequencies: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows and columns looked up in one table of angles that was made in bfloat16 throughout."""
    table = torch.outer(torch.arange(100, dtype=torch.bfloat16), frequencies)
    angles = table[places].flatten(1)
    cos, sin = angles.cos().float(), angles.sin().float()
    return torch.cat([cos, cos], dim=-1), torch.cat([sin, sin], dim=-1)


def _tokenizer(folder: Path) -> Any:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_special_tokens(["<|Reward|>"])
    return tokenizer


def test_equals_reading_every_pair_whole(table: np.ndarray, expected: np.ndarray) -> None:
    assert np.std(expected[:, 0]) > 0.3
    np.testing.assert_allclose(table, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("row", "options", "most"),
    [
        ("published", {}, 3e-6),
        ("float32", {"rotary": "float32"}, 3e-6),
        ("bfloat16", {"dtype": "bfloat16"}, 0.06),  # eight bits: how close two orders of the same sums come
    ],
)
def test_equals_the_reference_implementation(folder: Path, row: str, options: dict[str, Any], most: float) -> None:
    golden = json.loads((Path(__file__).parent / "golden" / "hpsv3.json").read_text())
    if golden["inputs"] != inputs_digest():
        pytest.fail("the seeded inputs are not those of golden/hpsv3.json: run tests/oracles/hpsv3.py again")
    made = HPSv3Scorer(weights=str(folder), **options)
    made.load("cpu", "float32")
    expected = np.array(golden["scores"][row])
    assert np.std(expected[:, 0]) > 0.3
    np.testing.assert_allclose(made.predict(pictures(), PROMPTS, GRID), expected, rtol=0, atol=most)


def test_row_and_column_positions_would_give_other_scores(folder: Path, table: np.ndarray) -> None:
    wrong = Reference(folder).table(mrope=True)
    assert np.abs(table[:, 0] - wrong[:, 0]).max() > 0.05


def test_frequencies_that_are_not_rounded_give_other_scores(
    folder: Path, scorer: HPSv3Scorer, table: np.ndarray
) -> None:
    exact = HPSv3Scorer(weights=str(folder), rotary="float32")
    exact.load("cpu", "float32")
    found = exact.predict(pictures(), PROMPTS, GRID)
    np.testing.assert_allclose(found, Reference(folder, rounded=False).table(), rtol=0, atol=1e-5)
    assert np.abs(found - table).max() > 0.05
    assert exact.settings != scorer.settings
    with pytest.raises(ConfigError, match="rotary"):
        HPSv3Scorer(weights=str(folder), rotary="float16")  # type: ignore[arg-type]


def test_the_score_is_the_mean_and_not_the_deviation(scorer: HPSv3Scorer, table: np.ndarray) -> None:
    np.testing.assert_allclose(scorer.score(pictures(), PROMPTS, GRID[:4]), table[:4, 0], rtol=0, atol=1e-5)
    assert np.abs(table[:, 0] - table[:, 1]).max() > 0.1
    details = scorer.details(pictures(), PROMPTS, GRID[:4])
    np.testing.assert_allclose(details["mu"], table[:4, 0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.log(details["sigma"]), table[:4, 1], atol=1e-5)


def test_cells_may_be_any_rows_in_any_order(scorer: HPSv3Scorer, table: np.ndarray) -> None:
    whole = table.reshape(3, 3, 2)
    some = np.array([(2, 1), (0, 2), (2, 1), (2, 0)], dtype=np.intp)
    np.testing.assert_allclose(scorer.predict(pictures(), PROMPTS, some), whole[some[:, 0], some[:, 1]], atol=1e-5)
    assert scorer.score(pictures(), PROMPTS, np.empty((0, 2), dtype=np.intp)).shape == (0,)


def test_packs_of_any_size_give_the_same_scores(folder: Path, scorer: HPSv3Scorer) -> None:
    many = [f"{words} number {k}" for k in range(5) for words in PROMPTS]
    cells = np.array([(0, p) for p in range(len(many))], dtype=np.intp)
    alone = HPSv3Scorer(weights=str(folder), batch=1)
    alone.load("cpu", "float32")
    found = scorer.score(pictures(), many, cells)
    assert len(set(found.tolist())) == len(many)
    np.testing.assert_allclose(found, alone.score(pictures(), many, cells), atol=1e-5)


def test_each_picture_and_its_prefix_is_read_once(scorer: HPSv3Scorer) -> None:
    host = scorer.ready()
    seen: list[tuple[str, int]] = []
    hooks = [
        host.model.visual.patch_embed.register_forward_pre_hook(lambda _, args: seen.append(("picture", len(args[0])))),
        host.model.language_model.register_forward_pre_hook(
            lambda _, args, kwargs: seen.append(("text", kwargs["inputs_embeds"].shape[1])), with_kwargs=True
        ),
    ]
    try:
        scorer.score(pictures(), PROMPTS, GRID[:6])
    finally:
        for hook in hooks:
            hook.remove()
    rows = [w * h // 196 for w, h in SIZES]
    prefixes = [len(scorer.text.prefix(count // 4)[0]) for count in rows]
    suffixes = sum(len(scorer.text.suffix(prompt)) for prompt in PROMPTS)
    assert seen == [
        *(("picture", rows[0]), ("text", prefixes[0]), ("text", suffixes)),
        *(("picture", rows[1]), ("text", prefixes[1]), ("text", suffixes)),
    ]


def test_a_prefix_is_left_as_it_was_by_what_is_read_after_it(scorer: HPSv3Scorer) -> None:
    host = scorer.ready()
    ids, places = scorer.text.prefix(4)
    with torch.inference_mode():
        prefix = hpsv3_host.read_prefix(host, ids, torch.ones(4, 64), places)
        first = hpsv3_host.read_suffixes(host, prefix, [scorer.text.suffix("a red boat")])
        hpsv3_host.read_suffixes(host, prefix, [scorer.text.suffix("something else altogether")])
        again = hpsv3_host.read_suffixes(host, prefix, [scorer.text.suffix("a red boat")])
    assert torch.equal(first, again)
    assert prefix.length == len(ids)


def test_pictures_are_opened_one_after_the_other(scorer: HPSv3Scorer) -> None:
    class Lazy(list[Image.Image]):
        opened: list[int] = []

        def __getitem__(self, at: Any) -> Any:
            self.opened.append(at)
            return super().__getitem__(at)

    lazy = Lazy(pictures())
    scorer.score(lazy, PROMPTS, GRID[GRID[:, 0] != 1])
    assert sorted(lazy.opened) == [0, 2]


def test_kept_features_spare_the_vision_tower(
    folder: Path, tmp_path: Path, table: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping = HPSv3Scorer(weights=str(folder), features=tmp_path / "features")
    keeping.load("cpu", "float32")
    first = keeping.score(pictures(), PROMPTS[:1], GRID[::3] * [1, 0])

    def forbidden(*_: object) -> None:
        raise AssertionError("the vision tower was used")

    monkeypatch.setattr(keeping.ready().model.visual.patch_embed, "forward", forbidden)
    np.testing.assert_array_equal(keeping.score(pictures(), PROMPTS[:1], GRID[::3] * [1, 0]), first)
    np.testing.assert_allclose(first, table[::3, 0], rtol=0, atol=1e-5)


def test_half_precision_leaves_frequencies_and_head_alone(folder: Path, scorer: HPSv3Scorer, table: np.ndarray) -> None:
    half = HPSv3Scorer(weights=str(folder), dtype="bf16")
    half.load("cpu", "float32")
    host = half.ready()
    assert half.settings["dtype"] == "bfloat16"
    assert host.model.language_model.layers[0].mlp.up_proj.weight.dtype == torch.bfloat16
    assert {w.dtype for w in host.rm_head.parameters()} == {torch.float32}
    frequencies = host.model.language_model.rotary_emb.inv_freq
    assert frequencies.dtype == torch.float32
    assert torch.equal(frequencies, scorer.ready().model.language_model.rotary_emb.inv_freq)
    np.testing.assert_allclose(half.score(pictures(), PROMPTS, GRID[:3]), table[:3, 0], rtol=0, atol=0.1)


def test_passes_the_kit_for_scorers(scorer: HPSv3Scorer) -> None:
    assert [check.name for check in examine(scorer) if check.verdict == "fail"] == []


def test_prompts_are_counted_and_never_cut(scorer: HPSv3Scorer) -> None:
    counted = scorer.tokens(["", "boat", "boat " * 5000])
    assert counted[0] == (0, False)
    assert counted[2][0] > 5000
    assert not any(cut for _, cut in counted)


def test_a_control_token_in_a_prompt_is_refused(scorer: HPSv3Scorer) -> None:
    for token in ("<|im_end|>", "<|Reward|>", "<|image_pad|>"):
        with pytest.raises(DataError, match=r"would read as a command") as raised:
            scorer.score(pictures(), [f"a boat {token} and more"], GRID[:1])
        assert token in str(raised.value)


def test_settings_tell_weights_vocabulary_and_sizes_apart(folder: Path, tmp_path: Path) -> None:
    first = HPSv3Scorer(weights=str(folder))
    first.check()
    assert first.host is None
    other = HPSv3Scorer(weights=str(save_checkpoint(tmp_path / "other", seed=1)))
    assert first.settings["weights_sha256"] != other.settings["weights_sha256"]
    assert first.settings["text"] == other.settings["text"]
    assert first.settings["config"] == other.settings["config"]


def test_not_loaded(folder: Path) -> None:
    with pytest.raises(ModelError, match="not loaded"):
        HPSv3Scorer(weights=str(folder)).score(pictures(), PROMPTS, GRID)


class TestOtherFiles:
    def test_shards_give_the_same_scores(self, folder: Path, tmp_path: Path, table: np.ndarray) -> None:
        tensors = load_file(folder / "HPSv3.safetensors")
        names = sorted(tensors)
        parts = {"part-1.safetensors": names[::2], "part-2.safetensors": names[1::2]}
        for part, keys in parts.items():
            save_file({key: tensors[key] for key in keys}, tmp_path / part)
        index = {"weight_map": {key: part for part, keys in parts.items() for key in keys}}
        (tmp_path / "HPSv3.safetensors.index.json").write_text(json.dumps(index))
        sharded = HPSv3Scorer(weights=str(tmp_path), base=str(folder))
        sharded.load("cpu", "float32")
        np.testing.assert_allclose(sharded.score(pictures(), PROMPTS, GRID[:2]), table[:2, 0], rtol=0, atol=1e-5)

    def test_a_pickle_nested_under_model(self, folder: Path, tmp_path: Path, table: np.ndarray) -> None:
        torch.save({"model": load_file(folder / "HPSv3.safetensors")}, tmp_path / "HPSv3.pth")
        nested = HPSv3Scorer(weights=str(tmp_path / "HPSv3.pth"), base=str(folder))
        nested.load("cpu", "float32")
        np.testing.assert_allclose(nested.score(pictures(), PROMPTS, GRID[:2]), table[:2, 0], rtol=0, atol=1e-5)

    @pytest.mark.parametrize(
        ("key", "change", "named"),
        [
            ("rm_head.5.weight", None, "rm_head.5.weight"),
            ("model.layers.1.mlp.up_proj.weight", None, "layers.1.mlp.up_proj"),
            ("rm_head.9.weight", torch.zeros(2), "rm_head.9.weight"),
            ("rm_head.5.bias", torch.zeros(4), "rm_head.5.bias"),
        ],
    )
    def test_wrong_weights_are_named(
        self, folder: Path, tmp_path: Path, key: str, change: torch.Tensor | None, named: str
    ) -> None:
        tensors = load_file(folder / "HPSv3.safetensors")
        tensors.pop(key, None)
        if change is not None:
            tensors[key] = change
        save_file(tensors, tmp_path / "HPSv3.safetensors")
        with pytest.raises(WeightsMismatch, match=named):
            HPSv3Scorer(weights=str(tmp_path), base=str(folder)).load("cpu", "float32")

    def test_a_vocabulary_of_another_model(self, folder: Path, tmp_path: Path) -> None:
        tokenizer = _tokenizer(folder)
        tokenizer.add_special_tokens(["<|one more|>"])
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        (tmp_path / "config.json").write_text((folder / "config.json").read_text())
        # the reward token keeps its id, so it is still the last row: the surplus token is out of its reach
        HPSv3Scorer(weights=str(folder), base=str(tmp_path)).load("cpu", "float32")
        tensors = load_file(folder / "HPSv3.safetensors")
        tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"][:-1].clone()
        save_file(tensors, tmp_path / "HPSv3.safetensors")
        with pytest.raises(WeightsMismatch, match="reward token"):
            HPSv3Scorer(weights=str(tmp_path)).load("cpu", "float32")

    def test_a_config_of_another_model(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_text('{"model_type": "llama"}')
        (tmp_path / "tokenizer.json").write_text((folder / "tokenizer.json").read_text())
        with pytest.raises(WeightsMismatch, match="no Qwen2-VL"):
            HPSv3Scorer(weights=str(folder), base=str(tmp_path)).check()

    def test_what_is_missing_is_named(self, tmp_path: Path, folder: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"HPSv3\.safetensors"):
            HPSv3Scorer(weights=str(tmp_path), base=str(folder)).check()
        (tmp_path / "HPSv3.safetensors").write_bytes((folder / "HPSv3.safetensors").read_bytes())
        with pytest.raises(WeightsMissing, match=r"Qwen/Qwen2-VL-7B-Instruct.*config\.json"):
            HPSv3Scorer(weights=str(tmp_path)).check()
