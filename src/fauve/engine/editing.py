"""The stage that has generators edit the anti pictures of pairs, in arms that say how far they leave the input.

Source: arXiv 2512.11883, Table 4 (image to image at strength 0.5). One strength is another share of noise in every
family, so there are arms that start from the same share; and the arm ``encode-decode`` is what the autoencoder does by
itself. Systems that edit by reference have no strength: theirs is the arm ``reference``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from fauve.engine.generating import Wanted, ask, by_slot, file_answer, lend_journal
from fauve.engine.jobs import AdapterSpec, load_here, prepare_here, shown_name, unload
from fauve.engine.stage import Stage
from fauve.errors import ConfigError, LedgerCorrupt, UnknownName
from fauve.keys import seed_from
from fauve.ledger import Ledger, prompt_id, queries
from fauve.ledger.generations import Edited, EditKey, Made, draw_of, edited, record_edits
from fauve.ledger.queries import StoredItem
from fauve.models.protocols import Generator, ImageRequest
from fauve.records import COMPUTED, Edit, Outcome
from fauve.settings import ArmSettings, BelowSettings, EditSettings
from fauve.stimuli.pairs import GENERATOR as STIMULI

__all__ = [
    "CONTROL",
    "REFERENCE",
    "Arm",
    "EditInput",
    "WantedEdit",
    "arms_of",
    "check_sources",
    "edit",
    "edit_pairs",
    "edit_seed",
]

CONTROL = "encode-decode"
REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Arm:
    """A way of editing; ``strength`` is None where there is none, or where it follows from ``start_noise``."""

    name: str
    strength: float | None = None
    start_noise: float | None = None


@dataclass(frozen=True, slots=True)
class EditInput:
    """A picture to edit: the anti picture of a pair, and which draw of its generator it is."""

    pair: StoredItem
    image: str
    draw: int

    def prompt(self, slot: str) -> str:
        """A prompt of its pair."""
        return self.pair.prompts[slot] or ""


@dataclass(frozen=True, slots=True)
class WantedEdit:
    """One edit that an editor owes; ``seed`` fixes its noise, ``image`` is the input's sha256."""

    image: str
    arm: Arm
    prompt: str
    draw: int
    seed: int

    @property
    def key(self) -> EditKey:
        """Under what its answer is filed."""
        return self.image, prompt_id(self.prompt), self.arm.name, self.draw


def arms_of(asked: ArmSettings) -> list[Arm]:
    """The arms that the settings name."""
    arms = [Arm(f"strength {share:g}", strength=share) for share in asked.strengths]
    arms += [Arm(f"start noise {share:g}", start_noise=share) for share in asked.start_noises]
    arms += [Arm(CONTROL, strength=0.0)] if asked.control else []
    return arms + ([Arm(REFERENCE)] if asked.reference else [])


def check_sources(ledger: Ledger, edits: Sequence[EditSettings], generators: Collection[str]) -> None:
    """Make sure, before anything is made, that inputs which no generator of this run will make are on file.

    Raises:
        UnknownName: there are no pairs by a generator that is named.
        ConfigError: their ids are not unique, so that edits could not be named after them.
    """
    for asked in edits:
        if asked.of not in generators:
            _pairs(ledger, asked, {})


def edit_pairs(
    stage: Stage, asked: EditSettings, spec: AdapterSpec, names: Mapping[str, str], batch: int, limit: int | None
) -> int:
    """Bring one editor's work to its end and make items of what is answered; returns how many are new.

    ``names`` gives the shown name of each generator and scorer of the run by the name in its settings. ``limit`` takes
    the first so many inputs.
    """
    model = cast(Generator, prepare_here(spec))
    maker, name = by_slot(model)[asked.prompt], shown_name(model)
    settings = dict(maker.settings)
    adapter = stage.ledger.register("editor", name, settings, model.card.as_json())
    inputs = _inputs(stage, asked, name, names)[:limit]
    arms = arms_of(asked.arms)
    owed = _owed(stage.ledger, adapter, inputs, arms, asked.prompt, apart=settings.get("preset") == "paper")
    if owed:
        lend_journal(model, stage.ledger.directory)
        load_here(spec)
        batches = edit(stage.ledger, stage.run_number(), adapter, maker, owed, batch, stage.stop)
        stage.work(f"{name} (edits)", f"editing with {name}", len(owed), batches)
        stage.file_facts(model, adapter)
        unload(spec)
    notes = {"asked": asked.prompt, "preset": settings.get("preset")}
    return _store(stage.ledger, adapter, name, inputs, arms, notes)


