from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

from fauve import stats

MODULES = [
    importlib.import_module(f"fauve.stats.{info.name}")
    for info in pkgutil.iter_modules(stats.__path__)
    if not info.name.startswith("_")
]


def test_the_exported_names_are_exactly_the_public_ones():
    public = [name for module in MODULES for name in module.__all__]
    assert len(public) == len(set(public))
    assert sorted(stats.__all__) == sorted(public)
    assert len(stats.__all__) == len(set(stats.__all__))


def test_what_a_module_defines_is_public_or_underscored():
    for module in MODULES:
        defined = {
            name
            for name, thing in vars(module).items()
            if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__
        }
        assert defined <= set(module.__all__), module.__name__
        for name in module.__all__:
            assert getattr(stats, name) is getattr(module, name)


def test_every_public_function_and_class_is_documented():
    for name in stats.__all__:
        thing = getattr(stats, name)
        if getattr(thing, "__module__", "").startswith("fauve"):
            assert len(thing.__doc__.split()) > 4, name


def test_slow_libraries_stay_out():
    code = "import sys, fauve.stats; print([m for m in ('sklearn', 'statsmodels', 'polars') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
