"""Selectors that need no model, for runs: faithful, always first, failing, raising, odd ones."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from fauve.models.cards import ModelCard
from fauve.models.selection import Selected, SelectionRequest
from fauve.records import Outcome

ASKED: Counter[str] = Counter()
"""How often each selector was asked, by name."""

SIZES: list[int] = []


def brightness(request: SelectionRequest) -> list[float]:
    return [float(np.asarray(picture.convert("L")).mean()) for picture in (request.first, request.second)]


class _Toy:
    settings = {"v": 1}

    def __init__(self, name: str | None = None, v: int = 1) -> None:
        self.card = ModelCard(name=name or type(self).__name__.lower(), kind="selector", summary="test")
        self.settings = {"v": v}

    def load(self, device: str, dtype: str) -> None:
        pass

    def select(self, requests: Sequence[SelectionRequest]) -> list[Selected]:
        ASKED[self.card.name] += len(requests)
        SIZES.append(len(requests))
        return [self.one(request) for request in requests]

    def one(self, request: SelectionRequest) -> Selected:
        raise NotImplementedError


class Brighter(_Toy):
    def one(self, request: SelectionRequest) -> Selected:
        first, second = brightness(request)
        pick = "tie" if first == second else "first" if first > second else "second"
        return Selected(Outcome.OK, pick, facts={"levels": [first, second]})


class Darker(Brighter):
    def one(self, request: SelectionRequest) -> Selected:
        turned = {"first": "second", "second": "first", "tie": "tie"}
        return Selected(Outcome.OK, turned[super().one(request).pick])


class Blind(Brighter):
    blind_to_order = True


class Reader(_Toy):
    """Looks at no pixel: what it is handed has its size and notes, and is not decoded."""

    blind_to_order = True
    looks = False

    def one(self, request: SelectionRequest) -> Selected:
        undecoded = [getattr(picture, "tile", None) for picture in (request.first, request.second)]
        return Selected(Outcome.OK, "second", facts={"undecoded": all(undecoded), "size": request.first.size})


class First(_Toy):
    def one(self, request: SelectionRequest) -> Selected:
        return Selected(Outcome.OK, "first")


class Failing(Brighter):
    """Times out on the first item."""

    def one(self, request: SelectionRequest) -> Selected:
        if request.name.endswith(" 0"):
            return Selected(Outcome.TIMED_OUT, reason="late")
        return super().one(request)


class Raising(Brighter):
    """Raises on the first item and takes its batch with it."""

    def one(self, request: SelectionRequest) -> Selected:
        if request.name.endswith(" 0"):
            raise RuntimeError("broken")
        return super().one(request)


class Short(_Toy):
    def select(self, requests: Sequence[SelectionRequest]) -> list[Selected]:
        return [Selected(Outcome.OK, "first")] * (len(requests) - 1)


class Odd(_Toy):
    def one(self, request: SelectionRequest) -> Selected:
        return Selected(Outcome.OK, "third")  # type: ignore[arg-type]


class Broke(_Toy):
    """Has money for two questions a run."""

    def load(self, device: str, dtype: str) -> None:
        self.left = 2

    def one(self, request: SelectionRequest) -> Selected:
        self.left -= 1
        if self.left < 0:
            return Selected(Outcome.FAILED, reason="budget reached; not sent", facts={"sent": False})
        return Selected(Outcome.OK, "first")


class Remote(Brighter):
    """Waits as a service does; ``together`` has the most calls, of all selectors of this kind, under way at once."""

    remote = True
    batch = 1
    lock = threading.Lock()
    working = 0
    together = 0

    def one(self, request: SelectionRequest) -> Selected:
        with self.lock:
            Remote.working += 1
            Remote.together = max(Remote.together, Remote.working)
        time.sleep(0.05)
        with self.lock:
            Remote.working -= 1
        return super().one(request)


class RemoteToo(Remote):
    """Another one: a run takes no name twice."""
