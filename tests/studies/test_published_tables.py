"""Every published table from planted Parquet: import, `fauve run`, and each planted number in ``findings.json``.

One run directory takes all published datasets in exactly their schemas, and by the other doors what no dataset holds
(scores of steered pictures, edits, portraits, labels). Expected values are computed here from the planted rows, with
numpy, SciPy and scikit-learn.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from scipy.stats import linregress, pearsonr, rankdata, spearmanr
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

from fauve import api
from fauve.ledger import Answer, Ledger, queries
from fauve.ledger.importing import import_labels, import_scores
from fauve.ledger.importing.datasets import DatasetRequest, import_dataset
from fauve.records import Edit, ImportedScore, Outcome, Portrait
from fauve.settings import RunSettings
from fauve.studies.leaderboards import leaderboard
from fauve.studies.published import preference_accuracy
from fauve.vocabulary import PHOTO_CATEGORIES, PROMPT_DIMENSIONS

pytestmark = pytest.mark.slow

GENERATORS = {
    "flux_dev": "flux-dev",
    "dancegrpo_flux": "dance-flux",
    "prefgrpo_flux": "pref-flux",
    "flux_krea": "flux-krea",
    "SDXL": "sdxl",
    "playground": "playground-v2.5",
    "sd35_medium": "sd3.5-m",
    "sd35m_flowgrpo_geneval": "sd3.5-m-geneval",
    "sd35m_flowgrpo_pickscore": "sd3.5-m-pickscore",
    "nano_banana": "nano-banana",
}
GRIDS = {
    "hpsv2_reward": ("hpsv2", "hpsv2.1"),
    "hpsv3_reward": ("hpsv3", "hpsv3"),
    "image_reward": ("image_reward", "imagereward"),
}
PROMPTS = 9
JUDGE = "qwen3-vl-4b-lora"
EMOTIONS = {"sad": "sadness", "angry": "anger", "fearful": "fear"}
EMOTION_SCORERS = {"hpsv2": "hpsv2.1", "hpsv3": "hpsv3", "img_reward": "imagereward", "blip": "blip-l"}
TOPICS = ("anti-war", "pollution", "inequality", "censorship", "digital overload")


def cell(data):
    return {"bytes": data, "path": None}


class Planted:
    """The rows of every dataset, and what else was planted."""

    def __init__(self, photo_bytes):
        self.draw = np.random.default_rng(2512)
        self.photo, self.pictures = photo_bytes, 0
        self.benchmark = [self._pair(model, n) for model in GENERATORS for n in range(PROMPTS)]
        self.emotions = [self._emotions(n) for n in range(8)]
        self.photographs = [self._photograph(n) for n in range(12)]
        self.critique = [self._critique(n) for n in range(10)]
        self.artworks = [self._artwork(n) for n in range(15)]
        self.steered = [
            {"prompt": f"a blurred thing {n}", "negative_prompt": "sharp", "image": self.image(), "method": "vsf"}
            for n in range(PROMPTS)
        ]

    def image(self):
        self.pictures += 1
        return cell(self.photo(self.pictures, (16, 12)))

    def number(self):
        return float(self.draw.normal())

    def _pair(self, model, n):
        grids = {
            column: {f"{name}_{corner}": self.number() for corner in ("oiop", "oidp", "diop", "didp")}
            for column, (name, _) in GRIDS.items()
        }
        grids["hpsv3_reward"] = {corner: [value, 0.5] for corner, value in grids["hpsv3_reward"].items()}
        sides = {
            side: {"scores": (self.draw.integers(0, 9, 11) / 4).tolist(), "preds": [1] * 11}
            for side in ("original", "distorted")
        }
        return {
            "image_original": self.image(),
            "image_distorted": self.image(),
            "index": n,
            "prompt_original": f"thing {n}",
            "prompt_distorted": f"a blurred thing {n}",
            "selected_dims": json.dumps(["clarity", "color_aesthetic"]),
            "model": model,
            **grids,
            "rater": sides,
            "llm_selected": int(self.draw.choice([1, 1, 1, 0, -1])),
            "blip_score": self.draw.normal(size=(2, 2)).tolist(),
            "blip_selected": int(self.draw.integers(2)),
        }

    def _emotions(self, n):
        pictures = {f"{name}_image": self.image() for name in ("happy", *EMOTIONS)}
        scores = {
            f"{e}_{s}{side}": self.number() for e in EMOTIONS for s in EMOTION_SCORERS for side in ("", "_happy_image")
        }
        return {**pictures, **scores, "prompt": f"portrait {n} of an [emotion] man"}

    def _photograph(self, n):
        known = list(PHOTO_CATEGORIES)
        return {
            "image": self.image(),
            "clean_image": self.image(),
            "caption": f"a blurred dog {n}",
            "categories": [known[n % 3]],
            "hpsv3": self.number(),
            "hpsv3_clean": self.number() + 2,
        }

    def _critique(self, n):
        scores = {f"hpsv3_{side}": self.number() for side in ("flux_krea", "dance_flux")}
        shown = {"prompt": f"a war {n}", "flux_krea": self.image(), "dance_flux": self.image()}
        return {**shown, **scores, "topic": TOPICS[n % 5]}

    def _artwork(self, n):
        scores = {"hpsv3": 6 + self.number(), "hpsv2": 0.21 + self.number() / 50, "image_reward": self.number()}
        return {"image": self.image(), "caption": f"a painting of {n}", "style": "fauvism", **scores}

    def of(self, model):
        return [row for row in self.benchmark if row["model"] == model]


def plain(row, column, corner):
    value = row[column][f"{GRIDS[column][0]}_{corner}"]
    return value[0] if isinstance(value, list) else value


def bring(directory: Path, rows, name: str) -> None:
    folder = directory.parent / "parquet" / name
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), folder / "train-00000-of-00001.parquet", row_group_size=7)
    import_dataset(directory, DatasetRequest(str(folder), named=name))


def score_the_steered(directory: Path, planted: Planted) -> None:
    """What the sets of steered pictures lack: scores by CSV, and values of the judge."""
    planted.steered_scores = {(n, s): planted.number() for n in range(PROMPTS) for s in ("hpsv3", "blip-l-probability")}
    table = directory.parent / "steered.csv"
    with table.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["kind", "generator", "study", "id", "image", "prompt", "scorer", "value", "source"])
        for (n, scorer), value in planted.steered_scores.items():
            prompt = "original" if scorer == "hpsv3" else "anti"
            out.writerow(["pair", "dance-flux+vsf@2.0", "", str(n), "anti", prompt, scorer, repr(value), "published"])
    planted.steered_levels = planted.draw.integers(0, 9, (PROMPTS, 2)) / 4
    with Ledger(directory, write=True) as ledger:
        import_scores(ledger, table)
        (judge,) = ledger.db.execute("SELECT adapter FROM adapters WHERE kind = 'judge'").fetchone()
        items = [item for item in queries.items(ledger) if item.generator == "dance-flux+vsf@2.0"]
        run = ledger.begin_run("judge", {})
        for item in sorted(items, key=lambda item: int(item.id)):
            for dimension, value in zip(
                ("clarity", "color aesthetic"), planted.steered_levels[int(item.id)], strict=True
            ):
                picture = item.images["anti"].sha256
                ledger.record_dimension_scores(run, judge, [Answer(picture, dimension, Outcome.OK, float(value))])


def add_what_no_dataset_holds(directory: Path, planted: Planted) -> None:
    """Edits and portraits, whose pictures were not published, and labels with a judge's answers."""
    planted.edits = {
        (g, n): (planted.number(), planted.number()) for g in ("flux-krea", "dance-flux") for n in range(PROMPTS)
    }
    kinds = ("anger", "fear", "happiness", "sadness")
    planted.faces = {(e, n): float(planted.draw.uniform()) for e in kinds for n in range(PROMPTS)}
    items = []
    for (generator, n), values in planted.edits.items():
        scores = tuple(
            ImportedScore("hpsv3", slot, "original", v, "published")
            for slot, v in zip(("input", "edit"), values, strict=True)
        )
        prompts = {"original": f"thing {n}", "anti": f"a blurred thing {n}"}
        groups = {"arm": "strength 0.5", "source": "nano-banana"}
        items.append(
            Edit(
                f"{n}@strength 0.5",
                generator,
                prompts,
                {"input": None, "edit": None},
                groups=groups,
                notes={"outcome": "ok"},
                scores=scores,
            )
        )
    for (emotion, n), value in planted.faces.items():
        prompts = {"prompt": f"{emotion} {n}", "emotion": f"The face shows {emotion} expression"}
        score = ImportedScore("blip-l-probability", "face", "emotion", value, "published")
        groups = {"emotion": emotion, "finder": "llmdet"}
        items.append(
            Portrait(
                f"{n}/{emotion}",
                "dance-flux",
                prompts,
                {"picture": None, "face": None},
                groups,
                {"outcome": "ok", "face": "found"},
                scores=(score,),
            )
        )
    planted.labels = [
        (f"image {n}", float(planted.draw.uniform(0, 2)), int(planted.draw.integers(-2, 3))) for n in range(40)
    ]
    answers = directory.parent / "labels.jsonl"
    lines = (
        {"image": name, "dimension": "clarity", "expected_score": expected, "argmax": round(expected), "label": label}
        for name, expected, label in planted.labels
    )
    answers.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with Ledger(directory, write=True) as ledger:
        ledger.add_items((item, item.id) for item in items)
        import_labels(ledger, answers, "published judge")


