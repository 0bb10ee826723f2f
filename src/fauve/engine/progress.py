"""What a run tells while it works. The engine speaks to this protocol; how it looks is the caller's business."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Listens to a run."""

    def say(self, text: str) -> None:
        """One line that stands."""
        ...

    def stage(self, title: str, total: int) -> None:
        """A new stage of ``total`` steps begins; the one before is over."""
        ...

    def advance(self, steps: int) -> None:
        """So many steps of the stage are done."""
        ...

    def done(self) -> None:
        """The last stage is over."""
        ...


class Silent:
    """Says nothing: for calls from Python."""

    def say(self, text: str) -> None:
        """Nothing."""

    def stage(self, title: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""

    def done(self) -> None:
        """Nothing."""
