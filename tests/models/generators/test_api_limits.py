"""Limits hold: calls at once, calls a minute, pauses that a service asks for, money."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.models.generators.api_cases import KINDS, make, server, wanted
from tests.models.generators.provider_server import ProviderServer

from fauve.errors import ConfigError
from fauve.models.generators.api_limits import Budget, Limits, Pace
from fauve.records import Outcome

__all__ = ["server"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [1, 3])
def test_no_more_calls_at_once_than_allowed_from_several_threads_too(
    kind: str, most: int, server: ProviderServer
) -> None:
    server.delay = 0.03
    generator = make(kind, server, concurrency=most)
    prompts = [f"p{at}" for at in range(6)]
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(len(generator.generate(wanted(*prompts))))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [6, 6]
    assert server.most_at_once == most, "below the limit it would be slower than it may be"


def test_calls_a_minute(server: ProviderServer) -> None:
    make("openai", server, per_minute=300, concurrency=4).generate(wanted(*"abcd"))
    times = sorted(call.at for call in server.paid())
    assert times[-1] - times[0] >= 0.4, "0.6 s by the clock of the sender"


@pytest.mark.parametrize("kind", KINDS)
def test_a_429_holds_all_requests_back(kind: str, server: ProviderServer) -> None:
    server.script("first", ["429:1"])
    made = make(kind, server, concurrency=2).generate(wanted("first", *(f"p{at}" for at in range(5))))
    assert all(one.outcome is Outcome.OK for one in made)
    calls = server.paid()
    refused = next(call.at for call in calls if call.prompt == "first")
    early = [call for call in calls if refused + 0.4 < call.at < refused + 0.9]
    assert early == [], "calls went out during the pause that the service asked for"
    assert server.billed.total() == 6


def test_a_storm_of_429_loses_nothing(server: ProviderServer) -> None:
    prompts = [f"p{at}" for at in range(12)]
    for at, prompt in enumerate(prompts):
        server.script(prompt, ["429:0.05"] * (at % 3))
    made = make("openrouter", server).generate(wanted(*prompts))
    assert [one.outcome for one in made] == [Outcome.OK] * 12
    assert server.billed == dict.fromkeys(prompts, 1)
    assert len(server.paid()) == sum(1 + at % 3 for at in range(12))


@pytest.mark.parametrize("kind", KINDS)
def test_the_budget_is_never_passed_and_what_was_not_sent_says_so(kind: str, server: ProviderServer) -> None:
    server.delay = 0.02
    prompts = [f"p{at}" for at in range(10)]
    generator = make(kind, server, concurrency=4, price=0.1, budget=0.3)
    made = generator.generate(wanted(*prompts))
    # OpenRouter states 0.0387 a picture, so that the price set aside for one call frees room for others
    bought = [one for one in made if one.outcome is Outcome.OK]
    assert len(bought) == len(server.paid()) == server.billed.total()
    assert len(bought) == 3 if kind != "openrouter" else 3 <= len(bought) <= 6
    unsent = [one for one in made if one.outcome is not Outcome.OK]
    assert all(one.outcome is Outcome.FAILED and one.facts["sent"] is False for one in unsent)
    assert all(one.reason == "budget of 0.3 reached; not sent" for one in unsent)
    assert generator.provenance["spent"] <= 0.3
    assert generator.provenance["spent"] == pytest.approx(sum(one.facts["cost"] for one in made))


def test_what_a_service_turned_away_costs_nothing(server: ProviderServer) -> None:
    server.script("a", ["500", "429", "refused"])
    generator = make("openai", server, price=1.0, budget=1.0)
    assert generator.generate(wanted("a"))[0].outcome is Outcome.REFUSED
    assert generator.generate(wanted("b"))[0].outcome is Outcome.OK
    assert generator.generate(wanted("c"))[0].facts["sent"] is False


def test_a_text_that_was_paid_for_counts(server: ProviderServer) -> None:
    server.script("a", ["text"])
    generator = make("gemini", server, price=1.0, budget=1.0)
    assert generator.generate(wanted("a"))[0].facts["cost"] == 1.0
    assert generator.generate(wanted("b"))[0].facts["sent"] is False


def test_money_is_added_exactly() -> None:
    budget = Budget(most=0.3, price=0.1)
    assert [budget.reserve() for _ in range(4)] == [True, True, True, False]
    for _ in range(3):
        budget.settle(Decimal("0.1"))
    assert budget.spent == Decimal("0.3")
    assert not budget.reserve()


@given(
    st.lists(st.tuples(st.booleans(), st.decimals(0, 2, places=2)), max_size=40),
    st.integers(0, 500),
    st.integers(1, 200),
)
def test_a_budget_holds_for_costs_up_to_the_price(calls: list[tuple[bool, Decimal]], cents: int, price: int) -> None:
    budget = Budget(most=cents / 100, price=price / 100)
    under_way = 0
    for ends, cost in calls:
        if ends and under_way:
            budget.settle(min(cost, budget.price))
            under_way -= 1
        elif budget.reserve():
            under_way += 1
        assert budget.spent + under_way * budget.price <= Decimal(str(cents / 100))


def test_turns_keep_their_distance_whoever_waits() -> None:
    pace = Pace(per_minute=1200)
    turns: list[float] = []

    def go() -> None:
        pace.wait()
        turns.append(time.monotonic())

    threads = [threading.Thread(target=go) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turns.sort()
    assert turns[-1] - turns[0] >= 0.19


@pytest.mark.parametrize(
    "options",
    [{"concurrency": 0}, {"timeout": 0.0}, {"deadline": -1.0}, {"per_minute": 0.0}, {"resend": -1}],
)
def test_limits_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=r"above 0|at least"):
        Limits(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("most", "price"), [(1.0, None), (-1.0, 1.0), (1.0, float("nan")), (float("inf"), 1.0)])
def test_money_that_makes_no_sense_is_refused(most: float, price: float | None) -> None:
    with pytest.raises(ConfigError, match="price"):
        Budget(most=most, price=price)
