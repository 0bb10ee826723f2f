from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

from fauve.charting import Chart, Mark
from fauve.report.charts import DRAWN, chart_csv, describe, end_labels, specification
from fauve.report.colours import CONTROL, PALETTE, inks
from fauve.report.figures import svg


def colours_of(charts: tuple[Chart, ...]) -> dict[str, object]:
    return inks({mark.series for chart in charts for mark in chart.marks})  # type: ignore[return-value]


def test_a_scorer_has_the_same_colour_whoever_stands_beside_it() -> None:
    alone, beside = inks(["hpsv3"]), inks(["zzz", "hpsv3", "mine", "random"])
    assert alone["hpsv3"] == beside["hpsv3"] == PALETTE[0]
    assert beside["random"] == CONTROL
    assert len({beside[name].light for name in beside}) == 4


def test_colours_run_out_before_they_repeat() -> None:
    many = inks([f"scorer {n}" for n in range(20)])
    assert len({(ink.light, ink.shape) for ink in many.values()}) == 20
    assert len({(ink.light, ink.dash) for ink in many.values()}) == 20
    counts = [sum(ink.light == used.light for ink in many.values()) for used in PALETTE]
    assert max(counts) - min(counts) <= 1


def test_the_specification_carries_its_data_controls_in_grey_and_both_papers(charts: tuple[Chart, ...]) -> None:
    rows = charts[0]
    spec = specification(rows, colours_of(charts))  # type: ignore[arg-type]
    values = spec["data"]["values"]
    assert [v["label"] for v in values] == ["HPSv3", "mine", "Random"]
    assert values[0]["told"] == "HPSv3: 0.290 [0.240, 0.340]; published 0.31"
    assert spec["config"]["range"]["category"][2] == CONTROL.light
    assert spec["usermeta"]["dark"]["range"]["category"][2] == CONTROL.dark
    (order,) = {tuple(layer["encoding"]["y"]["scale"]["domain"]) for layer in spec["layer"] if "transform" in layer}
    assert order == ("HPSv3", "mine", "Random")


def quoting() -> Chart:
    own = Mark("mine", "mine", 0.6, 0.5, 0.7)
    others = (Mark("HPSv3, published", "", 0.381, None, None, quoted=True), Mark("A", "", 12.1, 9.0, 15.0, quoted=True))
    return Chart("standing", "intervals", "Standing", "share", (own, *others))


def test_a_quoted_figure_is_drawn_as_published_and_never_as_measured() -> None:
    spec = specification(quoting(), inks(["mine"]))
    own, lone, ranged = spec["data"]["values"]
    assert (own["estimate"], own["published"]) == (0.6, None)
    assert (lone["estimate"], lone["low"], lone["published"], lone["told"]) == (
        None,
        None,
        0.381,
        "HPSv3, published: 0.381",
    )
    assert (ranged["published_low"], ranged["published_high"]) == (9.0, 15.0)
    assert spec["config"]["range"]["category"] == [inks(["mine"])["mine"].light]
    assert spec["config"]["style"]["published"]["color"] == spec["config"]["axis"]["labelColor"]


def test_a_quoted_figure_needs_no_colour_and_says_in_the_data_that_it_is_one() -> None:
    rows = list(csv.DictReader(io.StringIO(chart_csv(quoting()))))
    assert [row["quoted"] for row in rows] == ["no", "yes", "yes"]
    assert b"HPSv3, published" in svg(quoting(), inks(["mine"]))
    assert "HPSv3, published 0.381" in describe(quoting())


def test_shapes_do_not_point_to_either_side() -> None:
    assert not {ink.shape for ink in PALETTE} & {"triangle-left", "triangle-right", "arrow"}
    for shape, path in DRAWN.items():
        points = [tuple(map(float, pair.split(","))) for pair in path.strip("MZ").split("L")]
        assert {(-x, y) for x, y in points} == {(0.0 - x, y) for x, y in points} == set(points), shape


def test_rows_with_several_series_get_lanes_and_a_legend(charts: tuple[Chart, ...]) -> None:
    spec = specification(charts[1], colours_of(charts))  # type: ignore[arg-type]
    marks = [layer for layer in spec["layer"] if "yOffset" in layer["encoding"]]
    assert marks
    assert marks[0]["encoding"]["color"]["legend"] is not None


def test_names_at_the_ends_of_lines_keep_apart_and_near() -> None:
    values = (0.0, 0.01, 0.02, 5.0)
    marks = tuple(Mark("", f"s{i}", value, None, None, x=1.0) for i, value in enumerate(values))
    placed = end_labels(Chart("d", "dose", "t", "a", marks))
    ys = [y for _, y, _ in placed]
    assert [name for *_, name in placed] == ["s0", "s1", "s2", "s3"]
    assert all(above - below >= 0.3 for below, above in pairwise(ys))
    assert abs(ys[-1] - 5.0) < 0.5


def test_csv_of_a_chart_reads_back(charts: tuple[Chart, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(chart_csv(charts[2]))))
    assert [float(row["x"]) for row in rows[:3]] == [0.0, 0.5, 1.0]
    assert rows[0]["control"] == "no"


def test_the_description_tells_values_and_lines(charts: tuple[Chart, ...]) -> None:
    told = describe(charts[0])
    assert "HPSv3 0.290 [0.240, 0.340]" in told
    assert "chance at 0.5" in told


def test_svg_is_the_same_every_time_and_has_no_date(charts: tuple[Chart, ...]) -> None:
    for chart in charts:
        made = svg(chart, colours_of(charts))  # type: ignore[arg-type]
        assert made == svg(chart, colours_of(charts))  # type: ignore[arg-type]
        assert b"dc:date" not in made
        assert b"Matplotlib v" not in made


def test_svg_survives_hostile_names(hostile: str) -> None:
    marks = (Mark(f"{hostile}\x00\x1b$x$", hostile, 1.0, 0.5, 1.5), Mark("b", "b", 2.0, None, None))
    colours = inks([hostile, "b"])
    root = ElementTree.fromstring(svg(Chart("x", "intervals", hostile, hostile, marks, ((1.0, hostile),)), colours))
    assert not [node for node in root.iter() if node.tag.endswith("script") or "onerror" in node.attrib]
