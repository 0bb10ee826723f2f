"""Do reward models that agree more with people's general taste choose less often what was asked for?

Source: arXiv 2512.11883, which correlates its accuracy with the published accuracy on human preferences over three
reward models. Three points have six orders: the exact permutation test says what so few can prove, and what they could
have proved at best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.naming import scorer_name
from fauve.records import Finding
from fauve.stats.association import CorrelationMethod, correlation
from fauve.stats.intervals import Estimate, Interval
from fauve.stats.paired_tests import HypothesisTest
from fauve.stats.permutation import MOST_ORDERED, exact_correlation
from fauve.studies.charting import CHANCE, mark
from fauve.studies.protocol import Chart
from fauve.studies.published import preference_accuracy, published
from fauve.studies.stating import Address, state
from fauve.studies.wording import number

__all__ = ["OWN_TEST", "SAME_TEST", "against_preference", "preference_chart", "preference_sentences"]

SAME_TEST = "HPDv3 preference accuracy"
OWN_TEST = "own published preference accuracy"

PAPERS_THREE = ("hpsv2.1", "hpsv3", "imagereward")
PAPERS = "the three of the paper"

FEWEST = 3
"""With two scorers any correlation is 1 or −1."""

ENOUGH_FOR_INTERVAL = 4

LEVEL = 0.05
"""Where no order could have a p below this, nothing can be proved."""

MOST_NAMED = 12

_METHODS: tuple[CorrelationMethod, ...] = ("pearson", "spearman")

_VERSION = (
    "the figure of HPSv2 there is that of version 2.0, to judge by the other columns of its row; the paper sets it "
    "against 2.1"
)


def against_preference(where: Address, accuracy: Sequence[Finding]) -> list[Finding]:
    """Correlation over scorers of accuracy here with accuracy on human preferences.

    Once with the accuracies on one and the same public test, over all scorers that have one and over the three of the
    paper; once with the figure that each reward model's authors published on a test of their own.
    """
    ours = {f.scorer or "": f.estimate for f in accuracy if f.estimate is not None}
    stated, source = preference_accuracy()
    same = {name: stated[name] for name in sorted(ours) if name in stated}
    findings = _correlations(where.at(**{"with": SAME_TEST}), same, ours, source)
    if set(PAPERS_THREE) < set(same):
        three = {name: same[name] for name in PAPERS_THREE}
        findings += _correlations(where.at(**{"with": SAME_TEST, "over": PAPERS}), three, ours, source)
    own = {name: said[0] for name, said in _own_tests().items() if name in ours}
    if len(own) >= FEWEST:
        tests = "; ".join(f"{scorer_name(name)}: {_own_tests()[name][1]}" for name in own)
        findings += _correlations(where.at(**{"with": OWN_TEST}), own, ours, f"each on another test ({tests})")
    return findings


def _own_tests() -> dict[str, tuple[float, str]]:
    cards = REWARD_CARDS.values()
    return {
        card.name: card.published_preference_accuracy
        for card in sorted(cards, key=lambda card: card.name)
        if card.published_preference_accuracy is not None
    }


def _correlations(
    where: Address, theirs: Mapping[str, float], ours: Mapping[str, float | None], source: str
) -> list[Finding]:
    if not theirs:
        return []
    x, y = list(theirs.values()), [ours[name] or 0.0 for name in theirs]
    named = f"{', '.join(scorer_name(name) for name in theirs)}; theirs: {source}"
    version = _VERSION if "hpsv2.1" in theirs and where.group["with"] == SAME_TEST else ""
    return [_correlation(where.at(method=method), method, x, y, [named, version]) for method in _METHODS]


def _correlation(
    where: Address, method: CorrelationMethod, x: Sequence[float], y: Sequence[float], notes: Sequence[str]
) -> Finding:
    stated = published("reward_classification", "correlation", group=_plain(where.group))
    if len(x) < FEWEST:
        nothing = f"n = {len(x)} {'scorer' if len(x) == 1 else 'scorers'} proves nothing"
        return state(where, "correlation", Estimate.undefined(nothing, len(x)), published=stated, notes=notes)
    estimate, test, proof = _tested(method, x, y)
    return state(where, "correlation", estimate, test=test, published=stated, notes=[proof, *notes])


def _plain(group: Mapping[str, str]) -> dict[str, str]:
    """The address of the published figure: its three scorers are not part of it."""
    return {key: value for key, value in group.items() if key != "over"}


def _tested(
    method: CorrelationMethod, x: Sequence[float], y: Sequence[float]
) -> tuple[Estimate, HypothesisTest | None, str]:
    """The correlation, its exact test where every order can be visited, and what so few scorers can prove."""
    found = correlation(x, y, method)
    bounds = Interval(found.low, found.high) if found.low is not None and found.high is not None else None
    if len(x) > MOST_ORDERED:
        if found.value is None:
            return Estimate.undefined(found.reason or "undefined", found.n), None, ""
        test = HypothesisTest(f"{method} correlation", found.value, found.p_value, found.n)
        return Estimate.of(found.value, bounds, found.n, found.reason), test, ""
    exact = exact_correlation(x, y, "pearson" if method == "pearson" else "spearman")
    if exact.value is None or exact.p_value is None or exact.floor is None:
        return Estimate.undefined(exact.reason or "undefined", exact.n), None, ""
    few = f"{exact.n} scorers are too few for an interval" if exact.n < ENOUGH_FOR_INTERVAL else found.reason
    proof = (
        f"{exact.as_extreme:,} of the {exact.orders:,} orders of {exact.n} scorers are at least as far from 0; the "
        f"smallest p that any order could have is {number(exact.floor)}"
    )
    if exact.floor > LEVEL:
        proof += f": n = {exact.n} proves nothing"
    test = HypothesisTest(f"{method} correlation (exact permutation)", exact.value, exact.p_value, exact.n)
    return Estimate.of(exact.value, bounds, exact.n, few), test, proof


def preference_sentences(findings: Sequence[Finding]) -> list[str]:
    """What the correlation over scorers says, and what it cannot say."""
    said = []
    for f in findings:
        asked = f.metric == "correlation" and f.group.get("method") == "spearman" and f.group["with"] == SAME_TEST
        if not asked or f.estimate is None or "over" in f.group:
            continue
        text = (
            f"Over {f.n} scorers, this accuracy and the published accuracy on human preferences correlate with ρ = "
            f"{number(f.estimate, f.low, f.high)}"
        )
        p = None if f.test is None else f.test.p
        if "proves nothing" in (f.note or "") and p is not None:
            text += f"; but {f.n} scorers prove nothing: by chance alone it would be as far from 0 in {_share(p)} cases"
        elif p is not None:
            text += f" (p = {number(p)})"
        said.append(f"{text}.")
    return said


def _share(p: float) -> str:
    return "every one of the" if p >= 1 else f"1 of {1 / p:.3g}"


def preference_chart(study: str, accuracy: Sequence[Finding]) -> list[Chart]:
    """Accuracy here, the scorer that people agree with most at the top; only from two scorers on."""
    stated, source = preference_accuracy()
    drawn = [f for f in accuracy if f.scorer in stated and f.estimate is not None and "source" not in f.group]
    if len(drawn) < 2:
        return []
    drawn.sort(key=lambda f: (-stated[f.scorer or ""], f.scorer or ""))
    marks = tuple(
        mark(f, f"{scorer_name(f.scorer or '')} ({stated[f.scorer or ''] * 100:.1f} %)", f.scorer or "") for f in drawn
    )
    return [
        Chart(
            f"{study}-preference",
            "intervals",
            "In the order of agreement with people’s general taste",
            "share of pairs in which the picture that was asked for scored higher",
            marks[:MOST_NAMED],
            CHANCE,
            note=f"In brackets: {source}. The better a reward model knows general taste, the higher it stands.",
        )
    ]