def edit_seed(text: str, draw: int, *, apart: bool = False) -> int:
    """The seed of every picture of a prompt's draw, edits included; ``apart`` gives edits noise of their own."""
    return seed_from("draw", text, draw, "edit" if apart else "both")


def edit(
    ledger: Ledger,
    run: int,
    adapter: str,
    generator: Generator,
    wanted: Sequence[WantedEdit],
    batch: int,
    stop: Callable[[], bool],
) -> Iterator[list[Made]]:
    """Ask a loaded generator in batches and file each batch as it comes back."""
    strengths = {arm.name: _strength(generator, arm) for arm in dict.fromkeys(one.arm for one in wanted)}
    for start in range(0, len(wanted), batch):
        if stop():
            return
        chunk = wanted[start : start + batch]
        for one in chunk:
            ledger.add_prompt(one.prompt)
        answered = _answers(ledger, generator, chunk, strengths)
        record_edits(
            ledger, run, adapter, [Edited(o.image, o.arm.name, m) for o, m in zip(chunk, answered, strict=True)]
        )
        yield answered


def _answers(
    ledger: Ledger, generator: Generator, chunk: Sequence[WantedEdit], strengths: Mapping[str, float | str | None]
) -> list[Made]:
    """One answer an edit; what cannot be asked at all is answered with the reason."""
    made: dict[int, Made] = {}
    ready: dict[int, Wanted] = {}
    for at, one in enumerate(chunk):
        strength = strengths[one.arm.name]
        facts = {"seed": one.seed, "strength": None if isinstance(strength, str) else strength}
        try:
            picture = ledger.images.open(queries.image_ref(ledger, one.image))
        except LedgerCorrupt as error:
            made[at] = _failed(one, str(error), facts)
            continue
        if isinstance(strength, str):
            made[at] = _failed(one, strength, facts)
            continue
        request = ImageRequest(one.prompt, one.seed, image=picture, strength=strength)
        ready[at] = Wanted(prompt_id(one.prompt), one.draw, "edit", request)
    if ready:
        for (at, asked), answer in zip(ready.items(), ask(generator, list(ready.values())), strict=True):
            filed = file_answer(ledger, asked, answer)
            made[at] = replace(filed, facts={"strength": asked.request.strength, **filed.facts})
    return [made[at] for at in range(len(chunk))]


def _failed(one: WantedEdit, reason: str, facts: Mapping[str, Any]) -> Made:
    return Made(prompt_id(one.prompt), one.draw, Outcome.FAILED, None, reason, facts)


def _strength(generator: Generator, arm: Arm) -> float | str | None:
    """The strength at which an arm is asked for (None: without one), or why there is none."""
    if arm.start_noise is None:
        return arm.strength
    find = getattr(generator, "strength_for", None)
    if find is None:
        return f"{generator.card.name} cannot say at which strength it starts from a share of noise"
    try:
        return float(find(arm.start_noise)[0])
    except Exception as error:  # whatever a stranger's method raises belongs to this arm, not to the run
        return f"{type(error).__name__}: {error}"


def _owed(
    ledger: Ledger, adapter: str, inputs: Sequence[EditInput], arms: Sequence[Arm], slot: str, *, apart: bool
) -> list[WantedEdit]:
    """What is asked for minus what is on file; a picture that several pairs share is edited once under one prompt."""
    had = edited(ledger, adapter)
    wanted: dict[EditKey, WantedEdit] = {}
    for arm in arms:
        for one in inputs:
            seed = edit_seed(one.prompt("original"), one.draw, apart=apart)
            owed = WantedEdit(one.image, arm, one.prompt(slot), one.draw, seed)
            if owed.key not in had:
                wanted.setdefault(owed.key, owed)
    return list(wanted.values())


