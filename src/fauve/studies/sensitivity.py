"""How sure are the numbers: other ways to count, effects without a unit, and what so many prompts could have shown.

Source: what a reviewer asks for. Every accuracy is counted again with ties of the selection as wrong, half and right,
with equal scores as half, with everything that is missing as wrong and as right, and with each pair on its own, as the
paper has it. Beside that stand Cohen's d_z of margins and shifts, the smallest effect that a sample of this size would
have shown, and what another preset of sampling changes. What another judge says is the study ``circularity``, what
was cut off prompts the study ``truncation``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from fauve.naming import DEFAULT_PRESET, generator_name, scorer_kind, scorer_name, split_marks
from fauve.records import Finding
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.contrasting import by_scorer
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.paired import mean_finding
from fauve.studies.protocol import Chart
from fauve.studies.sensitivity_measures import certainty, counted_again
from fauve.studies.stating import Address, corrected
from fauve.studies.wording import interval, number

__all__ = ["OF", "STUDY"]

NAME = "sensitivity"

OF = "study"
"""The group that names the study whose number is held up to the light."""

COUNTED = "counting"
"""The group that says how an accuracy was counted."""

PAIRS = "reward_classification"
SHIFTS = "generation"

MOST_SENTENCES = 4


class Sensitivity:
    """Every accuracy and shift under other ways to count, with effect size and detectable effect."""

    name = NAME
    title = "How sure"
    question = "Would the findings read otherwise, had ties, gaps, prompts or the sampling been treated otherwise?"
    method = (
        "Accuracies over all generators' pairs, over stimuli and over each set of contrasts, counted again: ties of "
        "the selection (set aside in the main tables) as wrong, half and right; equal scores (wrong there) as half; "
        "what is missing as wrong and as right, which bounds what it could have changed; and each pair on its own. "
        "That last one is the paper's way: it takes pairs as independent, while pairs of one prompt by several "
        "generators are not, so that the intervals of this report draw whole prompts. The design effect says by how "
        "much that widens the variance. Cohen's d_z is the mean margin or shift over its standard deviation "
        "(bootstrap by prompt). The detectable effect is the smallest one that a two-sided test at 5 % over so many "
        "prompts finds four times in five, from the observed error by prompt (CR1): what lies below it may be there "
        "unseen. Where a generator was sampled under two presets, the difference is paired by prompt, with Wilcoxon's "
        "test and Holm's correction."
    )
    source = "design of this report"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Accuracies counted again; effect sizes and detectable effects; differences between presets."""
        findings: list[Finding] = []
        for where, table in _choices(evidence):
            asked = table.filter(~pl.col("tie")).with_columns((pl.col("faithful") - pl.col("default")).alias("change"))
            findings += counted_again(where, table, COUNTED)
            findings += certainty(where, asked, "change", share=True)
        for where, table in _shifts(evidence):
            findings += certainty(where, table, "change", share=False)
        return corrected([*findings, *_presets(evidence)])

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """How many accuracies keep their side, which do not, what could have been seen, what presets change."""
        rows = _rows(findings)
        if not rows and not any(f.metric == "detectable" for f in findings):
            return []
        return [*_sides(rows), *_power(findings), *_between_presets(findings)]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """For each set of items, the accuracies that can be counted in several ways."""
        charts: list[Chart] = []
        rows = {key: row for key, row in _rows(findings).items() if len(row) > 1}
        for of, generator in dict.fromkeys((key[0], key[2]) for key in rows):
            drawn = [f for key, row in rows.items() if (key[0], key[2]) == (of, generator) for f in row]
            made_by = "-stimuli" if generator == STIMULI else ""
            charts += interval_chart(
                f"{NAME}-{of}{made_by}",
                f"Accuracy, however it is counted: {_items(of, generator)}",
                "share in which the picture that was asked for scored higher",
                drawn,
                lambda f: f"{scorer_name(f.scorer or '')}, {f.group[COUNTED]}",
                lambda f: f.scorer or "",
                lines=CHANCE,
            )
        return charts


def _choices(evidence: Evidence) -> Iterator[tuple[Address, pl.DataFrame]]:
    """The widest sets of choices: all generators' pairs, stimuli, each study's contrasts; by scorer and source."""
    every = _of_models(evidence.contrasts())
    pairs = every.filter(pl.col("kind") == "pair")
    real = pairs.filter(pl.col("tried").any().over("generator") & (pl.col("generator") != STIMULI))
    names = real["generator"].unique().to_list()
    yield from by_scorer(real, Address(NAME, generator=names[0] if len(names) == 1 else None, group={OF: PAIRS}))
    yield from by_scorer(
        pairs.filter(pl.col("generator") == STIMULI), Address(NAME, generator=STIMULI, group={OF: PAIRS})
    )
    others = every.filter(pl.col("kind") == "contrast")
    for study in others["study"].unique().sort():
        yield from by_scorer(others.filter(pl.col("study") == study), Address(NAME, group={OF: study}))


def _shifts(evidence: Evidence) -> Iterator[tuple[Address, pl.DataFrame]]:
    grid = _of_models(evidence.pair_grid()).filter(pl.col("generator") != STIMULI)
    table = grid.with_columns(pl.col("tried_original").alias("tried"), (pl.col("ao") - pl.col("oo")).alias("change"))
    for generator in table["generator"].unique().sort():
        yield from by_scorer(
            table.filter(pl.col("generator") == generator), Address(NAME, generator=generator, group={OF: SHIFTS})
        )


