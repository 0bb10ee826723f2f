"""From statistics to findings: addresses, notes, missing shares, and the correction for many tests.

**Families.** Within a study, the tests of one metric over one kind of group form a family: all scorers, generators
and values of that grouping together (accuracy by dimension is one family, accuracy overall another). The prompt
under which, the unit in which and the judge by which something is measured separate families. Holm's correction runs
within each.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from fauve.records import COMPUTED, Finding, Published, Test
from fauve.stats.intervals import Estimate
from fauve.stats.missing import share_bounds
from fauve.stats.multiplicity import holm
from fauve.stats.paired_tests import HypothesisTest

__all__ = ["Address", "corrected", "missing_bounds", "several_sources", "source_note", "state", "turned"]

_SEPARATE_FAMILIES = ("prompt", "unit", "judge")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a finding stands, all but its metric."""

    study: str
    scorer: str | None = None
    generator: str | None = None
    group: Mapping[str, str] = field(default_factory=dict)

    def at(self, **group: str) -> Address:
        """The same address with more groups."""
        return dataclasses.replace(self, group={**self.group, **group})


def state(
    where: Address,
    metric: str,
    estimate: Estimate,
    *,
    asked: int | None = None,
    test: HypothesisTest | None = None,
    published: Published | None = None,
    notes: Iterable[str] = (),
) -> Finding:
    """A finding at an address.

    ``asked`` is how many items belong in the denominator (by default those that were used); the share of them
    without a value is what is missing. Why an estimate or an interval is undefined joins the notes.
    """
    said = [estimate.reason] if estimate.reason else []
    said += [note for note in notes if note]
    asked = estimate.n if asked is None else asked
    return Finding(
        study=where.study,
        metric=metric,
        estimate=estimate.value,
        low=estimate.low,
        high=estimate.high,
        n=estimate.n,
        missing=1 - estimate.n / asked if asked else 0.0,
        scorer=where.scorer,
        generator=where.generator,
        group=dict(where.group),
        test=None if test is None or test.p_value is None else Test(test.name, test.p_value),
        published=published,
        note="; ".join(said) or None,
    )


def corrected(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with p values adjusted by Holm within their families (see above), in the same order."""
    families: dict[object, list[int]] = {}
    for place, finding in enumerate(findings):
        if finding.test is not None:
            families.setdefault(_family(finding), []).append(place)
    out = list(findings)
    for places in families.values():
        tests = [(place, out[place].test) for place in places]
        adjusted = holm([test.p if test else None for _, test in tests])
        for (place, test), p in zip(tests, adjusted, strict=True):
            if test is not None:
                out[place] = dataclasses.replace(out[place], test=dataclasses.replace(test, p_adjusted=p))
    return out


def missing_bounds(successes: int, observed: int, missing: int) -> str:
    """What a share could have been, had every missing item failed or succeeded; nothing where none is missing."""
    bounds = share_bounds(successes, observed, missing) if missing else None
    return f"with the {missing} missing all wrong or all right: {bounds.low:.3f} to {bounds.high:.3f}" if bounds else ""


def turned(finding: Finding, metric: str, published: Published | None) -> Finding:
    """The same quantity with its sign turned, under another name; its test stays with the original."""

    def minus(value: float | None) -> float | None:
        return None if value is None else 0.0 - value

    return dataclasses.replace(
        finding,
        metric=metric,
        estimate=minus(finding.estimate),
        low=minus(finding.high),
        high=minus(finding.low),
        test=None,
        published=published,
    )


def several_sources(table: pl.DataFrame) -> set[str]:
    """Scorers in a table of scores that have values from more than one source."""
    counts = table.filter("tried").group_by("scorer").agg(pl.col("source").n_unique())
    return set(counts.filter(pl.col("source") > 1)["scorer"])


def source_note(source: str) -> str:
    """What a reader must know of scores that were not computed here."""
    return "" if source == COMPUTED else f"scores not computed here (source: {source})"


def _family(finding: Finding) -> tuple[object, ...]:
    apart = tuple(finding.group.get(name) for name in _SEPARATE_FAMILIES)
    return (finding.study, finding.metric, finding.generator is None, tuple(sorted(finding.group)), apart)
