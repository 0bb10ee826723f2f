"""Questions that selectors owe, what they answered, and the selections that follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fauve.ledger import Ledger, queries
from fauve.ledger.choices import Choice, choice_table, draw_selections, owed_choices, record_choices
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import fingerprint, state
from fauve.records import Contrast, Outcome, PromptPair, Selection


@pytest.fixture
def selector(pictured: Ledger) -> str:
    return pictured.register("selector", "eyes", {"orders": 2}, {})


@pytest.fixture
def run(pictured: Ledger) -> int:
    return pictured.begin_run("run", {})


def ok(item: int, turned: bool, choice: str) -> Choice:
    return Choice(item, turned, Outcome.OK, choice, facts={"said": choice})


def chosen(ledger: Ledger) -> dict[int, str]:
    return {item: choice for item, selector, choice, _ in queries.selections(ledger).rows() if selector == "eyes"}


def test_every_pair_is_owed_in_both_orders_with_the_pictures_turned(pictured: Ledger, selector: str) -> None:
    asks = owed_choices(pictured, selector, both_orders=True)
    assert [(ask.item, ask.turned) for ask in asks] == [(i, t) for i in (1, 2, 3) for t in (False, True)]
    for plain, turned in zip(asks[::2], asks[1::2], strict=True):
        assert (plain.first[0], plain.second[0]) == ("original", "anti")
        assert (turned.first, turned.second) == (plain.second, plain.first)
        assert plain.first[1] != plain.second[1]
        assert plain.prompt == turned.prompt == "a blurred dog"
        assert plain.name == "sdxl " + str(plain.item - 1)


def test_pairs_that_ask_for_nothing_are_no_question(
    ledger: Ledger, photo_bytes: Callable[..., bytes], a_pair: Callable[..., PromptPair]
) -> None:
    one, two = (ledger.add_image(photo_bytes(k), "x").sha256 for k in range(2))
    images = {"original": one, "anti": two}
    for wording in ("neutral", "template"):
        ledger.add_items([(a_pair(id=wording, images=images, groups={"wording": wording}), "here")])
    assert {ask.name for ask in owed_choices(ledger, "nobody", both_orders=True)} == {"sdxl template"}


def test_one_order_is_enough_for_who_cannot_see_it(pictured: Ledger, selector: str) -> None:
    assert [ask.turned for ask in owed_choices(pictured, selector, both_orders=False)] == [False] * 3


def test_contrasts_are_asked_and_items_without_both_pictures_are_not(
    ledger: Ledger,
    photo_bytes: Callable[..., bytes],
    a_pair: Callable[..., PromptPair],
    a_contrast: Callable[..., Contrast],
) -> None:
    one, two = (ledger.add_image(photo_bytes(k), "x").sha256 for k in range(2))
    ledger.add_items([(a_pair(id="half", images={"original": one, "anti": None}), "here")])
    ledger.add_items([(a_contrast(id="c", images={"faithful": one, "default": two}), "here")])
    asks = owed_choices(ledger, "nobody", both_orders=True)
    assert [(ask.name, ask.first[0], ask.second[0]) for ask in asks] == [
        ("photographs c", "faithful", "default"),
        ("photographs c", "default", "faithful"),
    ]


def test_generators_and_a_limit_narrow_what_is_asked(
    pictured: Ledger, selector: str, a_pair: Callable[..., PromptPair]
) -> None:
    one, two = queries.image_refs(pictured)[:2]
    images = {"original": one.sha256, "anti": two.sha256}
    pictured.add_items([(a_pair(id="other", generator="lab-base", images=images), "here")])

    def asked(**how: object) -> set[int]:
        return {ask.item for ask in owed_choices(pictured, selector, both_orders=True, **how)}

    assert asked() == {1, 2, 3, 4}
    assert asked(generators=("lab-*",)) == {4}
    assert asked(generators=("lab-*", "sd?l")) == {1, 2, 3, 4}
    assert asked(limit=2) == {1, 2}
    assert asked(generators=("lab-*",), limit=3) == set()


def test_what_is_answered_is_not_owed_and_what_was_never_sent_is(pictured: Ledger, selector: str, run: int) -> None:
    record_choices(
        pictured,
        run,
        selector,
        [
            ok(1, False, "anti"),
            Choice(1, True, Outcome.UNPARSABLE, None, "prose", {"sent": True}),
            Choice(2, False, Outcome.FAILED, None, "budget reached", {"sent": False}),
            Choice(2, True, Outcome.FAILED, None, "it raised"),
        ],
    )
    owed = {(ask.item, ask.turned) for ask in owed_choices(pictured, selector, both_orders=True)}
    assert owed == {(2, False), (3, False), (3, True)}


@pytest.mark.parametrize(
    ("plain", "turned", "drawn"),
    [
        ("anti", "anti", "anti"),
        ("original", "original", "original"),
        ("original", "anti", "tie"),
        ("anti", "original", "tie"),
        ("tie", "tie", "tie"),
        ("tie", "anti", "tie"),
        ("original", "tie", "tie"),
    ],
)
def test_a_choice_that_turns_with_the_order_is_a_tie(
    pictured: Ledger, selector: str, run: int, plain: str, turned: str, drawn: str
) -> None:
    record_choices(pictured, run, selector, [ok(1, False, plain), ok(1, True, turned)])
    assert draw_selections(pictured, selector, "eyes", both_orders=True) == 1
    assert chosen(pictured) == {1: drawn}


def test_half_an_answer_is_no_selection(pictured: Ledger, selector: str, run: int) -> None:
    failed = Choice(2, True, Outcome.TIMED_OUT, None, "late")
    record_choices(pictured, run, selector, [ok(1, False, "anti"), ok(2, False, "anti"), failed])
    assert draw_selections(pictured, selector, "eyes", both_orders=True) == 0
    assert chosen(pictured) == {}


def test_who_is_blind_to_order_needs_one_answer(pictured: Ledger, selector: str, run: int) -> None:
    record_choices(pictured, run, selector, [ok(1, False, "anti")])
    draw_selections(pictured, selector, "eyes", both_orders=False)
    assert chosen(pictured) == {1: "anti"}


def test_drawing_again_replaces_ones_own_and_nobody_elses(
    pictured: Ledger, selector: str, run: int, a_pair: Callable[..., PromptPair]
) -> None:
    pictured.add_items([(a_pair(id="told", selection=Selection("people", "original", "file")), "here")])
    record_choices(pictured, run, selector, [ok(1, False, "anti"), ok(1, True, "anti")])
    draw_selections(pictured, selector, "eyes", both_orders=True)
    other = pictured.register("selector", "eyes", {"orders": 2, "temperature": 1}, {})
    record_choices(pictured, run, other, [ok(2, False, "original"), ok(2, True, "original")])
    draw_selections(pictured, other, "eyes", both_orders=True)
    assert [(i, s, c) for i, s, c, _ in queries.selections(pictured).rows()] == [
        (2, "eyes", "original"),
        (4, "people", "original"),
    ]


def test_a_selection_that_came_with_an_item_is_never_overwritten(
    pictured: Ledger, selector: str, run: int, a_pair: Callable[..., PromptPair]
) -> None:
    pictured.add_items([(a_pair(id="told", selection=Selection("eyes", "original", "file")), "here")])
    record_choices(pictured, run, selector, [ok(4, False, "anti"), ok(4, True, "anti")])
    draw_selections(pictured, selector, "eyes", both_orders=True)
    assert (4, "eyes", "original", "file") in queries.selections(pictured).rows()


def test_the_table_has_every_answer_of_current_selectors(pictured: Ledger, run: int) -> None:
    old = pictured.register("selector", "eyes", {"v": 1}, {})
    record_choices(pictured, run, old, [ok(1, False, "anti")])
    new = pictured.register("selector", "eyes", {"v": 2}, {})
    record_choices(pictured, run, new, [ok(1, True, "tie"), Choice(1, False, Outcome.REFUSED, None, "no")])
    assert choice_table(pictured).rows() == [
        ("eyes", 1, False, "refused", None, "no"),
        ("eyes", 1, True, "ok", "tie", None),
    ]


def test_status_counts_what_a_selector_owes_and_a_retry_forgets_what_failed(
    pictured: Ledger, selector: str, run: int
) -> None:
    failed = Choice(1, True, Outcome.UNPARSABLE, None, "asked 3 times")
    before = fingerprint(pictured)
    record_choices(pictured, run, selector, [ok(1, False, "anti"), failed])
    assert fingerprint(pictured) != before
    (found,) = state(pictured).adapters
    assert (found.kind, found.name, found.wanted, found.ok) == ("selector", "eyes", 6, 1)
    assert found.failed == {"unparsable": 1}
    assert (found.missing, found.reasons) == (4, (("asked 3 times", 1),))
    before = fingerprint(pictured)
    assert forget_failures(pictured) == 1
    assert fingerprint(pictured) != before
    assert state(pictured).adapters[0].missing == 5


def test_status_knows_a_selector_that_is_blind_to_order_and_one_that_was_asked_about_some(pictured: Ledger) -> None:
    pictured.register("selector", "truth", {"orders": 1}, {})
    pictured.register("selector", "eyes", {"orders": 2}, {}, ("lab-*",))
    assert {a.name: a.wanted for a in state(pictured).adapters} == {"truth": 3, "eyes": 0}


def test_a_choice_without_an_outcome_ok_cannot_be_filed(pictured: Ledger, selector: str, run: int) -> None:
    with pytest.raises(Exception, match="CHECK"):
        record_choices(pictured, run, selector, [Choice(1, False, Outcome.FAILED, "anti")])
    assert choice_table(pictured).is_empty()