def _store(
    ledger: Ledger,
    adapter: str,
    name: str,
    inputs: Sequence[EditInput],
    arms: Sequence[Arm],
    notes: Mapping[str, Any],
) -> int:
    answered = edited(ledger, adapter)
    items = []
    for arm in arms:
        for one in inputs:
            made = answered.get((one.image, prompt_id(one.prompt(notes["asked"])), arm.name, one.draw))
            if made is None:
                continue
            items.append(
                Edit(
                    id=f"{one.pair.id}@{arm.name}",
                    generator=name,
                    prompts=one.pair.prompts,
                    images={"input": one.image, "edit": made.image},
                    dimensions=one.pair.dimensions,
                    groups={"arm": arm.name, "source": one.pair.generator},
                    notes={
                        "strength": made.facts.get("strength"),
                        "start_noise": made.facts.get("start_noise"),
                        "outcome": made.outcome.value,
                        **notes,
                    },
                )
            )
    return ledger.put_items((item, f"{name}, {item.id}") for item in items).new


def _inputs(stage: Stage, asked: EditSettings, editor: str, names: Mapping[str, str]) -> list[EditInput]:
    """The pictures to edit; what is left out is said."""
    pairs = _pairs(stage.ledger, asked, names)
    if not pairs:
        stage.progress.say(f"{editor} (edits): {asked.of} has made no pair yet, so there is nothing to edit")
        return []
    if asked.below is not None:
        pairs = _below(stage, pairs, asked.below, names, editor)
    inputs = []
    for pair in pairs:
        picture = pair.images["anti"]
        texts = [pair.prompts["original"], pair.prompts["anti"]]
        if picture is None or None in texts:
            continue
        draw = draw_of(stage.ledger, pair.generator, prompt_id(texts[1] or ""), picture.sha256)
        inputs.append(EditInput(pair, picture.sha256, draw))
    if left := len(pairs) - len(inputs):
        stage.progress.say(
            f"{editor} (edits): {left:,} of {len(pairs):,} pairs have no anti picture to edit, or no prompt"
        )
    return inputs


def _pairs(ledger: Ledger, asked: EditSettings, names: Mapping[str, str]) -> list[StoredItem]:
    """Pairs by the generator that is named, or all imported ones; raises as :func:`check_sources` does."""
    made_here = {name for (name,) in ledger.db.execute("SELECT name FROM adapters WHERE kind = 'generator'")}
    every = [item for item in queries.items(ledger, "pair") if item.generator != STIMULI]
    every = [item for item in every if item.groups.get("wording") != queries.NEUTRAL]
    source = names.get(asked.of, asked.of)
    if asked.of == "file":
        chosen = [item for item in every if item.generator not in made_here]
    else:
        chosen = [item for item in every if item.generator == source]
    if not chosen and asked.of not in names:
        raise UnknownName("generator with pairs to edit", asked.of, ["file", *{item.generator for item in every}])
    ids = [item.id for item in chosen]
    if len(set(ids)) < len(ids):
        makers = ", ".join(sorted({item.generator for item in chosen}))
        raise ConfigError(f"pairs by {makers} share ids, and edits are named after them; name one of them as `of`")
    return chosen


def _below(
    stage: Stage, pairs: Sequence[StoredItem], asked: BelowSettings, names: Mapping[str, str], editor: str
) -> list[StoredItem]:
    """Those whose anti picture scores below the bound; what has no score is left out, and said."""
    scorer = names.get(asked.scorer, asked.scorer)
    values: dict[int, dict[str, float]] = {}
    for item, source, value in stage.ledger.db.execute(
        "SELECT item, source, value FROM grid WHERE scorer = ? AND image_slot = 'anti' AND prompt_slot = ? "
        "AND value IS NOT NULL",
        (scorer, asked.prompt),
    ):
        values.setdefault(item, {})[source] = value
    scored = {pair.item: _one_value(values.get(pair.item, {}), asked) for pair in pairs}
    known = {item: value for item, value in scored.items() if value is not None}
    chosen = [pair for pair in pairs if pair.item in known and known[pair.item] < asked.value]
    stage.progress.say(
        f"{editor} (edits): {len(chosen):,} of {len(pairs):,} inputs have {scorer} under the {asked.prompt} prompt "
        f"below {asked.value:g}; {len(pairs) - len(known):,} have no such score on file and are left out"
    )
    return chosen


def _one_value(by_source: Mapping[str, float], asked: BelowSettings) -> float | None:
    if asked.source is not None:
        return by_source.get(asked.source)
    if COMPUTED in by_source or not by_source:
        return by_source.get(COMPUTED)
    if len(by_source) > 1:
        raise ConfigError(
            f"{asked.scorer} has values of several sources on file ({', '.join(sorted(by_source))}); name one "
            "as `source` of `below`"
        )
    return next(iter(by_source.values()))
