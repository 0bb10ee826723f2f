from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import ConfigError
from fauve.prompts import draw_dimensions
from fauve.vocabulary import PROMPT_DIMENSIONS


@given(st.integers(0, 120), st.integers(0, 1000))
def test_counts_never_differ_by_more_than_one(count: int, seed: int) -> None:
    drawn = draw_dimensions(count, seed)
    assert len(drawn) == count
    names = Counter({name: 0 for name in PROMPT_DIMENSIONS})
    names.update(name for hand in drawn for name in hand)
    sizes = Counter({2: 0, 3: 0, 4: 0})
    sizes.update(map(len, drawn))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert max(names.values()) - min(names.values()) <= 1
    assert all(
        len(set(hand)) == len(hand) and list(hand) == sorted(hand, key=PROMPT_DIMENSIONS.index) for hand in drawn
    )


def test_a_longer_draw_begins_like_a_shorter_one_and_another_seed_differs() -> None:
    assert draw_dimensions(300, 1)[:40] == draw_dimensions(40, 1)
    assert draw_dimensions(40, 1) != draw_dimensions(40, 2)


def test_every_two_dimensions_meet_about_equally_often() -> None:
    drawn = draw_dimensions(3000, 7)
    together = Counter(pair for hand in drawn for pair in combinations(hand, 2))
    expected = sum(together.values()) / 55
    assert len(together) == 55
    assert all(0.7 < count / expected < 1.3 for count in together.values())


def test_a_draw_is_what_it_always_was() -> None:
    assert draw_dimensions(2, 2512) == [
        ("color brightness", "main object", "object pairing"),
        ("color aesthetic", "detail realism", "lighting distinction", "richness"),
    ]


def test_names_of_one_s_own_take_part_and_come_last() -> None:
    drawn = draw_dimensions(24, 0, [*PROMPT_DIMENSIONS, "pixelated"])
    hands = [hand for hand in drawn if "pixelated" in hand]
    assert len(hands) == 6
    assert all(hand[-1] == "pixelated" for hand in hands)


@pytest.mark.parametrize(
    ("names", "sizes"), [((), (1,)), (("a", "a"), (1,)), (("a", "b"), (3,)), (("a",), (0,)), (("a",), ())]
)
def test_draws_that_cannot_be_made_are_refused(names: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError):
        draw_dimensions(3, 0, names, sizes)
