"""Made evidence: a few lines a case instead of a ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from fauve.ledger.choices import CHOICE_SCHEMA
from fauve.ledger.queries import SELECTION_SCHEMA
from fauve.ledger.ratings import RATING_SCHEMA
from fauve.records import COMPUTED
from fauve.studies import Evidence
from fauve.studies.evidence import LENGTH_SCHEMA, NEUTRAL

ITEMS = {
    "item": pl.Int64,
    "kind": pl.String,
    "study": pl.String,
    "generator": pl.String,
    "id": pl.String,
    "dimensions": pl.List(pl.String),
    "groups": pl.String,
    "cluster": pl.String,
    "request": pl.String,
    "pictured": pl.Boolean,
    "choice": pl.String,
    "selector": pl.String,
    "slots": pl.List(pl.String),
}
GRID = {
    "item": pl.Int64,
    "scorer": pl.String,
    "source": pl.String,
    "image_slot": pl.String,
    "prompt_slot": pl.String,
    "outcome": pl.String,
    "value": pl.Float64,
}
JUDGED = {
    "item": pl.Int64,
    "image_slot": pl.String,
    "judge": pl.String,
    "dimension": pl.String,
    "outcome": pl.String,
    "value": pl.Float64,
}
LABELS = {
    "judge": pl.String,
    "image": pl.String,
    "dimension": pl.String,
    "expected": pl.Float64,
    "argmax": pl.Int64,
    "label": pl.Int64,
}
CORNERS = {
    "oo": ("original", "original"),
    "oa": ("original", "anti"),
    "ao": ("anti", "original"),
    "aa": ("anti", "anti"),
}

PROMPTS = {"input": "original", "edit": "original", "face": "emotion", "picture": "emotion"}

TOKENS = {
    "item": pl.Int64,
    "prompt_slot": pl.String,
    "prompt": pl.String,
    "scorer": pl.String,
    "tokens": pl.Int64,
    "truncated": pl.Boolean,
}


class Made:
    """Builds the five tables of :class:`Evidence` row by row."""

    def __init__(self) -> None:
        self.items: list[tuple[object, ...]] = []
        self.grid: list[tuple[object, ...]] = []
        self.judged: list[tuple[object, ...]] = []
        self.labels: list[tuple[object, ...]] = []
        self.tokens: list[tuple[object, ...]] = []
        self.selections: list[tuple[object, ...]] = []
        self.choices: list[tuple[object, ...]] = []
        self.ratings: list[tuple[object, ...]] = []

    def pair(
        self,
        *,
        generator: str = "sdxl",
        prompt: str | None = None,
        dimensions: Sequence[str] = (),
        groups: Mapping[str, str] | None = None,
        choice: str | None = None,
        pictured: bool = True,
        request: str | None = None,
        name: str | None = None,
    ) -> int:
        item = len(self.items) + 1
        cluster = prompt or f"prompt {item}"
        selector = None if choice is None else "people"
        row = (
            item,
            "pair",
            "",
            generator,
            name or str(item),
            list(dimensions),
            json.dumps(dict(groups or {})),
            cluster,
        )
        slots = ["anti", "original"] if pictured else []
        if (groups or {}).get("wording") == NEUTRAL:
            row = (item, NEUTRAL, *row[2:])
        self.items.append((*row, request or f"request {cluster}", pictured, choice, selector, slots))
        if choice is not None:
            self.select(item, "people", choice)
        return item

    def contrast(self, study: str, *, prompt: str | None = None, groups: Mapping[str, str] | None = None) -> int:
        item = len(self.items) + 1
        row = (item, "contrast", study, "", str(item), [], json.dumps(dict(groups or {})), prompt or f"prompt {item}")
        self.items.append((*row, str(item), True, None, None, ["default", "faithful"]))
        return item

    def picture(self, study: str, *, prompt: str | None = None, groups: Mapping[str, str] | None = None) -> int:
        """A picture that stands for itself; score it in the cells ``picture:prompt`` and ``picture:shuffled``."""
        item = len(self.items) + 1
        row = (item, "picture", study, "", str(item), [], json.dumps(dict(groups or {})), prompt or f"prompt {item}")
        self.items.append((*row, f"id:{item}", True, None, None, ["picture"]))
        return item

    def edit(
        self,
        pair: str,
        arm: str,
        *,
        generator: str = "sdxl",
        made_by: str = "nano-banana",
        prompt: str | None = None,
        dimensions: Sequence[str] = (),
        failed: bool = False,
    ) -> int:
        """An edit of the anti image of a pair (by its id), in an arm."""
        item = len(self.items) + 1
        cluster, groups = prompt or f"prompt {pair}", json.dumps({"arm": arm, "source": made_by})
        row = (item, "edit", "editing", generator, f"{pair}@{arm}", list(dimensions), groups, cluster)
        slots = ["input"] if failed else ["edit", "input"]
        self.items.append((*row, f"request {cluster}", True, None, None, slots))
        return item

    def portrait(
        self, template: str, emotion: str, *, generator: str = "sdxl", finder: str = "none", slots: Sequence[str] = ()
    ) -> int:
        """A portrait of a template; with a finder both slots have a picture unless ``slots`` says otherwise."""
        item = len(self.items) + 1
        groups = json.dumps({"emotion": emotion, "finder": finder})
        row = (item, "portrait", "emotion_generation", generator, f"{template}/{emotion}", [], groups)
        here = list(slots) or (["picture"] if finder == "none" else ["face", "picture"])
        self.items.append((*row, f"{template} {emotion}", str(item), True, None, None, here))
        return item

    def score(self, item: int, scorer: str, source: str = COMPUTED, **cells: float | None) -> None:
        """Cells by corner (oo, oa, ao, aa) or slot (faithful, default; input, edit under the original prompt; face,
        picture under the sentence of the emotion) or as ``image:prompt``; None stands for a failed cell."""
        for cell, value in cells.items():
            image, prompt = CORNERS.get(cell, (cell, PROMPTS.get(cell, "prompt")))
            if ":" in cell:
                image, prompt = cell.split(":")
            outcome = "failed" if value is None else "ok"
            self.grid.append((item, scorer, source, image, prompt, outcome, value))

    def judge(self, item: int, dimension: str, original: float | None, anti: float | None, judge: str = "eye") -> None:
        self.look(item, dimension, judge, original=original, anti=anti)

    def look(self, item: int, dimension: str, judge: str = "eye", **slots: float | None) -> None:
        """J of the pictures in these slots."""
        for slot, value in slots.items():
            self.judged.append((item, slot, judge, dimension, "failed" if value is None else "ok", value))

    def select(self, item: int, selector: str, choice: str) -> None:
        """A selection on file, beside that of the item."""
        self.selections.append((item, selector, choice, "computed"))

    def answer(self, item: int, selector: str, plain: str | None, turned: str | None) -> None:
        """What a selector chose in either order, and the selection that follows; None stands for a failed answer."""
        for order, choice in ((False, plain), (True, turned)):
            outcome = "unparsable" if choice is None else "ok"
            self.choices.append((selector, item, order, outcome, choice, None if choice else "prose"))
        if plain and turned:
            self.select(item, selector, plain if plain == turned else "tie")

    def rate(self, item: int, choices: Mapping[str, str], first: str | None = None) -> None:
        """What raters chose in an item, and the selection that follows for people together."""
        self.ratings += [(item, rater, choice, first, None) for rater, choice in choices.items()]
        votes = list(choices.values())
        self.select(item, "people", next((v for v in votes if 2 * votes.count(v) > len(votes)), "tie"))

    def count(self, item: int, scorer: str, slot: str, prompt: str, tokens: int, truncated: bool) -> None:
        self.tokens.append((item, slot, prompt, scorer, tokens, truncated))

    def label(self, image: str, dimension: str, expected: float, label: int, judge: str = "eye") -> None:
        self.labels.append((judge, image, dimension, expected, round(expected), label))

    def evidence(self) -> Evidence:
        return Evidence(
            pl.DataFrame(self.items, schema=ITEMS, orient="row"),
            pl.DataFrame(self.grid, schema=GRID, orient="row"),
            pl.DataFrame(self.judged, schema=JUDGED, orient="row"),
            pl.DataFrame(self.labels, schema=LABELS, orient="row"),
            pl.DataFrame(self.tokens, schema=TOKENS, orient="row"),
            pl.DataFrame(self.selections, schema=SELECTION_SCHEMA, orient="row"),
            pl.DataFrame(self.choices, schema=CHOICE_SCHEMA, orient="row"),
            lengths=self._lengths(),
            ratings=pl.DataFrame(self.ratings, schema=RATING_SCHEMA, orient="row"),
        )

    def _lengths(self) -> pl.DataFrame:
        """Words of the prompts of pairs, which are texts here and keys of texts in a ledger."""
        texts = {text for row in self.items if row[1] in {"pair", NEUTRAL} for text in row[7:9]}
        return pl.DataFrame([(text, len(text.split())) for text in sorted(texts)], schema=LENGTH_SCHEMA, orient="row")


@pytest.fixture(scope="session")
def made() -> type[Made]:
    """A builder of evidence, new on every call."""
    return Made
