"""Charts drawn in a process of their own, while this one puts the pages together.

Drawing is plain Python from end to end: in a thread it would only take turns with the rest. The other process is
started as a module, so that whoever calls this from a script needs no guard around its top level.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fauve.errors import FauveError
from fauve.report.colours import Ink
from fauve.studies.protocol import Chart, Mark

__all__ = ["Stills"]

_WORTH = 20
"""Fewer charts are drawn here: a process takes about as long to start as twenty charts take to draw."""

_ASKED = "charts.json"


class Stills:
    """SVG pictures of charts, begun at once and fetched when they are needed.

    Args:
        charts: what to draw.
        colours: of every series, for all charts.
    """

    def __init__(self, charts: Sequence[Chart], colours: Mapping[str, Ink]) -> None:
        self._charts, self._colours = tuple(charts), dict(colours)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if len(self._charts) >= _WORTH:
            self._folder = tempfile.TemporaryDirectory(prefix="fauve-charts-")
            asked = Path(self._folder.name, _ASKED)
            inks = {name: asdict(ink) for name, ink in self._colours.items()}
            asked.write_text(json.dumps({"charts": [asdict(c) for c in self._charts], "inks": inks}), encoding="utf-8")
            # -P: a file of the user's own called json.py, in the folder they happen to be in, is not to be imported.
            command = [sys.executable, "-P", "-m", "fauve.report.stills", self._folder.name]
            paths = os.pathsep.join(path for path in sys.path if path)
            environment = os.environ | {"PYTHONPATH": paths}
            self._process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)  # noqa: S603 - our own
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()  # it has ended already, unless nobody fetched what it draws
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
        if self._folder is not None:
            self._folder.cleanup()

    def take(self) -> list[bytes]:
        """The pictures, in the order of the charts; waits for them.

        Raises:
            FauveError: the other process failed; with what it said.
        """
        if self._process is None or self._folder is None:
            return _draw(self._charts, self._colours)
        _, said = self._process.communicate()
        if self._process.returncode:
            last = (said.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
            raise FauveError(f"the report's charts could not be drawn ({last}); build the report again")
        return [_file(Path(self._folder.name), n).read_bytes() for n in range(len(self._charts))]


def _draw(charts: Sequence[Chart], colours: Mapping[str, Ink]) -> list[bytes]:
    # matplotlib takes half a second to load, and whoever only reads findings never draws.
    from fauve.report.figures import svg  # noqa: PLC0415

    return [svg(chart, colours) for chart in charts]


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number}.svg"


def _chart(record: dict[str, Any]) -> Chart:
    marks = tuple(Mark(**mark) for mark in record["marks"])
    return Chart(**record | {"marks": marks, "lines": tuple(tuple(line) for line in record["lines"])})


def _main(folder: Path) -> None:
    asked = json.loads((folder / _ASKED).read_text(encoding="utf-8"))
    inks = {name: Ink(**ink | {"dash": tuple(ink["dash"])}) for name, ink in asked["inks"].items()}
    for number, still in enumerate(_draw([_chart(record) for record in asked["charts"]], inks)):
        _file(folder, number).write_bytes(still)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
