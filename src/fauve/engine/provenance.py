"""What a run was made with: versions of Fauve, Python and the libraries that can change a number."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from fauve.version import __version__

__all__ = ["versions"]

_LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-image",
    "scikit-learn",
    "statsmodels",
    "polars",
    "pillow",
    "torch",
    "transformers",
    "diffusers",
)


def versions() -> dict[str, str]:
    """Name → version of everything installed that can change a result; no path, no host."""
    found = {"fauve": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
