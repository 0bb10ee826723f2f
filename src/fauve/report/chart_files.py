"""The files of a chart: its numbers, its specification, and the picture that stands in for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from fauve.charting import Chart
from fauve.report.charts import chart_csv, describe, series_of, specification
from fauve.report.colours import Ink, inks
from fauve.report.pages import Folder, unique_slugs
from fauve.report.stills import Stills

__all__ = ["Drawing"]

_SMALL_ROWS = 3
"""Interval charts with at most so many rows stand side by side, as dose charts do."""

_SIZE = re.compile(rb'width="([\d.]+)pt" height="([\d.]+)pt"')
_PIXELS_PER_POINT = 4 / 3


class Drawing:
    """The charts of a report: drawn beside whatever happens between entering and :meth:`files`.

    Args:
        charts: by the name that the page of each gives it.
    """

    def __init__(self, charts: Mapping[str, Chart]) -> None:
        self._charts = dict(charts)
        self._colours = inks({series for chart in charts.values() for series in series_of(chart)})
        self._stills = Stills(list(charts.values()), self._colours)

    def __enter__(self) -> Self:
        self._stills.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stills.__exit__(kind, error, at)

    def files(self, folder: Folder) -> dict[str, dict[str, Any]]:
        """Write CSV, Vega-Lite and SVG of every chart; returns what a page says of each, by its name."""
        slugs = unique_slugs(self._charts)
        stills = zip(self._charts.items(), self._stills.take(), strict=True)
        return {name: _files(slugs[name], chart, still, self._colours, folder) for (name, chart), still in stills}


def _files(name: str, chart: Chart, still: bytes, colours: Mapping[str, Ink], folder: Folder) -> dict[str, Any]:
    spec = specification(chart, colours)
    folder.write(f"charts/{name}.csv", chart_csv(chart))
    folder.write(f"charts/{name}.vl.json", json.dumps(spec, ensure_ascii=False, indent=1) + "\n")
    folder.write(f"charts/{name}.svg", still)
    width, height = _size(still)
    return {
        "slug": name,
        "title": chart.title,
        "note": chart.note,
        "alt": describe(chart),
        "spec": spec,
        "wide": chart.kind == "intervals" and len({mark.label for mark in chart.marks}) > _SMALL_ROWS,
        "published": any(mark.quoted or mark.published is not None for mark in chart.marks),
        "width": width,
        "height": height,
    }


def _size(svg: bytes) -> tuple[int, int]:
    """Width and height of a picture in pixels, so that its place can be kept before it is loaded."""
    found = _SIZE.search(svg)
    if found is None:
        raise ValueError("the drawn chart states no size")
    width, height = (round(float(side) * _PIXELS_PER_POINT) for side in found.groups())
    return width, height
