"""Prompts as token ids of a two-tower model, with what was cut off.

OpenAI's and open_clip's tokenizers mend text before they split it (``ftfy``, then HTML entities twice); transformers'
CLIP tokenizer does not, so a curly quote or ``&amp;`` gives other ids. Each scorer does what its reference does.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import ftfy
import torch
from torch import Tensor
from transformers import AutoTokenizer, CLIPTokenizer

from fauve.errors import WeightsMissing
from fauve.models.weights import Checkpoint

__all__ = ["PromptTokens", "mend"]

_FILES = ("tokenizer.json", "vocab.json", "spiece.model")
_COMPANIONS = ("tokenizer_config.json", "special_tokens_map.json", "merges.txt", "config.json")


def mend(prompt: str) -> str:
    """What OpenAI's tokenizer does to text first: mojibake and quotes, entities (also doubled), blanks, lower case.

    The tokenizer lowers the case too, but by other rules for a final sigma.
    """
    return " ".join(html.unescape(html.unescape(ftfy.fix_text(prompt))).split()).lower()


class PromptTokens:
    """A tokenizer with its limit. Opens its files when it is first used.

    Args:
        name: the scorer, for messages.
        source: local folder or hub id of the tokenizer.
        limit: most tokens that the text tower reads, start and end included.
        mends: whether text is mended as OpenAI's tokenizer does it.
        padding: ``"longest"`` of a batch, or ``"max_length"`` where padded places take part in the answer.
        clip: whether this is CLIP's own vocabulary; else the folder says which tokenizer it is.
    """

    def __init__(
        self,
        name: str,
        source: str,
        limit: int = 77,
        *,
        revision: str | None = None,
        mends: bool = False,
        padding: Literal["longest", "max_length"] = "longest",
        clip: bool = True,
    ) -> None:
        folder = str(Path(source).expanduser().parent) if Path(source).expanduser().is_file() else source
        self._files = Checkpoint(name, folder, _FILES, revision)
        self.limit = limit
        self.padding = padding
        self._mends = mends
        self._clip = clip
        self._opened: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the ids: vocabulary, limit, mending, padding."""
        known = self._files.identity()
        return {
            "vocabulary": known.get("weights_sha256", known.get("weights")),
            "limit": self.limit,
            "mends": self._mends,
            "padding": self.padding,
        }

    @property
    def end_token(self) -> int:
        """Id of the end token."""
        return int(self.open().eos_token_id)

    def counts(self, prompts: Sequence[str]) -> list[tuple[int, bool]]:
        """For every prompt its number of tokens, start and end included, and whether some were cut off."""
        if not prompts:
            return []
        ids = self.open()(self._texts(prompts), padding=False, truncation=False, verbose=False)["input_ids"]
        return [(len(row), len(row) > self.limit) for row in ids]

    def ids(self, prompts: Sequence[str]) -> Tensor:
        """Ids of shape (prompts, places), cut to the limit with the end token kept, padded."""
        rows = self.open()(
            self._texts(prompts), padding=self.padding, truncation=True, max_length=self.limit, verbose=False
        )
        return torch.tensor(rows["input_ids"], dtype=torch.long)

    def open(self) -> Any:
        """The tokenizer itself. Raises WeightsMissing where its files are not to be had."""
        if self._opened is None:
            folder = self._folder()
            try:
                opener: Any = CLIPTokenizer if self._clip else AutoTokenizer
                self._opened = opener.from_pretrained(folder, local_files_only=True)
            except (OSError, ValueError, ImportError) as error:
                raise WeightsMissing(
                    f"{self._files.name}: the tokenizer in {self._files.source} cannot be opened ({error}). "
                    "Give a folder or hub id with tokenizer.json, or vocab.json and merges.txt."
                ) from error
        return self._opened

    def _texts(self, prompts: Sequence[str]) -> list[str]:
        return [mend(prompt) if self._mends else prompt for prompt in prompts]

    def _folder(self) -> str:
        """The folder that holds the tokenizer's files, fetched where it is not complete on this machine.

        The vocabulary is fetched last: where it is in the cache, its companions were asked for before.
        """
        try:
            return str(self._files.path(online=False).parent)
        except WeightsMissing:
            for file in _COMPANIONS:
                self._files.companion(file)
            return str(self._files.path().parent)
