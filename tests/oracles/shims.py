"""What the references need to be importable beside a torch for the CPU, without their own pins."""

from __future__ import annotations

import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import torch


def torchvision_operators() -> Any:
    """Declare the operators that a torchvision built for CUDA misses beside a torch for the CPU.

    Does nothing where torchvision imports as it is. Keep what is returned alive.
    """
    try:
        import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import_module("torchvision")
    return library


def empty_module(name: str, *attributes: str) -> None:
    """Put a module without content where a reference imports one that it does not use here."""
    made = types.ModuleType(name)
    for attribute in attributes:
        setattr(made, attribute, None)
    sys.modules.setdefault(name, made)


def package_without_init(name: str, folder: Path) -> None:
    """Make a package whose submodules import, without running its ``__init__``."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
