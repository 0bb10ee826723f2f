from __future__ import annotations

import json

import numpy as np
import pytest
from tests.ledger.importing.datasets.conftest import cell, solid

from fauve.errors import ConfigError, ImportRejected, LedgerConflict
from fauve.ledger import Answer, Ledger, queries
from fauve.ledger.importing.datasets.pictures import shuffled
from fauve.ledger.importing.prompts import read_prompts
from fauve.ledger.importing.templates import read_templates
from fauve.records import Outcome
from fauve.studies import Evidence
from fauve.studies.critique import STUDY as CRITIQUE
from fauve.studies.emotion_reward import STUDY as EMOTION
from fauve.studies.judge_validation import STUDY as VALIDATION
from fauve.studies.photographs import STUDY as PHOTOGRAPHS

ADJECTIVES = {"sad": "sadness", "angry": "anger", "fearful": "fear"}
SCORERS = {"hpsv2": "hpsv2.1", "hpsv3": "hpsv3", "img_reward": "imagereward", "blip": "blip-l"}


def estimate(findings, metric, scorer=None, **group):
    (found,) = [
        f
        for f in findings
        if (f.metric, f.scorer) == (metric, scorer) and {k: v for k, v in f.group.items() if k != "source"} == group
    ]
    return found.estimate


def emotion_rows(photo_bytes, count=6):
    draw = np.random.default_rng(5)
    for n in range(count):
        pictures = {f"{a}_image": cell(photo_bytes(10 * n + k)) for k, a in enumerate(("happy", *ADJECTIVES))}
        scores = {
            f"{a}_{s}{side}": float(draw.normal()) for a in ADJECTIVES for s in SCORERS for side in ("", "_happy_image")
        }
        yield {**pictures, **scores, "prompt": f"portrait {n} of an [emotion] man"}


def test_emotion_bias_gives_the_planted_table(parquet, bring, opened, photo_bytes):
    rows = list(emotion_rows(photo_bytes))
    taken, out = bring(parquet(rows))
    assert (taken.dataset, taken.added) == ("emotion-bias", (18, 0))
    ledger = opened(out)
    first = next(queries.items(ledger, study="emotion_reward"))
    assert (first.id, first.groups) == ("0/anger", {"emotion": "anger"})
    assert first.prompts == {"prompt": "portrait 0 of an angry man"}
    findings = EMOTION.analyse(Evidence.read(ledger))
    for theirs, ours in SCORERS.items():
        for adjective, emotion in ADJECTIVES.items():
            wins = [row[f"{adjective}_{theirs}"] > row[f"{adjective}_{theirs}_happy_image"] for row in rows]
            assert estimate(findings, "accuracy", ours, emotion=emotion) == sum(wins) / 6
        margins = [row[f"{a}_{theirs}"] - row[f"{a}_{theirs}_happy_image"] for a in ADJECTIVES for row in rows]
        assert estimate(findings, "margin", ours) == pytest.approx(np.mean(margins), abs=1e-15)


def test_scores_in_pairs_of_the_emotion_set(parquet, bring, opened, photo_bytes):
    row = next(emotion_rows(photo_bytes))
    row |= {"sad_hpsv3": [3.5, 0.5], "sad_blip": [-1.0, 2.0], "happy_image": cell(solid())}
    taken, out = bring(parquet([row]))
    assert taken.set_aside == {"filtered": 1}
    ledger = opened(out)
    grid = {(i, s, slot): v for i, s, _, slot, _, _, v in queries.grid(ledger).iter_rows()}
    (sad,) = [i for i in queries.items(ledger) if i.id == "0/sadness"]
    assert grid[sad.item, "hpsv3", "faithful"] == 3.5
    assert grid[sad.item, "blip-l", "faithful"] == 2.0
    assert sad.notes["sigma"] == {"hpsv3": {"faithful": 0.5}}
    assert {slot for _, _, slot in grid} == {"faithful"}


def test_a_template_without_its_slot(parquet, bring, photo_bytes):
    row = next(emotion_rows(photo_bytes)) | {"prompt": "a sad man"}
    with pytest.raises(ImportRejected, match=r"no slot \[emotion\]"):
        bring(parquet([row]))


def critique_row(photo_bytes, n, **changes):
    row = {
        "text": f"a polluted river {n}",
        "krea": cell(photo_bytes(2 * n)),
        "dance": cell(photo_bytes(2 * n + 1)),
        "topic": ("Pollution", "anti war")[n % 2],
        "h3k": float(n),
        "h3d": 2.5,
    }
    return row | changes


MAPPED = {
    "prompt": "text",
    "faithful": "krea",
    "default": "dance",
    "hpsv3_faithful": "h3k",
    "hpsv3_default": "h3d",
}