@pytest.fixture(scope="module")
def planted(photo_bytes):
    return Planted(photo_bytes)


@pytest.fixture(scope="module")
def found(planted, tmp_path_factory):
    """Every finding of the run, as it stands in ``findings.json``."""
    directory = tmp_path_factory.mktemp("published") / "run"
    bring(directory, planted.benchmark, "benchmark")
    bring(directory, planted.emotions, "emotion-bias")
    bring(directory, planted.photographs, "photographs")
    bring(directory, planted.critique, "critique")
    bring(directory, planted.artworks, "artworks")
    bring(directory, planted.steered, "vsf-dance")
    score_the_steered(directory, planted)
    add_what_no_dataset_holds(directory, planted)
    api.run(RunSettings(scorers=(), judges=()), directory)
    return json.loads((directory / "findings.json").read_text("utf-8"))


@pytest.fixture
def number(found):
    """The estimate at an address; the source of scores is no part of it."""

    def look(study, metric, scorer=None, generator=None, **group):
        rows = [
            row
            for row in found
            if (row["study"], row["metric"], row.get("scorer"), row.get("generator"))
            == (study, metric, scorer, generator)
            and {k: v for k, v in row.get("group", {}).items() if k != "source"} == group
        ]
        assert len(rows) == 1, (study, metric, scorer, generator, group)
        return rows[0]["estimate"]

    return look


