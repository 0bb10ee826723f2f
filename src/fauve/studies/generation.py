"""What does a reward lose when a generator delivers what was asked for?

Source: arXiv 2512.11883, Tables 2 and 3. A pair holds a generator's picture of a plain prompt and its picture of the
same scene with anti-aesthetic wishes. Both are scored under the plain prompt: the shift r(Ia, po) − r(Io, po) is what
a generator that is trained on this reward would pay for obeying. Beside it stands whether it obeyed: how often a
selection chose the anti image (`success`, which a generator can win with a third of the wishes), and the share of the
requests that a judge finds delivered (`honoured`, `wholly_honoured`). Within a family, the variant is paired with its
base on the same prompts; the difference mixes what the reward did with what any further training does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fauve.naming import generator_name, scorer_name
from fauve.records import Finding
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.paired_tests import wilcoxon_signed_rank
from fauve.stats.weighted import mean, weighted_mean
from fauve.studies.charting import NO_CHANGE, interval_chart
from fauve.studies.contrasting import by_scorer
from fauve.studies.delivery import delivery
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.families import Variant, kin, steering_of
from fauve.studies.judging import judged_change
from fauve.studies.matchers import MATCHERS
from fauve.studies.protocol import Chart
from fauve.studies.published import published, published_difference
from fauve.studies.rank_lines import rank_lines
from fauve.studies.resampling import SharedDraws, share
from fauve.studies.stating import Address, corrected, missing_bounds, source_note, state
from fauve.studies.surest import surest
from fauve.studies.wording import count, interval, number, range_percent

__all__ = ["STUDY"]

NAME = "generation"

MOST_SENTENCES = 5

MOST_FAMILIES = 4


class Generation:
    """Shift of scores from the original to the anti image under the original prompt."""

    name = NAME
    title = "What obeying costs a generator"
    question = (
        "When a generator makes the picture that was asked for, how much does its score under the plain prompt fall?"
    )
    method = (
        "Shift = r(anti image, original prompt) − r(original image, original prompt), the mean over the pairs of a "
        "generator that have both, with a bootstrap by prompt and Wilcoxon's signed-rank test over prompts, Holm's "
        "correction over scorers and generators. Success counts ties and original images against the generator "
        "(Wilson's interval). Family members are paired on prompt and request; a steered generator is compared with "
        "its base by the study of steering and stays out of the regression over ranks, which stands with and without "
        "outliers (externally studentised residuals, Bonferroni's bound at 5 %). Stimuli have no generator and are "
        "left out."
    )
    source = "arXiv 2512.11883, Tables 2 and 3"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Shift, score after, success, requests delivered; differences within families; rank regression."""
        grid = evidence.pair_grid().filter(pl.col("generator") != STIMULI)
        grid = grid.with_columns(pl.col("tried_original").alias("tried"), (pl.col("ao") - pl.col("oo")).alias("change"))
        pairs = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
        findings: list[Finding] = []
        for where, table in _by_generator(grid):
            findings += _shift(where, table)
        findings += _matches(evidence)
        for generator in pairs["generator"].unique().sort():
            mine = pairs.filter(pl.col("generator") == generator)
            where = Address(NAME, generator=generator)
            findings += _success(where, mine)
            findings += judged_change(where, evidence, mine)
            findings += delivery(where, evidence, mine)
        findings += [f for variant in kin(grid["generator"].unique()) for f in _within_family(grid, variant)]
        return corrected([*findings, *_rank_regressions(findings, grid)])

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Requests delivered first; then the surest changes, what separates family members, and success."""
        shifts = [f for f in findings if f.metric == "shift" and f.scorer and not f.group]
        families = [f for f in findings if f.metric == "shift_difference" and "source" not in f.group]
        said: list[str] = []
        delivered = [f for f in findings if f.metric == "honoured" and set(f.group) == {"judge"}]
        for judge in dict.fromkeys(f.group["judge"] for f in delivered):
            said += _lowest_and_highest(
                [f for f in delivered if f.group["judge"] == judge],
                f"The judge “{judge}” finds {{share}} visible requests to {{generator}} delivered ({{interval}})",
            )
        said += [_shift_sentence(f) for f in surest(shifts)[:MOST_SENTENCES]]
        said += [_family_sentence(f) for f in surest(families)[:MOST_FAMILIES]]
        said += _lowest_and_highest(
            [f for f in findings if f.metric == "success"],
            "The selection chose the anti image in {share} pairs by {generator} ({interval})",
        )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Shift by generator for every scorer with its own axis; success; requests delivered."""
        charts: list[Chart] = []
        plain = [f for f in findings if not set(f.group) - {"source"}]
        for scorer in sorted({f.scorer for f in plain if f.metric == "shift" and f.scorer}):
            charts += interval_chart(
                f"{NAME}-shift-{scorer.replace(':', '-')}",
                f"{scorer_name(scorer)}: change from the plain to the anti picture",
                f"change of {scorer_name(scorer)} under the plain prompt",
                [f for f in plain if f.metric == "shift" and f.scorer == scorer],
                _generator_row,
                lambda f: f.generator or "",
                lines=NO_CHANGE,
            )
        charts += interval_chart(
            f"{NAME}-success",
            "How often the selection chose the anti picture",
            "share of pairs",
            [f for f in plain if f.metric == "success"],
            _generator_row,
            lambda f: f.generator or "",
        )
        charts += interval_chart(
            f"{NAME}-honoured",
            "Requests delivered, as each judge sees it",
            "share of visible requests",
            [f for f in findings if f.metric == "honoured" and set(f.group) == {"judge"}],
            lambda f: f"{generator_name(f.generator or '')}, {f.group['judge']}",
            lambda f: f.generator or "",
        )
        return charts


