"""Weights of published checkpoints: where they are, what is in them, and whether they are this model's.

A source is a local folder, a local file or a Hugging Face hub id. What is on this machine is always preferred; the hub
is asked only for what is missing, and never when it is switched off (``HF_HUB_OFFLINE=1``). Nothing here executes
anything that a file brings along: pickles are read by ``torch.load(weights_only=True)``, and a pickle that holds a
whole module by :mod:`fauve.models.module_pickles`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import init_empty_weights
from huggingface_hub import constants, hf_hub_download
from huggingface_hub import logging as hub_log
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models.module_pickles import read_module_pickle

__all__ = [
    "HUB_WEIGHTS",
    "RANDOM_MARK",
    "Checkpoint",
    "build_empty",
    "file_hash",
    "hub_without_warnings",
    "is_random",
    "load_strictly",
    "locate",
    "read_module_pickle",
    "read_tensors",
    "read_tensors_or_module",
]

HUB_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
"""What transformers calls the weights of a model, the preferred first."""

RANDOM_MARK = "RANDOM_WEIGHTS"
"""A file of this name beside weights marks them as drawn from a seed; whoever makes such a checkpoint puts it there."""

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
M = TypeVar("M", bound=nn.Module)
_NESTS = ("state_dict", "model", "module")
_INDEX = ".index.json"


class _MoreThanTensors(WeightsMismatch):
    """A pickle that names other things than tensors."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights by name, before anything is read: enough to find them and to tell them from others.

    Attributes:
        name: the scorer they belong to, for messages.
        source: local folder, local file or hub id.
        files: file names that hold the weights, the preferred one first. A single local file may have any name.
        revision: branch, tag or commit of the hub repository; None for its default branch.
        gated: whether the hub asks for a licence to be accepted first.
        origin: where a person can get the file, for weights that are not on the hub (``source`` is then empty until
            one is given).
    """

    name: str
    source: str
    files: tuple[str, ...]
    revision: str | None = None
    gated: bool = False
    origin: str | None = None

    def path(self, *, online: bool = True) -> Path:
        """The weights file, fetched where needed. Raises WeightsMissing."""
        if not self.source and self.origin is not None:
            raise WeightsMissing(
                f"{self.name}: its weights are not on the hub. Get {self.files[0]} from {self.origin} and give its "
                "path as `weights`."
            )
        return locate(self.source, self.files, self.revision, name=self.name, gated=self.gated, online=online)

    def companion(self, *files: str, online: bool = True) -> Path | None:
        """The first of ``files`` that lies beside the weights (their folder or hub repository), or None."""
        folder = Path(self.source).expanduser()
        beside = str(folder.parent) if folder.is_file() else self.source
        with suppress(WeightsMissing):
            return locate(beside, files, self.revision, name=self.name, gated=self.gated, online=online)
        return None

    def identity(self) -> dict[str, Any]:
        """What tells these weights from others, for keys: the file's sha256 once it is on this machine.

        Until then its source and revision, so that a key made before the weights are fetched differs from one made
        after. Never asks the network.
        """
        try:
            path = self.path(online=False)
            return {"weights_sha256": file_hash(path), **({"weights": "random"} if is_random(path) else {})}
        except WeightsMissing:
            return {"weights": self.source, "files": list(self.files), "revision": self.revision}


def is_random(path: Path) -> bool:
    """Whether the folder of a weights file says, by :data:`RANDOM_MARK`, that its weights were never trained."""
    return (path.parent / RANDOM_MARK).is_file()


def locate(
    source: str,
    files: Sequence[str],
    revision: str | None = None,
    *,
    name: str | None = None,
    gated: bool = False,
    online: bool = True,
) -> Path:
    """The path of the first of ``files`` that ``source`` has.

    A local file is returned as it is, whatever its name. A local folder is searched for ``files`` in order. For a hub
    id the local cache is searched first, then the hub is asked, unless ``online`` is false or the hub is switched off.
    For an index of shards (``*.safetensors.index.json``) every shard is located too.

    Raises:
        WeightsMissing: what is missing, the hub id, whether it is gated, and the remedy.
    """
    label = f"{name}: " if name else ""
    if not source:
        raise WeightsMissing(f"{label}no weights are named. Give a file, a folder or a hub id as `weights`.")
    local = Path(source).expanduser()
    if local.is_file():
        return local
    if local.is_dir():
        found = next((local / file for file in files if (local / file).is_file()), None)
        if found is None:
            raise WeightsMissing(f"{label}the folder {source} has none of {_listed(files)}. Name the file itself.")
        return found
    if not _HUB_ID.fullmatch(source) or local.suffix in {".pt", ".pth", ".bin", ".safetensors"}:
        raise WeightsMissing(f"{label}there is no file or folder {source}, and it is no hub id (owner/repository).")
    found = _cached(source, files, revision)
    if found is None and online and not constants.HF_HUB_OFFLINE:
        found = _download(source, files, revision, label=label, gated=gated)
    if found is None:
        raise WeightsMissing(
            f"{label}{source} has none of {_listed(files)} in this machine's hub cache, and the hub was not asked. "
            f"{_remedy(source, files, gated)}"
        )
    return found


def _cached(source: str, files: Sequence[str], revision: str | None) -> Path | None:
    for file in files:
        with suppress(LocalEntryNotFoundError, EntryNotFoundError):
            found = Path(hf_hub_download(source, file, revision=revision, local_files_only=True))
            if file.endswith(_INDEX):
                for shard in _shards(found):
                    hf_hub_download(source, shard, revision=revision, local_files_only=True)
            return found
    return None


def _download(source: str, files: Sequence[str], revision: str | None, *, label: str, gated: bool) -> Path:
    try:
        with hub_without_warnings():
            for file in files:
                found = _fetch(source, file, revision)
                if found is not None:
                    return found
    except GatedRepoError:
        raise WeightsMissing(
            f"{label}{source} is gated. Accept its licence at https://huggingface.co/{source}, then `hf auth login`."
        ) from None
    except RepositoryNotFoundError:
        raise WeightsMissing(
            f"{label}the hub has no repository {source} that this account may read. Check its name, or `hf auth login`."
        ) from None
    except RevisionNotFoundError:
        raise WeightsMissing(f"{label}{source} has no revision {revision!r}. Check it, or leave it out.") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise WeightsMissing(
            f"{label}the hub could not be reached for {source} ({type(error).__name__}). "
            f"{_remedy(source, files, gated)}"
        ) from error
    raise WeightsMissing(f"{label}{source} holds none of {_listed(files)}. Name the file, or another repository.")


@contextmanager
def hub_without_warnings() -> Iterator[None]:
    """Without a line of the hub's library for each of its tries: how it ended is said once, by an error."""
    level = hub_log.get_verbosity()
    hub_log.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        hub_log.set_verbosity(level)


