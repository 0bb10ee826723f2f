"""Where a whole pipeline lies, and what tells its files from others.

A pipeline is a folder with ``model_index.json`` and a folder for each component, or a hub repository of that form.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffusers import DiffusionPipeline
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.keys import digest
from fauve.models.weights import RANDOM_MARK, file_hash, hub_without_warnings, locate

__all__ = ["INDEX", "PipelineSource"]

INDEX = "model_index.json"
_DESCRIPTIONS = {".json", ".txt", ".model", ".jinja"}
_WEIGHTS = (".safetensors", ".bin")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32|ema|non_ema)[.-]")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PipelineSource:
    """A pipeline by name, before anything is read.

    Attributes:
        name: the generator it belongs to, for messages.
        source: local folder or hub id.
        revision: branch, tag or commit of the hub repository; None for its default branch.
        variant: published variant of the weight files, taken where it is there.
        gated: whether the hub asks for a licence to be accepted first.
        size_gb: what a download takes, for messages; None where it is not known.
    """

    name: str
    source: str
    revision: str | None = None
    variant: str | None = None
    gated: bool = False
    size_gb: float | None = None

    def folder(self, *, online: bool = True) -> Path:
        """The folder with everything in it, fetched where needed. Raises WeightsMissing."""
        index = self._index(online)
        local = Path(self.source).expanduser().is_dir() or not online or constants.HF_HUB_OFFLINE
        if self._lacking(index.parent) and not local:
            index = self._download() / INDEX
        if lacking := self._lacking(index.parent):
            raise WeightsMissing(f"{self.name}: {self.source} is here without {', '.join(lacking)}. {self._remedy()}")
        return index.parent

    def description(self) -> dict[str, Any]:
        """What ``model_index.json`` says: the pipeline's class under ``_class_name``, and its components."""
        return _read_json(self.folder() / INDEX, self.name)

    def identity(self) -> dict[str, Any]:
        """What tells this pipeline from others, for keys: a sha256 over its files once they are on this machine.

        Until then its source and revision. Never asks the network.
        """
        try:
            folder = self.folder(online=False)
        except WeightsMissing:
            return {"weights": self.source, "revision": self.revision}
        random = {"weights": "random"} if (folder / RANDOM_MARK).is_file() else {}
        return {"weights_sha256": digest(self._hashes(folder)), **random}

    def used_variant(self, folder: Path) -> str | None:
        """The variant that the folder has, or None where its files have no such mark."""
        if self.variant is None:
            return None
        return self.variant if any(f".{self.variant}." in file.name for file in folder.glob("*/*")) else None

    def _index(self, online: bool) -> Path:
        try:
            return locate(self.source, (INDEX,), self.revision, name=self.name, gated=self.gated, online=online)
        except WeightsMissing as error:
            # a file alone is no pipeline: what has to be fetched is all of it
            if Path(self.source).expanduser().is_dir():
                told = f"the folder {self.source} has no {INDEX}, so it is no pipeline"
                raise WeightsMissing(f"{self.name}: {told}. Give as `weights` a folder that holds one.") from None
            unreached = error.__cause__
            asked = online and not constants.HF_HUB_OFFLINE and unreached is None
            if asked or not _HUB_ID.fullmatch(self.source):
                raise
            why = "" if unreached is None else f", and the hub could not be reached ({type(unreached).__name__})"
            raise WeightsMissing(f"{self.name}: {self.source} is not on this machine{why}. {self._remedy()}") from None

    def _hashes(self, folder: Path) -> dict[str, str]:
        files = [folder / INDEX, *(f for part in self._components(folder) for f in self._files(folder / part, folder))]
        return {str(file.relative_to(folder)): _hash(file) for file in sorted(files)}

    def _components(self, folder: Path) -> list[str]:
        index = _read_json(folder / INDEX, self.name)
        return [part for part, kind in index.items() if isinstance(kind, list) and kind[:1] != [None]]

    def _files(self, part: Path, folder: Path) -> list[Path]:
        """The files of one component that loading reads."""
        files = [f for f in part.glob("*") if f.is_file()]
        described = [f for f in files if f.suffix in _DESCRIPTIONS and not f.name.endswith(".index.json")]
        weights = next((found for s in _WEIGHTS if (found := [f for f in files if f.suffix == s])), [])
        variant = self.used_variant(folder)
        chosen = [f for f in weights if variant and f".{variant}." in f.name]
        return described + (chosen or [f for f in weights if not _VARIANT.search(f.name)])

    def _lacking(self, folder: Path) -> list[str]:
        """Components of the index whose files are not all here: one that is described needs its weights."""
        lacking = []
        for part in self._components(folder):
            files = {file.name for file in (folder / part).glob("*")}
            shards = {s for index in (folder / part).glob("*.safetensors.index*.json") for s in _shards(index)}
            weights = {name for name in files if name.endswith(_WEIGHTS)}
            if not files or ("config.json" in files and not (weights and shards <= files)):
                lacking.append(part)
        return lacking

    def _download(self) -> Path:
        try:
            with hub_without_warnings():
                found = DiffusionPipeline.download(
                    self.source, revision=self.revision, variant=self.variant, use_safetensors=None
                )
            return Path(found)
        except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError, ValueError) as error:
            raise WeightsMissing(
                f"{self.name}: {self.source} could not be fetched whole ({type(error).__name__}: {_first(error)}). "
                f"{self._remedy()}"
            ) from error

    def _remedy(self) -> str:
        gate = f"Accept its licence at https://huggingface.co/{self.source} first. " if self.gated else ""
        size = f" (about {self.size_gb:g} GB)" if self.size_gb else ""
        revision = f" --revision {self.revision}" if self.revision else ""
        return (
            f"{gate}Where there is a network: `hf download {self.source}{revision}`{size}; or give as `weights` a "
            f"folder that holds {INDEX} and its components."
        )


def _first(error: BaseException) -> str:
    """The first line of what an error says."""
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else "no reason given"


def _hash(file: Path) -> str:
    """Sha256 of a file; of one in the hub's cache the name under which the cache keeps it, which is its sha256."""
    kept = file.resolve()
    if kept.parent.name == "blobs" and _SHA256.fullmatch(kept.name):
        return kept.name
    return file_hash(file)


def _shards(index: Path) -> set[str]:
    return set(_read_json(index, index.name).get("weight_map", {}).values())


def _read_json(path: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsMismatch(f"{name}: {path.name} cannot be read ({error}). Fetch it again.") from error
    if not isinstance(found, dict):
        raise WeightsMismatch(f"{name}: {path.name} holds no description of a pipeline. Fetch it again.")
    return found
