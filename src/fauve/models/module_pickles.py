"""Tensors out of a pickled module, without running anything that the file names.

Some checkpoints (MPS) are a whole ``nn.Module`` written by ``torch.save``. Opening such a file the usual way imports
and calls whatever it names. Here every class of the file becomes an inert record of its attributes, except the three
constructors from which tensors are made; then the modules' parameters and buffers are gathered by name.
"""

from __future__ import annotations

import collections
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from fauve.errors import WeightsMismatch

__all__ = ["read_module_pickle"]

_STORAGES: dict[str, torch.dtype] = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def read_module_pickle(path: Path) -> dict[str, Tensor]:
    """Parameters and persistent buffers of the module in ``path``, by the names ``state_dict`` would give them.

    Reads what ``torch.save`` has written since torch 1.6 (a zip). A dictionary of tensors, bare or under
    ``state_dict``, is read as well, whatever other objects lie beside it.

    Raises:
        WeightsMismatch: the file is no such pickle, is cut short, or holds no tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = _load(archive)
    except (zipfile.BadZipFile, pickle.UnpicklingError, EOFError, KeyError, ValueError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    except (AttributeError, TypeError, IndexError) as error:  # a pickle that uses its stand-ins in an unforeseen way
        raise _unreadable(path, error) from error
    tensors = dict(_named_tensors(root, ""))
    if not tensors:
        raise WeightsMismatch(f"{path.name} holds no module and no tensors. Give the model's checkpoint.")
    return tensors


def _unreadable(path: Path, error: Exception) -> WeightsMismatch:
    return WeightsMismatch(
        f"{path.name} cannot be read as a saved module ({type(error).__name__}: {str(error)[:160]}). "
        "It may be cut short: fetch it again."
    )


class _Record:
    """Stands for any class of the file: takes whatever it is given, does nothing."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __new__(cls, *_args: Any, **_kwargs: Any) -> _Record:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update({key: value for key, value in state.items() if isinstance(key, str)})

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass

    def append(self, _item: Any) -> None:
        pass

    def extend(self, _items: Any) -> None:
        pass

    def add(self, _item: Any) -> None:
        pass

    def __hash__(self) -> int:
        return id(self)


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], archive: zipfile.ZipFile, prefix: str) -> None:
        super().__init__(stream)
        self._archive, self._prefix = archive, prefix
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("builtins", "set"): set,
            ("__builtin__", "set"): set,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        }
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        return known.get((module, name), _Record)

    def persistent_load(self, pid: Any) -> Tensor:
        kind, dtype, key, _location, count = pid
        if kind != "storage" or not isinstance(dtype, torch.dtype) or not str(key).isalnum():
            raise pickle.UnpicklingError(f"unknown storage {pid!r}")
        if key not in self._storages:
            data = bytearray(self._archive.read(f"{self._prefix}data/{key}"))
            if len(data) != count * dtype.itemsize:
                raise pickle.UnpicklingError(f"storage {key} has {len(data)} bytes for {count} values of {dtype}")
            self._storages[key] = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        return self._storages[key]


def _load(archive: zipfile.ZipFile) -> Any:
    names = archive.namelist()
    pickled = next((name for name in names if name.endswith("data.pkl")), None)
    if pickled is None:
        raise pickle.UnpicklingError("it has no data.pkl")
    # torch stores without compression; a compressed entry could unfold to any size
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise pickle.UnpicklingError("its entries are compressed, which torch.save never does")
    order = next((name for name in names if name.endswith("byteorder")), None)
    if order is not None and archive.read(order) != b"little":
        raise pickle.UnpicklingError("it was written on a big-endian machine")
    with archive.open(pickled) as stream:
        return _TensorUnpickler(stream, archive, pickled.removesuffix("data.pkl")).load()


def _rebuild_tensor(
    storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: Any
) -> Tensor:
    # as_strided refuses what lies outside of the storage
    return torch.as_strided(storage, size, stride, offset)


def _rebuild_parameter(data: Tensor, *_rest: Any) -> Tensor:
    return data


def _named_tensors(node: Any, prefix: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(node, dict):
        inner = node.get("state_dict", node)
        if isinstance(inner, _Record):
            yield from _named_tensors(inner, prefix)
        elif isinstance(inner, dict):
            yield from ((f"{prefix}{key}", value) for key, value in inner.items() if isinstance(value, Tensor))
        return
    if not isinstance(node, _Record):
        return
    state = vars(node)
    transient = state.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for key, value in (state.get(kind) or {}).items():
            if isinstance(value, Tensor) and key not in transient:
                yield f"{prefix}{key}", value
    for key, child in (state.get("_modules") or {}).items():
        yield from _named_tensors(child, f"{prefix}{key}.")
