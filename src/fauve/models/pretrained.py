"""A checkpoint in the layout of transformers: weights, configuration, preprocessing and vocabulary in one place.

For models whose published weights are read by transformers' own loader, which knows the older names of their tensors
and which of them are one and the same. Nothing is left to chance all the same: a tensor that is missing, left over or
of another shape is an error here, where transformers would draw it at random and go on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging import CRITICAL
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoTokenizer

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models.weights import HUB_WEIGHTS, Checkpoint, file_hash, read_tensors

__all__ = ["Pretrained"]

_CONFIG = ("config.json",)
_PIXELS = ("preprocessor_config.json", "processor_config.json")
_WORDS = ("tokenizer.json", "vocab.txt")
_WORD_CHOICES = ("tokenizer_config.json", "special_tokens_map.json")
_NO_WEIGHTS = re.compile(r"(^|\.)(position_ids|relative_position_index)$")
"""Buffers that older files carry and that every model makes by itself."""


class Pretrained:
    """Files of one published model, found before anything is read.

    Args:
        name: of the model, for messages.
        source: local folder, file in one, or hub id.
        revision: of the hub repository.
    """

    def __init__(self, name: str, source: str, revision: str | None = None) -> None:
        self.name, self.source = name, source
        place = Path(source).expanduser()
        folder = str(place.parent) if place.is_file() else source
        self.weights = Checkpoint(name, source, HUB_WEIGHTS, revision)
        self._small = {
            kind: Checkpoint(name, folder, files, revision)
            for kind, files in (("config", _CONFIG), ("preprocessing", _PIXELS), ("vocabulary", _WORDS))
        }
        self._tokenizer: Any = None

    def identity(self) -> dict[str, Any]:
        """What tells this checkpoint from others, for keys: hashes of its files once they are on this machine.

        ``weights`` is ``random`` where the folder says that they were never trained. Never asks the network.
        """
        known = self.weights.identity()
        for kind, file in self._small.items():
            found = file.companion(*file.files, online=False)
            known |= {} if found is None else {f"{kind}_sha256": file_hash(found)}
        for name in _WORD_CHOICES:
            found = self.weights.companion(name, online=False)
            known |= {} if found is None else {f"{name.removesuffix('.json')}_sha256": file_hash(found)}
        return known

    @property
    def provenance(self) -> dict[str, Any]:
        """Library versions and whether the weights are those of a folder; no part of a key."""
        local = Path(self.source).expanduser().exists()
        return {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "source": "local" if local else self.source,
        }

    def check(self) -> None:
        """Make sure that every file can be had, and that weights are hashed; fetches what is missing.

        Raises:
            WeightsMissing: with the source and the remedy.
        """
        for name in _WORD_CHOICES:
            self.weights.companion(name)
        for file in self._small.values():
            file.path()
        file_hash(self.weights.path())

    def described(self, kind: str) -> dict[str, Any]:
        """What ``config`` or ``preprocessing`` says. Raises WeightsMissing, WeightsMismatch."""
        path = self._small[kind].path()
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise WeightsMismatch(f"{self.name}: {path.name} is no JSON ({error}). Fetch it again.") from error
        if not isinstance(found, dict):
            raise WeightsMismatch(f"{self.name}: {path.name} holds no object. Fetch it again.")
        inner = found.get("image_processor") if kind == "preprocessing" else None
        return inner if isinstance(inner, dict) else found

    def config(self, known: Mapping[str, Any]) -> Any:
        """The configuration, by the class that ``known`` has for its ``model_type``.

        Raises:
            WeightsMissing: there is none.
            WeightsMismatch: it is that of another kind of model, or cannot be read.
        """
        found = self.described("config")
        kind = str(found.get("model_type"))
        if kind not in known:
            raise WeightsMismatch(
                f"{self.name}: {self.source} is a model of type {kind!r}, and one of {', '.join(known)} is wanted. "
                "Give another folder or hub id."
            )
        try:
            return known[kind].from_dict(found)
        except (StrictDataclassError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise WeightsMismatch(
                f"{self.name}: its config.json describes no {kind} ({error}). Fetch it again."
            ) from error

    def tokenizer(self) -> Any:
        """The checkpoint's own tokenizer. Raises WeightsMissing where it cannot be opened."""
        if self._tokenizer is None:
            folder = str(self._small["vocabulary"].path().parent)
            try:
                self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            except (OSError, ValueError, ImportError, KeyError) as error:
                raise WeightsMissing(
                    f"{self.name}: the tokenizer in {self.source} cannot be opened ({error}). "
                    "Give a folder or hub id that has tokenizer.json or vocab.txt."
                ) from error
        return self._tokenizer

    def model(self, kind: Any, config: Any) -> Any:
        """A model of transformers with every tensor of the file, on the CPU in float32, frozen.

        Raises:
            WeightsMissing: the file cannot be had.
            WeightsMismatch: tensors are missing, left over or of another shape.
        """
        tensors = {k: v for k, v in read_tensors(self.weights.path()).items() if not _NO_WEIGHTS.search(k)}
        try:
            with _quietly():
                made, report = kind.from_pretrained(
                    None, config=config, state_dict=tensors, output_loading_info=True, dtype=torch.float32
                )
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise WeightsMismatch(f"{self._not_these} {str(error).strip()[:300]}") from error
        faults = {
            what: sorted(map(str, report[key]))
            for what, key in (("missing", "missing_keys"), ("not expected", "unexpected_keys"))
            if report[key]
        }
        if faults or report["mismatched_keys"] or report["error_msgs"]:
            told = [f"{len(keys)} {what}: {', '.join(keys[:3])}." for what, keys in faults.items()]
            told += [str(report[key])[:300] for key in ("mismatched_keys", "error_msgs") if report[key]]
            raise WeightsMismatch(f"{self._not_these} {' '.join(told)}")
        return made.eval().requires_grad_(False)

    @property
    def _not_these(self) -> str:
        return f"{self.name}: the file of {self.source} does not hold the weights that its config.json describes."


@contextmanager
def _quietly() -> Iterator[None]:
    """Without transformers' bars and tables: what is wrong with a file is said by an error."""
    told: Any = transformers.utils.logging
    level, bars = told.get_verbosity(), told.is_progress_bar_enabled()
    told.set_verbosity(CRITICAL)
    told.disable_progress_bar()
    try:
        yield
    finally:
        told.set_verbosity(level)
        if bars:
            told.enable_progress_bar()
