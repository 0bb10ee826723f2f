"""Does a scorer read the whole request, or is its end cut off?

Source: the scorers' own code and model cards. CLIP towers read 77 tokens, ImageReward 35. An anti prompt says what it
wants done to the picture after it has said what is in it, so what is cut is the request. A scorer that never saw the
request cannot be said to overrule it: accuracy is therefore stated again over prompts that were read whole, and over
those that were cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from fauve.naming import is_untrained, scorer_name
from fauve.records import COMPUTED, Finding
from fauve.studies.charting import CHANCE, interval_chart
from fauve.studies.contrasting import contrast_findings
from fauve.studies.evidence import STIMULI, Evidence
from fauve.studies.protocol import Chart
from fauve.studies.resampling import SharedDraws, share
from fauve.studies.stating import Address, corrected, state
from fauve.studies.wording import count, leading, range_percent

__all__ = ["STUDY"]

ASKS = {"anti": "request", "prompt": "request", "original": "plain"}
"""What a prompt slot is for: it asks for something (pa, or the prompt of a contrast), or it does not (po)."""

METRICS = ("accuracy", "margin")


class Truncation:
    """Tokens that were cut, and what becomes of accuracy without those prompts."""

    name = "truncation"
    title = "What a scorer never read"
    question = "How many requests were too long for a scorer, and does it do better on those that it read whole?"
    method = (
        "Each scorer's own tokenizer counts every prompt; what is stated is the share of distinct prompts that were "
        "cut (Wilson's interval), for requests and plain captions apart. Accuracy and margin are then the contrast "
        "analysis over prompts that were read whole and over prompts that were cut. Holm's correction within each."
    )
    source = "limits: the scorers' published code"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Share cut by scorer and kind of prompt; accuracy by whether the request was read whole."""
        findings: list[Finding] = []
        for scorer, counted in _by_scorer(evidence):
            findings += _shares(Address(self.name, scorer), counted)
            findings += self._accuracy(evidence, scorer, counted)
        return corrected(findings)

    def _accuracy(self, evidence: Evidence, scorer: str, counted: pl.DataFrame) -> list[Finding]:
        requests = counted.filter(pl.col("asks") == "request").select("item", "truncated")
        if not requests["truncated"].any():
            return []  # nothing was cut: reward_classification says it all
        rows = evidence.contrasts().filter((pl.col("scorer") == scorer) & (pl.col("source") == COMPUTED))
        table = rows.join(requests, on="item", how="inner")
        findings = []
        for made, part in (("stimuli", table.filter(pl.col("generator") == STIMULI)), ("all others", _others(table))):
            for prompts, cut in (("read whole", False), ("cut", True)):
                asked = part.filter(pl.col("truncated") == cut)
                if len(asked):
                    where = Address(self.name, scorer, group={"items": made, "prompts": prompts})
                    findings += contrast_findings(where, asked, METRICS)
        return findings

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Who cut the most requests first."""
        shares = [f for f in findings if f.metric == "truncated" and f.group["prompt"] == "request"]
        said = []
        for f in sorted(shares, key=lambda f: (is_untrained(_scorer(f)), -(f.estimate or 0), _scorer(f))):
            if f.estimate:
                said.append(
                    f"{_spoken(f)} cut {count(f)} requests short ({range_percent(f)}): it never read their end."
                )
        if shares and not said:
            said = ["Every scorer that counts its tokens read every request to its end."]
        for f in leading([f for f in findings if f.metric == "accuracy" and f.group.get("prompts") == "read whole"]):
            said.append(
                f"Where {_spoken(f)} read the whole request, it chose the picture that was asked for in {count(f)} "
                f"({f.group['items']}, {range_percent(f)})."
            )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """The share of requests that each scorer cut; accuracy where they were read whole, and where they were cut."""
        shares = [f for f in findings if f.metric == "truncated" and f.group["prompt"] == "request"]
        charts = interval_chart(
            f"{self.name}-share",
            "Requests that were cut short",
            "share of distinct requests",
            shares,
            _scorer,
            _scorer,
        )
        right = [f for f in findings if f.metric == "accuracy"]
        for scorer in dict.fromkeys(_scorer(f) for f in right):
            charts += interval_chart(
                f"{self.name}-accuracy-{scorer}",
                f"{scorer_name(scorer)} by what it read of the request",
                "share of items in which the picture that was asked for scored higher",
                [f for f in right if f.scorer == scorer],
                lambda f: f"{f.group['prompts']}, {f.group['items']}",
                _scorer,
                lines=CHANCE,
            )
        return charts


def _by_scorer(evidence: Evidence) -> Iterator[tuple[str, pl.DataFrame]]:
    asks = pl.col("prompt_slot").replace_strict(ASKS, default=None)
    counted = evidence.tokens.with_columns(asks.alias("asks")).drop_nulls("asks")
    for (scorer,), part in counted.group_by("scorer", maintain_order=True):
        yield str(scorer), part


def _shares(where: Address, counted: pl.DataFrame) -> list[Finding]:
    findings = []
    for asks in ("request", "plain"):
        prompts = counted.filter(pl.col("asks") == asks).unique("prompt", maintain_order=True)
        if len(prompts):
            cut = prompts["truncated"].to_numpy()
            middle, most = float(np.median(prompts["tokens"])), int(prompts["tokens"].to_numpy().max())
            findings.append(
                state(
                    where.at(prompt=asks),
                    "truncated",
                    share(cut, SharedDraws(prompts["prompt"].to_numpy().astype(np.str_))),
                    notes=[f"tokens of a prompt before cutting: median {middle:g}, most {most}"],
                )
            )
    return findings


def _others(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.col("generator") != STIMULI)


def _scorer(finding: Finding) -> str:
    return finding.scorer or ""


def _spoken(finding: Finding) -> str:
    return scorer_name(_scorer(finding))


STUDY = Truncation()
