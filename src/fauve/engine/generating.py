"""The stage that asks generators for the pictures of prompt pairs, and files what came of every request.

Both prompts of a pair are drawn from the same noise where the settings are the same (preset ``matched``): the seed
depends on the original prompt and the draw. Under preset ``paper`` the two are drawn apart, as the published
pictures were. A pair becomes an item once both its requests are answered, whatever the answers: a failed one leaves
its picture empty, and the pair stays in its denominators.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from fauve.engine.executors.local import Executor, Inline
from fauve.engine.jobs import AdapterSpec, load_here
from fauve.errors import ConfigError, ImageRejected
from fauve.keys import canonical_json, digest, seed_from
from fauve.ledger import Ledger, prompt_id
from fauve.ledger.endings import unanswered
from fauve.ledger.generations import Made, made, record_generations
from fauve.ledger.importing.prompts import PromptRow
from fauve.models.protocols import Generated, Generator, ImageRequest, Judge, Scorer
from fauve.models.selection import Selector
from fauve.prompts.rewriting import Rewriter
from fauve.records import ImageRef, Outcome, PromptPair

__all__ = [
    "Painters",
    "Wanted",
    "answered",
    "ask",
    "by_slot",
    "file_answer",
    "file_answers",
    "generate",
    "here",
    "lend_journal",
    "owed_pictures",
    "paint",
    "refuse_other_prompts",
    "refuse_other_settings",
    "settings_of_slots",
    "store_pairs",
]

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
    """What is asked for minus what is answered; a prompt that several pairs share is asked for once a draw.

    What is on file without an answer (never sent, or accepted by a service that had not ended) is owed as well.

    ``apart`` draws the two prompts of a pair from different noise; ``negative`` hands over the pair's negative prompt
    with its anti prompt.
    """
    had = answered(ledger, adapter)
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


def answered(ledger: Ledger, adapter: str) -> dict[tuple[str, int], Made]:
    """The requests of a generator that have their answer, by (prompt id, draw)."""
    waiting = unanswered(ledger, adapter)
    return {key: one for key, one in made(ledger, adapter).items() if key not in waiting}


def lend_journal(model: Generator | Scorer | Judge | Selector | Rewriter, directory: Path, name: str = "") -> None:
    """Give a model that keeps a journal a folder in the run directory: by ``name``, its ``journal_name`` or its card's.

    What it bought is then on file even where a run ends before the ledger has it. The folder is no setting: it changes
    no picture and stands in no key.
    """
    keep = getattr(model, "keep_journal", None)
    if keep is None:
        return
    name = name or getattr(model, "journal_name", "") or cast(Generator, model).card.name
    plain = re.sub(r"[^\w.@+~-]", "-", name)
    keep(directory / "requests" / (plain if plain == name else f"{plain}-{digest(name)[:8]}"))


def refuse_other_settings(ledger: Ledger, name: str, settings: Mapping[str, Any]) -> None:
    """Make sure that the pictures under one name in a run directory were made with the same settings.

    Raises:
        ConfigError: naming the settings that differ from those of the pictures on file.
    """
    rows = ledger.db.execute("SELECT adapter, settings FROM adapters WHERE kind = 'generator' AND name = ?", (name,))
    kept = [json.loads(text) for adapter, text in rows.fetchall() if answered(ledger, adapter)]
    wanted = json.loads(canonical_json(settings))
    if not kept or wanted in kept:
        return
    changed = [key for key in sorted(kept[0].keys() | wanted.keys()) if kept[0].get(key) != wanted.get(key)]
    raise ConfigError(
        f"{name} made its pictures here with other settings ({', '.join(changed)}): one row cannot hold both. Use the "
        "settings of run.toml again, or another --out directory."
    )


def generate(
    ledger: Ledger,
    run: int,
    adapter: str,
    painters: Painters,
    wanted: Sequence[Wanted],
    batch: int,
    stop: Callable[[], bool],
) -> Iterator[list[Made]]:
    """Ask in batches and file each batch as it comes back; a batch that raises is asked for one by one.

    A batch holds one slot, because published settings may differ between the slots.
    """
    by_slots = [[one for one in wanted if one.slot == slot] for slot in SLOTS]
    chunks = [owed[start : start + batch] for owed in by_slots for start in range(0, len(owed), batch)]
    for chunk, answers in painters.executor.run(painters.work, chunks, stop):
        for one in chunk:
            ledger.add_prompt(one.request.prompt)
        rows = file_answers(ledger, chunk, answers)
        record_generations(ledger, run, adapter, rows)
        yield rows


@dataclass(frozen=True, slots=True)
class Painters:
    """Where pictures are made, and the work that answers a batch of one slot there."""

    executor: Executor
    work: Callable[[list[Wanted]], list[Generated]]


def here(generator: Generator) -> Painters:
    """A generator that is loaded in this process."""
    return Painters(Inline(), partial(_paint_with, by_slot(generator)))


def _paint_with(makers: Mapping[str, Generator], chunk: list[Wanted]) -> list[Generated]:
    return ask(makers[chunk[0].slot], chunk)


def paint(spec: AdapterSpec, chunk: list[Wanted]) -> list[Generated]:
    """Answer a batch in any process, with a generator that stays loaded for the next one."""
    return _paint_with(by_slot(cast(Generator, load_here(spec))), chunk)


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


def refuse_other_prompts(ledger: Ledger, name: str, prompts: Sequence[PromptRow]) -> None:
    """Make sure that the pairs of a generator that are on file were asked for in these very words.

    Raises:
        ConfigError: naming the first pair whose prompts are others.
    """
    on_file: dict[str, dict[str, str]] = {}
    for id_, slot, text in ledger.db.execute(
        "SELECT id, slot, text FROM items JOIN item_prompts USING (item) JOIN prompts USING (prompt) "
        "WHERE kind = 'pair' AND generator = ?",
        (name,),
    ):
        on_file.setdefault(id_, {})[slot] = text
    for row in prompts:
        had = on_file.get(row.id) or on_file.get(f"{row.id}#0") or {}
        wanted = {"original": row.original, "anti": row.anti}
        if any(text != wanted[slot] for slot, text in had.items()):
            raise ConfigError(
                f"{name} has pictures of the pair {row.id!r} here under other prompts (its anti prompt was "
                f"{had.get('anti', '')[:60]!r}): one row cannot hold both. Use the settings of run.toml again, or "
                "another --out directory."
            )


def store_pairs(
    ledger: Ledger, adapter: str, name: str, prompts: Sequence[PromptRow], draws: int, notes: Mapping[str, Any]
) -> int:
    """Make items of the pairs whose requests are all answered and that are no items yet; returns how many.

    ``notes`` go with each beside its outcomes.
    """
    had = answered(ledger, adapter)
    known = {id_ for (id_,) in ledger.db.execute("SELECT id FROM items WHERE kind = 'pair' AND generator = ?", (name,))}
    pairs = []
    for draw in range(draws):
        for row in prompts:
            id_ = row.id if draws == 1 else f"{row.id}#{draw}"
            both = [had.get((prompt_id(text), draw)) for text in (row.original, row.anti)]
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
                    notes={"outcomes": {slot: m.outcome.value for slot, m in answers.items()}, **notes},
                )
            )
    return ledger.add_items((pair, f"{name}, {pair.id}") for pair in pairs).new


def ask(generator: Generator, chunk: Sequence[Wanted]) -> list[Generated]:
    """One answer a request, whatever happens: a batch that raises is asked for one by one, so that one fails alone."""
    try:
        answers = generator.generate([one.request for one in chunk])
    except Exception as error:
        if len(chunk) > 1:
            return [answer for one in chunk for answer in ask(generator, [one])]
        return [Generated(Outcome.FAILED, reason=f"{type(error).__name__}: {error}")]
    if len(answers) != len(chunk):
        reason = f"{generator.card.name} gave {len(answers)} answers to {len(chunk)} requests"
        return [Generated(Outcome.FAILED, reason=reason) for _ in chunk]
    return answers


def file_answer(ledger: Ledger, one: Wanted, answer: Generated) -> Made:
    """Store the picture of an answer; one that is no usable picture becomes its outcome. Does not record the row."""
    return file_answers(ledger, [one], [answer])[0]


def file_answers(ledger: Ledger, chunk: Sequence[Wanted], answers: Sequence[Generated]) -> list[Made]:
    """Store the pictures of a batch, several at a time; see :func:`file_answer`."""
    asked = list(zip(chunk, answers, strict=True))
    named = [(a.data, f"the picture for {one.request.prompt[:60]!r}") for one, a in asked if a.data is not None]
    stored = iter(ledger.add_images(named))
    return [_made(one, answer, None if answer.data is None else next(stored)) for one, answer in asked]


def _made(one: Wanted, answer: Generated, stored: ImageRef | ImageRejected | None) -> Made:
    facts = {"seed": one.request.seed, **answer.facts}
    if stored is None:
        return Made(one.prompt, one.draw, answer.outcome, None, answer.reason, facts)
    if isinstance(stored, ImageRejected):
        outcome = Outcome.FILTERED if stored.reason == "constant" else Outcome.UNPARSABLE
        return Made(one.prompt, one.draw, outcome, None, str(stored), facts)
    return Made(one.prompt, one.draw, Outcome.OK, stored.sha256, None, facts)
