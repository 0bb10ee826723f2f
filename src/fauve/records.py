"""What flows through Fauve: frozen records with the paper's words, and nothing that touches a file.

An *item* is a :class:`PromptPair`, a :class:`Contrast`, an :class:`Edit`, a :class:`Portrait` or a :class:`Picture`:
all have named image slots and prompt slots, and a score belongs to one (image slot, prompt slot) of one item for one
scorer. What was computed here is stored once per (image, prompt, scorer) whatever items share it; what was published
elsewhere belongs to the item that it came with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from fauve.keys import digest

__all__ = [
    "COMPUTED",
    "RATED",
    "Contrast",
    "DimensionScore",
    "Edit",
    "Finding",
    "ImageRef",
    "ImportedScore",
    "Item",
    "Outcome",
    "Picture",
    "Portrait",
    "PromptPair",
    "Published",
    "Rating",
    "Selection",
    "Test",
    "Verdict",
]

COMPUTED = "computed"
"""The source of every value that this installation computed itself."""

RATED = "ratings"
"""The source of the selections that follow from ratings of people."""

Verdict = Literal["agrees", "differs", "not comparable"]
"""What comes of holding a number against the published one."""

ItemKind = Literal["pair", "contrast", "edit", "portrait", "picture"]


class Outcome(StrEnum):
    """What came of a request. Only ``ok`` carries a value; every other one stays in its denominator."""

    OK = "ok"
    REFUSED = "refused"
    FILTERED = "filtered"
    NO_IMAGE = "no image"
    UNPARSABLE = "unparsable"
    TIMED_OUT = "timed out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A stored picture: sha256 of its bytes, its size in pixels as it decodes (width, height), and its suffix."""

    sha256: str
    width: int
    height: int
    suffix: str

    @property
    def path(self) -> str:
        """Where it lies, relative to the run directory."""
        return f"images/{self.sha256[:2]}/{self.sha256}{self.suffix}"


