"""What does a generator do to a picture that was asked for when it edits it?

Source: arXiv 2512.11883, Table 4 and Fig. 9. The input is an anti image; image-to-image adds noise to it and lets the
editor draw again. Its score under the plain prompt rises where the editor puts conventional beauty back. Four things
are told apart:

    the shift            r(edit, po) − r(input, po), and the same of J, by editor and arm
    the control          encoding and decoding alone purifies a little; what is beyond it is the denoiser's work
    the family           an editor against the model that it was tuned from, on the same inputs and in the same arm
    what is left         the share of requests that the input honours and the edit still does

Edits by instruction know no strength, so they stand in tables of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import polars as pl

from fauve.naming import generator_name, is_untrained, scorer_kind, scorer_name
from fauve.records import Finding, Published
from fauve.studies.charting import NO_CHANGE, interval_chart
from fauve.studies.edit_measures import INPUT, judge_tables, requests_before_and_after, scorer_tables
from fauve.studies.evidence import Evidence
from fauve.studies.families import Variant, kin
from fauve.studies.honoured import MARGIN
from fauve.studies.paired import mean_finding, share_finding
from fauve.studies.protocol import Chart
from fauve.studies.published import published, published_difference
from fauve.studies.stating import Address, corrected
from fauve.studies.surest import surest
from fauve.studies.wording import count, interval, number, range_percent

__all__ = ["STUDY"]

NAME = "editing"

CONTROL = "encode-decode"
REFERENCE = "reference"

PUBLISHED_ARM = "strength 0.5"
"""The arm of Table 4."""

PUBLISHED_MAKER = "nano-banana"
"""Who made the inputs of Table 4, of those that HPSv3 scores below 10 under the plain prompt."""

MOST_SENTENCES = 3


class Editing:
    """Shift of scores and of judged dimensions from an anti image to its edit."""

    name = NAME
    title = "What an edit does to what was asked for"
    question = "When a generator draws a requested picture again, does it put conventional beauty back?"
    method = (
        "Shift = r(edit, plain prompt) − r(input, plain prompt), and of a judge J(edit) − J(input): the sum over all "
        "that it sees, and the mean over what was requested. Bootstrap by prompt, Wilcoxon's signed-rank test over "
        "prompts, Holm's correction. The control encodes and decodes the same input without any denoising; an edit is "
        "paired with it, and with the edit by the base model, on the input. A request is honoured where a judge "
        f"puts a picture more than {MARGIN} of 2 below the plain picture of the same scene. Edits that failed stay in "
        "the denominators. Edits by instruction have no strength and stand apart. Where inputs were chosen for a low "
        "score, any new drawing of them tends to rise: what tells editors apart is the control and the family."
    )
    source = "arXiv 2512.11883, Table 4 and Fig. 9"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Shift and score after; beyond the control; within families; requests before and after."""
        if not (evidence.items["kind"] == "edit").any():
            return []
        failed = _failures(evidence)
        findings: list[Finding] = []
        for where, table, note in (*scorer_tables(evidence, Address(NAME)), *judge_tables(evidence, Address(NAME))):
            findings += _changes(where, table, [note], failed)
            if "dimension" not in where.group:
                findings += _beyond_control(where, table, [note])
                for variant in kin(table["generator"].unique()):
                    findings += _within_family(where, table, variant, [note])
        return corrected([*findings, *_what_is_left(evidence)])

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The surest changes by strength, the control, families, what is left, and edits by instruction last."""
        scored = [f for f in findings if f.scorer and f.group.get("arm") != CONTROL]
        strengths = [f for f in scored if "arm" in f.group]
        said = []
        for metric, speak in (
            ("shift", _shift_sentence),
            ("beyond_control", _control_sentence),
            ("shift_difference", _family_sentence),
        ):
            said += [speak(f) for f in surest([f for f in strengths if f.metric == metric])[:MOST_SENTENCES]]
        said += _survival_sentences(findings)
        instructed = [f for f in scored if f.metric == "shift" and "arm" not in f.group]
        return said + [_shift_sentence(f) for f in surest(instructed)[:MOST_SENTENCES]]

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Shift by editor and arm for every model under study; requested dimensions; what is left of the requests."""
        charts: list[Chart] = []
        shifts = [f for f in findings if f.metric == "shift" and "source" not in f.group]
        scorers = sorted({f.scorer for f in shifts if f.scorer})
        for scorer in [s for s in scorers if scorer_kind(s) == "model"] or scorers:
            title = f"{scorer_name(scorer)}: change from the input to its edit"
            axis = f"change of {scorer_name(scorer)} under the plain prompt"
            charts += _chart(
                f"shift-{scorer.replace(':', '-')}", title, axis, [f for f in shifts if f.scorer == scorer]
            )
        asked = [f for f in shifts if f.group.get("over") and f.scorer is None]
        for judge in dict.fromkeys(f.group["judge"] for f in asked):
            mine = [f for f in asked if f.group["judge"] == judge]
            title = f"What was requested, before and after, as “{judge}” sees it"
            charts += _chart(f"judge-{judge}", title, "change of J over requests: above 0 the request is undone", mine)
        left = [f for f in findings if f.metric == "survived"]
        for judge in dict.fromkeys(f.group["judge"] for f in left):
            mine = [f for f in left if f.group["judge"] == judge]
            title = f"Requests still honoured after the edit, as “{judge}” sees it"
            charts += _chart(f"survived-{judge}", title, "share of the requests that the input honours", mine, ())
        return charts


