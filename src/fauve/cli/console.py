"""How things look in a terminal, and in a file when there is none."""

from __future__ import annotations

import time
import unicodedata

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

__all__ = ["Lines", "Live", "listener", "printable"]


def printable(text: str) -> str:
    """Text from outside without the control characters by which it could drive the terminal; newlines stay."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)


def listener() -> Live | Lines:
    """A live bar where standard error is a terminal, plain lines otherwise."""
    console = Console(stderr=True)
    return Live(console) if console.is_terminal else Lines()


class Live:
    """One moving bar a stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(Text(printable(text)))

    def stage(self, title: str, total: int) -> None:
        """Start the stage's bar."""
        self.done()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._progress.start()
        self._task = self._progress.add_task(Text(printable(title)).markup, total=total)

    def advance(self, steps: int) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)

    def done(self) -> None:
        """Leave the finished bar standing."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None


class Lines:
    """Plain lines, at most one every :data:`EVERY` seconds while a stage goes on."""

    EVERY = 10.0

    def __init__(self) -> None:
        self._title, self._total, self._count = "", 0, 0
        self._started = self._told = 0.0

    def say(self, text: str) -> None:
        """One line."""
        click.echo(printable(text), err=True)

    def stage(self, title: str, total: int) -> None:
        """Begin to count."""
        self.done()
        self._title, self._total, self._count = title, total, 0
        self._started = self._told = time.monotonic()

    def advance(self, steps: int) -> None:
        """Count, and tell now and then."""
        self._count += steps
        now = time.monotonic()
        if now - self._told >= self.EVERY:
            self._told = now
            left = (now - self._started) * (self._total - self._count) / max(1, self._count)
            self.say(f"{self._title}: {self._count:,} of {self._total:,}, about {left:.0f} s left")

    def done(self) -> None:
        """Say how the stage ended."""
        if self._title:
            self.say(f"{self._title}: {self._count:,} of {self._total:,} in {time.monotonic() - self._started:.1f} s")
        self._title = ""
