"""Writing pages: one folder, templates that escape everything, and JSON that no tag can break out of."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from fauve.keys import digest_bytes
from fauve.naming import generator_name, scorer_name
from fauve.report.numbers import format_count, format_share
from fauve.report.wording import group_label

__all__ = ["Folder", "checksums", "environment", "script_json", "slug", "typeset", "unique_slugs"]

_SHARE = re.compile(r"\d+(?:–\d+)? %")
_MANIFEST = "files.txt"
_SUMS = "checksums.txt"
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Folder:
    """The folder of a report. It remembers what it wrote and removes only what an earlier report had written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._written: set[str] = set()
        self._sums: dict[str, str] = {}

    def write(self, path: str, content: str | bytes) -> str:
        """Write one file, UTF-8 with plain line ends; returns ``path``."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != data:
            target.write_bytes(data)
        self._written.add(path)
        self._sums[path] = digest_bytes(data)
        return path

    def keep(self, paths: Iterable[str]) -> None:
        """Count files that others wrote as part of this report."""
        self._written.update(paths)

    def finish(self) -> None:
        """Remove files that only the report before this one had, and list those of this one in ``files.txt``.

        ``checksums.txt`` has the sha256 of each that was written here, in the form of ``sha256sum``.
        """
        sums = "".join(f"{digest}  {path}\n" for path, digest in sorted(self._sums.items()))
        (self.root / _SUMS).write_text(sums, encoding="utf-8", newline="\n")
        self.keep([_SUMS])
        manifest = self.root / _MANIFEST
        before = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
        for path in sorted(set(before) - self._written):
            target = (self.root / path).resolve()
            if target.is_relative_to(self.root.resolve()):
                target.unlink(missing_ok=True)
        manifest.write_text("\n".join(sorted(self._written)) + "\n", encoding="utf-8", newline="\n")


def checksums(root: Path) -> dict[str, str]:
    """The sha256 of every file of a report by its path, as they were written; empty where the report states none."""
    file = root / _SUMS
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def environment() -> Environment:
    """Templates with escaping on for every file and errors for every undefined name."""
    made = Environment(
        loader=PackageLoader("fauve.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "count": format_count,
        "share": format_share,
        "scorer": scorer_name,
        "generator": generator_name,
        "plain": group_label,
        "typeset": typeset,
        "data": lambda value: Markup(script_json(value)),  # noqa: S704 - every letter that could end the tag is escaped
    }
    return made


def static_files() -> Mapping[str, bytes]:
    """Every file under ``static/`` of this package by its path: styles, scripts, and what they need."""
    root = files("fauve.report").joinpath("static")
    found: dict[str, bytes] = {}
    waiting = [(root, "static")]
    while waiting:
        folder, name = waiting.pop()
        for entry in folder.iterdir():
            path = f"{name}/{entry.name}"
            if entry.is_dir():
                waiting.append((entry, path))
            else:
                found[path] = entry.read_bytes()
    return found


def script_json(value: Any) -> str:
    """JSON that may stand inside a script element or a script file: no ``<``, ``>``, ``&`` and no line separators."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: _UNSAFE[found.group()], text)


def typeset(text: str) -> Markup:
    """A sentence whose shares and intervals are not broken over two lines."""
    told = _SHARE.sub(r'<span class="nowrap">\g<0></span>', str(escape(text)))
    return Markup(told)  # noqa: S704 - the text is escaped, and what is put around it stands here


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens only, at most 60: safe as a file name on every system."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:60].rstrip("-") or "unnamed"


def unique_slugs(names: Iterable[str]) -> dict[str, str]:
    """A slug for each name, no two the same: later ones get a number."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        base = slug(name)
        candidate, number = base, 2
        while candidate in taken:
            candidate, number = f"{base}-{number}", number + 1
        taken.add(candidate)
        found[name] = candidate
    return found
