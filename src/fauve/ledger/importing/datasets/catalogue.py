"""The published datasets, and what their columns are called in our words: the one place where both stand together.

In their column names o is original and d is distorted, which is our anti; of a letter pair the first names the image
and the second the prompt. Not every dataset could be looked at when this was written: ``verified`` says which could.
"""

from __future__ import annotations

from dataclasses import dataclass

from fauve.errors import UnknownName
from fauve.vocabulary import PROMPT_DIMENSIONS

__all__ = [
    "CELLS",
    "CREDIT",
    "DATASETS",
    "EMOTION_SCORERS",
    "JUDGE",
    "JUDGED_DIMENSIONS",
    "MATCHERS",
    "MATCHER_SELECTOR",
    "PUBLISHED",
    "SELECTORS",
    "Column",
    "Dataset",
    "dataset_of",
]

PUBLISHED = "published"
"""The source of every score and selection that comes with these datasets."""

CREDIT = "{hub_id} on Hugging Face"
"""What is filed beside each picture; {hub_id} names the dataset."""

CELLS = {
    "oiop": ("original", "original"),
    "oidp": ("original", "anti"),
    "diop": ("anti", "original"),
    "didp": ("anti", "anti"),
}
"""Their name of a cell → our (image, prompt)."""

EMOTION_SCORERS = {"hpsv2": "hpsv2.1", "hpsv3": "hpsv3", "img_reward": "imagereward", "blip": "blip-l"}
"""Their name of a scorer in the emotion set → ours."""

MATCHERS = ("blip-l",)
"""Scorers whose cells may hold two logits, of no match and of match: the second is the score."""

SELECTORS = {
    "selection": "published LLM",
    "selection_2": "published LLM (second)",
    "selection_3": "published LLM (third)",
}
"""Our column → who selected. The first is the truth of the published tables, and first by name as well."""

MATCHER_SELECTOR = "published matcher"
"""Who selected in ``blip_selected``."""

JUDGE = "qwen3-vl-4b-lora"
"""The judge whose values the benchmark holds."""

JUDGED_DIMENSIONS = PROMPT_DIMENSIONS
"""The dimensions of a ``rater`` list, in its order (alphabetical)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``ours`` is what ``--columns`` calls it, ``theirs`` its name in the dataset."""

    ours: str
    theirs: str
    what: str
    required: bool = True
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """One published dataset.

    Attributes:
        name: what ``fauve import dataset`` calls it.
        hub_id: where it is; ``<model>`` stands for one of several.
        rows: how many, in words.
        becomes: what its rows become here.
        columns: those that are read; others are passed over.
        verified: whether the names of the columns are known, or guessed.
        generator: who made the pictures, where no column says so.
    """

    name: str
    hub_id: str
    rows: str
    becomes: str
    columns: tuple[Column, ...]
    verified: bool = True
    generator: str | None = None

    @property
    def pictures(self) -> tuple[str, ...]:
        """Our names of the columns that hold pictures."""
        return tuple(column.ours for column in self.columns if column.picture)


def _picture(ours: str, theirs: str, what: str, *, required: bool = True) -> Column:
    return Column(ours, theirs, what, required, picture=True)


def _maybe(ours: str, theirs: str, what: str) -> Column:
    return Column(ours, theirs, what, required=False)


_PAIR = (
    _picture("image_original", "image_original", "Io"),
    _picture("image_anti", "image_distorted", "Ia"),
    Column("prompt_original", "prompt_original", "po"),
    Column("prompt_anti", "prompt_distorted", "pa"),
    Column("dimensions", "selected_dims", "JSON text of a list of dimensions"),
)

_EMOTIONS = ("sad", "angry", "fearful")

_VSF = (
    Column("prompt", "prompt", "what was asked for: pa"),
    Column("negative", "negative_prompt", "what was to be kept away; into the notes"),
    _picture("image_anti", "image", "Ia"),
    Column("method", "method", "how it was steered; into the notes"),
)