def test_critique_under_its_own_names(parquet, bring, opened, photo_bytes):
    folder = parquet([critique_row(photo_bytes, n) for n in range(6)])
    taken, out = bring(folder, named="critique", columns=MAPPED)
    assert taken.added == (6, 0)
    findings = CRITIQUE.analyse(Evidence.read(opened(out)))
    assert estimate(findings, "accuracy", "hpsv3") == 3 / 6
    assert estimate(findings, "margin", "hpsv3") == 0.0
    assert estimate(findings, "accuracy", "hpsv3", topic="anti-war") == 2 / 3


def test_a_topic_of_its_own_stays_in_the_notes(parquet, bring, opened, photo_bytes):
    folder = parquet([critique_row(photo_bytes, 0, topic="surveillance")])
    taken, out = bring(folder, named="critique", columns=MAPPED)
    assert "'surveillance' (1 rows)" in taken.notices[0]
    (item,) = queries.items(opened(out))
    assert (item.groups, item.notes["topic"]) == ({}, "surveillance")


def photo_row(photo_bytes, n, clean=True):
    row = {
        "image": cell(photo_bytes(2 * n)),
        "caption": f"a blurred dog {n}",
        "clean_caption": "a dog",
        "categories": ["intentional_blur", "emotion_and_subject.surrealism"][: 1 + n % 2],
        "human_score": 5.5,
        "hpsv3": -9.75 + n,
        "hpsv3_clean": 12.25,
    }
    return row | ({"clean_image": cell(photo_bytes(2 * n + 1))} if clean else {})


@pytest.mark.parametrize("clean", [True, False])
def test_photographs(parquet, bring, opened, photo_bytes, clean):
    folder = parquet([photo_row(photo_bytes, n, clean) for n in range(4)])
    taken, out = bring(folder, named="photographs")
    assert (taken.added, taken.set_aside.total()) == ((4, 0), 0)
    ledger = opened(out)
    item = list(queries.items(ledger))[1]
    assert item.groups == {"category": "clarity_and_focus.intentional_blur"}
    assert item.notes == {
        "elements": ["clarity_and_focus.intentional_blur", "emotion_and_subject.surrealism"],
        "clean_prompt": "a dog",
        "human_score": 5.5,
    }
    assert (item.images["default"] is not None) is clean
    findings = PHOTOGRAPHS.analyse(Evidence.read(ledger))
    assert estimate(findings, "margin", "hpsv3") == -9.75 + 1.5 - 12.25
    assert estimate(findings, "accuracy", "hpsv3") == 0.0


def test_an_unknown_category(parquet, bring, photo_bytes):
    row = photo_row(photo_bytes, 0) | {"categories": ["intentional_blurr"]}
    with pytest.raises(ImportRejected, match=r"no photo category"):
        bring(parquet([row]), named="photographs")


def art_row(photo_bytes, n):
    scores = {"hpsv3": 5.0 + n, "hpsv2": 0.2, "image_reward": -0.1}
    return {"image": cell(photo_bytes(n)), "caption": f"a painting of {n}", "style": "fauvism", **scores}


def test_artworks_stand_under_their_captions_and_under_others(parquet, bring, opened, photo_bytes):
    rows = [art_row(photo_bytes, n) for n in range(9)]
    taken, out = bring(parquet(rows, shards=2), named="artworks")
    assert taken.added == (9, 0)
    ledger = opened(out)
    items = list(queries.items(ledger, "picture", "real_art"))
    assert [i.prompts["prompt"] for i in items] == [row["caption"] for row in rows]
    assert sorted(str(i.prompts["shuffled"]) for i in items) == [row["caption"] for row in rows]
    assert all(i.prompts["shuffled"] != i.prompts["prompt"] for i in items)
    assert items[0].groups == {"style": "fauvism"}
    grid = queries.grid(ledger)
    assert grid.filter(grid["scorer"] == "hpsv3")["value"].to_list() == [5.0 + n for n in range(9)]
    assert set(zip(grid["image_slot"], grid["prompt_slot"], strict=True)) == {("picture", "prompt")}
    assert Evidence.read(ledger).items["cluster"].n_unique() == 9
    assert bring(parquet(rows, "again"), named="artworks")[0].added == (0, 9)


