"""How requests for pictures and anti prompts ended: what came, what did not and why, what was cut, what it took.

Read from the ledger as it stands; a request that failed stays in its row and is never drawn.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from fauve.ledger import Ledger
from fauve.ledger.endings import NOT_SENT, STILL_RUNNING, ending
from fauve.ledger.rewritings import RewriterState, rewriter_states
from fauve.naming import generator_name
from fauve.records import Outcome
from fauve.report.numbers import format_count, format_share, format_value

__all__ = ["Drawn", "drawn_context", "drawn_sentence", "read_drawn"]

_ENDINGS = (*(str(outcome) for outcome in Outcome), STILL_RUNNING, NOT_SENT)
"""In the order of the table's columns."""
_TURNED_AWAY = (Outcome.REFUSED, Outcome.FILTERED)
_REASONS = 8
"""Reasons of one generator that are told before the rest is counted."""
_TABLES = (("generator", "generations", "pictures of prompts"), ("editor", "edits", "edits of pictures"))
_UNASKED = "not asked for yet"
_WRITTEN = "anti prompts of captions"
_GUIDANCE = ("guidance_scale", "true_cfg_scale")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One generator's requests of one kind.

    ``turned_away`` has for each (``dimension`` or ``emotion``, its name) how many requests that asked for it were
    refused or filtered, and how many there were. ``cut`` counts pictures whose prompt has words that no text encoder
    read, ``cut_for_one`` those where some encoder read less than all, both out of ``counted``.
    """

    name: str
    what: str
    settings: Mapping[str, Any]
    endings: Mapping[str, int]
    reasons: tuple[tuple[str, str, int], ...]
    turned_away: Mapping[tuple[str, str], tuple[int, int]]
    counted: int
    cut: int
    cut_for_one: int
    forwards: tuple[float, ...]
    seconds: float | None

    @property
    def requests(self) -> int:
        """How many were made."""
        return sum(self.endings.values())


def read_drawn(ledger: Ledger) -> list[Drawn]:
    """Every current generator and editor that was asked for something here, by name; before them the rewriter."""
    found = [_writer(one) for one in rewriter_states(ledger) if one.asked]
    for kind, table, what in _TABLES:
        adapters = ledger.db.execute(
            "SELECT adapter, name, settings FROM adapters WHERE kind = ? AND current = 1 ORDER BY name", (kind,)
        )
        for adapter, name, settings in adapters.fetchall():
            rows = [
                (ending(outcome, facts), reason or "no reason given", facts)
                for outcome, reason, facts in (
                    (outcome, reason, json.loads(text))
                    for outcome, reason, text in ledger.db.execute(
                        f"SELECT outcome, reason, facts FROM {table} WHERE adapter = ?",  # noqa: S608 - a literal above
                        (adapter,),
                    )
                )
            ]
            if rows:
                found.append(_drawn(ledger, name, what, json.loads(settings), rows))
    return found


def _drawn(
    ledger: Ledger, name: str, what: str, settings: Mapping[str, Any], rows: list[tuple[str, str, dict[str, Any]]]
) -> Drawn:
    reasons = Counter((how, reason) for how, reason, _ in rows if how != Outcome.OK)
    pictured = [facts for how, _, facts in rows if how == Outcome.OK]
    counted = [facts for facts in pictured if "truncated_tokens" in facts]
    return Drawn(
        name=name,
        what=what,
        settings=settings,
        endings=Counter(how for how, _, _ in rows),
        reasons=tuple((how, reason, n) for (how, reason), n in sorted(reasons.items(), key=lambda e: (-e[1], e[0]))),
        turned_away=_turned_away(ledger, name),
        counted=len(counted),
        cut=sum(1 for facts in counted if facts["truncated_tokens"]),
        cut_for_one=sum(1 for facts in counted if any(facts.get("truncated", {}).values())),
        forwards=tuple(sorted({float(facts["forwards"]) for facts in pictured if "forwards" in facts})),
        seconds=_seconds(ledger, name, pictured),
    )


def _writer(one: RewriterState) -> Drawn:
    missing = one.asked - sum(one.endings.values())
    endings = {**one.endings, **({_UNASKED: missing} if missing else {})}
    return Drawn(one.name, _WRITTEN, one.settings, endings, one.reasons, {}, 0, 0, 0, (), None)


def _turned_away(ledger: Ledger, name: str) -> dict[tuple[str, str], tuple[int, int]]:
    asked: Counter[tuple[str, str]] = Counter()
    away: Counter[tuple[str, str]] = Counter()
    rows = ledger.db.execute(
        "SELECT dimensions, groups, coalesce(notes ->> '$.outcomes.anti', notes ->> 'outcome') FROM items "
        "WHERE generator = ?",
        (name,),
    )
    for dimensions, groups, outcome in rows:
        if outcome is None:
            continue
        wishes = [("dimension", wish) for wish in json.loads(dimensions)]
        emotion = json.loads(groups).get("emotion")
        for wish in wishes + ([("emotion", emotion)] if emotion else []):
            asked[wish] += 1
            away[wish] += outcome in _TURNED_AWAY
    return {wish: (away[wish], asked[wish]) for wish in sorted(asked) if away[wish]}


def _seconds(ledger: Ledger, name: str, pictured: Iterable[Mapping[str, Any]]) -> float | None:
    """Seconds a picture: of a service the median request's; else the time of its runs over what they asked for."""
    timed = [float(facts["seconds"]) for facts in pictured if "seconds" in facts]
    if timed:
        return median(timed)
    spent, asked = 0.0, 0
    for (text,) in ledger.db.execute("SELECT summary FROM runs WHERE summary IS NOT NULL"):
        summary = json.loads(text)
        counts = summary.get("outcomes", {}).get(name)
        if counts and name in summary.get("seconds", {}):
            spent, asked = spent + float(summary["seconds"][name]), asked + sum(counts.values())
    return spent / asked if asked else None