def _by_generator(grid: pl.DataFrame) -> Iterator[tuple[Address, pl.DataFrame]]:
    for generator in grid["generator"].unique().sort():
        yield from by_scorer(grid.filter(pl.col("generator") == generator), Address(NAME, generator=generator))


def _draws(table: pl.DataFrame) -> SharedDraws:
    return SharedDraws(table["cluster"].to_numpy().astype(np.str_))


def _shift(where: Address, table: pl.DataFrame) -> list[Finding]:
    both = table.drop_nulls("change").sort("item")
    draws = _draws(both)
    change, after = cluster_bootstrap(draws, weighted_mean(draws, both.select("change", "ao").to_numpy()))
    notes = [source_note(str(table["source"][0]))]
    beside = {m: published(NAME, m, where.scorer, where.generator, where.group) for m in ("shift", "after")}
    test = wilcoxon_signed_rank(_cluster_means(both, "change"))
    asked = len(table)
    return [
        state(where, "shift", change, asked=asked, test=test, published=beside["shift"], notes=notes),
        state(where, "after", after, asked=asked, published=beside["after"], notes=notes),
    ]


def _matches(evidence: Evidence) -> list[Finding]:
    """Mean matcher score of (Ia, pa) by generator."""
    grid = evidence.pair_grid().filter((pl.col("generator") != STIMULI) & pl.col("scorer").is_in(MATCHERS))
    findings = []
    for where, table in _by_generator(grid.with_columns(pl.col("tried_anti").alias("tried"))):
        at, known = where.at(prompt="anti"), table.drop_nulls("aa").sort("item")
        estimate = mean(known["aa"].to_numpy(), _draws(known))
        beside = published(NAME, "after", at.scorer, at.generator, at.group)
        notes = [source_note(str(table["source"][0]))]
        findings.append(state(at, "after", estimate, asked=len(table), published=beside, notes=notes))
    return findings


def _success(where: Address, pairs: pl.DataFrame) -> list[Finding]:
    chosen = pairs.drop_nulls("choice").sort("item")
    if chosen.is_empty():
        return []
    ties = int((chosen["choice"] == "tie").sum())
    notes = [
        f"selector: {', '.join(chosen['selector'].unique().sort())}",
        f"{ties} {'tie counts' if ties == 1 else 'ties count'} against it" if ties else "",
    ]
    hits = (chosen["choice"] == "anti").to_numpy()
    notes.append(missing_bounds(int(hits.sum()), len(chosen), len(pairs) - len(chosen)))
    estimate = share(hits, _draws(chosen))
    beside = published(NAME, "success", generator=where.generator)
    return [state(where, "success", estimate, asked=len(pairs), published=beside, notes=notes)]