def _arms(table: pl.DataFrame) -> Iterator[tuple[str, str, pl.DataFrame]]:
    for (generator, arm), part in table.sort("generator", "arm").group_by("generator", "arm", maintain_order=True):
        if part["edit"].is_null().all() and part["input"].is_null().all():
            continue  # nobody looked
        yield str(generator), str(arm), part


def _at(where: Address, generator: str, arm: str) -> Address:
    # An edit by instruction has no strength: under a key of its own it gets a table of its own.
    group = {"edit": "by instruction"} if arm == REFERENCE else {"arm": arm}
    return dataclasses.replace(where, generator=generator, group={**group, **where.group})


def _changes(
    where: Address, table: pl.DataFrame, notes: list[str], failed: dict[tuple[str, str], str]
) -> Iterator[Finding]:
    for generator, arm, part in _arms(table.with_columns((pl.col("edit") - pl.col("input")).alias("change"))):
        at = _at(where, generator, arm)
        told = [*notes, _about_arm(arm), failed.get((generator, arm), "")]
        beside = _published(where, generator, arm)
        about = f"published inputs: pictures by {generator_name(PUBLISHED_MAKER)} that HPSv3 scores below 10"
        yield mean_finding(at, "shift", part, "change", published=beside, notes=[*told, about if beside else ""])
        yield mean_finding(at, "after", part, "edit", test=False, notes=told)


def _published(where: Address, generator: str, arm: str) -> Published | None:
    return published(NAME, "shift", where.scorer, generator, where.group) if arm == PUBLISHED_ARM else None


def _about_arm(arm: str) -> str:
    return "control: the input encoded and decoded, with no denoising" if arm == CONTROL else ""


def _beyond_control(where: Address, table: pl.DataFrame, notes: list[str]) -> Iterator[Finding]:
    on = ["generator", *INPUT, "part"]
    control = table.filter(pl.col("arm") == CONTROL).group_by(on).agg(pl.col("edit").mean().alias("decoded"))
    edits = table.filter(pl.col("arm") != CONTROL).join(control, on=on, how="left")
    there = set(control["generator"])
    for generator, arm, part in _arms(edits.with_columns((pl.col("edit") - pl.col("decoded")).alias("beyond"))):
        if generator in there:
            yield mean_finding(_at(where, generator, arm), "beyond_control", part, "beyond", notes=notes)


def _within_family(where: Address, table: pl.DataFrame, variant: Variant, notes: list[str]) -> Iterator[Finding]:
    on = ["arm", *INPUT, "part"]
    base = table.filter(pl.col("generator") == variant.base)
    before = base.group_by(on).agg(pl.col("edit").mean().alias("base_edit"))
    own = table.filter((pl.col("generator") == variant.name) & pl.col("arm").is_in(base["arm"].unique().to_list()))
    both = own.join(before, on=on, how="left").with_columns((pl.col("edit") - pl.col("base_edit")).alias("difference"))
    for generator, arm, part in _arms(both):
        if part["difference"].is_null().all():
            continue
        at = _at(where, generator, arm).at(base=variant.base)
        beside = None
        if arm == PUBLISHED_ARM and where.scorer:
            beside = published_difference(NAME, "shift", where.scorer, variant.base, variant.name)
        told = [variant.remark, "a control: not tuned on taste" if variant.control else "", *notes, _about_arm(arm)]
        yield mean_finding(at, "shift_difference", part, "difference", published=beside, notes=told)


