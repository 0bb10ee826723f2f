"""The words of the field: dimensions and their levels, emotions, critique topics, categories of photographs.

The twelve dimensions are VisionReward's aesthetic axes, by the names that arXiv 2512.11883 uses; how each level
is described is our own wording. Prompts draw from the first eleven (:data:`PROMPT_DIMENSIONS`). The 28 categories
of photographs are those of the paper's site. Names here are contracts: they stand in ledgers, exports and tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fauve.errors import ConfigError, UnknownName

__all__ = [
    "CONTRAST_STUDIES",
    "CRITIQUE_TOPICS",
    "DIMENSIONS",
    "EMOTIONS",
    "PHOTO_CATEGORIES",
    "PROMPT_DIMENSIONS",
    "CritiqueTopic",
    "Dimension",
    "Emotion",
    "PhotoCategory",
    "add_dimensions",
    "content_note",
    "dimension",
    "photo_category",
]


@dataclass(frozen=True, slots=True)
class Dimension:
    """One aesthetic axis d, with a judge's value J(I, d) in [0, 2].

    ``low``, ``middle`` and ``high`` say what a picture at 0, 1 and 2 looks like; ``request`` is how a prompt asks
    for the low end, as a clause that can follow a caption; ``negative`` is the one word by which a negative prompt
    keeps the high end away.
    """

    name: str
    low: str
    middle: str
    high: str
    request: str
    negative: str


@dataclass(frozen=True, slots=True)
class Emotion:
    """An emotion that a face can show, as noun and adjective."""

    name: str
    adjective: str
    negative: bool


@dataclass(frozen=True, slots=True)
class CritiqueTopic:
    """A topic of social critique; ``note`` warns before its pictures are shown."""

    name: str
    note: str | None


@dataclass(frozen=True, slots=True)
class PhotoCategory:
    """One of 28 ways in which a photographer leaves conventional taste.

    ``dimensions`` are the axes on which such a photograph is meant to sit at the low end, as far as the category
    alone says so; empty where it does not.
    """

    group: str
    name: str
    dimensions: tuple[str, ...]
    note: str | None = None

    @property
    def path(self) -> str:
        """``group.name``, as import files write it."""
        return f"{self.group}.{self.name}"


_DIMENSIONS = (
    Dimension(
        "background",
        "a backdrop that is blank, muddy or ruined",
        "a plain backdrop that neither helps nor harms",
        "a backdrop that belongs to the scene and is well made",
        "the background is wiped out into a dull, blank smear",
        "scenery",
    ),
    Dimension(
        "clarity",
        "blurred all over: edges cannot be found",
        "readable but soft",
        "crisp: edges are where they belong",
        "everything is badly out of focus and smeared",
        "sharp",
    ),
    Dimension(
        "color aesthetic",
        "colours that fight, sicken or have drained away",
        "colours that pass unnoticed",
        "colours that go together",
        "the colours clash and look sickly",
        "harmonious",
    ),
    Dimension(
        "color brightness",
        "far too dark or burnt out",
        "somewhat dim or pale",
        "well exposed",
        "the exposure is ruined, with hardly anything left to see",
        "well-exposed",
    ),
    Dimension(
        "detail realism",
        "forms that bend, melt or cannot be",
        "forms that are nearly right",
        "forms as they are in the world",
        "solid things bend and melt out of shape",
        "realistic",
    ),
    Dimension(
        "detail refinement",
        "coarse: grain, blocks or banding over everything",
        "some coarseness",
        "fine texture throughout",
        "the texture is coarse and broken, full of grain and blocks",
        "refined",
    ),
    Dimension(
        "emotion",
        "a mood that hurts: fear, grief, anger, dread",
        "no mood to speak of",
        "a mood that pleases",
        "the mood is bleak and distressing",
        "cheerful",
    ),
    Dimension(
        "lighting distinction",
        "flat: light and shadow cannot be told apart",
        "some modelling by light",
        "light and shadow that shape the scene",
        "the light is flat, without any shadow",
        "shadows",
    ),
    Dimension(
        "main object",
        "a subject that is tiny, cut off or lost at the edge",
        "a subject that shares the attention",
        "a subject that holds the eye",
        "the subject is tiny and pushed to the edge of the frame",
        "centred",
    ),
    Dimension(
        "object pairing",
        "things that do not belong together or lie in pieces",
        "things that happen to be side by side",
        "things that make sense together",
        "its parts are scattered and out of place",
        "orderly",
    ),
    Dimension(
        "richness",
        "next to nothing in the frame",
        "a few things",
        "much to look at",
        "the frame is almost empty",
        "abundant",
    ),
    Dimension(
        "symmetry",
        "lopsided",
        "roughly in balance",
        "mirror-like",
        "the composition is lopsided",
        "symmetrical",
    ),
)

DIMENSIONS: dict[str, Dimension] = {d.name: d for d in _DIMENSIONS}
"""All twelve dimensions by name, alphabetical; after them those of one's own (:func:`add_dimensions`)."""

PROMPT_DIMENSIONS: tuple[str, ...] = tuple(d.name for d in _DIMENSIONS[:11])
"""The eleven that anti prompts draw from."""

CONTRAST_STUDIES: tuple[str, ...] = ("critique", "emotion_reward", "photographs", "probe", "real_art")
"""The studies whose items are contrasts."""

