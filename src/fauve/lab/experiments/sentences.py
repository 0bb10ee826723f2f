"""Sentences with numbers: which way, how much, and whether the interval leaves room for nothing at all."""

from __future__ import annotations

from collections.abc import Mapping

from fauve.lab.experiments.store import Results
from fauve.lab.experiments.wording import REWARDS, cell, void_mark
from fauve.records import Finding

__all__ = ["sentences"]

KLS = ("0", "0.01", "0.05", "0.5")


def sentences(topic: str, stored: Mapping[str, Results]) -> str:
    """What the grid says of one topic, as a list; each line is a comparison with its interval."""
    if "grid" not in stored:
        return "No results are stored for this yet."
    lines = _TOPICS[topic](stored["grid"])
    return "\n".join(f"- {line}" for line in lines) if lines else "The arms that this compares are not done yet."


def _told(finding: Finding, more: str, less: str) -> str:
    """``more`` or ``less``, or that the sign is open."""
    if finding.low is None or finding.high is None:
        return "an effect without an interval,"
    if finding.low > 0:
        return more
    return less if finding.high < 0 else "unresolved:"


def _line(head: str, finding: Finding | None, taste: Finding | None) -> list[str]:
    if finding is None or finding.estimate is None:
        return []
    told = _told(finding, "honours more:", "honours less:")
    cost = f"; taste of plain pictures {cell(taste, signed=True)}" if taste is not None else ""
    return [f"{head} {told} {cell(finding, signed=True)}{cost}.{void_mark(finding)}"]


def _pair(grid: Results, against: str, **arm: str) -> tuple[Finding | None, Finding | None]:
    found = (
        grid.one(f"{m}_difference", against=against, method="grpo", steering=None, **arm) for m in ("honoured", "level")
    )
    return next(found), next(found)


def _reward(grid: Results) -> list[str]:
    lines = []
    for reward in REWARDS:
        if reward == "placebo":
            continue
        for kl in KLS:
            found = _pair(grid, "placebo", reward=reward, anti="0", kl=kl)
            lines += _line(f"{REWARDS[reward].capitalize()} minus placebo, no anti requests, KL weight {kl}:", *found)
    return lines


def _prompts(grid: Results) -> list[str]:
    lines = []
    for reward in REWARDS:
        for kl in KLS:
            found = _pair(grid, "no anti requests", reward=reward, anti="0.5", kl=kl)
            lines += _line(
                f"{REWARDS[reward].capitalize()}, KL weight {kl}, half of the prompts with anti requests minus none:",
                *found,
            )
    return lines


def _leash(grid: Results) -> list[str]:
    lines = []
    for reward in REWARDS:
        for kl in KLS[1:]:
            found = _pair(grid, "kl 0", reward=reward, anti="0", kl=kl)
            lines += _line(f"{REWARDS[reward].capitalize()}, no anti requests, KL weight {kl} minus none:", *found)
    return lines


def _drift(grid: Results) -> list[str]:
    lines = []
    for anti, prompts in (("0", "no anti requests"), ("0.5", "half with anti requests")):
        for kl in KLS:
            found, taste = _pair(grid, "base", reward="placebo", anti=anti, kl=kl)
            whole = grid.one("wholly_difference", against="base", reward="placebo", anti=anti, kl=kl, steering=None)
            lines += [
                line.removesuffix(".") + f"; prompts wholly honoured {cell(whole, signed=True)}."
                for line in _line(f"Placebo minus base, {prompts}, KL weight {kl}:", found, taste)
            ]
    return lines


_TOPICS = {"reward": _reward, "prompts": _prompts, "leash": _leash, "drift": _drift}