def close(value):
    return pytest.approx(value, rel=1e-12, abs=1e-13)


def test_table_1_and_the_sites_table(planted, number):
    truth = np.array([row["llm_selected"] for row in planted.benchmark])
    kept = truth >= 0
    margins = {
        scorer: np.array([plain(row, column, "didp") - plain(row, column, "oidp") for row in planted.benchmark])
        for column, (_, scorer) in GRIDS.items()
    }
    margins["blip-l"] = np.array([row["blip_score"][1][1] - row["blip_score"][0][1] for row in planted.benchmark])
    for scorer, margin in margins.items():
        chose, true = (margin[kept] > 0).astype(int), truth[kept]
        study = "reward_classification"
        assert number(study, "accuracy", scorer) == close(accuracy_score(true, chose))
        assert number(study, "balanced_accuracy", scorer) == close(balanced_accuracy_score(true, chose))
        assert number(study, "f1", scorer) == close(f1_score(true, chose, average="weighted"))
        assert number(study, "auroc", scorer) == close(roc_auc_score(true, expit(margin[kept])))
        assert number(study, "margin", scorer) == close(np.where(true == 1, margin[kept], -margin[kept]).mean())


def test_the_correlation_with_preferences(number):
    stated, _ = preference_accuracy()
    names = [name for name in ("hpsv2.1", "hpsv3", "imagereward") if name in stated]
    ours = [number("reward_classification", "accuracy", name) for name in names]
    at = {"with": "HPDv3 preference accuracy"}
    theirs = [stated[name] for name in names]
    assert number("reward_classification", "correlation", **at, method="pearson") == close(pearsonr(theirs, ours)[0])
    assert number("reward_classification", "correlation", **at, method="spearman") == close(spearmanr(theirs, ours)[0])


