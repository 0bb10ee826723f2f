from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score
from tests.ledger.importing.datasets.conftest import cell, solid

from fauve.errors import ImportRejected, LedgerConflict
from fauve.ledger import queries
from fauve.records import Selection
from fauve.studies import Evidence
from fauve.studies.generation import STUDY as GENERATION
from fauve.studies.reward_classification import STUDY as CLASSIFICATION
from fauve.vocabulary import PROMPT_DIMENSIONS


def by_address(findings):
    return {(f.metric, f.scorer, f.generator, tuple(sorted(f.group.items()))): f for f in findings}


def test_a_row_becomes_a_pair_with_everything_that_it_says(parquet, bring, opened, bench_row):
    row = bench_row(0)
    taken, out = bring(parquet([row]))
    assert (taken.dataset, taken.added, taken.pictures) == ("benchmark", (1, 0), 2)
    assert taken.notices == []
    ledger = opened(out)
    (item,) = queries.items(ledger)
    assert (item.generator, item.id, item.dimensions) == ("flux-krea", "0", ("clarity", "color aesthetic"))
    assert item.prompts == {"original": "thing 0", "anti": "a blurred thing 0"}
    assert item.images["anti"] is not None
    assert ledger.images.read(item.images["anti"]) == row["image_distorted"]["bytes"]
    assert item.selections == (
        Selection("published LLM", "anti", "published"),
        Selection("published LLM (second)", "anti", "published"),
        Selection("published LLM (third)", "original", "published"),
        Selection("published matcher", "original", "published"),
    )
    grid = {(s, i, p): v for _, s, _, i, p, _, v in queries.grid(ledger).iter_rows()}
    assert grid["hpsv2.1", "anti", "original"] == row["hpsv2_reward"]["hpsv2_diop"]
    assert grid["hpsv3", "original", "anti"] == row["hpsv3_reward"]["hpsv3_oidp"][0]
    assert grid["imagereward", "anti", "anti"] == row["image_reward"]["image_reward_didp"]
    assert grid["blip-l", "anti", "anti"] == row["blip_score"][1][1]
    against, match = row["blip_score"][1]
    odds = math.exp(match - against)
    assert grid["blip-l-probability", "anti", "anti"] == pytest.approx(odds / (1 + odds), rel=1e-12)
    assert len(grid) == 16
    assert set(queries.grid(ledger)["source"]) == {"published"}
    judged = {(slot, d): v for _, slot, _, d, _, v, _ in queries.judged(ledger).iter_rows()}
    assert judged == {
        (slot, d): v
        for slot, side in (("original", "original"), ("anti", "distorted"))
        for d, v in zip(PROMPT_DIMENSIONS, row["rater"][side]["scores"], strict=True)
    }
    assert item.notes["sigma"]["hpsv3"]["anti under anti"] == 0.25
    assert item.notes["preds"]["anti"] == row["rater"]["distorted"]["preds"]


