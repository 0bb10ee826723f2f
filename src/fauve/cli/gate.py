"""``fauve gate``: conditions on findings, for a build that must fail when one does not hold."""

from __future__ import annotations

from pathlib import Path

import click

from fauve import api
from fauve.cli.console import printable
from fauve.report.gate import as_junit, as_markdown, judge_conditions, parse_condition

__all__ = ["gate"]

FAILED, NO_NUMBER = 3, 4


@click.command()
@click.argument("findings", type=click.Path(path_type=Path))
@click.option("--min", "least", multiple=True, metavar="CONDITION", help="The lower bound must be at least this.")
@click.option("--max", "most", multiple=True, metavar="CONDITION", help="The upper bound must be at most this.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the verdicts as JUnit XML.")
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write the verdicts as a table.")
def gate(
    findings: Path, least: tuple[str, ...], most: tuple[str, ...], junit: Path | None, markdown: Path | None
) -> None:
    """Hold FINDINGS (findings.json, or the run directory that has it) to conditions.

    A condition is STUDY.METRIC[KEY=VALUE,…]=BOUND, such as reward_classification.accuracy[scorer=hpsv3]=0.5; keys are
    scorer, generator and the keys of the finding's group, as many as it takes to mean one number. The end of the
    interval decides, not the estimate.

    Exit codes: 0 all hold, 3 one fails, 4 one has no number (none fails), 2 a condition cannot be read.
    """
    conditions = [parse_condition(text, "at least") for text in least]
    conditions += [parse_condition(text, "at most") for text in most]
    if not conditions:
        raise click.UsageError("no condition is given: name at least one with --min or --max")
    verdicts = judge_conditions(conditions, api.findings_in(findings))
    for verdict in verdicts:
        click.echo(printable(f"{verdict.outcome}: {verdict.condition}: {verdict.said}"))
    for path, text in ((junit, as_junit), (markdown, as_markdown)):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text(verdicts), encoding="utf-8")
    outcomes = {verdict.outcome for verdict in verdicts}
    if outcomes != {"passed"}:
        raise SystemExit(FAILED if "failed" in outcomes else NO_NUMBER)
