"""What the findings on artworks say, and the figures that they deserve."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.naming import scorer_kind, scorer_name
from fauve.records import Finding
from fauve.studies.charting import CHANCE, interval_chart, mark
from fauve.studies.leaderboards import Leaderboard, leaderboard
from fauve.studies.protocol import Chart, Mark
from fauve.studies.wording import count, interval, leading, number, range_percent

__all__ = ["ARTWORKS", "HERE", "charts", "sentences"]

ARTWORKS = "the artworks"

HERE = "original pictures here"
"""The range that is measured here, and not quoted."""

MOST_SENTENCES = 4
MOST_STYLES = 3
"""Scorers whose styles are drawn."""


def sentences(findings: Sequence[Finding]) -> list[str]:
    """Places, what the z says, captions read or not, single works; of scorers without a leaderboard the mean."""
    ranks = leading([f for f in findings if f.metric == "rank"])
    said = [_place(f, findings) for f in sorted(ranks, key=lambda f: _of(findings, "relative", f).estimate or 0.0)]
    if not said:
        said = [_mean(f) for f in leading([f for f in findings if f.metric == "mean" and not f.group])]
    said = said[:MOST_SENTENCES]
    captions = leading([f for f in findings if f.metric == "accuracy" and "captions" in f.group])
    said += [_caption(f, _of(findings, "margin", f)) for f in captions[:MOST_SENTENCES]]
    works = [f for f in findings if f.metric == "score" and f.estimate is not None]
    if works:
        mine = [f for f in works if f.scorer == works[0].scorer]
        low = min(mine, key=lambda f: (f.estimate, f.group["work"]))
        start = "" if len(mine) == 1 else f"Of the {len(mine)} works with a name, "
        least = "" if len(mine) == 1 else "least: "
        value = number(low.estimate or 0.0)
        said.append(f"{start}{scorer_name(low.scorer or '')} gives {low.group['work']} {least}{value}.")
    return said


def _of(findings: Sequence[Finding], metric: str, like: Finding) -> Finding:
    """The finding of another metric at the same address."""
    return next(f for f in findings if (f.metric, f.scorer, f.group) == (metric, like.scorer, like.group))


def _place(rank: Finding, findings: Sequence[Finding]) -> str:
    mean = _of(findings, "mean", rank)
    board = leaderboard(rank.scorer or "")
    assert board is not None, "a rank comes from a leaderboard"
    name, level = scorer_name(rank.scorer or ""), mean.estimate or 0.0
    above = board.above(level)
    under = f", below {above[0]} ({number(above[1])})" if above else ", above every model"
    said = (
        f"On the leaderboard of {name} {ARTWORKS} take place {rank.estimate:.0f} of {board.places}{under}: their mean "
        f"is {number(level, mean.low, mean.high)} ({interval(mean)}, n = {mean.n:,})"
    )
    for z in findings:
        mine = z.metric == "z" and z.scorer == rank.scorer and "source" not in z.group
        if mine and z.estimate is not None and z.group["range"] != HERE:
            side = "below" if z.estimate < 0 else "above"
            distance = number(abs(z.estimate), z.low, z.high)
            said += f", {distance} standard deviations {side} the middle of its published range"
    return f"{said}."


def _mean(f: Finding) -> str:
    level = number(f.estimate or 0.0, f.low, f.high)
    name = scorer_name(f.scorer or "")
    return f"{name} gives {ARTWORKS} {level} on average under their captions ({interval(f)}, n = {f.n:,})."


def _caption(f: Finding, margin: Finding) -> str:
    if margin.low == margin.high == 0:
        name = scorer_name(f.scorer or "")
        return f"{name} does not tell an artwork’s caption from another’s: it scores both the same."
    return (
        f"{scorer_name(f.scorer or '')} scored an artwork higher under its own caption than under another’s in "
        f"{count(f)} ({range_percent(f)})."
    )


def charts(study: str, findings: Sequence[Finding]) -> list[Chart]:
    """Relative scores of all boards; each board; own against another's caption; styles of the leading scorers."""
    drawn = _relative(study, findings)
    plain = [f for f in findings if not set(f.group) - {"source"}]
    for scorer in dict.fromkeys(f.scorer or "" for f in plain if f.metric == "rank"):
        board = leaderboard(scorer)
        means = [f for f in plain if f.metric == "mean" and f.scorer == scorer and f.estimate is not None]
        if board is not None:
            drawn += [_board(study, board, means)]
    drawn += interval_chart(
        f"{study}-captions",
        "Is the caption read? Its own against another artwork’s",
        "share of artworks that score higher under their own caption",
        [f for f in findings if f.metric == "accuracy" and "captions" in f.group],
        _row,
        lambda f: f.scorer or "",
        lines=CHANCE,
    )
    return drawn + _styles(study, findings)


def _relative(study: str, findings: Sequence[Finding]) -> list[Chart]:
    return interval_chart(
        f"{study}-relative",
        "Where the artworks stand between the last and the first model",
        "relative score on the scorer’s own leaderboard",
        [f for f in findings if f.metric == "relative"],
        _row,
        lambda f: f.scorer or "",
        lines=((0.0, "last model"), (1.0, "first model")),
        note="Each scorer has a ranking of its own, of other generators and other prompts: places are not comparable.",
    )


def _board(study: str, board: Leaderboard, means: Sequence[Finding]) -> Chart:
    """One ranking, models quoted, artworks measured, the highest first."""
    models = [Mark(name, "", score, None, None, quoted=True) for name, score in board.models]
    ours = [mark(f, _artworks_row(f), board.scorer) for f in means]
    marks = sorted([*models, *ours], key=lambda m: -m.estimate)
    name = scorer_name(board.scorer)
    return Chart(
        f"{study}-board-{board.scorer}",
        "intervals",
        f"The leaderboard of {name}, with the artworks on it",
        f"mean score by {name}",
        tuple(marks),
        note=f"Models as published: {board.source}.",
    )


def _styles(study: str, findings: Sequence[Finding]) -> list[Chart]:
    means = [f for f in findings if f.metric == "mean" and set(f.group) == {"style"}]
    scorers = [s for s in dict.fromkeys(f.scorer or "" for f in means) if scorer_kind(s) == "model"]
    drawn: list[Chart] = []
    for scorer in scorers[:MOST_STYLES]:
        mine = [f for f in means if f.scorer == scorer]
        if len(mine) > 1:
            name = scorer_name(scorer)
            drawn += interval_chart(
                f"{study}-styles-{scorer.replace(':', '-')}",
                f"{name} by style",
                f"mean score by {name}",
                mine,
                lambda f: f.group["style"],
                lambda f: f.scorer or "",
            )
    return drawn


def _artworks_row(f: Finding) -> str:
    return f"Artworks, {f.group['source']}" if "source" in f.group else "Artworks"


def _row(f: Finding) -> str:
    name = f.scorer or ""
    return f"{scorer_name(name)}, {f.group['source']}" if "source" in f.group else name