@dataclass(frozen=True, slots=True)
class ImportedScore:
    """A value that came with an item: r(image slot, prompt slot) of ``scorer``, from ``source``."""

    scorer: str
    image: str
    prompt: str
    value: float
    source: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ValueError(f"{self.scorer} gave {self.value}: a score is a finite number or there is none")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which image slot of an item was picked, by whom; ``tie`` is a value."""

    selector: str
    choice: str
    source: str


@dataclass(frozen=True, slots=True)
class PromptPair:
    """An original and an anti prompt with the images that one generator made of them.

    ``images`` and ``prompts`` map the slots ``original`` and ``anti`` to an image's sha256 and to a text, or to None
    where only scores exist. ``dimensions`` are those that the anti prompt asks for.
    """

    id: str
    generator: str
    prompts: Mapping[str, str | None]
    images: Mapping[str, str | None]
    dimensions: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection | None = None
    scores: tuple[ImportedScore, ...] = ()

    kind: ItemKind = field(default="pair", init=False)
    study: str = field(default="", init=False)


@dataclass(frozen=True, slots=True)
class Contrast:
    """One prompt and two images: ``faithful`` is what was asked for, ``default`` what general taste prefers."""

    id: str
    study: str
    prompts: Mapping[str, str | None]
    images: Mapping[str, str | None]
    groups: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection | None = None
    scores: tuple[ImportedScore, ...] = ()

    kind: ItemKind = field(default="contrast", init=False)
    generator: str = field(default="", init=False)
    dimensions: tuple[str, ...] = field(default=(), init=False)


@dataclass(frozen=True, slots=True)
class Edit:
    """What ``generator`` made of the anti image of a pair, in one arm (how far, or by which way, it left the input).

    ``id`` is ``<id of the pair>@<arm>``. Image slots ``input`` and ``edit`` (None where the request failed: note
    ``outcome``); prompt slots ``original`` and ``anti`` of the pair. ``groups`` has ``arm`` and ``source`` (who made
    the input); ``notes`` has ``strength``, ``start_noise`` (each None where it has no meaning) and ``outcome``.
    """

    id: str
    generator: str
    prompts: Mapping[str, str | None]
    images: Mapping[str, str | None]
    dimensions: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    selection: Selection | None = None
    scores: tuple[ImportedScore, ...] = ()

    kind: ItemKind = field(default="edit", init=False)
    study: str = field(default="editing", init=False)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture of a person who was asked to show one emotion, and the face in it.

    Image slots ``picture`` and ``face`` (None where no face was found or nobody looked); prompt slots ``prompt`` (what
    the generator was asked for) and ``emotion`` (the sentence that a matcher scores). ``groups`` has ``emotion`` and
    ``finder``; ``notes`` has ``outcome`` and ``face`` (``found``, ``no face`` or ``not looked for``).
    """

    id: str
    generator: str
    prompts: Mapping[str, str | None]
    images: Mapping[str, str | None]
    groups: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    selection: Selection | None = None
    scores: tuple[ImportedScore, ...] = ()

    kind: ItemKind = field(default="portrait", init=False)
    study: str = field(default="emotion_generation", init=False)
    dimensions: tuple[str, ...] = field(default=(), init=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that was made elsewhere and stands for itself: an artwork, or a picture that people labelled.

    Image slot ``picture``; prompt slots ``prompt`` (what is said of it, or None) and ``shuffled`` (what is said of
    another one: the control that tells whether a scorer reads at all; None where nothing is said). ``study`` is
    ``real_art`` or ``judge_validation``; there ``notes["labels"]`` maps dimensions to whole numbers whose sign counts.
    """

    id: str
    study: str
    prompts: Mapping[str, str | None]
    images: Mapping[str, str | None]
    groups: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection | None = None
    scores: tuple[ImportedScore, ...] = ()

    kind: ItemKind = field(default="picture", init=False)
    generator: str = field(default="", init=False)
    dimensions: tuple[str, ...] = field(default=(), init=False)


Item = PromptPair | Contrast | Edit | Portrait | Picture

SLOTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pair": (("original", "anti"), ("original", "anti")),
    "contrast": (("faithful", "default"), ("prompt",)),
    "edit": (("input", "edit"), ("original", "anti")),
    "portrait": (("picture", "face"), ("prompt", "emotion")),
    "picture": (("picture",), ("prompt", "shuffled")),
}
"""For each kind of item its image slots and its prompt slots."""


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """J(I, d): expected value in [0, 2] that ``judge`` gives one image on one dimension, seeing no prompt."""

    image: str
    dimension: str
    judge: str
    value: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 2.0:
            raise ValueError(f"{self.judge} gave {self.value} for {self.dimension}: J is in [0, 2]")


@dataclass(frozen=True, slots=True)
class Rating:
    """A person's choice on one item: the slot of an image, or ``tie``.

    ``rater`` is a code, not a name. ``shown_first`` is the slot of the image that came first, ``seconds`` the time
    taken; None where nobody wrote it down.
    """

    rater: str
    choice: str
    shown_first: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Test:
    """A significance test: its name, p, and p after correction within its study (Holm)."""

    __test__ = False  # not a test case, whatever a test runner thinks of the name

    name: str
    p: float | None
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What the literature states for the same quantity; compared with, never computed from.

    ``verdict`` says what comes of holding ours against it (see :mod:`fauve.studies.comparability`), ``because`` why;
    both are None until the two were compared.
    """

    value: float
    source: str
    verdict: Verdict | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One number that a study states.

    ``estimate``, ``low`` and ``high`` are None where the quantity is not defined for the data; ``note`` then says why,
    and otherwise carries what a reader must know. ``n`` counts the items used, ``missing`` the share of the items
    that belong in the denominator but have no value.
    """

    study: str
    metric: str
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    missing: float
    scorer: str | None = None
    generator: str | None = None
    group: Mapping[str, str] = field(default_factory=dict)
    test: Test | None = None
    published: Published | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        for name in ("estimate", "low", "high"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{self.study}.{self.metric}: {name} is {value}; what is undefined is None")

    @property
    def key(self) -> str:
        """The address of this number: sha256 of study, metric, scorer, generator and group."""
        return digest([self.study, self.metric, self.scorer, self.generator, dict(self.group)])

    def as_json(self) -> dict[str, Any]:
        """The form that stands in ``findings.json``: optional parts are left out where there are none."""
        row: dict[str, Any] = {"study": self.study, "metric": self.metric}
        for name in ("scorer", "generator"):
            if getattr(self, name) is not None:
                row[name] = getattr(self, name)
        if self.group:
            row["group"] = dict(sorted(self.group.items()))
        row |= {"estimate": self.estimate, "low": self.low, "high": self.high, "n": self.n, "missing": self.missing}
        if self.test is not None:
            row["test"] = {"name": self.test.name, "p": self.test.p, "p_adjusted": self.test.p_adjusted}
        if self.published is not None:
            row["published"] = {"value": self.published.value, "source": self.published.source}
            if self.published.verdict is not None:
                row["published"] |= {"verdict": self.published.verdict, "because": self.published.because}
        if self.note is not None:
            row["note"] = self.note
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Finding:
        """Read back what :meth:`as_json` wrote."""
        known = dict(row)
        test, published = known.pop("test", None), known.pop("published", None)
        return cls(
            test=Test(**test) if test else None,
            published=Published(**published) if published else None,
            **known,
        )
