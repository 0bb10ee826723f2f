"""Work done in a process of its own while this one goes on.

What a report draws is plain Python from end to end: in a thread it would only take turns with the rest. The other
process is started as a module, so that whoever calls this from a script needs no guard around its top level.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from fauve.errors import FauveError

__all__ = ["Aside"]

A = TypeVar("A")

_ASKED, _ANSWER = "asked", "answer"


class Aside(Generic[A]):
    """A call that another process answers, begun when this is entered; use it as a context manager.

    Args:
        failure: what could not be done, for the message where the call fails.
        work: a function that a module holds by its name.
        given: its arguments, plain values.
    """

    def __init__(self, failure: str, work: Callable[..., A], *given: object) -> None:
        self._failure, self._work, self._given = failure, work, given
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="fauve-aside-")
        Path(self._folder.name, _ASKED).write_bytes(pickle.dumps((self._work, self._given)))
        # -P: a file of the user's own called json.py, in the folder they happen to be in, is not to be imported.
        command = [sys.executable, "-P", "-m", __name__, self._folder.name]
        paths = os.pathsep.join(path for path in sys.path if path)
        environment = os.environ | {"PYTHONPATH": paths}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)  # noqa: S603 - our own
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process is not None:
            self.process.kill()  # it has ended already, unless nobody took what it made
            self.process.wait()
            if self.process.stderr is not None:
                self.process.stderr.close()
        if self._folder is not None:
            self._folder.cleanup()

    def take(self) -> A:
        """What the call gave; waits for it.

        Raises:
            FauveError: it failed; with what it said last.
        """
        if self.process is None or self._folder is None:
            raise RuntimeError("enter it before you take what it makes")
        _, said = self.process.communicate()
        if self.process.returncode:
            last = (said.decode("utf-8", "replace").strip().splitlines() or ["no reason given"])[-1]
            raise FauveError(f"{self._failure} ({last}); build the report again")
        made: A = pickle.loads(Path(self._folder.name, _ANSWER).read_bytes())  # noqa: S301 - in a folder of our own
        return made


def _main(folder: Path) -> None:
    work, given = pickle.loads((folder / _ASKED).read_bytes())  # noqa: S301 - written by whoever started this process
    (folder / _ANSWER).write_bytes(pickle.dumps(work(*given)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
