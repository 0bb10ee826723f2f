"""Charts as Vega-Lite: a neutral :class:`fauve.studies.protocol.Chart` becomes a specification with its data inside.

Nothing here is text that a browser runs: labels travel as data, never in an expression (an order by names would be
one, so orders are domains of scales), and the page evaluates expressions with Vega's interpreter. The colours of light
paper stand in ``config``, those of dark paper in ``usermeta.dark``.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping
from typing import Any

from fauve.charting import Chart, Mark
from fauve.naming import generator_name, scorer_name
from fauve.report.colours import CONTROL, Ink
from fauve.report.csv_cells import csv_text
from fauve.report.numbers import format_estimate, format_value

__all__ = [
    "DRAWN",
    "chart_csv",
    "describe",
    "end_labels",
    "ink_of",
    "mark_text",
    "printable",
    "series_of",
    "shown_name",
    "specification",
]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SANS = "ui-sans-serif, system-ui, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"
_LIGHT = {"ink": "#1f1b16", "soft": "#6f675c", "line": "#d9d2c5", "paper": "#fbf7ef"}
_DARK = {"ink": "#efe8dc", "soft": "#a89e90", "line": "#3b342d", "paper": "#15110e"}
_ROW = 28
_LANE = 15
_SPOKEN_ROWS = 12
_TITLE_LETTERS = 48
_LINE = 15
_ABOVE = 26
"""The title of an upright axis stands so far above the plot: the name of a line at its upper edge has room below."""
_MOST_DOSES = 8

DRAWN = {
    "pentagon": "M0,-1L0.95,-0.31L0.59,0.81L-0.59,0.81L-0.95,-0.31Z",
    "star": "M0,-1L0.29,-0.4L0.95,-0.31L0.48,0.15L0.59,0.81L0,0.5L-0.59,0.81L-0.48,0.15L-0.95,-0.31L-0.29,-0.4Z",
}
"""Shapes that Vega does not know by name, as paths within −1 and 1."""

Spec = dict[str, Any]


def specification(chart: Chart, colours: Mapping[str, Ink]) -> Spec:
    """The Vega-Lite specification of a chart; ``colours`` has an ink for every series."""
    series = series_of(chart)
    chosen = [ink_of(chart, name, colours) for name in series]
    body = _dose(chart, series) if chart.kind == "dose" else _intervals(chart, series)
    return {
        "$schema": _SCHEMA,
        "description": printable(chart.title),
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"name": "marks", "values": [_datum(mark) for mark in chart.marks]},
        **body,
        "config": _config(_LIGHT, [ink.light for ink in chosen], chosen),
        "usermeta": {"dark": _config(_DARK, [ink.dark for ink in chosen], chosen)},
    }


def series_of(chart: Chart) -> list[str]:
    """The series that have a colour, in order of appearance: those of marks that were measured here."""
    return list(dict.fromkeys(mark.series for mark in chart.marks if not mark.quoted))


def shown_name(name: str) -> str:
    """How the name of a scorer or generator is written; any other text stands as it is, without control characters."""
    return printable(generator_name(scorer_name(name)))


def printable(text: str) -> str:
    """A text without control characters, which neither XML nor Vega's parser of expressions has a place for."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def ink_of(chart: Chart, series: str, colours: Mapping[str, Ink]) -> Ink:
    """The colour of a series in a chart: grey where all of its marks are controls."""
    if all(mark.control for mark in chart.marks if mark.series == series and not mark.quoted):
        return CONTROL
    return colours[series]


