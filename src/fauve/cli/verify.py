"""``fauve verify``: hold a report to its ledger, and the ledger to what its runs recorded."""

from __future__ import annotations

from pathlib import Path

import click

from fauve import api
from fauve.cli.console import listener, printable

__all__ = ["verify"]

ALTERED = 3
_SHOWN = 20


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def verify(directory: Path) -> None:
    """Recompute every number of the report in DIRECTORY from the ledger, and look for what was altered.

    Checked are pictures and prompts, the answers of runs, everything that was imported, and the pages of the report.

    Exit codes: 0 all is as it was, 3 something was altered.
    """
    found = api.verify(directory, listener())
    if not found.faults:
        click.echo(
            f"{directory}: {found.pictures:,} pictures, the answers of {found.runs:,} "
            f"{'run' if found.runs == 1 else 'runs'}, what was imported, the pages and {found.numbers:,} "
            f"numbers are as they were written."
        )
    for fault in found.faults[:_SHOWN]:
        click.echo(printable(f"{fault.kind}: {fault.which}: {fault.said}"))
    if len(found.faults) > _SHOWN:
        click.echo(f"and {len(found.faults) - _SHOWN:,} more")
    if found.unsealed:
        click.echo(f"{found.unsealed:,} runs were cut off and have no seal yet; the next `fauve run` puts one on them.")
    if found.faults:
        click.echo(
            "Compare with a copy that you trust, or make the run again in another directory. `fauve report` would "
            "write all numbers anew from the ledger as it is now, faults included."
        )
        raise SystemExit(ALTERED)