@pytest.mark.parametrize("model", GENERATORS)
def test_tables_2_and_3(planted, number, model):
    rows, name = planted.of(model), GENERATORS[model]
    for column, (_, scorer) in GRIDS.items():
        changes = [plain(row, column, "diop") - plain(row, column, "oiop") for row in rows]
        assert number("generation", "shift", scorer, name) == close(np.mean(changes))
    after = [plain(row, "hpsv3_reward", "diop") for row in rows]
    assert number("generation", "after", "hpsv3", name) == close(np.mean(after))
    assert number("generation", "success", None, name) == close(np.mean([row["llm_selected"] == 1 for row in rows]))
    before, judged = ([sum(row["rater"][side]["scores"]) for row in rows] for side in ("original", "distorted"))
    assert number("generation", "shift", None, name, judge=JUDGE) == close(np.mean(judged) - np.mean(before))
    assert number("generation", "after", None, name, judge=JUDGE) == close(np.mean(judged))
    match = [expit(row["blip_score"][1][1] - row["blip_score"][1][0]) for row in rows]
    assert number("generation", "after", "blip-l-probability", name, prompt="anti") == close(np.mean(match))


def test_the_line_through_ranks(planted, number):
    levels, shifts = (
        {
            name: np.mean(
                [
                    plain(row, "hpsv3_reward", "diop") * after - plain(row, "hpsv3_reward", "oiop") * before
                    for row in planted.of(model)
                ]
            )
            for model, name in GENERATORS.items()
        }
        for after, before in ((0, -1), (1, 1))
    )
    at = {"between": "generators", "unit": "rank"}
    for names, more in (
        (list(levels), {}),
        ([n for n in levels if n not in ("sdxl", "nano-banana")], {"without": "what the paper leaves out"}),
    ):
        line = linregress(rankdata([levels[n] for n in names]), rankdata([shifts[n] for n in names]))
        assert number("generation", "slope", "hpsv3", **at, **more) == close(line.slope)


def test_the_reference_range_of_table_3(planted, number):
    for column, (_, scorer) in GRIDS.items():
        values = [plain(row, column, "oiop") for row in planted.of("nano_banana")]
        assert number("calibration", "mean", scorer, "nano-banana") == close(np.mean(values))
        assert number("calibration", "sd", scorer, "nano-banana") == close(np.std(values, ddof=1))


def test_table_4(planted, number):
    for generator in ("flux-krea", "dance-flux"):
        changes = [edit - before for (g, _), (before, edit) in planted.edits.items() if g == generator]
        assert number("editing", "shift", "hpsv3", generator, arm="strength 0.5") == close(np.mean(changes))


def test_table_5(planted, number):
    for theirs, scorer in EMOTION_SCORERS.items():
        for adjective, emotion in EMOTIONS.items():
            won = [row[f"{adjective}_{theirs}"] > row[f"{adjective}_{theirs}_happy_image"] for row in planted.emotions]
            assert number("emotion_reward", "accuracy", scorer, emotion=emotion) == close(np.mean(won))


