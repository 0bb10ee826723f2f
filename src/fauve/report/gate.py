"""A threshold that can fail a build: conditions on findings, decided by the bound of the interval.

A condition names a number: ``STUDY.METRIC[KEY=VALUE,…]=BOUND``. Keys are ``scorer``, ``generator``, or any key of the
finding's group. It means the finding that stands at exactly these keys; where none does, the only one that has them
among others, and where several have, none: a condition means one finding and no other.
``at least`` holds when the lower end of the interval does, ``at most`` when the upper end does: a number that is merely
uncertain passes nothing. A number without an interval is decided by its estimate, and the verdict says so.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree as ET

from fauve.errors import ConfigError, suggestion
from fauve.records import Finding

__all__ = ["Condition", "Verdict", "as_junit", "as_markdown", "judge_conditions", "parse_condition"]

Side = Literal["at least", "at most"]

_FORM = re.compile(
    r"\s*(?P<study>\w+)\.(?P<metric>\w+)\s*(?:\[(?P<where>[^\]]*)\])?\s*=\s*(?P<bound>[-+]?[0-9.]+(?:[eE][-+]?\d+)?)\s*"
)
_SHOWN = 3
_EXAMPLE = "reward_classification.accuracy[scorer=hpsv3]=0.5"


@dataclass(frozen=True, slots=True)
class Condition:
    """What a finding must be: of ``study`` and ``metric``, at ``where``, on one side of ``bound``."""

    side: Side
    study: str
    metric: str
    where: tuple[tuple[str, str], ...]
    bound: float

    def __str__(self) -> str:
        place = f"[{','.join(f'{key}={value}' for key, value in self.where)}]" if self.where else ""
        return f"{self.study}.{self.metric}{place} {self.side} {self.bound:g}"

    def among(self, findings: Sequence[Finding]) -> Finding | None:
        """The finding that it speaks of, or None where there is none or where it could be several."""
        named = [f for f in findings if (f.study, f.metric) == (self.study, self.metric)]
        exact = [f for f in named if _place(f) == dict(self.where)]
        wider = [f for f in named if dict(self.where).items() <= _place(f).items()]
        if exact:
            return exact[0]
        return wider[0] if len(wider) == 1 else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a condition came out: passed, failed, or no number to decide it by; ``said`` explains in a sentence."""

    condition: Condition
    outcome: Literal["passed", "failed", "no number"]
    said: str


def parse_condition(text: str, side: Side) -> Condition:
    """Read ``STUDY.METRIC[KEY=VALUE,…]=BOUND``.

    Raises:
        ConfigError: with what is expected, and an example.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise ConfigError(f"{text!r} is no condition. Write STUDY.METRIC[KEY=VALUE,…]=BOUND, such as {_EXAMPLE}.")
    pairs = [part.partition("=") for part in (found["where"] or "").split(",") if part.strip()]
    if any(not sign or not key.strip() or not value.strip() for key, sign, value in pairs):
        raise ConfigError(f"{text!r}: between brackets stand KEY=VALUE pairs, with commas between. Such as {_EXAMPLE}.")
    try:
        bound = float(found["bound"])
    except ValueError:
        raise ConfigError(f"{text!r}: the bound {found['bound']!r} is no number. Write such as {_EXAMPLE}.") from None
    where = tuple(sorted((key.strip(), value.strip()) for key, _, value in pairs))
    return Condition(side, found["study"], found["metric"], where, bound)


def judge_conditions(conditions: Sequence[Condition], findings: Sequence[Finding]) -> list[Verdict]:
    """The verdict on each condition, in order."""
    return [_verdict(condition, findings) for condition in conditions]


def _verdict(condition: Condition, findings: Sequence[Finding]) -> Verdict:
    finding = condition.among(findings)
    if finding is None:
        return Verdict(condition, "no number", _nothing(condition, findings))
    if finding.estimate is None:
        return Verdict(condition, "no number", f"the number is not defined: {finding.note or 'no reason is on file'}")
    end = finding.low if condition.side == "at least" else finding.high
    decides, which = (finding.estimate, "estimate, without an interval,") if end is None else (end, "bound")
    holds = decides >= condition.bound if condition.side == "at least" else decides <= condition.bound
    told = (
        f"its {which} is {decides:.4g} (estimate {finding.estimate:.4g}, n = {finding.n:,}, "
        f"{100 * finding.missing:.3g} % missing)"
    )
    if _place(finding) != dict(condition.where):
        told += f"; it stands at [{_address(finding)}]"
    return Verdict(condition, "passed" if holds else "failed", told)


def _place(finding: Finding) -> dict[str, str]:
    named = {"scorer": finding.scorer, "generator": finding.generator}
    return {key: value for key, value in named.items() if value is not None} | dict(finding.group)


def _address(finding: Finding) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(_place(finding).items()))


def _nothing(condition: Condition, findings: Sequence[Finding]) -> str:
    """Why no finding is meant: which part of the condition nothing matches."""
    of_study = [finding for finding in findings if finding.study == condition.study]
    if not of_study:
        known = sorted({finding.study for finding in findings})
        return f"there is no finding of a study {condition.study!r}.{suggestion(condition.study, known)}"
    of_metric = [finding for finding in of_study if finding.metric == condition.metric]
    if not of_metric:
        known = sorted({finding.metric for finding in of_study})
        return f"{condition.study} states no {condition.metric!r}.{suggestion(condition.metric, known)}"
    places = [_address(f) for f in of_metric]
    wanted = ",".join(f"{key}={value}" for key, value in condition.where)
    near = [
        place for place, f in zip(places, of_metric, strict=True) if dict(condition.where).items() <= _place(f).items()
    ]
    if near:
        told = "; ".join(f"[{place}]" for place in near[:_SHOWN])
        more = f" and {len(near) - _SHOWN} more" if len(near) > _SHOWN else ""
        return f"[{wanted}] could mean {len(near)} numbers: {told}{more}. Name one of them in full."
    close = difflib.get_close_matches(wanted, places, n=_SHOWN, cutoff=0.0)
    told = " or ".join(f"[{place}]" for place in close)
    return f"no {condition.metric} stands at [{wanted}]; {len(places)} stand elsewhere. Nearest: {told}."


def as_markdown(verdicts: Sequence[Verdict]) -> str:
    """A table for a build's summary page."""
    marks = {"passed": "✓ passed", "failed": "✗ failed", "no number": "? no number"}
    rows = [f"| {marks[v.outcome]} | `{v.condition}` | {v.said.replace('|', chr(92) + '|')} |" for v in verdicts]
    return "\n".join(["| | condition | what was found |", "|---|---|---|", *rows]) + "\n"


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit's XML, which build servers show as test results; what has no number is an error, not a failure."""
    counts: Mapping[str, int] = {
        kind: sum(v.outcome == outcome for v in verdicts)
        for kind, outcome in (("failures", "failed"), ("errors", "no number"))
    }
    suite = ET.Element("testsuite", name="fauve gate", tests=str(len(verdicts)))
    for kind, count in counts.items():
        suite.set(kind, str(count))
    for verdict in verdicts:
        case = ET.SubElement(suite, "testcase", classname=verdict.condition.study, name=str(verdict.condition))
        if verdict.outcome == "passed":
            ET.SubElement(case, "system-out").text = verdict.said
        else:
            tag = "failure" if verdict.outcome == "failed" else "error"
            ET.SubElement(case, tag, message=verdict.said)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
