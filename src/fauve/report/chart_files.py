"""The files of a chart: its numbers, its specification, and the picture that stands in for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fauve.report.charts import chart_csv, describe, specification
from fauve.report.colours import Ink
from fauve.report.pages import Folder
from fauve.studies.protocol import Chart

__all__ = ["chart_files"]

_SMALL_ROWS = 3
"""Interval charts with at most so many rows stand side by side, as dose charts do."""

_SIZE = re.compile(rb'width="([\d.]+)pt" height="([\d.]+)pt"')
_PIXELS_PER_POINT = 4 / 3


def chart_files(
    charts: Iterable[tuple[str, Chart]], colours: Mapping[str, Ink], folder: Folder
) -> list[dict[str, Any]]:
    """Write CSV, Vega-Lite and SVG of every (file name, chart); returns what a page says of each."""
    # matplotlib takes half a second to load, and whoever only reads findings never draws.
    from fauve.report.figures import svg  # noqa: PLC0415

    drawn = []
    for name, chart in charts:
        spec = specification(chart, colours)
        still = svg(chart, colours)
        folder.write(f"charts/{name}.csv", chart_csv(chart))
        folder.write(f"charts/{name}.vl.json", json.dumps(spec, ensure_ascii=False, indent=1) + "\n")
        folder.write(f"charts/{name}.svg", still)
        width, height = _size(still)
        drawn.append(
            {
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
        )
    return drawn


def _size(svg: bytes) -> tuple[int, int]:
    """Width and height of a picture in pixels, so that its place can be kept before it is loaded."""
    found = _SIZE.search(svg)
    if found is None:
        raise ValueError("the drawn chart states no size")
    width, height = (round(float(side) * _PIXELS_PER_POINT) for side in found.groups())
    return width, height
