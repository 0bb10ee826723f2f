"""The same charts for print: SVG by matplotlib, the same bytes for the same chart.

This is the only module that imports matplotlib.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from fauve.charting import Chart, Mark
from fauve.report.charts import describe, end_labels, ink_of, mark_text, printable, series_of, shown_name
from fauve.report.colours import Ink

__all__ = ["svg"]

_INK, _SOFT, _LINE = "#1f1b16", "#6f675c", "#d9d2c5"
_MARKERS = {
    "circle": "o",
    "square": "s",
    "triangle-up": "^",
    "diamond": "D",
    "triangle-down": "v",
    "cross": "P",
    "pentagon": "p",
    "star": "*",
}
_STYLE: Any = {
    "svg.hashsalt": "fauve",
    "svg.fonttype": "none",  # text stays text: it can be searched, edited and read aloud
    "text.parse_math": False,  # a name with two dollar signs is a name
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": _LINE,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _INK,
    "axes.unicode_minus": True,
}
_WIDTH = 7.2
_MARGIN = 0.1
"""White around a chart, in inches."""


def svg(chart: Chart, colours: Mapping[str, Ink]) -> bytes:
    """The chart as an SVG file on white."""
    with mpl.rc_context(_STYLE):
        figure = _dose(chart, colours) if chart.kind == "dose" else _intervals(chart, colours)
        buffer = io.BytesIO()
        metadata = {
            "Date": None,
            "Creator": None,
            "Title": printable(chart.title),
            "Description": printable(describe(chart)),
        }
        # "tight" would draw everything twice; measuring the texts once is enough.
        shown = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer()).padded(_MARGIN)  # type: ignore[no-untyped-call]
        figure.savefig(buffer, format="svg", bbox_inches=shown, metadata=metadata)
    return buffer.getvalue()


def _intervals(chart: Chart, colours: Mapping[str, Ink]) -> Figure:
    labels = list(dict.fromkeys(mark.label for mark in chart.marks))
    series = series_of(chart)
    lanes = len(series) if len(chart.marks) > len(labels) else 1
    figure = Figure(figsize=(_WIDTH, 0.9 + len(labels) * (0.16 + 0.16 * lanes)))
    axes = figure.add_subplot()
    _reference_lines(chart, axes.axvline, axes, upright=True)
    step = 0.8 / lanes
    placed: dict[str, list[tuple[Mark, float]]] = {}
    for mark in chart.marks:
        lane = series.index(mark.series) if lanes > 1 and not mark.quoted else 0
        row = labels.index(mark.label) + (lane - (lanes - 1) / 2) * step
        if mark.quoted:
            _quotation(axes, mark, labels.index(mark.label))
        else:
            placed.setdefault(mark.series, []).append((mark, row))
    for name, marks in placed.items():
        _series(axes, marks, ink_of(chart, name, colours))
    axes.set_yticks(range(len(labels)), [shown_name(label) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel(printable(chart.axis))
    if lanes > 1 or any(mark.label != mark.series for mark in chart.marks if not mark.quoted):
        _legend(axes, chart, series, colours)
    return _bare(figure, axes, "x")


def _series(axes: Axes, marks: list[tuple[Mark, float]], ink: Ink) -> None:
    """The marks of one series with their rows; lines and markers of a series are one object each, for speed."""
    bounded = [(row, mark.low, mark.high) for mark, row in marks if mark.low is not None and mark.high is not None]
    if bounded:
        rows, lows, highs = zip(*bounded, strict=True)
        axes.hlines(rows, lows, highs, color=ink.light, linewidth=1.6, capstyle="round", zorder=2)
    estimates = [mark.estimate for mark, _ in marks]
    axes.plot(
        estimates,
        [row for _, row in marks],
        marker=_MARKERS[ink.shape],
        color=ink.light,
        markersize=6,
        linestyle="none",
    )
    for mark, row in marks:
        if mark.published is not None:
            _diamond(axes, mark.published, row)
        _beside(axes, mark_text(mark), row)


def _quotation(axes: Axes, mark: Mark, row: float) -> None:
    if mark.low is not None and mark.high is not None:
        axes.plot([mark.low, mark.high], [row, row], color=_SOFT, linewidth=1.2)
    _diamond(axes, mark.estimate, row)
    _beside(axes, mark_text(mark), row)


def _diamond(axes: Axes, value: float, row: float) -> None:
    axes.plot([value], [row], marker="D", markerfacecolor="none", markeredgecolor=_SOFT, markersize=6, linestyle="none")


def _beside(axes: Axes, text: str, row: float) -> None:
    place: Any = {"xy": (1, row), "xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(text, xytext=(8, 0), va="center", ha="left", fontsize=8, color=_SOFT, **place)


def _legend(axes: Axes, chart: Chart, series: list[str], colours: Mapping[str, Ink]) -> None:
    for name in series:
        ink = ink_of(chart, name, colours)
        label = shown_name(name)
        # A label that starts with an underscore would be left out by matplotlib.
        axes.plot([], [], marker=_MARKERS[ink.shape], color=ink.light, linestyle="none", label=f"\u200b{label}")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.04), ncols=4, frameon=False, fontsize=8, handletextpad=0.3)


def _dose(chart: Chart, colours: Mapping[str, Ink]) -> Figure:
    figure = Figure(figsize=(_WIDTH, 3.6))
    axes = figure.add_subplot()
    _reference_lines(chart, axes.axhline, axes, upright=False)
    for name in dict.fromkeys(mark.series for mark in chart.marks):
        _line(axes, [mark for mark in chart.marks if mark.series == name], ink_of(chart, name, colours))
    for x, y, name in end_labels(chart):
        ink = ink_of(chart, name, colours)
        axes.annotate(
            shown_name(name),
            (x, y),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=ink.light,
            annotation_clip=False,
        )
    axes.set_xlabel(printable(chart.x_axis))
    axes.set_ylabel(printable(chart.axis))
    return _bare(figure, axes, "y")


def _line(axes: Axes, marks: list[Mark], ink: Ink) -> None:
    marks = sorted(marks, key=lambda mark: mark.x or 0.0)
    xs = [mark.x or 0.0 for mark in marks]
    axes.plot(xs, [m.estimate for m in marks], color=ink.light, linewidth=1.8, marker=_MARKERS[ink.shape], markersize=4)
    bounded = [(m.x or 0.0, m.low, m.high) for m in marks if m.low is not None and m.high is not None]
    if bounded:
        at, lows, highs = zip(*bounded, strict=True)
        axes.fill_between(at, lows, highs, color=ink.light, alpha=0.14, linewidth=0)


def _reference_lines(chart: Chart, draw: Callable[..., Any], axes: Axes, *, upright: bool) -> None:
    for value, label in chart.lines:
        draw(value, color=_SOFT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
        place = ((value, 1), ("data", "axes fraction")) if upright else ((0, value), ("axes fraction", "data"))
        axes.annotate(
            printable(label),
            place[0],
            xycoords=place[1],
            xytext=(0, 3) if upright else (2, 3),
            textcoords="offset points",
            ha="center" if upright else "left",
            va="bottom",
            fontsize=8,
            color=_SOFT,
        )


def _bare(figure: Figure, axes: Axes, grid: str) -> Figure:
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color=_LINE, linewidth=0.6)  # type: ignore[arg-type]
    return figure
