"""A folder that remembers what was bought, so that a run which dies does not buy it again.

``journal.jsonl`` gets a line before each paid call and one after it; a picture's bytes lie beside it as
``<key>.bin``, complete before the line that tells of them. What a run finds answered with a picture it takes from here,
a job that a service had accepted it fetches by its id, and what was spent counts towards the budget. Delete the folder
to have the same requests answered anew.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fauve.errors import ModelError
from fauve.keys import digest_bytes

__all__ = ["ApiJournal"]


class ApiJournal:
    """Requests and answers of one run directory, by key; for one process at a time, any number of threads.

    Args:
        folder: where it lies; made where it is missing.

    Raises:
        ModelError: where a line in the middle cannot be read. A torn last line is what a killed process leaves.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = self.folder / "journal.jsonl"
        self._lock = threading.Lock()
        self._pictures: dict[str, Mapping[str, Any]] = {}
        self._jobs: dict[str, str] = {}
        self._open: dict[str, Decimal] = {}
        self._spent = Decimal(0)
        for event in self._events():
            self._take(event)
        if self._open:
            # of a process that ended early: an answer from now on does not tell what those calls have cost
            self._write({"event": "taken up"})

    def spent(self) -> Decimal:
        """Money that the journal tells of; a call whose answer never came counts with its price."""
        with self._lock:
            return self._spent + sum(self._open.values(), Decimal(0))

    def picture(self, key: str) -> tuple[bytes, Mapping[str, Any]] | None:
        """The bytes and facts of a request that an earlier call has answered with a picture."""
        with self._lock:
            event = self._pictures.get(key)
        if event is None:
            return None
        try:
            data = (self.folder / f"{key}.bin").read_bytes()
        except FileNotFoundError:
            return None
        return (data, event["facts"]) if digest_bytes(data) == event["sha256"] else None

    def job(self, key: str) -> str | None:
        """The id under which a service has accepted a request that has no answer yet."""
        with self._lock:
            return self._jobs.get(key)

    def sent(self, key: str, generator: str, prompt: str, price: Decimal) -> None:
        """A paid call is about to go out."""
        self._write({"event": "sent", "key": key, "generator": generator, "prompt": prompt, "price": str(price)})

    def accepted(self, key: str, job: str) -> None:
        """A service has taken a request on and will answer later, under this id."""
        self._write({"event": "accepted", "key": key, "job": job})

    def answered(
        self, key: str, outcome: str, reason: str | None, cost: Decimal, facts: Mapping[str, Any], data: bytes | None
    ) -> None:
        """A request has its answer; ``cost`` is what all its calls since the last answer have cost."""
        event = {"event": "answered", "key": key, "outcome": outcome, "reason": reason, "cost": str(cost)}
        if data is not None:
            self._store(key, data)
            event["sha256"] = digest_bytes(data)
        self._write({**event, "facts": dict(facts)})

    def _store(self, key: str, data: bytes) -> None:
        part = self.folder / f"{key}.{threading.get_ident()}.part"
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / f"{key}.bin")

    def _write(self, event: Mapping[str, Any]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}) + "\n"
        with self._lock:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self._take(event)

    def _events(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        text = self._file.read_text(encoding="utf-8", errors="replace")
        whole, _, torn = text.rpartition("\n")
        if torn:  # the next line must not continue it
            self._file.write_text(f"{whole}\n" if whole else "", encoding="utf-8")
        events = []
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                events.append(json.loads(line))
            except ValueError:
                raise ModelError(
                    f"{self._file.name}, line {number}, cannot be read. Mend or delete the line: what it told of "
                    "may be bought again."
                ) from None
        return events

    def _take(self, event: Mapping[str, Any]) -> None:
        key, kind = event.get("key", ""), event["event"]
        if kind == "taken up":
            self._spent += sum(self._open.values(), Decimal(0))
            self._open.clear()
        elif kind == "sent":
            self._open[key] = self._open.get(key, Decimal(0)) + Decimal(event["price"])
        elif kind == "accepted":
            self._jobs[key] = event["job"]
        else:
            self._spent += Decimal(event["cost"])
            self._open.pop(key, None)
            if not event["facts"].get("left_running"):
                self._jobs.pop(key, None)
            if "sha256" in event:
                self._pictures[key] = event