EMOTIONS: dict[str, Emotion] = {
    e.name: e
    for e in (
        Emotion("happiness", "happy", False),
        Emotion("anger", "angry", True),
        Emotion("fear", "fearful", True),
        Emotion("sadness", "sad", True),
    )
}

CRITIQUE_TOPICS: dict[str, CritiqueTopic] = {
    t.name: t
    for t in (
        CritiqueTopic("anti-war", "war and its dead"),
        CritiqueTopic("pollution", None),
        CritiqueTopic("inequality", None),
        CritiqueTopic("censorship", None),
        CritiqueTopic("digital overload", None),
    )
}

_CATEGORIES: tuple[PhotoCategory, ...] = (
    PhotoCategory("clarity_and_focus", "intentional_blur", ("clarity",)),
    PhotoCategory("clarity_and_focus", "double_exposure", ("detail realism",)),
    PhotoCategory("clarity_and_focus", "film_artifacts", ("detail refinement",)),
    PhotoCategory("clarity_and_focus", "analog_degradation", ("detail refinement",)),
    PhotoCategory("clarity_and_focus", "digital_artifacts", ("detail refinement",)),
    PhotoCategory("clarity_and_focus", "bad_or_no_details", ("clarity",)),
    PhotoCategory("color_and_tone", "clashing_disharmony", ("color aesthetic",)),
    PhotoCategory("color_and_tone", "chromatic_aberration", ("color aesthetic",)),
    PhotoCategory("color_and_tone", "muted_faded", ("color aesthetic",)),
    PhotoCategory("color_and_tone", "sickly_cast", ("color aesthetic",)),
    PhotoCategory("color_and_tone", "color_inconsistency", ("color aesthetic",)),
    PhotoCategory("lighting_and_exposure", "exposure_extremes", ("color brightness",)),
    PhotoCategory("lighting_and_exposure", "light_leak", ("color brightness",)),
    PhotoCategory("lighting_and_exposure", "flat_lighting", ("lighting distinction",)),
    PhotoCategory("lighting_and_exposure", "harsh_or_insufficient_flash", ("color brightness",)),
    PhotoCategory("lighting_and_exposure", "low_contrast_oppressive", ("lighting distinction",)),
    PhotoCategory("composition_and_structure", "unconventional_framing", ("main object",)),
    PhotoCategory("composition_and_structure", "obstructed_cropping", ("main object",)),
    PhotoCategory("composition_and_structure", "scale_inconsistency", ("object pairing",)),
    PhotoCategory("composition_and_structure", "unconventional_scale", ("main object",)),
    PhotoCategory("composition_and_structure", "amateur_snapshot_energy", ()),
    PhotoCategory("emotion_and_subject", "negative_personal_emotion", ("emotion",), "distress"),
    PhotoCategory("emotion_and_subject", "atmospheric_distress", ("emotion",), "distress"),
    PhotoCategory("emotion_and_subject", "decay_and_degradation", ("emotion",)),
    PhotoCategory("emotion_and_subject", "disgust_and_aversion", ("emotion",), "disgust"),
    PhotoCategory("emotion_and_subject", "unfinished_raw", ("detail refinement",)),
    PhotoCategory("emotion_and_subject", "abstract_photo", ()),
    PhotoCategory("emotion_and_subject", "surrealism", ("detail realism",)),
)

PHOTO_CATEGORIES: dict[str, PhotoCategory] = {c.path: c for c in _CATEGORIES}
"""The 28 categories by ``group.name``."""


def dimension(name: str) -> Dimension:
    """The dimension of that name; raises :class:`fauve.errors.UnknownName` with the nearest one."""
    try:
        return DIMENSIONS[name]
    except KeyError:
        raise UnknownName("dimension", name, DIMENSIONS) from None


def add_dimensions(own: Iterable[Dimension]) -> None:
    """Make dimensions of one's own known to everything in this process: imports, prompts, judges, report.

    Adding the same one again changes nothing.

    Raises:
        ConfigError: where a name stands for something else already; then none is added.
    """
    own = tuple(own)
    for index, new in enumerate(own):
        known = {**DIMENSIONS, **{earlier.name: earlier for earlier in own[:index]}}.get(new.name, new)
        if known != new:
            kind = "one of the twelve dimensions" if known in _DIMENSIONS else "a dimension with other wording"
            raise ConfigError(f"{new.name!r} is {kind} already: give your own another name.")
    DIMENSIONS.update({new.name: new for new in own})


def photo_category(path: str) -> PhotoCategory:
    """The category ``group.name``; raises :class:`fauve.errors.UnknownName` with the nearest one."""
    try:
        return PHOTO_CATEGORIES[path]
    except KeyError:
        raise UnknownName("photo category", path, PHOTO_CATEGORIES) from None


def content_note(groups: dict[str, str]) -> str | None:
    """Why a picture with these groups is covered until the reader asks for it, or None.

    Looks at ``topic`` (critique) and ``category`` (photographs); values that are not in the vocabulary carry
    no note.
    """
    topic = CRITIQUE_TOPICS.get(groups.get("topic", ""))
    if topic is not None and topic.note:
        return topic.note
    category = PHOTO_CATEGORIES.get(groups.get("category", ""))
    return category.note if category is not None else None
