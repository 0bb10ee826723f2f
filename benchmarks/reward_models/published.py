"""One pair's 2 × 2 grid in the call patterns of the published scripts, on a loaded scorer's own weights.

Every call opens its picture, resizes it, cuts its prompt into tokens and runs both towers anew, through transformers'
own classes:

- CLIP-L, ImageReward, BLIP: one call a cell, batch 1. ImageReward pads to its 35 tokens, BLIP not at all.
- HPSv2: one call a cell; open_clip pads every prompt to 77 tokens. Its loading of the weights in every call is left
  out and timed by :func:`reload_seconds`.
- PickScore: the authors' helper takes one prompt and several pictures: two calls of two pictures each.
- MPS: one call a cell, with the condition's text encoded in each.
- HPSv3: one batch of four, right-padded, each row with its picture's tokens and all of the chat text. The authors'
  code leaves gradients on; here they are off, in its favour.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fauve.models.scorers.mps import OVERALL_CONDITION
from reward_models.grid import CELLS, decoded

Pair = tuple[tuple[Path, Path], tuple[str, str]]
AFTER_REWARD = "\n\nEND\n<|im_end|>\n<|im_start|>assistant\n"


def pixels(scorer: Any, path: Path) -> Tensor:
    seen: Tensor = scorer.pixels(decoded(path))[None]
    return seen.to(next(scorer.host.parameters()).dtype)


def ids(scorer: Any, prompt: str, *, pad_to: int | None = None) -> Any:
    choices = {"padding": "max_length", "max_length": pad_to} if pad_to else {"max_length": scorer.text.limit}
    return scorer.text.open()([prompt], truncation=True, return_tensors="pt", **choices)


def unit(features: Any) -> Tensor:
    return nn.functional.normalize(features.pooler_output.float(), dim=-1)


def clip_grid(scorer: Any, pair: Pair, pad_to: int | None = None) -> list[float]:
    paths, texts = pair
    scores = []
    for i, p in CELLS:
        image = scorer.host.get_image_features(pixel_values=pixels(scorer, paths[i]))
        text = scorer.host.get_text_features(input_ids=ids(scorer, texts[p], pad_to=pad_to)["input_ids"])
        scores.append(float((unit(image) * unit(text)).sum()))
    return scores


def pickscore_grid(scorer: Any, pair: Pair) -> list[float]:
    paths, texts = pair
    by_cell = {}
    for p, prompt in enumerate(texts):
        batch = torch.cat([pixels(scorer, path) for path in paths])
        images = unit(scorer.host.get_image_features(pixel_values=batch))
        text = unit(scorer.host.get_text_features(input_ids=ids(scorer, prompt)["input_ids"]))
        for i, score in enumerate((scorer.logit_scale * images @ text.T)[:, 0].tolist()):
            by_cell[i, p] = score
    return [by_cell[cell] for cell in CELLS]


def mps_grid(scorer: Any, pair: Pair) -> list[float]:
    paths, texts = pair
    towers, cross = scorer.host["towers"], scorer.host["cross"]

    def words(text: str) -> tuple[Tensor, Tensor]:
        read = towers.text_model(input_ids=ids(scorer, text, pad_to=77)["input_ids"])
        return towers.text_projection(read.last_hidden_state), towers.text_projection(read.pooler_output)

    scores = []
    for i, p in CELLS:
        seen = towers.vision_model(pixel_values=pixels(scorer, paths[i]))
        image = towers.visual_projection(seen.last_hidden_state)
        tokens, vector = words(texts[p])
        condition, _ = words(OVERALL_CONDITION)
        likeness = (tokens.float() @ condition.float().transpose(1, 2)).amax(dim=-1)
        kept = likeness / likeness.max() > 0.3
        first = cross(image, tokens, kept)[:, 0].float()
        scores.append(float(scorer.logit_scale * nn.functional.cosine_similarity(vector.float(), first)))
    return scores


def blip_grid(scorer: Any, pair: Pair, pad_to: int | None = None) -> list[float]:
    paths, texts = pair
    scores = []
    for i, p in CELLS:
        image = scorer.host.vision(pixel_values=pixels(scorer, paths[i])).last_hidden_state
        rows = ids(scorer, texts[p], pad_to=pad_to)
        read = scorer.host.text(
            input_ids=rows["input_ids"],
            attention_mask=rows["attention_mask"],
            encoder_hidden_states=image,
            encoder_attention_mask=torch.ones(image.shape[:2], dtype=torch.long),
        )
        scores.append(float(scorer.from_reading(read.last_hidden_state[:, 0].float())))
    return scores


def hpsv3_grid(scorer: Any, pair: Pair) -> list[float]:
    paths, texts = pair
    host, text = scorer.host, scorer.text
    embed = host.model.language_model.embed_tokens
    tail = text.open().encode(AFTER_REWARD, add_special_tokens=False).ids
    seen = [scorer._opened(decoded(paths[i])) for i, _ in CELLS]
    visual = host.model.visual
    patches = torch.cat([one.values for one in seen]).to(embed.weight.dtype)
    pictures = visual(patches, grid_thw=torch.tensor([one.grid for one in seen])).pooler_output
    sizes = [one.values.shape[0] // 4 for one in seen]
    rows, rewards = [], []
    for (_, p), picture in zip(CELLS, pictures.split(sizes), strict=True):
        before, places = text.prefix(len(picture))
        tokens = [*before, *text.suffix(texts[p])]
        rewards.append(len(tokens) - 1)
        row = embed(torch.tensor([*tokens, *tail])).clone()
        row[places] = picture
        rows.append(row)
    lengths = torch.tensor([len(row) for row in rows])
    places_of = torch.arange(int(lengths.max()))
    read = host.model.language_model(
        inputs_embeds=nn.utils.rnn.pad_sequence(rows, batch_first=True),
        attention_mask=(places_of[None] < lengths[:, None]).long(),
        position_ids=places_of.view(1, 1, -1).expand(3, len(rows), -1),
        use_cache=False,
    )
    rated = host.rm_head(read.last_hidden_state[torch.arange(len(rows)), torch.tensor(rewards)].float())
    return [float(value) for value in rated[:, 0]]


PUBLISHED: dict[str, Callable[[Any, Pair], list[float]]] = {
    "clip-l": clip_grid,
    "blip-l": blip_grid,
    "imagereward": lambda scorer, pair: blip_grid(scorer, pair, pad_to=35),
    "hpsv2.1": lambda scorer, pair: clip_grid(scorer, pair, pad_to=77),
    "pickscore": pickscore_grid,
    "mps": mps_grid,
    "hpsv3": hpsv3_grid,
}


def reload_seconds(model: nn.Module) -> float:
    """What ``hpsv2.score`` does first in every call: read its half-precision file and copy it into the model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reload.pt"
        torch.save({"state_dict": {name: value.half() for name, value in model.state_dict().items()}}, path)
        started = time.perf_counter()
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
        return time.perf_counter() - started
