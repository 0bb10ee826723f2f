"""The house holds: layers, no cycles, light imports, names that are exactly the public ones."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import fauve

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "fauve"
HEAVY = ("torch", "transformers", "diffusers", "ray", "matplotlib", "skimage", "sklearn", "statsmodels", "polars")


def modules() -> list[str]:
    found = [m.name for m in pkgutil.walk_packages([str(SOURCE)], "fauve.")]
    return [name for name in found if not name.endswith("__main__")]


def loaded_after(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_every_module_imports_from_below_only() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def imports_of(name: str) -> set[str]:
    """Own modules that a module imports at its top, outside TYPE_CHECKING."""
    path = SOURCE.parent / Path(*name.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    known = set(modules())
    found: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return (found & known) - {name}


def test_there_is_no_import_cycle() -> None:
    graph = {name: imports_of(name) for name in modules()}
    assert sum(map(len, graph.values())) > 50, "the graph was not read"
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join([*path[path.index(name) :], name])
        if name not in done:
            for below in graph.get(name, ()):
                walk(below, (*path, name))
            done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize(
    "statement", ["import fauve", "from fauve.cli import fauve", "import fauve.records, fauve.keys"]
)
def test_light_imports_load_nothing_heavy(statement: str) -> None:
    assert loaded_after(statement) & {*HEAVY, "numpy", "scipy", "PIL", "pydantic", "rich"} == set()


def test_help_loads_no_numerical_library() -> None:
    statement = (
        "from fauve.cli import fauve\ntry:\n    fauve.main(['--help'], standalone_mode=False)\nexcept SystemExit: pass"
    )
    assert loaded_after(statement) & {*HEAVY, "numpy", "PIL", "pydantic"} == set()


NEED_MODELS = {
    "fauve.models.weights": set(),
    "fauve.models.batching": set(),
    "fauve.models.features": set(),
    "fauve.models.devices": set(),
    "fauve.models.pixels": set(),
    "fauve.models.module_pickles": set(),
    "fauve.models.scorers": {"controls", "instruments", "reward_cards"},
    "fauve.models.generators": {
        "facts",
        "systems",
        "generator_cards",
        *(m.split(".")[-1] for m in modules() if ".api_" in m),
    },
    "fauve.models.steering": {"steered_name"},
    "fauve.models.pretrained": set(),
    "fauve.models.captioners.blip": set(),
    "fauve.models.finders.detector_pixels": set(),
    "fauve.models.finders.grounding": set(),
    "fauve.models.judges.adapter": set(),
    "fauve.models.prefix": set(),
    **{f"fauve.models.judges.qwen3vl{part}": set() for part in ("", "_host", "_pixels", "_text")},
    "fauve.models.judges.training": {"examples", "settings", "validation", "visionreward"},
    "fauve.lab.nets": set(),
    "fauve.lab.training": {"gates"},
    "fauve.lab.experiments.jobs": set(),
    "fauve.lab.experiments.recipe": set(),
}
"""What needs the extra [models], and inside it what does not."""


def needs_models(module: str) -> bool:
    for room, light in NEED_MODELS.items():
        if module == room or module.startswith(f"{room}."):
            return module != "fauve.models.scorers" and module.removeprefix(f"{room}.") not in light
    return False


def test_the_whole_base_install_runs_without_torch() -> None:
    base = [m for m in modules() if not needs_models(m)]
    assert len(base) > 100
    statement = "\n".join(f"import {m}" for m in base)
    assert loaded_after(statement) & {"torch", "transformers", "diffusers", "ray"} == set()


def test_everything_imports() -> None:
    pytest.importorskip("torch")
    for name in modules():
        importlib.import_module(name)


def test_exported_names_are_exactly_the_public_ones() -> None:
    assert len(fauve.__all__) == len(set(fauve.__all__))
    for name in fauve.__all__:
        assert getattr(fauve, name) is not None
    assert set(dir(fauve)) == set(fauve.__all__)
    with pytest.raises(AttributeError, match="no public name"):
        fauve.nothing_of_that_name


@pytest.mark.parametrize("name", [m for m in modules() if m.count(".") == 1 or m.endswith("stats")])
def test_all_of_a_module_exists(name: str) -> None:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        assert hasattr(module, public), f"{name}.__all__ names {public}, which it lacks"


def test_no_file_is_long_and_hardly_a_function() -> None:
    long_functions = functions = 0
    for file in SOURCE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, f"{file.relative_to(ROOT)} has {text.count(chr(10))} lines"
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                functions += 1
                long_functions += (node.end_lineno or 0) - node.lineno >= 60
    assert long_functions <= 0.01 * functions
