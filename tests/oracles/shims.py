"""What the references need to be importable beside a torch for the CPU, without their own pins."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import torch


def torchvision_operators() -> Any:
    """Declare the operators that a torchvision built for CUDA misses; keep what is returned alive."""
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def empty_module(name: str) -> None:
    """Put a module without content where a reference imports one that it does not use here."""
    sys.modules.setdefault(name, types.ModuleType(name))


def package_without_init(name: str, folder: Path) -> None:
    """Make a package whose submodules import, without running its ``__init__``."""
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package
