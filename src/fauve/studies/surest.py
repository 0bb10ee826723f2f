"""Which findings sentences speak of: the surest first, as raw scores of different scorers cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

from fauve.naming import is_untrained, scorer_kind
from fauve.records import Finding

__all__ = ["surest"]


def surest(findings: Sequence[Finding]) -> list[Finding]:
    """Those of models under study, or all where there are none; the change that is surest first, random weights last.

    Sure means far from none in half-widths of the interval.
    """
    stated = [f for f in findings if f.estimate is not None and "source" not in f.group]
    models = [f for f in stated if f.scorer and scorer_kind(f.scorer) == "model"] or stated

    def sureness(f: Finding) -> float:
        if f.low is None or f.high is None or f.high <= f.low:
            return 0.0
        return abs(f.estimate or 0.0) * 2 / (f.high - f.low)

    return sorted(
        models,
        key=lambda f: (
            is_untrained(f.scorer or "") or is_untrained(f.generator or ""),
            -sureness(f),
            f.scorer or "",
            f.generator or "",
            tuple(sorted(f.group.items())),
        ),
    )
