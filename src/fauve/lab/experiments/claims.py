"""What the lab set out to show, claim by claim: the comparison that decides it, and what would refute it.

The claims come from prototypes and were fixed when one training seed of the universal arms was known, before the other
arms and seeds; the verdict is computed from the stored findings alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fauve.lab.experiments.store import Results
from fauve.lab.experiments.wording import VOID, cell, table
from fauve.records import Finding

__all__ = ["CLAIMS", "Claim", "claims_table", "verdict"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, the finding that decides it, and the side of ``null`` on which the finding has to lie."""

    sentence: str
    refuted_by: str
    experiment: str
    metric: str
    above: bool
    where: Mapping[str, str] = field(default_factory=dict)
    null: float = 0.0


def _grid(reward: str, anti: str, kl: str, against: str) -> dict[str, str]:
    return {"reward": reward, "method": "grpo", "anti": anti, "kl": kl, "against": against}


CLAIMS = (
    Claim(
        "One taste for all costs requests that alignment never mentioned, beyond the drift of training.",
        "a placebo that loses as much as the universal reward, both without anti requests and without a leash",
        "grid",
        "honoured_difference",
        False,
        _grid("universal", "0", "0", "placebo"),
    ),
    Claim(
        "A leash of 0.05 does not wholly prevent that.",
        "no difference from the placebo at KL weight 0.05",
        "grid",
        "honoured_difference",
        False,
        _grid("universal", "0", "0.05", "placebo"),
    ),
    Claim(
        "Under one taste for all, anti requests among the prompts of alignment make it worse: ignoring them pays.",
        "as many requests honoured with them as without",
        "grid",
        "honoured_difference",
        False,
        _grid("universal", "0.5", "0", "no anti requests"),
    ),
    Claim(
        "A leash brings requests back.",
        "no difference between KL weight 0.05 and none under the universal reward",
        "grid",
        "honoured_difference",
        True,
        _grid("universal", "0", "0.05", "kl 0"),
    ),
    Claim(
        "A short leash is paid for in taste.",
        "plain pictures as polished at KL weight 0.5 as at none",
        "grid",
        "level_difference",
        False,
        _grid("universal", "0", "0.5", "kl 0"),
    ),
    Claim(
        "A plural reward mends it where alignment also asks for low ends.",
        "fewer requests honoured under the plural reward than under the placebo, both with anti requests",
        "grid",
        "honoured_difference",
        True,
        _grid("plural", "0.5", "0", "placebo"),
    ),
    Claim(
        "A plural reward alone does not mend it: without anti requests it costs more than drift does.",
        "no difference between the plural reward and the placebo without anti requests",
        "grid",
        "honoured_difference",
        False,
        _grid("plural", "0", "0", "placebo"),
    ),
    Claim(
        "Rewarding instruction instead of taste costs nothing but taste.",
        "fewer requests honoured under the matcher than under the placebo, with anti requests",
        "grid",
        "honoured_difference",
        True,
        _grid("matcher", "0.5", "0", "placebo"),
    ),
    Claim(
        "Training alone, on a random reward, drifts.",
        "no difference between placebo and base without a leash",
        "grid",
        "honoured_difference",
        False,
        _grid("placebo", "0", "0", "base"),
    ),
    Claim(
        "The universal reward model chooses the wrong picture more often than chance.",
        "an accuracy of 0.5 or more on the pairs of the base",
        "grid",
        "accuracy",
        False,
        {"scorer": "universal", "contrasts": "pair: base"},
        0.5,
    ),
    Claim(
        "The plural reward model, taught by the same people on other comparisons, chooses the right one.",
        "an accuracy of 0.5 or less on the pairs of the base",
        "grid",
        "accuracy",
        True,
        {"scorer": "plural", "contrasts": "pair: base"},
        0.5,
    ),
    Claim(
        "So does the matcher.",
        "an accuracy of 0.5 or less on the pairs of the base",
        "paper",
        "accuracy",
        True,
        {"scorer": "matcher", "contrasts": "pair: base"},
        0.5,
    ),
    Claim(
        "Negative guidance brings back more than plain guidance of the same strength.",
        "no difference at strength 2 under the universal reward without a leash",
        "remedies",
        "honoured_difference",
        True,
        {
            "reward": "universal",
            "steering": "negative guidance",
            "strength": "2",
            "against": "plain guidance of the same strength",
        },
    ),
)


def verdict(claim: Claim, finding: Finding | None) -> str:
    """``stands``, ``refuted``, ``unresolved``, ``void``, or ``not done``."""
    if finding is None or finding.estimate is None:
        return "not done"
    if finding.note and VOID in finding.note:
        return "void"
    if finding.low is None or finding.high is None:
        return "unresolved"
    beyond, short = (finding.low, finding.high) if claim.above else (-finding.high, -finding.low)
    null = claim.null if claim.above else -claim.null
    if beyond > null:
        return "stands"
    return "refuted" if short < null else "unresolved"


def claims_table(stored: Mapping[str, Results]) -> str:
    """Every claim with the comparison that decides it."""
    rows = []
    for claim in CLAIMS:
        results = stored.get(claim.experiment)
        found = None if results is None else results.one(claim.metric, knob=None, **claim.where)
        where = "above" if claim.above else "below"
        partial = f", {1 - found.missing:.0%} of the seeds done" if found is not None and found.missing else ""
        needed, told = f"{where} {claim.null:g}", f"{verdict(claim, found)}{partial}"
        rows.append([claim.sentence, cell(found, signed=claim.null == 0), needed, told, claim.refuted_by])
    return table(["sentence", "measured", "it stands if", "verdict", "what refutes it"], rows)
