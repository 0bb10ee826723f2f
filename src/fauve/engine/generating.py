"""The stage that asks generators for the pictures of prompt pairs, and files what came of every request.

Both prompts of a pair are drawn from the same noise where the settings are the same (preset ``matched``): the seed
depends on the original prompt and the draw. Under preset ``paper`` the two are drawn apart, as the published
pictures were. A pair becomes an item once both its requests are answered, whatever the answers: a failed one leaves
its picture empty, and the pair stays in its denominators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fauve.errors import ImageRejected
from fauve.keys import seed_from
from fauve.ledger import Ledger, prompt_id
from fauve.ledger.generations import Made, made, record_generations
from fauve.ledger.importing.prompts import PromptRow
from fauve.models.protocols import Generated, Generator, ImageRequest
from fauve.records import Outcome, PromptPair

__all__ = ["Wanted", "generate", "owed_pictures", "settings_of_slots", "store_pairs"]

SLOTS = ("original", "anti")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One picture that a generator owes: draw ``draw`` for a prompt (id and text), in a slot of its pair."""

    prompt: str
    draw: int
    slot: str
    request: ImageRequest


def owed_pictures(
    ledger: Ledger, adapter: str, prompts: Sequence[PromptRow], draws: int, *, apart: bool, negative: bool
) -> list[Wanted]:
    """What is asked for minus what is on file; a prompt that several pairs share is asked for once a draw.

    ``apart`` draws the two prompts of a pair from different noise; ``negative`` hands over the pair's negative prompt
    with its anti prompt.
    """
    had = made(ledger, adapter)
    wanted: dict[tuple[str, int], Wanted] = {}
    for draw in range(draws):
        for row in prompts:
            for slot, text in zip(SLOTS, (row.original, row.anti), strict=True):
                key = (prompt_id(text), draw)
                if key in had or key in wanted:
                    continue
                seed = seed_from("draw", row.original, draw, slot if apart else "both")
                avoid = row.negative if negative and slot == "anti" else None
                wanted[key] = Wanted(key[0], draw, slot, ImageRequest(text, seed, avoid))
    return list(wanted.values())


def generate(
    ledger: Ledger,
    run: int,
    adapter: str,
    generator: Generator,
    wanted: Sequence[Wanted],
    batch: int,
    stop: Callable[[], bool],
) -> Iterator[list[Made]]:
    """Ask in batches and file each batch as it comes back; a batch that raises is asked for one by one.

    A batch holds one slot, because published settings may differ between the slots.
    """
    makers = by_slot(generator)
    for slot in SLOTS:
        owed = [one for one in wanted if one.slot == slot]
        for start in range(0, len(owed), batch):
            if stop():
                return
            chunk = owed[start : start + batch]
            for one in chunk:
                ledger.add_prompt(one.request.prompt)
            rows = [_file(ledger, one, answer) for one, answer in zip(chunk, _ask(makers[slot], chunk), strict=True)]
            record_generations(ledger, run, adapter, rows)
            yield rows


def by_slot(generator: Generator) -> dict[str, Generator]:
    """The generator as it makes the pictures of each slot; the same one where it makes no difference."""
    vary = getattr(generator, "for_slot", None)
    return {slot: generator if vary is None else vary(slot) for slot in SLOTS}


def settings_of_slots(generator: Generator) -> dict[str, Any]:
    """The generator's settings; where they differ between the slots, those of both."""
    found = {slot: dict(maker.settings) for slot, maker in by_slot(generator).items()}
    first, second = found["original"], found["anti"]
    if first == second:
        return first
    return {"preset": first.get("preset"), **found}


def store_pairs(ledger: Ledger, adapter: str, name: str, prompts: Sequence[PromptRow], draws: int) -> int:
    """Make items of the pairs whose requests are all answered and that are no items yet; returns how many."""
    answered = made(ledger, adapter)
    known = {id_ for (id_,) in ledger.db.execute("SELECT id FROM items WHERE kind = 'pair' AND generator = ?", (name,))}
    pairs = []
    for draw in range(draws):
        for row in prompts:
            id_ = row.id if draws == 1 else f"{row.id}#{draw}"
            both = [answered.get((prompt_id(text), draw)) for text in (row.original, row.anti)]
            if id_ in known or None in both:
                continue
            answers = dict(zip(SLOTS, (m for m in both if m is not None), strict=True))
            pairs.append(
                PromptPair(
                    id=id_,
                    generator=name,
                    prompts={"original": row.original, "anti": row.anti},
                    images={slot: m.image for slot, m in answers.items()},
                    dimensions=row.dimensions,
                    groups=row.groups,
                    notes={"outcomes": {slot: m.outcome.value for slot, m in answers.items()}},
                )
            )
    return ledger.add_items((pair, f"{name}, {pair.id}") for pair in pairs).new


def _ask(generator: Generator, chunk: Sequence[Wanted]) -> list[Generated]:
    try:
        answers = generator.generate([one.request for one in chunk])
    except Exception as error:
        if len(chunk) > 1:
            return [answer for one in chunk for answer in _ask(generator, [one])]
        return [Generated(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")]
    if len(answers) != len(chunk):
        reason = f"{generator.card.name} gave {len(answers)} answers to {len(chunk)} requests"
        return [Generated(Outcome.FAILED, reason=reason) for _ in chunk]
    return answers


def _file(ledger: Ledger, one: Wanted, answer: Generated) -> Made:
    facts = {"seed": one.request.seed, **answer.facts}
    if answer.data is None:
        return Made(one.prompt, one.draw, answer.outcome, None, answer.reason, facts)
    try:
        ref = ledger.add_image(answer.data, f"the picture for {one.request.prompt[:60]!r}")
    except ImageRejected as error:
        outcome = Outcome.FILTERED if error.reason == "constant" else Outcome.UNPARSABLE
        return Made(one.prompt, one.draw, outcome, None, str(error), facts)
    return Made(one.prompt, one.draw, Outcome.OK, ref.sha256, None, facts)
