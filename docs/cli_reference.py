"""Writes docs/cli.md from the commands themselves; a test fails when the two differ.

python docs/cli_reference.py > docs/cli.md
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from fauve.cli import fauve

WIDTH = 100


def pages(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """(name, help text) of a command and everything below it."""
    settings = {**fauve.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    with click.Context(command, info_name=path, **settings) as context:
        yield path, command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None, f"{path} lists {name} and has no such command"
                yield from pages(below, f"{path} {name}")


def reference() -> str:
    """The whole page."""
    codes = (
        "Exit codes: 0 done, 1 failed, 2 wrong input, 130 stopped on request; "
        "`fauve gate` and `fauve verify` have more."
    )
    parts = [f"# Command line\n\n{codes}\n"]
    parts += [f"## {name}\n\n```\n{text}\n```\n" for name, text in pages(fauve, "fauve")]
    return "\n".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