_ALL = (
    Dataset(
        "benchmark",
        "weathon/aas_benchmark_final",
        "3,300",
        "pairs by generator with published scores, selections and judge's values",
        (
            *_PAIR,
            Column("generator", "model", "the generator"),
            _maybe("id", "index", "the pair's id; without it pairs are numbered by generator"),
            Column("hpsv2.1", "hpsv2_reward", "{hpsv2_oiop, hpsv2_oidp, hpsv2_diop, hpsv2_didp}"),
            Column("hpsv3", "hpsv3_reward", "{hpsv3_oiop: [mu, sigma], …}; mu is the score, sigma goes into the notes"),
            Column("imagereward", "image_reward", "{image_reward_oiop, …}"),
            Column("judged", "rater", "{original: {scores, preds}, distorted: {…}}: lists in order of the dimensions"),
            Column("selection", "llm_selected", "−1 tie, 0 original, 1 anti"),
            _maybe("selection_2", "sec_llm_selected", "the same, by another LLM"),
            _maybe("selection_3", "third_llm_selected", "the same, by a third one"),
            _maybe(
                "blip-l", "blip_score", "two rows of two logits, Io then Ia, under pa; the second logit is the score"
            ),
            _maybe("blip_selection", "blip_selected", "the same code, by the matcher"),
        ),
    ),
    Dataset(
        "benchmark-model",
        "weathon/aas_benchmark-<model>",
        "300",
        "pairs of one generator with published selections",
        (
            *_PAIR,
            Column("id", "index", "the pair's id"),
            Column("generator", "model", "the generator"),
            _maybe("hpsv2.1", "hpsv2", "{…oiop, …oidp, …diop, …didp}; in another form it goes into the notes"),
            _maybe("selection", "llm_judge", "−1 tie, 0 original, 1 anti; in another form it goes into the notes"),
        ),
    ),
    Dataset(
        "prompts",
        "weathon/anti_aesthetics_dataset",
        "300 and more, of which the paper uses the first 300",
        "`prompts.jsonl` in the run directory, for `[prompts] file`",
        (
            Column("prompt_original", "original_prompt", "po"),
            Column("prompt_anti", "disorted_long_prompt", "pa (the name is spelled so)"),
            Column("dimensions", "selected", "list of dimensions"),
            _maybe("descriptions", "desc", "their descriptions, one a line; into the notes"),
            _maybe("negative", "negative_prompt", "the negative prompt"),
        ),
    ),
    Dataset(
        "emotion-prompts",
        "weathon/anti_aesthetics_emotion",
        "120 = 30 templates × 4 emotions",
        "`emotion.jsonl` in the run directory, for `[emotion] file`",
        (
            Column("prompt", "prompt", "the prompt, with the adjective of its emotion"),
            Column("emotion", "emotion", "sad, angry, fearful or happy"),
        ),
    ),
    Dataset(
        "emotion-bias",
        "weathon/emotion_bias_dataset",
        "100",
        "three contrasts a row for the study emotion_reward: sad, angry, fearful against happy",
        (
            Column("prompt", "prompt", "a prompt with the slot [emotion]"),
            _maybe("id", "index", "the id; without it rows are numbered"),
            _picture("happy_image", "happy_image", "the default picture"),
            *(_picture(f"{name}_image", f"{name}_image", "the faithful picture") for name in _EMOTIONS),
            *(
                Column(f"{name}_{scorer}{side}", f"{name}_{scorer}{side}", f"{EMOTION_SCORERS[scorer]} of {which}")
                for name in _EMOTIONS
                for scorer in EMOTION_SCORERS
                for side, which in (("", "that picture"), ("_happy_image", "the happy picture, same prompt"))
            ),
        ),
    ),
    Dataset(
        "critique",
        "weathon/critical_comparsion",
        "100 = 5 topics × 20",
        "contrasts for the study critique",
        (
            Column("prompt", "prompt", "what was asked for"),
            _picture("faithful", "flux_krea", "the picture by FLUX.1 Krea"),
            _picture("default", "dance_flux", "the picture by DanceFlux"),
            _maybe("topic", "topic", "one of the five topics"),
            _maybe("id", "index", "the id; without it rows are numbered"),
            *(
                _maybe(f"{scorer}_{side}", f"{scorer}_{theirs}", f"{scorer} of that picture")
                for scorer in ("hpsv3", "hpsv2.1", "imagereward")
                for side, theirs in (("faithful", "flux_krea"), ("default", "dance_flux"))
            ),
        ),
        verified=False,
    ),
    Dataset(
        "photographs",
        "weathon/aas_real_images",
        "2,928",
        "contrasts for the study photographs",
        (
            _picture("faithful", "image", "the photograph"),
            _picture("default", "clean_image", "the clean picture of the same subject", required=False),
            Column("prompt", "caption", "the anti-aesthetic caption"),
            Column("categories", "categories", "the category, or a list of them: the first one groups"),
            _maybe("clean_prompt", "clean_caption", "the plain caption; into the notes"),
            _maybe("human_score", "human_score", "into the notes"),
            Column("hpsv3_faithful", "hpsv3", "HPSv3 of the photograph"),
            Column("hpsv3_default", "hpsv3_clean", "HPSv3 of the clean picture"),
            _maybe("id", "index", "the id; without it rows are numbered"),
        ),
        verified=False,
    ),
    Dataset(
        "artworks",
        "weathon/lapis",
        "about 10,000",
        "pictures for the study real_art, each under its caption and under another's",
        (
            _picture("picture", "image", "the artwork"),
            Column("prompt", "caption", "its factual caption"),
            Column("hpsv3", "hpsv3", "score under the caption"),
            Column("hpsv2.1", "hpsv2", "score under the caption"),
            Column("imagereward", "image_reward", "score under the caption"),
            _maybe("style", "style", "into the groups"),
            _maybe("work", "title", "the name of the work; into the groups: its scores are stated by themselves"),
            _maybe("id", "index", "the id; without it rows are numbered"),
        ),
        verified=False,
    ),
    Dataset(
        "vsf-dance",
        "weathon/vsf_aa_dance",
        "300",
        "pairs with an anti image only, by `dance-flux+vsf@2.0`",
        _VSF,
        generator="dance-flux+vsf@2.0",
    ),
    Dataset(
        "vsf-krea",
        "weathon/vsf_aa_krea",
        "300",
        "pairs with an anti image only, by `flux-krea+vsf@2.0`",
        _VSF,
        generator="flux-krea+vsf@2.0",
    ),
    Dataset(
        "visionreward",
        "zai-org/VisionRewardDB-Image",
        "40,743: 40,000 to train on, 743 to validate with",
        "labelled pictures for the study judge_validation, once a judge has looked at them",
        (
            _picture("picture", "image", "the picture"),
            Column("labels", "annotation", "{dimension: whole number}, also as JSON text; the sign counts"),
            _maybe("id", "index", "the id; without it rows are numbered"),
        ),
    ),
)

DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in _ALL}
"""Every dataset by name."""

_MODEL_SETS = "weathon/aas_benchmark-"


def dataset_of(name: str) -> Dataset:
    """The dataset of this name or hub id.

    Raises:
        UnknownName: with the nearest one that there is.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name.startswith(_MODEL_SETS) and name != _MODEL_SETS:
        return DATASETS["benchmark-model"]
    for dataset in _ALL:
        if dataset.hub_id == name:
            return dataset
    raise UnknownName("published dataset", name, DATASETS)
