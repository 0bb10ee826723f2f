"""Does a finding survive another judge?

A finding that rests on who selected, or who judged, is computed again under each one at hand: language models, people,
truth by construction, and every judge of single dimensions. Its sign is the side of the reference (chance, or no
change) on which its interval lies. A finding is *robust* only where there are two columns at least and in every one of
them the whole interval lies on the same side; it is *contradicted* where two columns lie on opposite sides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from fauve.naming import generator_name, scorer_kind, scorer_name
from fauve.records import COMPUTED, Finding
from fauve.stats.intervals import Estimate
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.contrasting import ONE_CLASS_METRICS, by_scorer, contrast_findings
from fauve.studies.delivery import delivery
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.judging import judged_change
from fauve.studies.protocol import Chart
from fauve.studies.resampling import SharedDraws, share
from fauve.studies.standpoints import AS_JUDGED, standpoints
from fauve.studies.stating import Address, missing_bounds, source_note, state

__all__ = ["REFERENCES", "STUDY", "side"]

NAME = "circularity"

UNDER = "under"
"""The group that names who selected or judged."""

REFERENCES = {"accuracy": 0.5, "margin": 0.0, "success": 0.5, "honoured": 0.5, "shift": 0.0}
"""What the sign of each finding is taken against: chance, no difference, half of the pairs, half of the requests."""

FEWEST = 2
"""One judge cannot contradict itself."""

MOST_SENTENCES = 6


class Circularity:
    """Findings that rest on a selector or judge, under each one at hand."""

    name = NAME
    title = "Under other judges"
    question = "Which findings survive when somebody else says what was asked for?"
    method = (
        "Accuracy and margin of every scorer over the pairs of all generators (of stimuli apart), success of every "
        "generator, the share of requests honoured and the change of the judged dimensions, computed again under each "
        "selector and each judge on file. A judge of dimensions selects the picture that is lower on what was asked, "
        "on average over what it can see, by more than 0.25 of 2; else it is a tie. A column counts for a side where "
        "its whole 95 % interval lies there (of chance 0.5, of no change 0, of half of the pairs or requests). Robust: "
        "at least two columns, and every one on the same side. Each column counts the items that it has, which can "
        "differ. Truth by construction and the instruments can favour a scorer that measures the same; the table says "
        "who stands behind each column."
    )
    source = "design of this report"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Every cell of the matrix, and for each row how many columns agree."""
        everybody, names = standpoints(evidence)
        cells = [
            finding
            for name in names
            for finding in (*_choosing(everybody.under(name), name), *_success(everybody.under(name), name))
        ]
        cells += _judged(evidence)
        return [*cells, *_verdicts(cells)]

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """How many findings are robust and how many contradicted; then each of the latter."""
        rows = [f for f in findings if f.metric == "columns_agreeing" and f.n >= FEWEST]
        if not rows:
            return []
        robust = [f for f in rows if (f.note or "").startswith("robust")]
        against = [f for f in rows if (f.note or "").startswith("contradicted")]
        counts = sorted({f.n for f in rows})
        columns = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        said = [
            f"{len(robust)} of {len(rows)} findings that rest on a selector or judge keep their sign under every one "
            f"at hand ({columns} columns each), and {len(against)} {'is' if len(against) == 1 else 'are'} contradicted."
        ]
        return said + [f"{_row(f)}: {(f.note or '').split('; ')[0]}." for f in against[:MOST_SENTENCES]]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Accuracy of each scorer under each selector or judge."""
        whole = [f for f in findings if f.metric == "accuracy" and "source" not in f.group]
        cells = [f for f in whole if f.generator is None] or whole
        return interval_chart(
            f"{NAME}-accuracy",
            "Accuracy of each scorer under each selector and judge",
            "share of pairs in which the picture that was asked for scored higher",
            cells if len({f.group[UNDER] for f in cells}) > 1 else [],
            lambda f: f.group[UNDER],
            lambda f: f.scorer or "",
            lines=CHANCE,
        )


def side(finding: Finding) -> int:
    """1 or −1 where the whole interval lies above or below the reference, 0 where it does not say."""
    reference = REFERENCES[finding.metric]
    if finding.low is not None and finding.low > reference:
        return 1
    return -1 if finding.high is not None and finding.high < reference else 0


def _choosing(evidence: Evidence, name: str) -> list[Finding]:
    """Accuracy and margin of scorers on the pairs that this standpoint chose in: of generators, of stimuli."""
    pairs = evidence.contrasts().filter((pl.col("kind") == "pair") & pl.col("selector").is_not_null())
    findings: list[Finding] = []
    for at, table in by_scorer(pairs, Address(NAME)):
        if scorer_kind(at.scorer or "") == "control":
            continue
        for generator, part in ((None, pl.col("generator") != STIMULI), (STIMULI, pl.col("generator") == STIMULI)):
            rows = table.filter(part)
            if rows["tried"].any():
                where = Address(NAME, at.scorer, generator, {**at.group, UNDER: name})
                found = contrast_findings(where, rows, ONE_CLASS_METRICS)
                # the same pairs under many columns: what counts here is where intervals lie
                findings += [dataclasses.replace(f, test=None) for f in found]
    return findings


def _success(evidence: Evidence, name: str) -> list[Finding]:
    """How often this standpoint chose the anti image of a generator."""
    pairs = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
    findings = []
    for (generator,), rows in pairs.sort("generator", "item").group_by("generator", maintain_order=True):
        chosen = rows.drop_nulls("choice")
        if chosen.is_empty():
            continue
        hits = (chosen["choice"] == "anti").to_numpy()
        where = Address(NAME, generator=str(generator), group={UNDER: name})
        notes = ["ties count against it", missing_bounds(int(hits.sum()), len(chosen), len(rows) - len(chosen))]
        draws = SharedDraws(chosen["cluster"].to_numpy().astype(np.str_))
        findings.append(state(where, "success", share(hits, draws), asked=len(rows), notes=notes))
    return findings


def _judged(evidence: Evidence) -> list[Finding]:
    """What only judges can say: requests honoured, and the change of what they see."""
    pairs = evidence.items.filter((pl.col("kind") == "pair") & (pl.col("generator") != STIMULI))
    findings: list[Finding] = []
    for generator in pairs["generator"].unique().sort():
        rows = pairs.filter(pl.col("generator") == generator)
        where = Address(NAME, generator=str(generator))
        found = [*delivery(where, evidence, rows, by_dimension=False), *judged_change(where, evidence, rows)]
        for f in found:
            if f.metric in REFERENCES and set(f.group) == {"judge"}:
                at = {UNDER: f"{AS_JUDGED}{f.group['judge']}"}
                findings.append(dataclasses.replace(f, study=NAME, group=at, test=None, published=None))
    return findings


def _verdicts(cells: Sequence[Finding]) -> list[Finding]:
    """For each row of the matrix the share of columns on the side that most are on, and what that means."""
    rows: dict[tuple[object, ...], list[Finding]] = {}
    for cell in cells:
        if cell.estimate is not None:
            about = tuple(sorted((k, v) for k, v in cell.group.items() if k != UNDER))
            rows.setdefault((cell.metric, cell.scorer, cell.generator, about), []).append(cell)
    return [_verdict(found) for found in rows.values()]


def _verdict(row: Sequence[Finding]) -> Finding:
    first, sides = row[0], [side(cell) for cell in row]
    above, below, open_ = (sides.count(s) for s in (1, -1, 0))
    group = {**{k: v for k, v in first.group.items() if k != UNDER}, "finding": first.metric}
    where = Address(NAME, first.scorer, first.generator, group)
    reference = f"{REFERENCES[first.metric]:g}"
    told = f"of {len(row)} columns {above} above {reference}, {below} below, {open_} undecided"
    verdict = _word(above, below, open_)
    estimate = Estimate.of(max(above, below) / len(row), None, len(row), f"{verdict}: {told}")
    return state(where, "columns_agreeing", estimate, notes=[source_note(first.group.get("source", COMPUTED))])


def _word(above: int, below: int, undecided: int) -> str:
    if above and below:
        return "contradicted"
    if above + below + undecided < FEWEST:
        return "one column only"
    if undecided and above + below:
        return "not robust, though no column contradicts it"
    return "undecided" if undecided else "robust"


def _row(finding: Finding) -> str:
    about: Iterable[str] = (
        finding.group["finding"],
        f"of {scorer_name(finding.scorer)}" if finding.scorer else "",
        f"({finding.group['source']})" if "source" in finding.group else "",
        "" if finding.generator is None else f"on {_pictures(finding.generator)}",
    )
    text = " ".join(part for part in about if part)
    return text[:1].upper() + text[1:]


def _pictures(generator: str) -> str:
    return "stimuli" if generator == STIMULI else f"pictures by {generator_name(generator)}"


STUDY = Circularity()
"""The study."""
