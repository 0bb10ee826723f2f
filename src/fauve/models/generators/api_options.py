"""What every model behind a service can be given: limits, money, key, journal; and the account that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from fauve.errors import ConfigError, suggestion
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_journal import ApiJournal
from fauve.models.generators.api_limits import Budget, Limits
from fauve.models.generators.api_transport import HttpTransport, Transport

__all__ = ["ApiOptions", "bearer", "open_account", "refuse_unknown"]


class ApiOptions(TypedDict, total=False):
    """What every model behind a service can be given; none of it changes an answer.

    ``key_env`` names the environment variable of the key (empty for a service that wants none); ``price`` is what a
    call costs in the service's currency and ``budget`` what may be spent in all; ``journal`` is the folder that
    keeps what was bought; the others are those of :class:`fauve.models.generators.api_limits.Limits`.
    """

    key_env: str
    price: float | None
    budget: float | None
    concurrency: int
    per_minute: float | None
    timeout: float
    deadline: float
    resend: int
    journal: str | Path | None
    transport: Transport


def open_account(
    name: str,
    base_url: str,
    key_names: tuple[str, ...],
    authorise: Callable[[str], Mapping[str, str]],
    options: ApiOptions,
) -> Account:
    """The account of a model at a service; ``key_names`` are where its key is looked for unless ``key_env`` says.

    Raises:
        ConfigError: where an option makes no sense.
    """
    refuse_unknown(name, options, ApiOptions.__annotations__)
    key_env = options.get("key_env")
    names = key_names if key_env is None else ((key_env,) if key_env else ())
    journal = options.get("journal")
    kept = None if journal is None else ApiJournal(journal)
    limits = Limits(**{key: options[key] for key in Limits.__slots__ if key in options})  # type: ignore[literal-required]
    budget = Budget(options.get("budget"), options.get("price"), Decimal(0) if kept is None else kept.spent())
    return Account(name, base_url, names, authorise, options.get("transport") or HttpTransport(), limits, budget, kept)


def refuse_unknown(name: str, options: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Raises ConfigError for an option that there is not, with the nearest one that is."""
    if unknown := sorted(set(options) - set(known)):
        raise ConfigError(f"{name}: there is no option {unknown[0]!r}.{suggestion(unknown[0], known)}")


def bearer(key: str) -> Mapping[str, str]:
    """The header that carries a key as most services want it."""
    return {"Authorization": f"Bearer {key}"}
