"""``fauve lab``: the alignment lab's commands, each imported when it is used."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["LAB_COMMANDS", "lab"]

LAB_COMMANDS: dict[str, tuple[str, str]] = {
    "train": ("fauve.cli.lab:train", "Train the family from seeds, or go on with a training that was stopped."),
    "run": ("fauve.cli.lab:run", "An experiment: change a knob, train what it touches, state findings."),
    "tables": ("fauve.cli.lab:tables", "Tables of docs/lab.md from stored findings."),
    "play": ("fauve.cli.lab_play:play", "A page with dials: pictures change, scorers disagree."),
}
"""Name → where the command is, and its one line in ``fauve lab --help``."""


class _LazyLab(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(LAB_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in LAB_COMMANDS:
            return None
        module, _, attribute = LAB_COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every command for its first line.
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in LAB_COMMANDS.items()])


@click.group(cls=_LazyLab)
def lab() -> None:
    """The alignment lab: a made-up world, small enough to train, change and measure every link of the chain.

    It shows a mechanism; the majority's taste is written into simulated annotators. It is no evidence about real
    models.
    """
