"""What Qwen3-VL reads around a picture when it judges, as token ids.

The chat form is the model's own, without a system line. ``paper`` puts the question before the picture, as the
published judge does; ``fast`` puts the picture first, so that what the model makes of it serves every question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tokenizers import Tokenizer

from fauve.errors import ConfigError, DataError, WeightsMismatch
from fauve.keys import digest
from fauve.models.judges.levels import ANSWERS
from fauve.models.weights import Checkpoint

__all__ = ["LAYOUTS", "JudgeText", "Layout", "QuestionIds", "shared_start"]

Layout = Literal["paper", "fast"]
LAYOUTS: tuple[Layout, ...] = ("paper", "fast")

_IMAGE_TOKEN = "<|image_pad|>"  # noqa: S105 - stands once for each token of the picture
_BEFORE = "<|im_start|>user\n"
_PICTURE = f"<|vision_start|>{_IMAGE_TOKEN}<|vision_end|>"
_AFTER = "<|im_end|>\n<|im_start|>assistant\n"
_CONTROL = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", _IMAGE_TOKEN)


@dataclass(frozen=True, slots=True)
class QuestionIds:
    """Ids before and after the picture's tokens; the answer is the token that follows the last one."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def shared_start(rows: Sequence[Sequence[int]]) -> int:
    """How many ids all rows begin with alike, at least one being left to each."""
    most = min(len(row) for row in rows) - 1
    return next((at for at in range(most) if len({row[at] for row in rows}) > 1), most)


class JudgeText:
    """Qwen3-VL's tokenizer, and questions as ids. Opened when it is first used.

    Args:
        name: the judge, for messages.
        vocabulary: where its ``tokenizer.json`` is.
    """

    def __init__(self, name: str, vocabulary: Checkpoint) -> None:
        self._name = name
        self._vocabulary = vocabulary
        self._opened: Tokenizer | None = None
        self._control: dict[int, str] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the ids beside the questions: the vocabulary and the chat form."""
        known = self._vocabulary.identity()
        return {
            "vocabulary": known.get("weights_sha256", known.get("weights")),
            "chat": digest([_BEFORE, _PICTURE, _AFTER]),
        }

    @property
    def path(self) -> Any:
        """Where the tokenizer lies."""
        return self._vocabulary.path()

    def open(self) -> Tokenizer:
        """The tokenizer.

        Raises:
            WeightsMissing: its file is not to be had.
            WeightsMismatch: it is no tokenizer of Qwen3-VL.
        """
        if self._opened is None:
            path = self._vocabulary.path()
            try:
                opened = Tokenizer.from_file(str(path))
            except Exception as error:  # the library raises bare Exception
                raise WeightsMismatch(
                    f"{self._name}: {path.name} is no tokenizer ({error}). Give the folder or hub id of Qwen3-VL."
                ) from error
            opened.no_padding()
            opened.no_truncation()
            self._control = {at: str(token.content) for at, token in opened.get_added_tokens_decoder().items()}
            missing = sorted(set(_CONTROL) - set(self._control.values()))
            if missing:
                raise WeightsMismatch(
                    f"{self._name}: the tokenizer has no {', '.join(missing)}: it is not Qwen3-VL's. "
                    "Give the folder or hub id of a Qwen3-VL model."
                )
            self._opened = opened
        return self._opened

    @property
    def answers(self) -> tuple[int, int, int]:
        """Ids of the three answers. Raises WeightsMismatch where one of them is not a single token."""
        found = [self.open().encode(answer, add_special_tokens=False).ids for answer in ANSWERS]
        if any(len(ids) != 1 for ids in found):
            raise WeightsMismatch(
                f"{self._name}: its tokenizer does not write {', '.join(ANSWERS)} as one token each, so their "
                "probabilities cannot be read at one place. Use a Qwen3-VL model."
            )
        return found[0][0], found[1][0], found[2][0]

    @property
    def image_id(self) -> int:
        """Id that stands for the picture's tokens."""
        return int(self.open().token_to_id(_IMAGE_TOKEN) or 0)

    def question(self, text: str, layout: Layout) -> QuestionIds:
        """The ids around the picture for one question.

        Raises:
            DataError: the question contains a control token of the model, which it would read as one.
            ConfigError: there is no such layout.
        """
        if layout not in LAYOUTS:
            raise ConfigError(f"{self._name}: layout is paper or fast, not {layout!r}.")
        tokenizer = self.open()
        control = [
            self._control[at] for at in tokenizer.encode(text, add_special_tokens=False).ids if at in self._control
        ]
        if control:
            raise DataError(
                f"{self._name}: the question {text[:60]!r} contains {control[0]}, which the model would read as a "
                "command and not as text. Take it out of the guideline."
            )
        inner = f"{text}{_PICTURE}" if layout == "paper" else f"{_PICTURE}{text}"
        ids: list[int] = tokenizer.encode(f"{_BEFORE}{inner}{_AFTER}", add_special_tokens=False).ids
        at = ids.index(self.image_id)
        return QuestionIds(tuple(ids[:at]), tuple(ids[at + 1 :]))