def test_captions_are_shuffled_as_far_as_they_can_be():
    assert shuffled(["a", "a"]) is None
    assert shuffled(["a"]) is None
    assert shuffled(["a", "b"]) == ["b", "a"]
    many = [str(n // 3) for n in range(60)]
    order = shuffled(many)
    assert order is not None
    assert sorted(order) == sorted(many)
    assert all(x != y for x, y in zip(many, order, strict=True))
    assert order == shuffled(many)


def test_the_steered_set_takes_what_the_benchmark_knows(parquet, bring, opened, photo_bytes, bench_row):
    bring(parquet([bench_row(n) for n in range(2)]))
    rows = [
        {"prompt": p, "negative_prompt": "sharp", "image": cell(photo_bytes(90 + n)), "method": "vsf"}
        for n, p in enumerate(("a blurred thing 1", "another thing"))
    ]
    folder = parquet(rows, "vsf")
    taken, out = bring(folder, named="vsf-krea")
    assert taken.added == (2, 0)
    assert "1 rows ask for what no pair on file asks for" in taken.notices[0]
    joined, alone = (i for i in queries.items(opened(out)) if i.generator == "flux-krea+vsf@2.0")
    assert (joined.id, joined.prompts["original"], joined.dimensions[0]) == ("1", "thing 1", "clarity")
    assert (alone.prompts, alone.dimensions) == ({"original": None, "anti": "another thing"}, ())
    assert (joined.images["original"], joined.notes) == (None, {"negative": "sharp", "method": "vsf"})
    with pytest.raises(ConfigError, match=r"give --generator once"):
        bring(folder, named="vsf-krea", generators={"a": "b", "c": "d"})


def test_labels_wait_for_a_judge(parquet, bring, photo_bytes):
    planted = {"clarity": (2, -1, 0, 1), "lighting aesthetic": (-2, 1, None, 0)}
    rows = [
        {"image": cell(photo_bytes(n)), "annotation": {"clarity": planted["clarity"][n], "lighting_aesthetic": light}}
        for n, light in enumerate(planted["lighting aesthetic"])
    ]
    taken, out = bring(parquet(rows, split="validation"), split="validation")
    assert (taken.dataset, taken.added) == ("visionreward", (4, 0))
    answers = {"clarity": (1.75, 0.5, 1.0, 1.5), "lighting aesthetic": (0.25, 2.0, 1.0, 0.5)}
    with Ledger(out, write=True) as ledger:
        assert Evidence.read(ledger).labels.is_empty()
        items = list(queries.items(ledger, "picture"))
        assert items[2].notes["labels"] == {"clarity": 0}
        assert items[0].id == "validation/0"
        run = ledger.begin_run("judge", {})
        judge = ledger.register("judge", "mine", {}, {})
        for dimension, values in answers.items():
            for item, value in zip(items, values, strict=True):
                ref = item.images["picture"]
                ledger.record_dimension_scores(run, judge, [Answer(ref.sha256, dimension, Outcome.OK, value)])
        findings = VALIDATION.analyse(Evidence.read(ledger))
    # classes are the signs plus one: 2, 0, 1, 2 and 0, 2, 1; the label that is null has no row
    assert estimate(findings, "mae", judge="mine", dimension="clarity") == (0.25 + 0.5 + 0 + 0.5) / 4
    assert estimate(findings, "mae", judge="mine", dimension="lighting aesthetic") == (0.25 + 0.0 + 0.5) / 3
    assert [f.n for f in findings if f.metric == "mae" and set(f.group) == {"judge"}] == [7]


def test_labels_as_json_text(parquet, bring, opened, photo_bytes):
    row = {"image": cell(photo_bytes(0)), "annotation": json.dumps({"clarity": -3})}
    _, out = bring(parquet([row]))
    assert next(queries.items(opened(out))).notes["labels"] == {"clarity": -3}
    with pytest.raises(ImportRejected, match=r"0\.5 is no whole number"):
        bring(parquet([row | {"annotation": json.dumps({"clarity": 0.5})}], "half"), "half")


def test_prompts_become_the_file_of_a_run(parquet, bring):
    rows = [
        {
            "original_prompt": f"a dog {n}",
            "disorted_long_prompt": f"a blurred dog {n}",
            "selected": ["clarity", "main object"],
            "desc": "blurred\nsmall",
            "negative_prompt": "sharp",
        }
        for n in range(3)
    ]
    taken, out = bring(parquet(rows), limit=2)
    assert (taken.dataset, taken.added) == ("prompts", (2, 0))
    first, _ = read_prompts(out / "prompts.jsonl")
    assert (first.id, first.original, first.anti) == ("0", "a dog 0", "a blurred dog 0")
    assert (first.dimensions, first.negative) == (("clarity", "main object"), "sharp")
    assert bring(parquet(rows, "again"), limit=2)[0].added == (0, 2)
    with pytest.raises(LedgerConflict, match=r"other content"):
        bring(parquet(rows, "all"))


def test_emotion_prompts_become_templates(parquet, bring):
    rows = [
        {"prompt": f"portrait of {'an' if e == 'angry' else 'a'} {e} {who}", "emotion": e}
        for who in ("boy", "baker")
        for e in ("sad", "fearful", "happy")
    ]
    _, out = bring(parquet(rows))
    assert [t.text for t in read_templates(out / "emotion.jsonl")] == [
        "portrait of a [emotion] boy",
        "portrait of a [emotion] baker",
    ]
    with pytest.raises(ImportRejected, match=r"does not say 'sad'"):
        bring(parquet([{"prompt": "a gloomy boy", "emotion": "sad"}], "odd"), "odd")