def _what_is_left(evidence: Evidence) -> Iterator[Finding]:
    for judge, table, note in requests_before_and_after(evidence):
        for (generator, arm), part in table.sort("generator", "arm").group_by("generator", "arm", maintain_order=True):
            at = _at(Address(NAME), str(generator), str(arm)).at(judge=judge)
            # Where either picture was not judged, before and after would speak of different requests.
            both = part.with_columns(
                pl.when(pl.col("after").is_not_null()).then("before").alias("before"),
                pl.when(pl.col("before").is_not_null()).then("after").alias("after"),
            )
            had = part.filter("before")
            yield share_finding(at, "honoured_before", both, "before", notes=[note])
            yield share_finding(at, "honoured_after", both, "after", notes=[note])
            yield share_finding(at, "survived", had, "after", notes=[note, _about_arm(str(arm))])


def _failures(evidence: Evidence) -> dict[tuple[str, str], str]:
    """What to say of edits that gave no picture, by editor and arm."""
    gone = ~pl.col("slots").list.contains("edit")
    counted = evidence.edit_items().group_by("generator", "arm").agg(gone.sum().alias("gone"), pl.len().alias("all"))
    return {(g, a): f"{n} of {total} edits gave no picture" for g, a, n, total in counted.iter_rows() if n}


def _chart(
    name: str, title: str, axis: str, findings: Sequence[Finding], lines: Sequence[tuple[float, str]] = NO_CHANGE
) -> list[Chart]:
    charts = interval_chart(f"{NAME}-{name}", title, axis, findings, _row, lambda f: f.generator or "", lines=lines)
    controls = {_row(f) for f in findings if f.group.get("arm") == CONTROL}
    return [
        dataclasses.replace(c, marks=tuple(dataclasses.replace(m, control=m.label in controls) for m in c.marks))
        for c in charts
    ]


def _row(finding: Finding) -> str:
    return f"{generator_name(finding.generator or '')}, {finding.group.get('arm', 'by instruction')}"


def _editor(finding: Finding) -> str:
    name = generator_name(finding.generator or "")
    arm = finding.group.get("arm")
    if arm is None:
        return f"{name} by instruction"
    return f"{name}, encoding and decoding alone" if arm == CONTROL else f"{name} at {arm}"


def _change(f: Finding) -> str:
    return number(f.estimate or 0.0, f.low, f.high, signed=True)


def _shift_sentence(f: Finding) -> str:
    return (
        f"From the input to its edit by {_editor(f)}, {scorer_name(f.scorer or '')} changes by {_change(f)} on average "
        f"under the plain prompt ({interval(f)}, n = {f.n:,})."
    )


def _control_sentence(f: Finding) -> str:
    return (
        f"The score of {scorer_name(f.scorer or '')} for the edit by {_editor(f)} differs by {_change(f)} from that "
        f"for the same input encoded and decoded alone ({interval(f)}, n = {f.n:,})."
    )


def _family_sentence(f: Finding) -> str:
    return (
        f"The score of {scorer_name(f.scorer or '')} for the edit by {_editor(f)} differs by {_change(f)} from that "
        f"for the edit of the same input by its base {generator_name(f.group['base'])} ({interval(f)}, n = {f.n:,})."
    )


def _survival_sentences(findings: Sequence[Finding]) -> list[str]:
    left = [f for f in findings if f.metric == "survived" and f.estimate is not None]
    control = {(f.generator, f.group["judge"]): f for f in left if f.group.get("arm") == CONTROL}
    edits = [f for f in left if f.group.get("arm") != CONTROL]
    said = []
    for f in sorted(edits, key=lambda f: (is_untrained(f.generator or ""), f.estimate))[:MOST_SENTENCES]:
        beside = control.get((f.generator, f.group["judge"]))
        alone = f"; encoding and decoding alone leaves {count(beside)}" if beside and "arm" in f.group else ""
        said.append(
            f"Of the requests that the inputs honour, the judge “{f.group['judge']}” finds {count(f)} still honoured "
            f"after the edit by {_editor(f)} ({range_percent(f)}){alone}."
        )
    return said


STUDY = Editing()
