"""What HPSv3 reads around a prompt, and the token ids of it.

The whole text is a constant of the model, kept beside this module with its source and checked by hash. It is split in
front of the blank before the prompt: there Qwen's tokenizer always ends a token, so everything up to it, the picture
included, is the same for every prompt, and what follows is read up to the reward token and no further.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from tokenizers import AddedToken, Tokenizer

from fauve.errors import DataError, ModelError, WeightsMismatch
from fauve.models.weights import Checkpoint

__all__ = ["REWARD_TOKEN", "RatingText", "Template", "read_template"]

REWARD_TOKEN = "<|Reward|>"  # noqa: S105 - the token whose hidden state is rated
_IMAGE_TOKEN = "<|image_pad|>"  # noqa: S105 - stands once for each token of the picture
_FIELD = "{text_prompt}"
_INSTRUCTION_SHA256 = "0393599dad45a971903d1d62a3acf9bad3ccccdafa7f40f680523419e1f68b7a"
_SUFFIX_SHA256 = "2471faca094ae5bd6fe17b71dce20c3d7583625545e235889f7e74e7eeb69d0a"
# the chat form of Qwen2-VL with its default system line
_BEFORE_IMAGE = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
_AFTER_IMAGE = "<|vision_end|>"


@dataclass(frozen=True, slots=True)
class Template:
    """The text in pieces: ``before_image``, the picture, ``after_image``, a blank, the prompt, ``after_prompt``.

    ``after_prompt`` ends with the reward token; what the chat form has after it cannot change the answer, as no token
    sees a later one. ``sha256`` is of the whole.
    """

    before_image: str
    after_image: str
    after_prompt: str
    sha256: str


@functools.cache
def read_template() -> Template:
    """The text that the checkpoint was trained with. Raises ModelError where its file was changed."""
    data = json.loads((files("fauve.models.scorers") / "data" / "hpsv3.json").read_text(encoding="utf-8"))
    instruction, suffix = "".join(data["instruction"]), "".join(data["suffix"])
    if (_hash(instruction), _hash(suffix)) != (_INSTRUCTION_SHA256, _SUFFIX_SHA256):
        raise ModelError(
            "hpsv3: the text in data/hpsv3.json is not the one that the model was trained with, and every character "
            "of it counts. Install Fauve again."
        )
    before_prompt, after_prompt = instruction.split(_FIELD)
    after_image = _AFTER_IMAGE + before_prompt.removesuffix(" ")
    up_to_reward = after_prompt + suffix[: suffix.index(REWARD_TOKEN) + len(REWARD_TOKEN)]
    sha256 = _hash("\0".join((_BEFORE_IMAGE, after_image, up_to_reward)))
    return Template(_BEFORE_IMAGE, after_image, up_to_reward, sha256)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RatingText:
    """Qwen2-VL's tokenizer with the reward token, and the two parts of a rating as ids. Opened when first used.

    Args:
        name: the scorer, for messages.
        vocabulary: where its ``tokenizer.json`` is.
    """

    def __init__(self, name: str, vocabulary: Checkpoint) -> None:
        self.template = read_template()
        self._name = name
        self._vocabulary = vocabulary
        self._opened: Tokenizer | None = None
        self._before: list[int] = []
        self._after: list[int] = []
        self._control: dict[int, str] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the ids: the vocabulary and the text around the prompt."""
        known = self._vocabulary.identity()
        return {
            "vocabulary": known.get("weights_sha256", known.get("weights")),
            "template": self.template.sha256,
        }

    def open(self) -> Tokenizer:
        """The tokenizer.

        Raises:
            WeightsMissing: its file is not to be had.
            WeightsMismatch: it is no tokenizer of Qwen2-VL.
        """
        if self._opened is None:
            path = self._vocabulary.path()
            try:
                opened = Tokenizer.from_file(str(path))
            except Exception as error:  # the library raises bare Exception
                raise WeightsMismatch(
                    f"{self._name}: {path.name} is no tokenizer ({error}). Give the folder or hub id of Qwen2-VL."
                ) from error
            opened.no_padding()
            opened.no_truncation()
            opened.add_special_tokens([AddedToken(REWARD_TOKEN, normalized=False, special=True)])
            self._control = {at: str(token.content) for at, token in opened.get_added_tokens_decoder().items()}
            self._check_control_tokens()
            self._before = opened.encode(self.template.before_image, add_special_tokens=False).ids
            self._after = opened.encode(self.template.after_image, add_special_tokens=False).ids
            self._opened = opened
        return self._opened

    def _check_control_tokens(self) -> None:
        wanted = {"<|im_start|>", "<|im_end|>", "<|vision_start|>", _AFTER_IMAGE, _IMAGE_TOKEN}
        missing = sorted(wanted - set(self._control.values()))
        if missing:
            raise WeightsMismatch(
                f"{self._name}: the tokenizer has no {', '.join(missing)}: it is not Qwen2-VL's. "
                "Give the folder or hub id of Qwen2-VL-7B-Instruct as `base`."
            )

    @property
    def reward_id(self) -> int:
        """Id of the reward token."""
        return self._id(REWARD_TOKEN)

    def _id(self, token: str) -> int:
        found = self.open().token_to_id(token)
        if found is None:
            raise WeightsMismatch(f"{self._name}: the tokenizer has no {token}. Give Qwen2-VL-7B-Instruct as `base`.")
        return found

    def prefix(self, image_tokens: int) -> tuple[list[int], slice]:
        """Ids of everything before the prompt, and the places where the picture's tokens go."""
        image_id = self._id(_IMAGE_TOKEN)
        start = len(self._before)
        ids = [*self._before, *[image_id] * image_tokens, *self._after]
        return ids, slice(start, start + image_tokens)

    def suffix(self, prompt: str) -> list[int]:
        """Ids of a prompt and what follows it, up to the reward token, which is the last.

        Raises:
            DataError: the prompt contains a control token of the model, which it would read as one.
            WeightsMismatch: the tokenizer joins the prompt with the text before it.
        """
        tokenizer = self.open()
        whole = f"{self.template.after_image} {prompt}{self.template.after_prompt}"
        ids: list[int] = tokenizer.encode(whole, add_special_tokens=False).ids
        if ids[: len(self._after)] != self._after:
            raise WeightsMismatch(
                f"{self._name}: this tokenizer does not end a token before the prompt, so it is not Qwen2-VL's. "
                "Give the folder or hub id of Qwen2-VL-7B-Instruct as `base`."
            )
        tail = ids[len(self._after) :]
        control = [self._control[at] for at in tail if at in self._control]
        if control != [REWARD_TOKEN]:
            raise DataError(
                f"{self._name}: the prompt {prompt[:60]!r} contains {control[0]}, which the model would read as a "
                "command and not as text. Take it out of the prompt."
            )
        return tail

    def counts(self, prompts: Sequence[str]) -> list[tuple[int, bool]]:
        """For every prompt the number of its own tokens, and False: nothing is ever cut."""
        tokenizer = self.open()
        return [(len(tokenizer.encode(prompt, add_special_tokens=False).ids), False) for prompt in prompts]
