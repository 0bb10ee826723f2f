"""Does steering bring a generator back to its prompt, by how much, and at what price?

Source: arXiv 2512.11883, Table 6 and Fig. 8 (Value Sign Flip); the alignment dial is new here. Every steered generator
is compared with the same generator unsteered, on the same plain prompt, request and draw:

    shift under the anti prompt      r(steered Ia, pa) − r(unsteered Ia, pa): above 0 where steering serves the prompt
    shift under the original prompt  the same under po: what a reward takes off for it
    plain shift                      r(steered Io, po) − r(unsteered Io, po): what steering costs where nothing unusual
                                     is asked for
    requested levels                 J(steered Ia, d) − J(unsteered Ia, d) over what was requested
    honoured                         difference of the shares of requests honoured, each against its own plain picture

Where a method ran at several strengths, the slope over them is taken within each prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from fauve.models.steering.steered_name import SteeredName
from fauve.naming import generator_name, scorer_name
from fauve.numbers import fixed
from fauve.records import Finding
from fauve.studies.contrasting import by_scorer
from fauve.studies.dose_response import slope_finding
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.families import steering_of
from fauve.studies.honoured import honoured, requests
from fauve.studies.paired import mean_finding, with_draw
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.stating import Address, corrected, source_note
from fauve.studies.steered import DIAL, Sweep, extrapolated, shown, steered_among, sweeps
from fauve.studies.steering_charts import steering_charts
from fauve.studies.surest import surest
from fauve.studies.wording import interval, number

__all__ = ["STUDY"]

NAME = "steering"

SAME = ("cluster", "request", "draw")
"""What two pictures that are compared have in common."""

CORNERS = {"anti": "aa", "original": "ao", "plain": "oo"}
"""What is scored under what: the anti image under pa, the same under po, the original image under po."""

MOST_SENTENCES = 3


class Steering:
    """Steered generators against their unsteered base."""

    name = NAME
    title = "What steering gives back, and what it costs"
    question = "Does a steered generator keep to its prompt better than the same generator unsteered?"
    method = (
        "Shift = score of the steered anti image − score of the unsteered one, under the anti and under the original "
        "prompt; plain shift = the same of the original images, the cost where nothing unusual is asked for. Pairs "
        "share plain prompt, request and draw. Bootstrap by prompt, Wilcoxon's signed-rank test over prompts, Holm's "
        "correction. Slopes over strengths are taken within prompt, request and draw. The unsteered partner of a "
        "dialled generator is the generator itself, at 1 of its dial. Whether a request is honoured is judged against "
        "the plain picture of the same generator."
    )
    source = "arXiv 2512.11883, Table 6 and Fig. 8"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Shift, plain shift, requested levels, requests honoured; slopes over strengths."""
        pairs = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
        names = pairs["generator"].unique().sort().to_list()
        steered = steered_among(names)
        if not steered:
            return []
        lines = sweeps(steered, names)
        findings: list[Finding] = []
        grid = with_draw(evidence.pair_grid().filter(pl.col("generator").is_in(names)))
        # A scorer that never ran on a generator has nothing to say of it, which "tried" is for.
        grid = grid.with_columns((pl.col("tried_anti") | pl.col("tried_original")).alias("tried"))
        for where, table in by_scorer(grid, Address(NAME)):
            note = source_note(str(table["source"][0]))
            for name, steering in steered.items():
                findings += _scored(where, table, name, steering, note)
            for sweep in lines:
                for prompt, corner in CORNERS.items():
                    findings += _slope(where.at(prompt=prompt), table, sweep, corner, [note])
        for judge, levels, wanted in _judged(evidence, with_draw(pairs)):
            at = Address(NAME, group={"judge": judge})
            for name, steering in steered.items():
                findings += _levels(at, levels, wanted, name, steering)
            for sweep in lines:
                findings += _slope(at, levels, sweep, "asked", ["level of requested dimensions"])
        return corrected(findings)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Requests that steering gives back, what it gives under the request, what it costs elsewhere, the doses."""
        scored = [f for f in findings if f.scorer and f.generator]
        said = [
            _honoured_sentence(f)
            for f in surest([f for f in findings if f.metric == "honoured_difference" and "dimension" not in f.group])
        ][:MOST_SENTENCES]
        said += [
            _shift_sentence(f)
            for f in surest([f for f in scored if f.metric == "shift" and f.group.get("prompt") == "anti"])
        ][:MOST_SENTENCES]
        said += [_cost_sentence(f) for f in surest([f for f in scored if f.metric == "plain_shift"])][:MOST_SENTENCES]
        slopes = [f for f in scored if f.metric == "slope" and f.group.get("prompt") == "anti"]
        said += [_slope_sentence(f) for f in surest(slopes)][:MOST_SENTENCES]
        outside = sorted({f.generator for f in findings if f.generator and _outside(f)})
        if outside:
            names = ", ".join(generator_name(name) for name in outside)
            said.append(f"Extrapolated, where nothing was trained: {names}.")
        if findings and not said:
            names = ", ".join(generator_name(name) for name in dict.fromkeys(f.generator or "" for f in findings))
            said.append(
                f"Steered pictures without any of the same generator unsteered say nothing of steering: {names}."
            )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """For every model under study, and every judge: the change against unsteered, by strength or by generator."""
        return steering_charts(NAME, findings)


def _at(where: Address, name: str, steering: SteeredName) -> Address:
    return Address(where.study, where.scorer, name, {**where.group, "base": steering.base})


def _notes(name: str, steering: SteeredName, more: str) -> list[str]:
    flag = (
        f"extrapolated: a dial at {shown(steering.dial or 0.0)} lies outside 0 to 1" if extrapolated(steering) else ""
    )
    return [generator_name(name), flag, more]


def _partner(table: pl.DataFrame, base: str, columns: Sequence[str]) -> pl.DataFrame:
    own = table.filter(pl.col("generator") == base)
    return own.group_by(SAME).agg(pl.col(column).mean().alias(f"base_{column}") for column in columns)


def _scored(where: Address, table: pl.DataFrame, name: str, steering: SteeredName, note: str) -> Iterator[Finding]:
    own = table.filter(pl.col("generator") == name)
    if not own["tried"].any():
        return
    corners = list(CORNERS.values())
    base = _partner(table, steering.base, corners)
    both = own.join(base, on=SAME, how="left").with_columns(
        (pl.col(corner) - pl.col(f"base_{corner}")).alias(f"d_{corner}") for corner in corners
    )
    at, notes = _at(where, name, steering), _notes(name, steering, note)
    for prompt in ("anti", "original"):
        corner = CORNERS[prompt]
        if not base.is_empty():
            yield mean_finding(at.at(prompt=prompt), "shift", both, f"d_{corner}", notes=notes)
        group = {"prompt": "anti"} if prompt == "anti" else {}
        beside = published(NAME, "after", where.scorer, name, group)
        yield mean_finding(at.at(prompt=prompt), "after", own, corner, test=False, published=beside, notes=notes)
    if not base.is_empty():
        yield mean_finding(at, "plain_shift", both, "d_oo", notes=notes)


def _judged(evidence: Evidence, pairs: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, pl.DataFrame]]:
    """Of every judge: one row a visible request (asked = J(Ia, d), honoured), and the pairs that have requests."""
    wanted = requests(pairs)
    for (judge,), said in evidence.judged.group_by("judge", maintain_order=True):
        visible = wanted.filter(pl.col("dimension").is_in(said["dimension"].unique().to_list()))
        found = honoured(said, visible).select("item", "dimension", "asked", pl.col("honoured").cast(pl.Int8))
        rows = pairs.select("item", "id", "generator", "cluster", "request", "draw").join(visible, on="item")
        rows = rows.join(found, on=("item", "dimension"), how="left").sort("item", "dimension")
        if rows["asked"].is_not_null().any():
            whole = rows.group_by("item", "generator", *SAME).agg(
                pl.when(pl.col("honoured").null_count() == 0).then(pl.col("honoured").min()).alias("honoured")
            )
            yield str(judge), rows, whole


def _levels(
    where: Address, levels: pl.DataFrame, whole: pl.DataFrame, name: str, steering: SteeredName
) -> Iterator[Finding]:
    at, notes = _at(where, name, steering), _notes(name, steering, "")
    own = levels.filter(pl.col("generator") == name)
    if not own.is_empty():
        beside = published(NAME, "after", None, name, where.group)
        told = [*notes, "mean over visible requests"]
        yield mean_finding(at, "after", own, "asked", test=False, published=beside, notes=told)
    requested = _against(levels, name, steering.base, (*SAME, "dimension"), ("asked", "honoured"))
    if requested is None:
        return
    yield mean_finding(at, "shift", requested, "d_asked", notes=[*notes, "mean over visible requests"])
    yield mean_finding(at, "honoured_difference", requested, "d_honoured", notes=notes)
    by_pair = _against(whole, name, steering.base, SAME, ("honoured",))
    if by_pair is not None:
        yield mean_finding(at, "wholly_honoured_difference", by_pair, "d_honoured", notes=notes)
    for (dimension,), part in requested.sort("dimension").group_by("dimension", maintain_order=True):
        yield mean_finding(at.at(dimension=str(dimension)), "shift", part, "d_asked", notes=notes)


def _against(
    table: pl.DataFrame, name: str, base: str, on: tuple[str, ...], columns: tuple[str, ...]
) -> pl.DataFrame | None:
    own, partner = (table.filter(pl.col("generator") == which) for which in (name, base))
    if partner.is_empty() or own.is_empty():
        return None
    means = partner.group_by(on).agg(
        pl.col(column).cast(pl.Float64).mean().alias(f"base_{column}") for column in columns
    )
    return own.join(means, on=on, how="left").with_columns(
        (pl.col(column) - pl.col(f"base_{column}")).alias(f"d_{column}") for column in columns
    )


def _slope(where: Address, table: pl.DataFrame, sweep: Sweep, column: str, notes: list[str]) -> Iterator[Finding]:
    strength = {name: dose for dose, name in sweep.strengths}
    rows = table.filter(pl.col("generator").is_in(list(strength)))
    if rows.is_empty() or rows[column].is_null().all():
        return
    cell = [*SAME, *(["dimension"] if "dimension" in rows.columns else [])]
    rows = rows.with_columns(
        pl.col("generator").replace_strict(strength, return_dtype=pl.Float64).alias("dose"),
        pl.concat_str(cell, separator="\x1f").alias("cell"),
    )
    at = Address(where.study, where.scorer, sweep.base, {**where.group, "method": sweep.method})
    outside = [dose for dose, _ in sweep.strengths if sweep.method.startswith(DIAL) and not 0 <= dose <= 1]
    flag = f"extrapolated at {', '.join(map(shown, outside))}" if outside else ""
    yield slope_finding(at, rows, column, notes=[*notes, flag])


def _outside(finding: Finding) -> bool:
    steering = steering_of(finding.generator or "")
    return steering is not None and extrapolated(steering)


def _change(f: Finding) -> str:
    return number(f.estimate or 0.0, f.low, f.high, signed=True)


def _steered(f: Finding) -> str:
    return f"from {generator_name(f.group['base'])} unsteered to {generator_name(f.generator or '')}"


def _shift_sentence(f: Finding) -> str:
    return (
        f"Under the prompt that asks, {scorer_name(f.scorer or '')} changes by {_change(f)} on average {_steered(f)} "
        f"({interval(f)}, n = {f.n:,})."
    )


def _cost_sentence(f: Finding) -> str:
    return (
        f"Where nothing unusual is asked for, {scorer_name(f.scorer or '')} changes by {_change(f)} on average "
        f"{_steered(f)} ({interval(f)}, n = {f.n:,})."
    )


def _honoured_sentence(f: Finding) -> str:
    points, *ends = (fixed(100 * value, 0, signed=True) for value in (f.estimate, f.low, f.high) if value is not None)
    sure = f"95 % interval {ends[0]} to {ends[1]}" if ends else "no interval"
    return (
        f"The judge “{f.group['judge']}” finds the share of requests honoured changed by {points} percentage points "
        f"{_steered(f)} ({sure}, {f.n:,} requests)."
    )


def _slope_sentence(f: Finding) -> str:
    means = [part for part in (f.note or "").split("; ") if part.startswith("means")]
    swept = f"the {f.group['method']}" if f.group["method"].startswith(DIAL) else f.group["method"]
    return (
        f"Turned up by 1, {swept} on {generator_name(f.generator or '')} changes {scorer_name(f.scorer or '')} by "
        f"{_change(f)} under the prompt that asks ({interval(f)}, {f.n:,} pictures)"
        f"{''.join(f'; {part}' for part in means)}."
    )


STUDY = Steering()
