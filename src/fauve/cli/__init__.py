"""The command line: doors that call the Python API and show what it says.

A command's module is imported when the command is used, so that ``fauve --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from fauve.errors import ConfigError, DataError, FauveError, Interrupted
from fauve.version import __version__

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("fauve.cli.run:run", "The main job: stimuli, scores, studies, report. No CONFIG = the embedded default."),
    "audit": ("fauve.cli.run:audit", "Every reward study on your scorers, beside the controls."),
    "import": ("fauve.cli.imports:imports", "Bring in images and scores that were made elsewhere."),
    "export": ("fauve.cli.export:export", "What a run directory holds as a Hugging Face dataset, with its licences."),
    "stimuli": ("fauve.cli.stimuli:stimuli", "Put your own pictures through graded anti-aesthetic effects."),
    "curate": ("fauve.cli.curate:curate", "Build a set of anti-aesthetic photographs from a folder of your own."),
    "study": ("fauve.cli.study:study", "One study's findings from what the ledger holds."),
    "report": ("fauve.cli.study:report", "(Re)build findings and the site from the ledger."),
    "compare": ("fauve.cli.compare:compare", "Two runs, generators or scorers: paired differences, and pictures."),
    "gate": ("fauve.cli.gate:gate", "Hold findings to thresholds, for a build that shall fail when one breaks."),
    "verify": ("fauve.cli.verify:verify", "Recompute every number of a report; find what was altered."),
    "judge": ("fauve.cli.judge:judge", "The dimension judge: validate its answers against labels, and train it."),
    "steer": ("fauve.cli.steer:steer", "One prompt at several strengths of steering, side by side on a sheet."),
    "lab": (
        "fauve.cli.lab_group:lab",
        "The alignment lab: a made-up world in which the whole chain is trained.",
    ),
    "models": ("fauve.cli.models:models", "The scorers and judges that can be named, with their cards."),
    "doctor": ("fauve.cli.doctor:doctor", "What is installed here; examine a scorer before you trust it."),
    "status": ("fauve.cli.status:status", "What a run directory holds: done, missing, failed and why."),
    "retry": ("fauve.cli.status:retry", "Forget what failed, so that the next run asks again."),
}
"""Name → where the command is, and its one line in ``fauve --help``."""

USAGE_ERROR, FAILURE, STOPPED = 2, 1, 130


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every command for its first line.
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from fauve.errors import suggestion  # noqa: PLC0415 - only on a mistake

            ctx.fail(f"there is no command {args[0]!r}.{suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="fauve")
def fauve() -> None:
    """Shows whether image generators and reward models respect the picture that was asked for.

    Above all when it is not conventionally pretty. `fauve run` shows everything, offline, in about a minute.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; exit codes: 0 done, 1 failed, 2 wrong input, 130 stopped on request."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # it tells every user that torchvision is not wanted
    try:
        code = fauve.main(args=args, prog_name="fauve", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped: what had finished is kept. The same command goes on from there", err=True)
        sys.exit(STOPPED)
    except Interrupted as error:
        _tell(error)
        sys.exit(STOPPED)
    except (ConfigError, DataError) as error:
        _tell(error)
        sys.exit(USAGE_ERROR)
    except FauveError as error:
        _tell(error)
        sys.exit(FAILURE)


def _tell(error: FauveError) -> None:
    from fauve.cli.console import printable  # noqa: PLC0415 - only on a mistake

    click.echo(f"{'Stopped' if isinstance(error, Interrupted) else 'Error'}: {printable(str(error))}", err=True)
