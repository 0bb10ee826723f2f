"""Prompts and picture files of the pairs, and tokenizers that cut these prompts about as the published ones do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from PIL import Image, ImageFilter
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import BertTokenizer, CLIPTokenizer

from fauve.models.scorers.hpsv3_text import read_template
from fauve.models.scorers.mps import OVERALL_CONDITION

SIDE = 1024
CELLS = ((0, 0), (0, 1), (1, 0), (1, 1))

WORD_LIST = """
a an the of in on with and near under behind beside over young old red
green blue wooden stone small large quiet busy street harbour boat dog cat horse child woman
man bus train bridge river mountain field market kitchen table window garden tree flower umbrella bicycle
stands sits walks holds crosses waits morning evening rain snow fog blurred noisy dark flat crooked
garish clashing muddy faded smeared indistinct cluttered empty cramped lopsided cut off edge frame colors colours
light shadow background subject details texture barely visible harsh dull out focus lost grainy sickly distorted
proportions lacking any depth contrast making hard to recognise
"""
WORDS = WORD_LIST.split()

QWEN_CONTROL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"),
    *("<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
QWEN_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def prompts(number: int) -> tuple[str, str]:
    """The prompt of a pair and its anti-aesthetic form: 9 to 14 words, and 24 to 40 more."""
    rng = np.random.default_rng([7, number])
    asked = " ".join(rng.choice(WORDS, rng.integers(9, 15)))
    return asked, f"{asked}, {' '.join(rng.choice(WORDS, rng.integers(24, 41)))}"


def write_picture(path: Path, number: int) -> None:
    """A structured picture of 1024 × 1024 with grain, as JPEG; no two are the same."""
    rng = np.random.default_rng([11, number])
    coarse = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC
    )
    grain = rng.integers(-9, 10, (SIDE, SIDE, 3), dtype=np.int16)
    values = np.asarray(coarse.filter(ImageFilter.SHARPEN), np.int16) + grain
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(path, quality=92)


def decoded(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


class Files(Sequence[Image.Image]):
    """Pictures that are decoded when they are asked for."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, at: int) -> Image.Image: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Image.Image]: ...
    def __getitem__(self, at: int | slice) -> Image.Image | Sequence[Image.Image]:
        return Files(self.paths[at]) if isinstance(at, slice) else decoded(self.paths[at])


def write_clip_vocabulary(folder: Path, rows: int = 49408) -> None:
    """A byte-pair vocabulary of the words above with CLIP's ids of start and end."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=letters, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator([*WORDS, OVERALL_CONDITION] * 4, trainer)
    trained: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    pieces = dict.fromkeys([*trained["vocab"], *letters, *(f"{letter}</w>" for letter in letters)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    vocabulary |= {f"<unused {number}>": number for number in range(len(vocabulary), rows - 2)}
    vocabulary |= {"<|startoftext|>": rows - 2, "<|endoftext|>": rows - 1}
    merges: Any = [tuple(pair) for pair in trained["merges"]]
    CLIPTokenizer(vocab=vocabulary, merges=merges).save_pretrained(folder)


def write_bert_vocabulary(folder: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ",", ".", *letters, *(f"##{c}" for c in letters), *WORDS]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    BertTokenizer(vocab=vocabulary).save_pretrained(folder)


def write_qwen_vocabulary(folder: Path) -> int:
    """A byte-pair vocabulary of HPSv3's text and the words above; returns its size without the reward token."""
    template = read_template()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=alphabet, show_progress=False)
    texts = [template.before_image, template.after_image, template.after_prompt, *(f" {word}" for word in WORDS)]
    tokenizer.train_from_iterator(texts * 4, trainer)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in QWEN_CONTROL])
    tokenizer.save(str(folder / "tokenizer.json"))
    return int(tokenizer.get_vocab_size())