def _of_models(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of scorers under study; of all of them where there is no such scorer."""
    models = [name for name in table["scorer"].unique() if scorer_kind(name) == "model"]
    return table.filter(pl.col("scorer").is_in(models)) if models else table


def _presets(evidence: Evidence) -> Iterator[Finding]:
    """What another preset changes in shift and margin of a generator, paired by prompt, request and scorer."""
    grid = _of_models(evidence.pair_grid()).with_columns(
        (pl.col("ao") - pl.col("oo")).alias(SHIFTS), (pl.col("aa") - pl.col("oa")).alias(PAIRS)
    )
    on = ["cluster", "request"]
    for name, preset, other in _sampled_twice(grid["generator"].unique().sort()):
        base = grid.filter(pl.col("generator") == name)
        for where, table in by_scorer(
            grid.filter(pl.col("generator") == other).with_columns(pl.lit(True).alias("tried")),
            Address(NAME, generator=name),
        ):
            same = (pl.col("scorer") == table["scorer"][0]) & (pl.col("source") == table["source"][0])
            for of in (SHIFTS, PAIRS):
                first = base.filter(same).group_by(on).agg(pl.col(of).mean().alias("first"))
                second = table.group_by(on).agg(pl.col(of).mean())
                both = second.join(first, on=on).with_columns((pl.col(of) - pl.col("first")).alias("difference"))
                if both["difference"].is_null().all():
                    continue
                told = [f"preset {preset} minus preset {DEFAULT_PRESET}, of the {_quantity(of)}"]
                at = where.at(**{OF: of, "preset": preset})
                yield mean_finding(at, "protocol_difference", both, "difference", notes=told)


def _sampled_twice(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Generators on file under the default preset and another one: the name, the other preset, the other name."""
    there = list(names)
    for other in there:
        plain, marks = split_marks(other)
        preset, found, weights = marks.partition(" preset)")
        if found and f"{plain}{weights}" in there:
            yield f"{plain}{weights}", preset.removeprefix(" ("), other


def _quantity(of: str) -> str:
    return "shift under the plain prompt" if of == SHIFTS else "margin of the anti picture under the anti prompt"


_Row = tuple[str, str | None, str | None, str | None]


def _rows(findings: Sequence[Finding]) -> dict[_Row, list[Finding]]:
    """Accuracies that are one quantity counted in several ways: the stated one first."""
    rows: dict[_Row, list[Finding]] = {}
    for f in findings:
        if f.metric == "accuracy" and f.estimate is not None:
            rows.setdefault((f.group[OF], f.scorer, f.generator, f.group.get("source")), []).append(f)
    return rows


def _side(finding: Finding) -> int:
    if finding.low is not None and finding.low > CHANCE[0][0]:
        return 1
    return -1 if finding.high is not None and finding.high < CHANCE[0][0] else 0


def _sides(rows: dict[_Row, list[Finding]]) -> list[str]:
    decided = [row for row in rows.values() if _side(row[0])]
    if not rows:
        return []
    turned = [row for row in decided if any(_side(f) != _side(row[0]) for f in row)]
    kept = len(decided) - len(turned)
    if not decided:
        crossing = sum(any(_side(f) for f in row) for row in rows.values())
        none = f"Of {len(rows)} accuracies none lies wholly on one side of one half"
        return [
            f"{none}, however ties, equal scores and missing values are counted."
            if not crossing
            else f"{none} as stated; {crossing} would, were ties, equal scores or missing values counted otherwise."
        ]
    said = [
        f"{len(decided)} of {len(rows)} accuracies lie wholly on one side of one half; {_kept(kept, len(decided))} "
        "however ties, equal scores and missing values are counted."
    ]
    for row in turned[:MOST_SENTENCES]:
        first = row[0]
        ways = [f.group[COUNTED] for f in row if _side(f) != _side(first)]
        said.append(
            f"{scorer_name(first.scorer or '')} on {_items(first.group[OF], first.generator)} does not, counted with "
            f"{', '.join(ways)}."
        )
    return said


def _kept(kept: int, decided: int) -> str:
    if kept == decided:
        return "all of them stay there"
    return f"{kept or 'none'} of them {'stays' if kept < 2 else 'stay'} there"


def _power(findings: Sequence[Finding]) -> list[str]:
    """The least sure accuracy, and the least sure shift against its own error."""
    weak = [f for f in findings if f.metric == "detectable" and f.group[OF] != SHIFTS and f.estimate]
    if not weak:
        return []
    least = max(weak, key=lambda f: (f.estimate or 0.0, f.scorer or ""))
    return [
        f"Least sure is {scorer_name(least.scorer or '')} on {_items(least.group[OF], least.generator)}: so many "
        f"prompts would miss a true distance from one half below {least.estimate or 0.0:.2f} more than one time in "
        "five."
    ]


def _between_presets(findings: Sequence[Finding]) -> list[str]:
    changed = [f for f in findings if f.metric == "protocol_difference" and f.estimate is not None]
    decided = [f for f in changed if f.low is not None and f.high is not None and (f.low > 0 or f.high < 0)]
    if not changed:
        return []
    said = [f"{len(decided)} of {len(changed)} differences between two presets of sampling are surely not zero."]
    for f in decided[:MOST_SENTENCES]:
        difference = number(f.estimate or 0.0, f.low, f.high, signed=True)
        said.append(
            f"Sampled under the preset {f.group['preset']}, {generator_name(f.generator or '')} changes the "
            f"{_quantity(f.group[OF])} of {scorer_name(f.scorer or '')} by {difference} ({interval(f)})."
        )
    return said


def _items(of: str, generator: str | None) -> str:
    if of == PAIRS:
        return "stimuli" if generator == STIMULI else "pairs"
    return of.replace("_", " ")


STUDY = Sensitivity()
