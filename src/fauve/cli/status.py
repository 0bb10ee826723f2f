"""``fauve status`` and ``fauve retry``."""

from __future__ import annotations

from pathlib import Path

import click

from fauve.cli.console import printable
from fauve.ledger import Ledger
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import State, state

__all__ = ["retry", "status"]

_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("directory", type=_DIRECTORY, default=Path("fauve-run"))
def status(directory: Path) -> None:
    """What the run in DIRECTORY (default: fauve-run) holds: done, missing, failed and why."""
    with Ledger(directory) as ledger:
        click.echo(printable(_describe(state(ledger))))


@click.command()
@click.argument("directory", type=_DIRECTORY, default=Path("fauve-run"))
def retry(directory: Path) -> None:
    """Forget the failed values in DIRECTORY (default: fauve-run), so that the next `fauve run` asks for them again."""
    with Ledger(directory) as found:  # a typo must not make a new run directory
        found.pending_steps()
    with Ledger(directory, write=True) as ledger:
        count = forget_failures(ledger)
    click.echo(
        f"Forgot {count:,} failed values; `fauve run` with the same settings asks again."
        if count
        else "Nothing failed."
    )


def _describe(found: State) -> str:
    lines = [f"{count:,} {what}" for what, count in found.items.items()] or ["no pairs and no contrasts yet"]
    lines.append(f"{found.images:,} images, {found.runs:,} runs that scored something")
    lines += [f"imported scores, {what}: {count:,}" for what, count in found.imported_scores.items()]
    if found.ratings:
        lines.append(f"{found.ratings:,} ratings by {found.raters:,} {'person' if found.raters == 1 else 'people'}")
    for kind, answered in (("generator", found.generators), ("editor", found.editors)):
        for name, counts in answered.items():
            told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
            lines.append(f"{kind} {name}: {sum(counts.values()):,} requests: {told}")
            reasons = [(reason, count) for k, n, reason, count in found.unmade if (k, n) == (kind, name)]
            lines += [f"    {count:,} × {reason}" for reason, count in reasons[:5]]
    for adapter in found.adapters:
        failed = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(adapter.failed.items())) or "0 failed"
        lines.append(
            f"{adapter.kind} {adapter.name}: {adapter.ok:,} of {adapter.wanted:,} done, "
            f"{adapter.missing:,} missing, {failed}"
        )
        lines += [f"    {count:,} × {reason}" for reason, count in adapter.reasons]
    return "\n".join(lines)