def test_table_6(planted, number):
    name, at = "dance-flux+vsf@2.0", {"base": "dance-flux"}
    for scorer, prompt in (("hpsv3", "original"), ("blip-l-probability", "anti")):
        mean = np.mean([value for (_, s), value in planted.steered_scores.items() if s == scorer])
        assert number("steering", "after", scorer, name, **at, prompt=prompt) == close(mean)
    assert number("steering", "after", None, name, **at, judge=JUDGE) == close(planted.steered_levels.mean())


def test_table_7(planted, number):
    _, expected, labels = (np.array(column) for column in zip(*planted.labels, strict=True))
    classes = np.sign(labels) + 1
    errors = np.abs(expected - classes)
    at = {"judge": "published judge"}
    assert number("judge_validation", "mae", **at) == close(errors.mean())
    assert number("judge_validation", "wmae", **at) == close(np.mean([errors[classes == c].mean() for c in range(3)]))
    rounded = np.rint(expected).astype(int)
    assert number("judge_validation", "wf1", **at) == close(f1_score(classes, rounded, average="weighted"))


def test_table_8(planted, number):
    for column, scorer in (("hpsv3", "hpsv3"), ("hpsv2", "hpsv2.1"), ("image_reward", "imagereward")):
        mean = np.mean([row[column] for row in planted.artworks])
        assert number("real_art", "mean", scorer) == close(mean)
        board = leaderboard(scorer)
        assert number("real_art", "relative", scorer) == close(board.relative(mean))
        assert number("real_art", "rank", scorer) == board.rank(mean)


def test_table_9(planted, number):
    for emotion in ("anger", "fear", "happiness", "sadness"):
        mean = np.mean([value for (e, _), value in planted.faces.items() if e == emotion])
        at = {"emotion": emotion, "of": "face"}
        assert number("emotion_generation", "mean", "blip-l-probability", "dance-flux", **at) == close(mean)


def test_the_photographs_of_the_site(planted, number):
    bias = [row["hpsv3_clean"] - row["hpsv3"] for row in planted.photographs]
    assert number("photographs", "bias", "hpsv3") == close(np.mean(bias))
    for category in list(PHOTO_CATEGORIES)[:3]:
        own = [b for b, row in zip(bias, planted.photographs, strict=True) if row["categories"] == [category]]
        assert number("photographs", "bias", "hpsv3", category=category) == close(np.mean(own))


def test_the_critique_of_the_site(planted, number):
    for topic in TOPICS:
        won = [row["hpsv3_flux_krea"] > row["hpsv3_dance_flux"] for row in planted.critique if row["topic"] == topic]
        assert number("critique", "accuracy", "hpsv3", topic=topic) == close(np.mean(won))


def test_the_regression_on_dimensions(planted, number):
    """Figure 11: the reward under the plain prompt on all eleven dimensions of the judge."""
    rows = [row for row in planted.benchmark for _ in range(2)]
    sides = ["original", "distorted"] * len(planted.benchmark)
    design = np.array([row["rater"][side]["scores"] for row, side in zip(rows, sides, strict=True)])
    corners = {"original": "oiop", "distorted": "diop"}
    reward = np.array([plain(row, "hpsv3_reward", corners[side]) for row, side in zip(rows, sides, strict=True)])
    slopes = np.linalg.lstsq(np.column_stack([np.ones(len(design)), design]), reward, rcond=None)[0][1:]
    for dimension, slope in zip(PROMPT_DIMENSIONS, slopes, strict=True):
        assert number("dimensions", "slope", "hpsv3", judge=JUDGE, dimension=dimension, unit="raw") == pytest.approx(
            slope, rel=1e-9
        )


def test_a_few_planted_rows_are_compared_with_nothing(found):
    """Sets of another size than the published ones: every verdict says so."""
    said = [row["published"] for row in found if "published" in row]
    assert len(said) > 100
    assert {one["verdict"] for one in said} == {"not comparable"}
    assert all(one["because"] for one in said)