def test_the_tables_are_those_of_the_planted_numbers(parquet, bring, opened, bench_row):
    models = ("flux_dev", "Flux Krea")
    rows = [bench_row(n + 40 * k, index=n, model=model) for k, model in enumerate(models) for n in range(12)]
    taken, out = bring(parquet(rows, shards=3))
    assert taken.added == (24, 0)
    evidence = Evidence.read(opened(out))
    classified = by_address(CLASSIFICATION.analyse(evidence))
    truth = np.array([row["llm_selected"] for row in rows])
    kept = truth >= 0
    for scorer, column, prefix in (
        ("hpsv2.1", "hpsv2_reward", "hpsv2"),
        ("imagereward", "image_reward", "image_reward"),
    ):
        margin = np.array([row[column][f"{prefix}_didp"] - row[column][f"{prefix}_oidp"] for row in rows])
        chose = (margin > 0).astype(int)
        by = (("source", "published"),)
        at = next(g for m, s, gen, g in classified if m == "accuracy" and s == scorer and gen is None and g in ((), by))
        expected = float(np.mean(chose[kept] == truth[kept]))
        assert classified["accuracy", scorer, None, at].estimate == expected
        assert classified["balanced_accuracy", scorer, None, at].estimate == pytest.approx(
            balanced_accuracy_score(truth[kept], chose[kept]), abs=1e-15
        )
        assert classified["f1", scorer, None, at].estimate == pytest.approx(
            f1_score(truth[kept], chose[kept], average="weighted"), abs=1e-15
        )
    generated = by_address(GENERATION.analyse(evidence))
    krea = rows[12:]
    change = [r["hpsv3_reward"]["hpsv3_diop"][0] - r["hpsv3_reward"]["hpsv3_oiop"][0] for r in krea]
    judge = (("judge", "qwen3-vl-4b-lora"),)
    (shift,) = [
        f for (m, s, g, at), f in generated.items() if (m, s, g) == ("shift", "hpsv3", "flux-krea") and len(at) < 2
    ]
    assert shift.estimate == pytest.approx(math.fsum(change) / 12, abs=1e-15)
    assert generated["success", None, "flux-krea", ()].estimate == 4 / 12
    sums = [sum(r["rater"]["distorted"]["scores"]) - sum(r["rater"]["original"]["scores"]) for r in krea]
    assert generated["shift", None, "flux-krea", judge].estimate == pytest.approx(sum(sums) / 12, abs=1e-15)
    assert generated["shift", None, "flux-krea", judge].published is not None


def test_the_same_again_changes_nothing(parquet, bring, opened, bench_row):
    folder = parquet([bench_row(n) for n in range(3)])
    bring(folder)
    taken, out = bring(folder)
    assert taken.added == (0, 3)
    assert opened(out).db.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_another_selection_by_the_second_llm_is_a_conflict(parquet, bring, bench_row):
    bring(parquet([bench_row(0)]))
    with pytest.raises(LedgerConflict, match="second"):
        bring(parquet([bench_row(0, sec_llm_selected=-1)], "other"))


def test_a_solid_picture_is_set_aside_with_what_was_said_of_it(parquet, bring, opened, bench_row):
    rows = [bench_row(0), bench_row(3, image_distorted=cell(solid()))]
    taken, out = bring(parquet(rows))
    assert taken.set_aside == {"filtered": 1}
    assert "row" not in taken.named[0]
    assert "line 2, image_anti: constant: Every pixel is (0, 0, 255)" in taken.named[0]
    ledger = opened(out)
    whole, cut = queries.items(ledger)
    assert whole.selections[0].choice == "anti"
    assert cut.images["anti"] is None
    assert cut.selections == ()
    assert cut.notes["outcomes"] == {"original": "ok", "anti": "filtered"}
    assert cut.notes["selections_set_aside"]["published LLM"] == "anti"
    said = queries.grid(ledger).filter(queries.grid(ledger)["item"] == cut.item)
    assert set(said["image_slot"]) == {"original"}
    assert len(queries.judged(ledger).filter(queries.judged(ledger)["item"] == cut.item)) == 11
    success = by_address(GENERATION.analyse(Evidence.read(ledger)))["success", None, "flux-krea", ()]
    assert (success.n, success.missing) == (1, 0.5)


def test_a_picture_that_is_broken_or_absent_is_set_aside_too(parquet, bring, bench_row, photo_bytes):
    rows = [bench_row(0, image_original=cell(photo_bytes(0)[:200])), bench_row(1, image_distorted=cell(None))]
    taken, _ = bring(parquet(rows))
    assert taken.set_aside == {"failed": 1, "no image": 1}
    assert taken.added == (2, 0)


def test_pairs_without_an_index_are_numbered_by_generator(parquet, bring, opened, bench_row):
    rows = [bench_row(n, model=model) for n, model in itertools.product(range(2), ("sdxl", "flux_dev"))]
    for row in rows:
        del row["index"]
    _, out = bring(parquet(rows))
    assert [(i.generator, i.id) for i in queries.items(opened(out))] == [
        ("sdxl", "0"),
        ("flux-dev", "0"),
        ("sdxl", "1"),
        ("flux-dev", "1"),
    ]


