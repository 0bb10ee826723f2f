"""Charts drawn in another process are the charts drawn here; what fails there is said here."""

from __future__ import annotations

import pytest

from fauve.charting import Chart, Mark
from fauve.errors import FauveError
from fauve.report.colours import Ink, inks
from fauve.report.figures import svg
from fauve.report.stills import Stills


def charts(n: int) -> list[Chart]:
    marks = (
        Mark("first", "hpsv3", 0.25, 0.1, 0.4, published=0.3),
        Mark("second", "random", 0.5, None, None, control=True),
        Mark("third", "hpsv3", 1 / 3, 0.2, 0.45, quoted=True),
    )
    doses = tuple(Mark(f"{x}", "hpsv3", 0.1 * x, 0.1 * x - 0.05, 0.1 * x + 0.05, x=float(x)) for x in range(4))
    made: list[Chart] = []
    for k in range(n):
        kind = ("intervals", "dose")[k % 2]
        lines = ((0.5, "chance"),)
        made.append(Chart(f"c{k}", kind, f"Chart {k} & $x$", "accuracy", (marks, doses)[k % 2], lines, "dose"))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("n", [0, 3, 24])
def test_every_still_is_what_the_chart_looks_like_here(n: int) -> None:
    wanted, colours = charts(n), inks({"hpsv3", "random"})
    with Stills(wanted, colours) as stills:
        assert stills.take() == [svg(chart, colours) for chart in wanted]


def test_what_went_wrong_in_the_other_process_is_said() -> None:
    unknown = {name: Ink("#000000", "#ffffff", "no such shape", (1, 0)) for name in ("hpsv3", "random")}
    with Stills(charts(24), unknown) as stills, pytest.raises(FauveError, match=r"could not be drawn .*no such shape"):
        stills.take()
