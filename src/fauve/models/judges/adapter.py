"""A LoRA adapter of a judge: where it is, what it was trained with, and how it gets into the weights.

Beside its weights an adapter that Fauve trained has ``judge.json``: layout, size, every question with its hash, and the
hash of the base model. Of another adapter nothing of this is known, so its questions must be given.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peft import PeftModel, get_peft_model_state_dict

from fauve.errors import ConfigError, WeightsMismatch
from fauve.models.judges.guidelines import Guidelines, read_guidelines
from fauve.models.weights import Checkpoint, file_hash, read_tensors

__all__ = ["ADAPTER_WEIGHTS", "RECORD", "Adapter"]

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
RECORD = "judge.json"
"""What an adapter was trained with."""


class Adapter:
    """An adapter by local folder or hub id.

    Args:
        name: of the judge, for messages.
        source: folder or hub id.
        revision: of the hub repository.
    """

    def __init__(self, name: str, source: str, revision: str | None = None) -> None:
        self._name = name
        self.weights = Checkpoint(name, source, (ADAPTER_WEIGHTS,), revision)
        self._record: Mapping[str, Any] | None = None

    @property
    def label(self) -> str:
        """What stands in the judge's name: the last part of the source."""
        source = self.weights.source.rstrip("/")
        return Path(source).name

    def fetch(self) -> Path:
        """The folder with all files of the adapter. Raises WeightsMissing."""
        folder = self.weights.path().parent
        if self.weights.companion(ADAPTER_CONFIG) is None:
            raise WeightsMismatch(
                f"{self._name}: the adapter has no {ADAPTER_CONFIG}. Give the folder that peft saved."
            )
        self.weights.companion(RECORD)
        return folder

    def record(self) -> Mapping[str, Any] | None:
        """What is written in ``judge.json``, or None where there is none on this machine."""
        if self._record is not None:
            return self._record
        path = self.weights.companion(RECORD, online=False)
        if path is None:
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            read_guidelines(found["guidelines"])
            if not all(isinstance(found[key], kind) for key, kind in _FORM.items()):
                raise TypeError("a field is of another kind")
        except (ValueError, KeyError, TypeError, ConfigError) as error:
            raise WeightsMismatch(f"{self._name}: {path} cannot be read ({error}). Save the adapter again.") from error
        self._record = dict(found)
        return self._record

    def settings(self) -> dict[str, Any]:
        """Hashes of the adapter's weights and configuration, for keys."""
        found = self.weights.identity()
        config = self.weights.companion(ADAPTER_CONFIG, online=False)
        return {**found, "config": None if config is None else file_hash(config)}

    def agreed(self, guidelines: Guidelines | None, dimensions: tuple[str, ...]) -> Guidelines:
        """The texts to ask with: those given, or those of the record.

        Raises:
            ConfigError: nothing tells what the adapter was trained with, or it was trained with other texts.
        """
        record = self.record()
        if record is None:
            if guidelines is None:
                raise ConfigError(
                    f"{self._name}: nothing in the adapter {self.weights.source} tells which questions it was trained "
                    "with, and with others its answers mean nothing. Give their file as `guidelines`."
                )
            return guidelines
        if guidelines is None:
            return read_guidelines(record["guidelines"])
        texts = record["texts"]
        shared = [name for name in dimensions if name in texts]
        other = [name for name, found in guidelines.hashes(shared).items() if found != texts[name]]
        if other:
            raise ConfigError(
                f"{self._name}: the adapter was trained with another text for {', '.join(other)} than `guidelines` "
                f"has. Leave `guidelines` out to ask as it was trained ({record['guidelines']['name']})."
            )
        return guidelines

    def merge(self, host: Any, base_sha256: str) -> Any:
        """The model with the adapter added to its weights.

        Raises:
            WeightsMismatch: it was trained on other weights, or not all of it finds a place.
        """
        folder = self.fetch()
        record = self.record()
        if record is not None and record["base_sha256"] != base_sha256:
            raise WeightsMismatch(
                f"{self._name}: the adapter was trained on other weights ({record.get('base') or 'a local folder'}). "
                "Give those as `weights`."
            )
        held = set(read_tensors(folder / ADAPTER_WEIGHTS))
        try:
            with warnings.catch_warnings():
                # what does not fit is told below; the rest is peft asking transformers by names that it gives up
                warnings.simplefilter("ignore")
                with_adapter = PeftModel.from_pretrained(host, str(folder), torch_device="cpu")
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise WeightsMismatch(
                f"{self._name}: the adapter does not fit the model ({str(error).splitlines()[0][:160]})."
            ) from error
        wanted = set(get_peft_model_state_dict(with_adapter, save_embedding_layers=False))
        if held != wanted:
            odd = sorted(held ^ wanted)
            raise WeightsMismatch(
                f"{self._name}: {len(odd)} tensors of the adapter and the model do not match, the first is {odd[0]}. "
                "Give an adapter of this model."
            )
        return with_adapter.merge_and_unload(safe_merge=True).eval().requires_grad_(False)


_FORM: Mapping[str, type] = {"layout": str, "size": int, "texts": dict, "base_sha256": str, "guidelines": dict}
