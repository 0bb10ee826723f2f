"""Which dimensions an anti prompt asks for: a seeded, balanced draw.

Dimensions are dealt like cards: the deck of all names is shuffled, each prompt takes the next two to four, and a new
deck is shuffled where one runs out. So after any number of prompts no name has been drawn more than once oftener than
another, and how many a prompt gets is dealt in the same way. The order is that of SHA-256 digests and not of a random
generator, so that a draw stays what it is under every version of every library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fauve.errors import ConfigError
from fauve.keys import digest
from fauve.vocabulary import DIMENSIONS, PROMPT_DIMENSIONS

__all__ = ["SIZES", "draw_dimensions"]

SIZES: tuple[int, ...] = (2, 3, 4)
"""How many dimensions a prompt may get."""


def draw_dimensions(
    count: int,
    seed: int = 0,
    names: Sequence[str] = PROMPT_DIMENSIONS,
    sizes: Sequence[int] = SIZES,
) -> list[tuple[str, ...]]:
    """Dimensions for ``count`` prompts, each in the order of the vocabulary, names of one's own last.

    Over the whole draw two names' counts differ by at most 1, and so do those of the sizes.

    Raises:
        ConfigError: where a size is below 1 or above the number of names, or a name stands twice.
    """
    if count < 0 or not names or not sizes or len(set(names)) != len(names) or len(set(sizes)) != len(sizes):
        raise ConfigError("a draw needs a count of at least 0 and names and sizes of which none stands twice")
    if min(sizes) < 1 or max(sizes) > len(names):
        raise ConfigError(f"a prompt gets at least 1 dimension and at most {len(names)}, as many as there are names")
    how_many = _decks([str(size) for size in sizes], f"sizes {seed}")
    order = {name: place for place, name in enumerate([*DIMENSIONS, *sorted(set(names) - DIMENSIONS.keys())])}
    deck, waiting = _decks(list(names), f"names {seed}"), list[str]()
    drawn = []
    for _ in range(count):
        hand: list[str] = []
        size = int(next(how_many))
        while len(hand) < size:
            # a name that this prompt has already, at the seam of two decks, waits for the next prompt
            at = next((place for place, name in enumerate(waiting) if name not in hand), None)
            card = next(deck) if at is None else waiting.pop(at)
            (waiting if card in hand else hand).append(card)
        drawn.append(tuple(sorted(hand, key=order.__getitem__)))
    return drawn


def _decks(cards: list[str], salt: str) -> Iterator[str]:
    turn = 0
    while True:
        yield from sorted(cards, key=lambda card: digest({"draw": salt, "turn": turn, "card": card}))
        turn += 1