def test_a_model_that_stands_twice_is_kept_apart(parquet, bring, opened, bench_row):
    rows = [bench_row(n, index=n % 2) for n in range(4)]
    taken, out = bring(parquet(rows))
    assert [i.generator for i in queries.items(opened(out))] == ["flux-krea"] * 2 + ["flux-krea (again)"] * 2
    assert "2 pairs of 'flux-krea'" in taken.notices[0]


def test_a_model_that_is_not_known_keeps_its_name_or_gets_one(parquet, bring, opened, bench_row):
    folder = parquet([bench_row(0, model="mystery_xl")])
    taken, out = bring(folder)
    assert "'mystery_xl' (1 pairs) is none that Fauve knows" in taken.notices[0]
    assert next(queries.items(opened(out))).generator == "mystery_xl"
    taken, out = bring(folder, "named", generators={"mystery_xl": "sdxl"})
    assert taken.notices == []
    assert next(queries.items(opened(out))).generator == "sdxl"


def test_the_first_rows_only(parquet, bring, bench_row):
    taken, _ = bring(parquet([bench_row(n) for n in range(20)], shards=2), limit=13)
    assert (taken.added, taken.pictures) == ((13, 0), 26)


def test_a_score_that_is_no_number_is_no_score(parquet, bring, opened, bench_row):
    row = bench_row(0)
    row["hpsv2_reward"]["hpsv2_oiop"] = math.nan
    row["image_reward"] = None
    _, out = bring(parquet([row]))
    grid = queries.grid(opened(out))
    assert len(grid.filter(grid["scorer"] == "hpsv2.1")) == 3
    assert "imagereward" not in grid["scorer"].to_list()


@pytest.mark.parametrize(
    ("changes", "field", "found"),
    [
        ({"hpsv2_reward": {"hpsv2_oiop": 1.0}}, "hpsv2.1", "no key that ends in 'oidp'; found: hpsv2_oiop"),
        ({"llm_selected": 2}, "selection", "2 is none of -1"),
        ({"selected_dims": '["clarty"]'}, "dimensions", "no dimension called 'clarty'"),
        ({"selected_dims": "clarity"}, "dimensions", "no list of dimensions"),
        ({"blip_score": [[1.0, 2.0]]}, "blip-l", "not two rows of two logits"),
        ({"prompt_distorted": " "}, "prompt_anti", "no text"),
        (
            {"rater": {"original": None, "distorted": {"scores": [0.5], "preds": None}}},
            "judged.distorted.scores",
            "of 11",
        ),
        ({"rater": {"original": None, "distorted": {"scores": [2.5] * 11, "preds": None}}}, None, "no value in [0, 2]"),
    ],
)
def test_a_cell_that_cannot_be_read(parquet, bring, bench_row, tmp_path, changes, field, found):
    rows = [bench_row(0), bench_row(1, **changes)]
    folder = parquet(rows[1:]) if "hpsv2_reward" in changes or "rater" in changes else parquet(rows)
    with pytest.raises(ImportRejected) as caught:
        bring(folder, named="benchmark")
    assert found in caught.value.problem
    assert field is None or caught.value.field == field
    assert list((tmp_path / "run" / "images").rglob("*.png")) == [], "pictures stay behind"


def test_a_part_by_model(parquet, bring, opened, bench_row):
    whole = bench_row(0)
    row = {k: whole[k] for k in ("image_original", "image_distorted", "index", "prompt_original", "prompt_distorted")}
    row |= {"selected_dims": whole["selected_dims"], "hpsv2": [0.25, 0.5], "llm_judge": 1, "model": "sdxl"}
    taken, out = bring(parquet([row]))
    assert taken.dataset == "benchmark-model"
    (item,) = queries.items(opened(out))
    assert item.notes["unread"] == {"hpsv2.1": [0.25, 0.5]}
    assert item.selections == (Selection("published LLM", "anti", "published"),)
