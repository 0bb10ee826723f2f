"""What every model behind a chat service has in common, whatever it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fauve.models.chat.client import ChatClient, ChatSetup
from fauve.models.generators.api_account import Account
from fauve.models.generators.api_options import ApiOptions, refuse_unknown
from fauve.models.generators.api_wire import merged

__all__ = ["ChatModel", "ChatOptions", "open_chat"]


class ChatOptions(ApiOptions, total=False):
    """What every model behind a chat service can be given, beside limits, money (``price`` is a call's), key, journal.

    ``parameters`` are sent instead of, or beside, those that the model has anyway, and a None takes one out; ``asks``
    is how often one question may be asked in all, the first time included (3); ``token_prices`` are what a million
    tokens cost in and out, in the service's currency (without them ``price`` counts a call).
    """

    parameters: Mapping[str, Any] | None
    asks: int
    token_prices: tuple[float, float] | None


class ChatModel:
    """A model that asks through a :class:`~fauve.models.chat.client.ChatClient`."""

    remote = True
    """It waits for a service, where several calls may be under way at once and a try costs money."""

    def __init__(self, client: ChatClient) -> None:
        self._chat = client

    @property
    def account(self) -> Account:
        """Key, limits and money."""
        return self._chat.account

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Limits and money: filed beside the answers, no part of their key."""
        return self._chat.account.provenance

    def check(self) -> None:
        """Make sure that there is a key, without a call. Raises ModelError with what to set or to install."""
        self._chat.check()

    def keep_journal(self, folder: Path) -> None:
        """Keep what is bought in a folder, unless the options named one; it counts towards the budget."""
        self._chat.keep_journal(folder)

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Check, and forget an earlier reason to stop asking; device and number format are the service's own."""
        self.check()
        self._chat.resume()


def open_chat(
    name: str,
    served: tuple[str, str],
    schema: Mapping[str, Any] | None,
    preset: Mapping[str, Any],
    options: ChatOptions,
) -> ChatClient:
    """The client of a model.

    Args:
        name: in tables and messages.
        served: how the service calls the model, and the service's address.
        schema: of an answer; None where it need not be JSON.
        preset: parameters that are sent unless the options say otherwise.
        options: see :class:`ChatOptions`.

    Raises:
        ConfigError: where an option makes no sense.
    """
    refuse_unknown(name, options, ChatOptions.__annotations__)
    model, base_url = served
    parameters = merged(preset, options.get("parameters"))
    setup = ChatSetup(name, model, base_url, schema, parameters, options.get("asks", 3), options.get("token_prices"))
    money: ApiOptions = {key: options[key] for key in ApiOptions.__annotations__ if key in options}  # type: ignore[assignment, literal-required]
    return ChatClient(setup, money)