def _within_family(grid: pl.DataFrame, variant: Variant) -> list[Finding]:
    """How much more the variant shifts than its base, prompt by prompt, for every scorer and source of both."""
    findings = []
    member = grid.filter(pl.col("generator") == variant.name)
    parent = grid.filter(pl.col("generator") == variant.base).drop_nulls("change")
    on = ["cluster", "request"]
    for where, table in by_scorer(member, Address(NAME, generator=variant.name)):
        same = (pl.col("scorer") == table["scorer"][0]) & (pl.col("source") == table["source"][0])
        base = parent.filter(same).group_by(on).agg(pl.col("change").mean().alias("base_change"))
        own = table.group_by(on).agg(pl.col("change").mean())
        both = own.join(base, on=on).drop_nulls().sort(on)
        if both.is_empty():
            continue
        both = both.with_columns((pl.col("change") - pl.col("base_change")).alias("difference"))
        findings.append(
            state(
                where.at(base=variant.base),
                "shift_difference",
                mean(both["difference"].to_numpy(), _draws(both)),
                asked=len(own),
                test=wilcoxon_signed_rank(_cluster_means(both, "difference")),
                published=published_difference(NAME, "shift", where.scorer or "", variant.base, variant.name),
                notes=[
                    variant.remark,
                    "a control: not tuned on taste" if variant.control else "",
                    source_note(str(table["source"][0])),
                ],
            )
        )
    return findings


def _rank_regressions(findings: Sequence[Finding], grid: pl.DataFrame) -> list[Finding]:
    """Over generators: does a higher score of plain pictures go with a smaller fall? Ranks of both, a line through."""
    out = []
    for where, table in by_scorer(grid, Address(NAME)):
        own = [f for f in findings if f.metric == "shift" and f.scorer == where.scorer and f.group == where.group]
        shifts = {f.generator: f.estimate for f in own if f.estimate is not None}
        before = table.drop_nulls("change").group_by("generator").agg(pl.col("oo").mean())
        level = dict(before.iter_rows())
        # A steered generator is its base once more: the line would count that one twice.
        names = sorted(name for name in level if name in shifts and steering_of(name) is None)
        out += rank_lines(where, {n: level[n] for n in names}, {n: shifts[n] or 0.0 for n in names})
    return out


def _cluster_means(table: pl.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    means = table.group_by("cluster").agg(pl.col(column).mean()).sort("cluster")
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = means[column].to_numpy()
    return values


def _lowest_and_highest(findings: Sequence[Finding], form: str) -> list[str]:
    stated = sorted((f for f in findings if f.estimate is not None), key=lambda f: (f.estimate, f.generator or ""))
    said = [
        form.format(share=count(f), generator=generator_name(f.generator or ""), interval=range_percent(f))
        for f in (stated if len(stated) < 3 else (stated[0], stated[-1]))
    ]
    if len(stated) < 3:
        return [f"{text}." for text in said]
    return [f"{said[0]}, the lowest of {len(stated)} generators.", f"{said[1]}, the highest."]


def _shift_sentence(f: Finding) -> str:
    change = number(f.estimate or 0.0, f.low, f.high, signed=True)
    return (
        f"Under the plain prompt {scorer_name(f.scorer or '')} changes by {change} on average when "
        f"{generator_name(f.generator or '')} makes what was asked for ({interval(f)}, n = {f.n:,})."
    )


def _family_sentence(f: Finding) -> str:
    base = generator_name(f.group["base"])
    difference = number(f.estimate or 0.0, f.low, f.high, signed=True)
    return (
        f"From plain to anti pictures, {scorer_name(f.scorer or '')} changes by {difference} with "
        f"{generator_name(f.generator or '')} compared with its base {base} ({interval(f)}, {f.n:,} prompts)."
    )


def _generator_row(finding: Finding) -> str:
    name = finding.generator or ""
    return f"{generator_name(name)}, {finding.group['source']}" if "source" in finding.group else name


STUDY = Generation()