def drawn_sentence(drawn: list[Drawn]) -> str | None:
    """How many pictures were asked for and what became of the others, in one sentence; None where nobody was asked."""
    total: Counter[str] = Counter()
    for one in drawn:
        if one.what != _WRITTEN:
            total.update(one.endings)
    if not total:
        return None
    others = [f"{format_count(total[how])} {how}" for how in _ENDINGS if how != Outcome.OK and total[how]]
    said = f"Generators were asked for {format_count(total.total())} pictures here and gave {format_count(total['ok'])}"
    if not others:
        return f"{said}."
    return f"{said}; the others ended {', '.join(others)}. No picture stands in for one that did not come."


def drawn_context(drawn: list[Drawn]) -> dict[str, Any]:
    """What the part ``generators.html`` names; empty lists where nobody was asked for a picture, or to write."""
    written = [one for one in drawn if one.what == _WRITTEN]
    drawn = [one for one in drawn if one.what != _WRITTEN]
    columns = [how for how in _ENDINGS if any(one.endings.get(how) for one in drawn)]
    return {
        "written": [_written_row(one) for one in written],
        "written_reasons": [row for one in written for row in _reason_rows(one)],
        "drawn": [_row(one, columns) for one in drawn],
        "drawn_columns": columns,
        "drawn_reasons": [row for one in drawn for row in _reason_rows(one)],
        "drawn_away": [_away_row(one, wish, counts) for one in drawn for wish, counts in one.turned_away.items()],
    }


def _written_row(one: Drawn) -> dict[str, Any]:
    others = [f"{format_count(n)} {how}" for how, n in sorted(one.endings.items()) if how != Outcome.OK and n]
    return {
        "name": one.name,
        "model": one.settings.get("model") or "none",
        "asked": one.requests,
        "ok": one.endings.get("ok", 0),
        "others": ", ".join(others) or "none",
    }


def _row(one: Drawn, columns: list[str]) -> dict[str, Any]:
    return {
        "name": generator_name(one.name),
        "what": one.what,
        "preset": one.settings.get("preset") or "not stated",
        "sampled": _sampled(one.settings),
        "requests": one.requests,
        "counts": [(one.endings.get(how, 0), format_share(one.endings.get(how, 0) / one.requests)) for how in columns],
        "forwards": ", ".join(f"{value:g}" for value in one.forwards) or "–",
        "seconds": format_value(one.seconds),
        "cut": _cut(one),
    }


def _cut(one: Drawn) -> str:
    if not one.counted:
        return "not counted"
    if not one.cut_for_one:
        return f"none of {format_count(one.counted)}"
    for_one = f"for one encoder of several {format_count(one.cut_for_one)}"
    return f"{format_count(one.cut)} of {format_count(one.counted)}; {for_one}"


def _sampled(settings: Mapping[str, Any]) -> str:
    """Steps, guidance, size and number format in words; both where Io and Ia are sampled differently."""
    if isinstance(settings.get("original"), Mapping) and isinstance(settings.get("anti"), Mapping):
        return f"original {_sampled(settings['original'])}; anti {_sampled(settings['anti'])}"
    told = [f"{settings['steps']} steps"] if "steps" in settings else []
    told += [f"guidance {settings[key]:g}" for key in _GUIDANCE if isinstance(settings.get(key), int | float)]
    if "negative" in settings:
        told.append("no negative prompt" if settings["negative"] is None else f"negative “{settings['negative']}”")
    size = settings.get("size")
    told += [f"{size[0]} × {size[1]}"] if isinstance(size, list) and len(size) == 2 else []
    told += [str(settings["dtype"])] if "dtype" in settings else []
    parameters = settings.get("parameters")
    if isinstance(parameters, Mapping):
        told += [f"{key} {value}" for key, value in parameters.items()]
    return ", ".join(told) or "not stated"


def _reason_rows(one: Drawn) -> list[dict[str, Any]]:
    rows = [
        {"name": generator_name(one.name), "how": how, "reason": reason, "count": count}
        for how, reason, count in one.reasons[:_REASONS]
    ]
    rest = one.reasons[_REASONS:]
    if rest:
        told = f"{format_count(len(rest))} more reasons"
        rows.append(
            {"name": generator_name(one.name), "how": "", "reason": told, "count": sum(count for *_, count in rest)}
        )
    return rows


def _away_row(one: Drawn, wish: tuple[str, str], counts: tuple[int, int]) -> dict[str, Any]:
    away, asked = counts
    return {
        "name": generator_name(one.name),
        "kind": wish[0],
        "wish": wish[1],
        "away": away,
        "asked": asked,
        "share": format_share(away / asked),
    }