def _fetch(source: str, file: str, revision: str | None) -> Path | None:
    try:
        found = Path(hf_hub_download(source, file, revision=revision))
    except LocalEntryNotFoundError:  # a kind of EntryNotFoundError, but it means that the hub did not answer
        raise
    except EntryNotFoundError:
        return None
    if file.endswith(_INDEX):
        for shard in _shards(found):
            hf_hub_download(source, shard, revision=revision)
    return found


def _remedy(source: str, files: Sequence[str], gated: bool) -> str:
    gate = f"Accept its licence at https://huggingface.co/{source} first: it is gated. " if gated else ""
    return (
        f"{gate}Where there is a network: `hf download {source} {files[0]}`; "
        "or give a folder or file that holds the weights."
    )


def _listed(files: Sequence[str]) -> str:
    return ", ".join(files)


@functools.lru_cache(maxsize=64)
def _hash(path: Path, size: int, modified: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """Sha256 of a weights file; of an index of shards, the sha256 over the hashes of the shards in order of name.

    Remembered for as long as the process lives and the file keeps its size and time.
    """
    if path.name.endswith(_INDEX):
        parts = [file_hash(path.parent / shard) for shard in _shards(path)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()
    state = path.stat()
    return _hash(path.resolve(), state.st_size, state.st_mtime_ns)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint file, on the CPU, by name.

    Reads safetensors, an index of safetensors shards, and pickles of tensors (``weights_only=True``); a dictionary
    under ``state_dict``, ``model`` or ``module`` is taken out of its wrapper.

    Raises:
        WeightsMismatch: the file is no checkpoint, is cut short, or is a pickle of more than tensors.
    """
    if path.name.endswith(_INDEX):
        merged: dict[str, Tensor] = {}
        for shard in _shards(path):
            merged.update(read_tensors(path.parent / shard))
        return merged
    head = _refuse_other_files(path)
    try:
        if head[8:9] == b"{" and not head.startswith((b"PK", b"\x80")):
            return dict(load_file(path))
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=head.startswith(b"PK"))
    except pickle.UnpicklingError as error:
        raise _MoreThanTensors(
            f"{path.name} is a pickle of more than tensors, which could run code, so it was not opened. "
            "Convert it to safetensors, or give the tensor-only file."
        ) from error
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, OSError, IndexError) as error:
        raise WeightsMismatch(
            f"{path.name} cannot be read as a checkpoint ({type(error).__name__}: {_first_line(error)}). "
            "It may be cut short: fetch it again."
        ) from error
    return _unnest(loaded, path)


def read_tensors_or_module(path: Path) -> dict[str, Tensor]:
    """As :func:`read_tensors`; a pickle of more than tensors is read by :func:`read_module_pickle`, which runs nothing.

    For checkpoints that were published as a whole module, or of which copies in both forms are about.
    """
    try:
        return read_tensors(path)
    except _MoreThanTensors:
        return read_module_pickle(path)


def _shards(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError) as error:
        raise WeightsMismatch(f"{index.name} is no index of shards ({error}). Fetch it again.") from error


def _refuse_other_files(path: Path) -> bytes:
    with path.open("rb") as stream:
        head = stream.read(64)
    plain = head.lstrip().lower()
    if not head:
        raise WeightsMismatch(f"{path.name} is empty: the download failed. Fetch it again.")
    if plain.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise WeightsMismatch(f"{path.name} is a web page, not a checkpoint. Download the file itself.")
    if plain.startswith(b"version https://git-lfs"):
        raise WeightsMismatch(f"{path.name} is a pointer of git-lfs, not the weights. Run `git lfs pull`.")
    return head


def _unnest(loaded: Any, path: Path) -> dict[str, Tensor]:
    while isinstance(loaded, Mapping) and not any(isinstance(v, Tensor) for v in loaded.values()):
        inner = next((loaded[key] for key in _NESTS if isinstance(loaded.get(key), Mapping)), None)
        if inner is None:
            break
        loaded = inner
    if not isinstance(loaded, Mapping) or not loaded or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise WeightsMismatch(
            f"{path.name} holds no dictionary of tensors ({type(loaded).__name__}). Give the model's checkpoint."
        )
    return {str(key): value for key, value in loaded.items()}


def build_empty(build: Callable[[], M]) -> M:
    """Make a module whose parameters take no memory and no time until :func:`load_strictly` fills them.

    Buffers are made as usual: those that are not in a checkpoint (positions, rotary frequencies) keep their values.
    """
    with init_empty_weights(include_buffers=False):
        return build()


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], *, name: str) -> None:
    """Put ``tensors`` into ``module``: every parameter and buffer of its state, and nothing else.

    The module keeps the tensors' own dtype; cast it afterwards.

    Raises:
        WeightsMismatch: naming the first few keys that are missing, not expected, or of another shape.
    """
    wanted = module.state_dict()
    missing = [key for key in wanted if key not in tensors]
    unexpected = [key for key in tensors if key not in wanted]
    shapes = [
        f"{key} is {tuple(tensors[key].shape)}, not {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in tensors and tensors[key].shape != value.shape
    ]
    problems = [
        _few("missing", missing),
        _few("not expected", unexpected),
        _few("of another shape", shapes),
    ]
    if any(problems):
        raise WeightsMismatch(
            f"{name}: these are not the weights of this model. {' '.join(p for p in problems if p)} "
            "Check that the file belongs to this scorer and is complete."
        )
    module.load_state_dict(dict(tensors), strict=True, assign=True)
    empty = [key for key, value in module.named_parameters() if value.is_meta]
    if empty:
        raise WeightsMismatch(f"{name}: {_few('still without weights', empty)} Check the file.")


def _few(what: str, keys: Sequence[str], limit: int = 3) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
    return f"{len(keys)} {what}: {', '.join(keys[:limit])}{more}."


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:160]
