"""How much may be asked of a service: at once, a minute, how long, how often again, and for how much money."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from decimal import Decimal

from fauve.errors import ConfigError

__all__ = ["Budget", "Limits", "Pace"]


@dataclass(frozen=True, slots=True)
class Limits:
    """None of these can change a picture, so none is part of a key.

    Attributes:
        concurrency: requests under way at once.
        per_minute: new calls a minute; None for as many as go.
        timeout: seconds that one call may take in all.
        deadline: seconds that one request may take with all its retries.
        resend: how often a request is sent again whose answer was lost (connection broken, timed out) after it had
            gone out. The service may have billed it: each is counted as paid.
    """

    concurrency: int = 4
    per_minute: float | None = None
    timeout: float = 180.0
    deadline: float = 600.0
    resend: int = 1

    def __post_init__(self) -> None:
        if self.concurrency < 1 or self.resend < 0:
            raise ConfigError("concurrency is at least 1 and resend at least 0.")
        if not (self.timeout > 0 and self.deadline > 0) or (self.per_minute is not None and not self.per_minute > 0):
            raise ConfigError("timeout and deadline are seconds above 0, and per_minute is a number above 0.")


class Pace:
    """When the next call may start: at most ``per_minute``, and never while the service asked for a pause."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 0.0 if per_minute is None else 60.0 / per_minute
        self._lock = threading.Lock()
        self._next = 0.0
        self._resume = 0.0

    def pause(self, seconds: float) -> None:
        """Hold every call back for ``seconds`` from now."""
        with self._lock:
            self._resume = max(self._resume, time.monotonic() + seconds)

    def wait(self) -> float:
        """Wait for a turn; returns the seconds waited."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next, self._resume)
            self._next = turn + self._gap
        time.sleep(turn - now)
        return turn - now


class Budget:
    """Money in the service's currency: what is spent, what calls under way may cost, and where it ends.

    Args:
        most: what may be spent in all; None for no limit.
        price: what a picture costs by the service's price list; None where nobody said.
        spent: what earlier runs have spent.
    """

    def __init__(self, most: float | None = None, price: float | None = None, spent: Decimal = Decimal(0)) -> None:
        if most is not None and price is None:
            raise ConfigError("A budget needs `price`, what one picture costs, to know where to stop. Give both.")
        if any(value is not None and not 0 <= value < float("inf") for value in (most, price)):
            raise ConfigError("budget and price are amounts of money of at least 0.")
        # as text, since 0.1 three times is more than 0.3 in binary
        self.most = None if most is None else Decimal(str(most))
        self.price = Decimal(0) if price is None else Decimal(str(price))
        self._spent = spent
        self._reserved = Decimal(0)
        self._lock = threading.Lock()

    @property
    def spent(self) -> Decimal:
        """What calls have cost so far; an answer that was lost counts with the price."""
        with self._lock:
            return self._spent

    def counted_from(self, spent: Decimal) -> Budget:
        """The same money with this much of it spent, and nothing set aside."""
        other = Budget()
        other.most, other.price, other._spent = self.most, self.price, spent
        return other

    def reserve(self) -> bool:
        """Set the price of one call aside; False where that would go over the budget: the call must not be made."""
        with self._lock:
            if self.most is not None and self._spent + self._reserved + self.price > self.most:
                return False
            self._reserved += self.price
            return True

    def settle(self, cost: Decimal) -> None:
        """A call that was reserved has cost this much; 0 where it was turned away."""
        with self._lock:
            self._reserved -= self.price
            self._spent += cost
