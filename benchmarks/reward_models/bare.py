"""The forwards that one round cannot do without, on tensors that are ready: no files, no pixels, no text.

Images and prompts once each, in batches of the size that Fauve uses, and what is pairwise for every cell. BLIP's text
tower and HPSv3's prefixes are run by Fauve's own passes, which transformers' classes do with more work: BLIP's would
make an image's keys and values once for every prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fauve.models.scorers.blip_reading import lengths_mask, read
from fauve.models.scorers.hpsv3_host import image_tokens, read_prefix, read_suffixes
from reward_models.grid import decoded
from reward_models.published import Pair

IMAGES, TEXTS = 1, 8
"""How many go together, as in Fauve on the CPU."""

Forward = Callable[[], object]


def batches(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def image_batches(scorer: Any, pairs: Sequence[Pair]) -> list[Tensor]:
    dtype = next(scorer.host.parameters()).dtype
    seen = [scorer.pixels(decoded(path)).to(dtype) for paths, _ in pairs for path in paths]
    return [torch.stack(list(batch)) for batch in batches(seen, IMAGES)]


def text_batches(scorer: Any, pairs: Sequence[Pair]) -> list[Tensor]:
    """Token ids of the prompts, those of like length together."""
    texts = sorted((text for _, texts in pairs for text in texts), key=len)
    return [scorer.text.ids(list(batch)) for batch in batches(texts, TEXTS)]


def clip_forward(scorer: Any, pairs: Sequence[Pair]) -> Forward:
    images, texts = image_batches(scorer, pairs), text_batches(scorer, pairs)

    def forward() -> object:
        return [scorer.host.get_image_features(pixel_values=batch) for batch in images], [
            scorer.host.get_text_features(input_ids=batch) for batch in texts
        ]

    return forward


def mps_forward(scorer: Any, pairs: Sequence[Pair]) -> Forward:
    towers, cross = scorer.host["towers"], scorer.host["cross"]
    images, texts = image_batches(scorer, pairs), text_batches(scorer, pairs)
    cells = [(2 * at + i, 2 * at + p) for at in range(len(pairs)) for i in (0, 1) for p in (0, 1)]

    def forward() -> object:
        seen = torch.cat([towers.visual_projection(towers.vision_model(batch).last_hidden_state) for batch in images])
        words = torch.cat([towers.text_projection(towers.text_model(batch).last_hidden_state) for batch in texts])
        keep = torch.ones(words.shape[:2], dtype=torch.bool)
        found = []
        for batch in batches(cells, TEXTS):
            image, text = [i for i, _ in batch], [p for _, p in batch]
            found.append(cross(seen[image], words[text], keep[text]))
        return found

    return forward


def blip_forward(scorer: Any, pairs: Sequence[Pair]) -> Forward:
    host = scorer.host
    images = image_batches(scorer, pairs)
    pad = scorer.text.open().pad_token_id
    prompts = [row[row != pad] for _, texts in pairs for row in scorer.text.ids(list(texts))]
    cells = [(2 * at + i, 2 * at + p) for at in range(len(pairs)) for i in (0, 1) for p in (0, 1)]
    packs = []
    for batch in batches(cells, TEXTS):
        padded = nn.utils.rnn.pad_sequence([prompts[p] for _, p in batch], batch_first=True, padding_value=pad)
        wanted = sorted({i for i, _ in batch})
        packs.append((padded, lengths_mask(padded, pad), wanted, torch.tensor([wanted.index(i) for i, _ in batch])))

    def forward() -> object:
        seen = torch.cat([host.vision(pixel_values=batch).last_hidden_state for batch in images])
        return [
            scorer.from_reading(read(host.text, padded, mask, seen[wanted], rows).float())
            for padded, mask, wanted, rows in packs
        ]

    return forward


def hpsv3_forward(scorer: Any, pairs: Sequence[Pair]) -> Forward:
    host = scorer.host
    ready = []
    for paths, texts in pairs:
        suffixes = [scorer.text.suffix(text) for text in texts]
        for path in paths:
            seen = scorer._opened(decoded(path))
            ready.append((seen, *scorer.text.prefix(seen.values.shape[0] // 4), suffixes))

    def forward() -> object:
        return [
            read_suffixes(host, read_prefix(host, ids, image_tokens(host, seen.values, seen.grid), places), suffixes)
            for seen, ids, places, suffixes in ready
        ]

    return forward


BARE: dict[str, Callable[[Any, Sequence[Pair]], Forward]] = {
    "clip-l": clip_forward,
    "blip-l": blip_forward,
    "imagereward": blip_forward,
    "hpsv2.1": clip_forward,
    "pickscore": clip_forward,
    "mps": mps_forward,
    "hpsv3": hpsv3_forward,
}
