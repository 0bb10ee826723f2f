"""The model that is trained: Qwen3-VL's language model with an adapter, from ready pictures to the answer's logits."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from fauve.errors import ConfigError
from fauve.imaging import decode_file
from fauve.models.batching import BatchSize, encode
from fauve.models.judges.qwen3vl_host import Seen, look, positions
from fauve.models.judges.qwen3vl_pixels import qwen3_patches
from fauve.models.judges.qwen3vl_text import QuestionIds
from fauve.models.judges.training.settings import TrainingSettings

__all__ = ["Batch", "JudgeNetwork", "Pictures", "collate", "with_adapter"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some questions on some pictures, filled up at their ends to the longest.

    Attributes:
        ids: tokens, shape (rows, places).
        places: positions on the three axes, shape (3, rows, places).
        pictures: which places are a picture's, shape (rows, places).
        tokens: the pictures' tokens, one row's after the other's, shape (all tokens, width).
        deep: further features of the same shape.
        last: place of the last token of each row, shape (rows,).
    """

    ids: Tensor
    places: Tensor
    pictures: Tensor
    tokens: Tensor
    deep: tuple[Tensor, ...]
    last: Tensor


class JudgeNetwork(nn.Module):
    """An adapted Qwen3-VL whose forward gives the logits of the answer, shape (rows, vocabulary), float32."""

    def __init__(self, adapted: Any) -> None:
        super().__init__()
        self.adapted = adapted

    @property
    def host(self) -> Any:
        """The model inside the adapter."""
        return self.adapted.get_base_model()

    def forward(self, batch: Batch) -> Tensor:
        """Nothing after a row's last token is seen by it, so what fills a row up needs no mask."""
        model = self.host.model
        embedded = model.language_model.embed_tokens(batch.ids)
        mask = batch.pictures.unsqueeze(-1).expand_as(embedded)
        embedded = embedded.masked_scatter(mask, batch.tokens.to(embedded.dtype))
        read = model.language_model(
            inputs_embeds=embedded,
            position_ids=batch.places,
            use_cache=False,
            visual_pos_masks=batch.pictures,
            deepstack_visual_embeds=list(batch.deep) or None,
        ).last_hidden_state
        answer = read[torch.arange(len(read), device=read.device), batch.last]
        logits: Tensor = self.host.lm_head(answer)
        return logits.float()


def with_adapter(host: Any, settings: TrainingSettings) -> JudgeNetwork:
    """The network with a fresh adapter, drawn from the settings' seed. Raises ConfigError for wrong targets."""
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(settings.targets),
        bias="none",
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # names that transformers gives up, by peft and across versions
        torch.manual_seed(settings.seed)
        try:
            adapted = get_peft_model(host, config)
        except ValueError as error:
            targets = ", ".join(settings.targets)
            raise ConfigError(f"The targets {targets} name no module of the model ({error}).") from None
        if settings.checkpointing:
            host.model.language_model.gradient_checkpointing_enable({"use_reentrant": False})
    touched = [name for name, weight in adapted.named_parameters() if weight.requires_grad and ".visual." in name]
    if touched:
        raise ConfigError("The vision tower is not trained: name modules of the language model alone as targets.")
    return JudgeNetwork(adapted)


class Pictures:
    """Pictures as the language model takes them in; the tower is not trained, so each is looked at as seldom as can be.

    Args:
        host: the model.
        size: side of the square in pixels.
        sizes: side of a patch, and patches along a side of a token.
        memory: bytes of features that are kept, the latest ones.
    """

    def __init__(self, host: Any, size: int, sizes: tuple[int, int], memory: int) -> None:
        self._host, self._size, self._sizes, self._memory = host, size, sizes, memory
        self._kept: OrderedDict[Path, Seen] = OrderedDict()
        self._held = 0

    def seen(self, paths: Sequence[Path]) -> dict[Path, Seen]:
        """Features of pictures. Raises ImageRejected where a file is no usable picture."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._kept]
        patch, merge = self._sizes
        with torch.no_grad():
            fresh = encode(
                wanted,
                lambda path: qwen3_patches(decode_file(path)[0], self._size, patch=patch, merge=merge),
                lambda ready: [look(self._host, *one) for one in ready],
                BatchSize(1, 1),
            )
        found = {path: self._kept[path] for path in dict.fromkeys(paths) if path in self._kept}
        for path, one in zip(wanted, fresh, strict=True):
            found[path] = one
            self._keep(path, one)
        return found

    def _keep(self, path: Path, one: Seen) -> None:
        self._kept[path] = one
        self._held += _bytes(one)
        while self._held > self._memory:
            self._held -= _bytes(self._kept.popitem(last=False)[1])


def _bytes(one: Seen) -> int:
    return sum(part.numel() * part.element_size() for part in (one.tokens, *one.deep))


def collate(rows: Sequence[tuple[QuestionIds, Seen]], image_id: int, device: torch.device) -> Batch:
    """A batch of (question, picture) rows."""
    lengths = [len(q.before) + len(seen.tokens) + len(q.after) for q, seen in rows]
    longest = max(lengths)
    ids = torch.full((len(rows), longest), image_id)
    places = torch.zeros(3, len(rows), longest, dtype=torch.long)
    pictures = torch.zeros(len(rows), longest, dtype=torch.bool)
    for at, ((q, seen), length) in enumerate(zip(rows, lengths, strict=True)):
        start, count = len(q.before), len(seen.tokens)
        ids[at, :start] = torch.tensor(q.before)
        ids[at, start + count : length] = torch.tensor(q.after)
        pictures[at, start : start + count] = True
        places[:, at, :length] = positions(start, seen.rows, seen.columns, len(q.after))
    deep = zip(*(seen.deep for _, seen in rows), strict=True)
    return Batch(
        ids.to(device),
        places.to(device),
        pictures.to(device),
        torch.cat([seen.tokens for _, seen in rows]),
        tuple(torch.cat(parts) for parts in deep),
        torch.tensor(lengths, device=device) - 1,
    )


def trainable(network: nn.Module) -> Mapping[str, nn.Parameter]:
    """The adapter's weights by name."""
    return {name: weight for name, weight in network.named_parameters() if weight.requires_grad}
