"""Image-text matchers: their score says whether a picture fits a text, and nothing of whether it is pretty."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.naming import scorer_kind, trained_name
from fauve.records import Finding

__all__ = ["MATCHERS", "of_matchers"]

MATCHERS = ("blip-b", "blip-b-probability", "blip-l", "blip-l-probability")
"""By canonical name. The paper's means are those of the probability of a match; a logit has no such range."""


def of_matchers(findings: Sequence[Finding]) -> list[Finding]:
    """Those of matchers; where there are none those of models under study, and else all."""
    scored = [f for f in findings if f.scorer]
    matched = [f for f in scored if trained_name(f.scorer or "") in MATCHERS]
    return matched or [f for f in scored if scorer_kind(f.scorer or "") == "model"] or scored