def chart_csv(chart: Chart) -> str:
    """The numbers behind a chart, one row a mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["label", "series", "x", "estimate", "low", "high", "published", "control", "quoted"])
    for mark in chart.marks:
        numbers = [_number(x) for x in (mark.x, mark.estimate, mark.low, mark.high, mark.published)]
        flags = ["yes" if flag else "no" for flag in (mark.control, mark.quoted)]
        writer.writerow([csv_text(mark.label), csv_text(mark.series), *numbers, *flags])
    return buffer.getvalue()


def mark_text(mark: Mark) -> str:
    """The value of a mark with its interval, as it reads."""
    return " ".join(filter(None, format_estimate(mark.estimate, mark.low, mark.high)))


def describe(chart: Chart) -> str:
    """What a chart shows, in words, for readers who cannot see it."""
    told = chart.marks[:_SPOKEN_ROWS]
    rows = "; ".join(f"{_named(mark)} {mark_text(mark)}" for mark in told)
    more = len(chart.marks) - len(told)
    rest = f"; and {more} more, all in the table and the CSV file" if more else ""
    lines = "".join(f" A line marks {label} at {format_value(value)}." for value, label in chart.lines)
    return f"{chart.title}. {chart.axis}: {rows}{rest}.{lines}"


def end_labels(chart: Chart) -> list[tuple[float, float, str]]:
    """Where each line of a dose chart is named: (x, y, series), moved apart so that no two names overlap."""
    last: dict[str, Mark] = {}
    for mark in chart.marks:
        if mark.series not in last or _dose_of(mark) >= _dose_of(last[mark.series]):
            last[mark.series] = mark
    low, high = _span(chart)
    gap = (high - low) * 0.075
    placed: list[tuple[float, float, str]] = []
    for name, mark in sorted(last.items(), key=lambda entry: entry[1].estimate):
        floor = placed[-1][1] + gap if placed else float("-inf")
        placed.append((_dose_of(mark), max(mark.estimate, floor), name))
    over = placed[-1][1] - max(high, placed[-1][1] - gap * (len(placed) - 1)) if placed else 0.0
    return [(x, y - max(over, 0.0) / 2, name) for x, y, name in placed]


def _span(chart: Chart) -> tuple[float, float]:
    values = [v for m in chart.marks for v in (m.estimate, m.low, m.high) if v is not None]
    return min(values), max(values)


def _dose_of(mark: Mark) -> float:
    return 0.0 if mark.x is None else mark.x


def _named(mark: Mark) -> str:
    names = [shown_name(mark.label), "" if mark.quoted else shown_name(mark.series)]
    dose = f" at {format_value(mark.x)}" if mark.x is not None else ""
    return f"{', '.join(dict.fromkeys(filter(None, names)))}{dose}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(printable(text), _TITLE_LETTERS) or [""]


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _datum(mark: Mark) -> Spec:
    value, interval = format_estimate(mark.estimate, mark.low, mark.high)
    beside = "" if mark.published is None else f"; published {format_value(mark.published, 6)}"
    made = {
        "label": shown_name(mark.label),
        "series": shown_name(mark.series),
        "x": mark.x,
        "estimate": mark.estimate,
        "low": mark.low,
        "high": mark.high,
        "published": mark.published,
        "value": value,
        "told": f"{_named(mark)}: {value} {interval}{beside}",
    }
    if not mark.quoted:
        return made
    lone = format_value(mark.estimate, 6)
    quoted = {"published": mark.estimate, "published_low": mark.low, "published_high": mark.high}
    return (
        made | quoted | {"estimate": None, "low": None, "high": None, "value": lone, "told": f"{_named(mark)}: {lone}"}
    )


def _config(theme: Mapping[str, str], colours: list[str], chosen: list[Ink]) -> Spec:
    axis = {
        "domain": False,
        "ticks": False,
        "gridColor": theme["line"],
        "labelColor": theme["soft"],
        "titleColor": theme["soft"],
        "titleFontWeight": "normal",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelPadding": 6,
        "titlePadding": 10,
    }
    return {
        "font": _SANS,
        "background": None,
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"tickCount": 6},
        "axisY": {"labelColor": theme["ink"], "tickCount": 6},
        "text": {"color": theme["ink"], "fontSize": 13},
        "rule": {"color": theme["soft"]},
        "style": {
            "reference": {"stroke": theme["soft"], "strokeDash": [3, 3]},
            "reference-label": {"fill": theme["soft"]},
            "reference-halo": {"fill": theme["paper"], "stroke": theme["paper"], "strokeWidth": 5},
            "published": {"color": theme["soft"], "filled": False},
            "published-range": {"stroke": theme["soft"]},
        },
        "legend": {"labelColor": theme["ink"], "labelFontSize": 13, "symbolSize": 70, "labelLimit": 260},
        "range": {"category": colours, "symbol": [DRAWN.get(ink.shape, ink.shape) for ink in chosen]},
    }


def _colour(series: list[str], legend: bool) -> Spec:
    shown = {"orient": "top", "title": None, "columns": 4} if legend else None
    return {
        "field": "series",
        "type": "nominal",
        "scale": {"domain": [shown_name(name) for name in series]},
        "legend": shown,
    }


def _references(chart: Chart, channel: str) -> list[Spec]:
    if not chart.lines:
        return []
    values = [{"at": value, "name": printable(label)} for value, label in chart.lines]
    place = {channel: {"field": "at", "type": "quantitative"}}
    across = channel == "x"
    label: Spec = {
        "type": "text",
        "baseline": "bottom",
        "align": "center" if across else "left",
        "dy": -4 if across else -3,
    }
    corner = {"y": {"value": 0}} if across else {"x": {"value": 4}}
    shown = {**place, **corner, "text": {"field": "name", "type": "nominal"}}
    return [
        {"data": {"values": values}, "mark": {"type": "rule", "style": "reference"}, "encoding": place},
        # The name keeps clear of what runs behind it.
        {"data": {"values": values}, "mark": {**label, "style": "reference-halo"}, "encoding": shown},
        {"data": {"values": values}, "mark": {**label, "style": "reference-label"}, "encoding": shown},
    ]


def _intervals(chart: Chart, series: list[str]) -> Spec:
    labels = list(dict.fromkeys(shown_name(mark.label) for mark in chart.marks))
    lanes = len(chart.marks) > len(labels)
    measured = [mark for mark in chart.marks if not mark.quoted]
    told = any(shown_name(m.label) != shown_name(m.series) for m in measured) and len(series) > 1
    row: Spec = {
        "y": {
            "field": "label",
            "type": "nominal",
            "scale": {"domain": labels},
            "title": None,
            "axis": {"labelLimit": 340, "labelPadding": 10, "grid": False},
        }
    }
    if lanes:
        row["yOffset"] = {"field": "series", "scale": {"domain": [shown_name(name) for name in series]}}
    across: Spec = {
        "field": "estimate",
        "type": "quantitative",
        "title": _wrapped(chart.axis),
        "scale": {"zero": False, "nice": True},
        "axis": {"labelFlush": False},
    }
    colour = _colour(series, told)
    shape = {"field": "series", "type": "nominal", "scale": colour["scale"], "legend": colour["legend"]}
    layers: list[Spec] = [
        *_references(chart, "x"),
        {
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "rule", "strokeWidth": 2, "strokeCap": "round"},
            "encoding": {**row, "x": {**across, "field": "low"}, "x2": {"field": "high"}, "color": colour},
        },
        {
            "transform": [{"filter": "isValid(datum.published_low) && isValid(datum.published_high)"}],
            "mark": {"type": "rule", "style": "published-range", "strokeWidth": 1.5},
            "encoding": {**row, "x": {**across, "field": "published_low"}, "x2": {"field": "published_high"}},
        },
        {
            "transform": [{"filter": "isValid(datum.published)"}],
            "mark": {"type": "point", "shape": "diamond", "size": 90, "style": "published", "strokeWidth": 1.5},
            "encoding": {**row, "x": {**across, "field": "published"}, "tooltip": {"field": "told"}},
        },
        {
            "transform": [{"filter": "isValid(datum.estimate)"}],
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
            "encoding": {**row, "x": across, "color": colour, "shape": shape, "tooltip": {"field": "told"}},
        },
        {
            "name": "values",
            "mark": {"type": "text", "align": "left", "dx": 10},
            "encoding": {**row, "x": {"value": {"expr": "width"}}, "text": {"field": "value"}},
        },
    ]
    height = _lane_height(chart, labels) if lanes else max(len(labels), 1) * _ROW
    return {"height": height, "layer": layers}


def _lane_height(chart: Chart, labels: list[str]) -> int:
    most = max(sum(shown_name(m.label) == label for m in chart.marks) for label in labels)
    return len(labels) * (most * _LANE + 16)


def _dose(chart: Chart, series: list[str]) -> Spec:
    place: Spec = {"x": _doses(chart), "y": _upright(chart), "color": _colour(series, legend=False)}
    names = [{"x": at, "estimate": y_at, "series": shown_name(name)} for at, y_at, name in end_labels(chart)]
    lit = {"condition": {"param": "lit", "value": 1, "empty": True}, "value": 0.25}
    rule, *name = _references(chart, "y") or [{}]
    layers: list[Spec] = [
        rule,
        {
            "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}],
            "mark": {"type": "area", "opacity": 0.16},
            "encoding": {**place, "y": {**place["y"], "field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**place, "opacity": lit}},
        _points(place, lit),
        {
            "name": "names",
            "data": {"values": names},
            "mark": {"type": "text", "align": "left", "dx": 9, "limit": 170},
            "encoding": {**place, "text": {"field": "series"}},
        },
        *name,
    ]
    return {"height": 260, "layer": [layer for layer in layers if layer]}


def _doses(chart: Chart) -> Spec:
    """The axis of a dose chart that runs along its foot."""
    doses = sorted({_dose_of(mark) for mark in chart.marks})
    ticks = {"values": doses} if len(doses) <= _MOST_DOSES else {}
    return {
        "field": "x",
        "type": "quantitative",
        "title": printable(chart.x_axis) or None,
        # By expression: a format given as such is cut to the digits that steps of the axis need, and .25 became 0.3.
        "axis": {"grid": False, "labelFlush": False, "labelExpr": "format(datum.value, '.4~g')", **ticks},
    }


def _upright(chart: Chart) -> Spec:
    """The other axis; its title stands above it and reads from left to right."""
    title = _wrapped(chart.axis)
    upright = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleBaseline": "bottom"}
    return {
        "field": "estimate",
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False},
        "axis": {**upright, "titleX": 0, "titleY": -_ABOVE - _LINE * (len(title) - 1)},
    }


def _points(place: Spec, lit: Spec) -> Spec:
    """The estimates; pointing at one lights its series."""
    pointed = {"type": "point", "fields": ["series"], "on": "pointerover", "clear": "pointerout"}
    shape = {"field": "series", "type": "nominal", "scale": place["color"]["scale"], "legend": None}
    return {
        "params": [{"name": "lit", "select": pointed}],
        "mark": {"type": "point", "filled": True, "size": 46},
        "encoding": {**place, "shape": shape, "opacity": lit, "tooltip": {"field": "told"}},
    }
