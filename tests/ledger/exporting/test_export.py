from __future__ import annotations

import json

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.ledger.importing.datasets.conftest import bench_row, bring, cell, parquet, solid
from tests.ledger.importing.datasets.test_other_sets import MAPPED as CRITIQUE_COLUMNS
from tests.ledger.importing.datasets.test_other_sets import art_row, critique_row, emotion_rows, photo_row

from fauve.errors import ConfigError, DataError, LedgerCorrupt
from fauve.ledger import Answer, Ledger, queries
from fauve.ledger.exporting import ExportRequest, export_dataset
from fauve.ledger.importing.datasets import DATASETS
from fauve.ledger.ratings import add_ratings
from fauve.records import ImportedScore, Outcome, Rating

__all__ = ["bench_row", "bring", "parquet"]


def contents(directory):
    """Everything that a ledger says, without the numbers of its rows."""
    with Ledger(directory) as ledger:
        items = {i.item: (i.kind, i.study, i.generator, i.id) for i in queries.items(ledger)}
        tables = {
            "items": sorted(
                (
                    items[i.item],
                    i.dimensions,
                    json.dumps(i.groups, sort_keys=True),
                    json.dumps(i.notes, sort_keys=True),
                    tuple(sorted((k, v or "") for k, v in i.prompts.items())),
                    tuple(sorted((k, v.sha256 if v else "") for k, v in i.images.items())),
                    tuple(sorted((s.selector, s.choice, s.source) for s in i.selections)),
                )
                for i in queries.items(ledger)
            ),
            "grid": sorted((items[row[0]], *row[1:]) for row in queries.grid(ledger).iter_rows()),
            "judged": sorted((items[row[0]], *row[1:]) for row in queries.judged(ledger).iter_rows()),
            "digests": sorted(d for (d,) in ledger.db.execute("SELECT digest FROM items")),
        }
    return tables


def labelled_row(photo_bytes, n):
    return {"image": cell(photo_bytes(70 + n)), "annotation": json.dumps({"clarity": n - 1})}


SETS = {
    "benchmark": (lambda b, p: [b(n, model=("sdxl", "flux-dev")[n % 2]) for n in range(6)], {}),
    "emotion-bias": (lambda b, p: list(emotion_rows(p, 3)), {}),
    "critique": (lambda b, p: [critique_row(p, n) for n in range(4)], {"columns": CRITIQUE_COLUMNS}),
    "photographs": (lambda b, p: [photo_row(p, n) for n in range(3)], {}),
    "artworks": (lambda b, p: [art_row(p, n) for n in range(4)], {}),
    "visionreward": (lambda b, p: [labelled_row(p, n) for n in range(3)], {}),
}


@pytest.mark.parametrize("name", SETS)
def test_the_papers_layout_comes_back_as_the_same_ledger(parquet, bring, bench_row, photo_bytes, tmp_path, name):
    rows, options = SETS[name]
    made = rows(bench_row, photo_bytes)
    _, first = bring(parquet(made), named=name, **options)
    with Ledger(first) as ledger:
        (table,) = [t for t in export_dataset(ledger, tmp_path / "out", ExportRequest("paper")) if t.rows]
    assert (table.name, table.rows, dict(table.left_out)) == (name, len(made), dict.fromkeys(table.left_out, 0))
    taken, second = bring(tmp_path / "out" / name, "second", named=name)
    assert taken.set_aside.total() == 0
    assert contents(second) == contents(first)
    assert contents(second)["items"]
    with Ledger(first) as one, Ledger(second) as other:
        assert queries.image_refs(one) == queries.image_refs(other)


def test_the_papers_columns_are_those_of_the_catalogue(parquet, bring, bench_row, tmp_path):
    _, out = bring(parquet([bench_row(0)]))
    with Ledger(out) as ledger:
        export_dataset(ledger, tmp_path / "out", ExportRequest("paper"))
    (file,) = (tmp_path / "out" / "benchmark").iterdir()
    assert file.name == "train-00000-of-00001.parquet"
    assert pq.read_schema(file).names == [c.theirs for c in DATASETS["benchmark"].columns]
    (row,) = pq.read_table(file).to_pylist()
    wanted = bench_row(0)
    for column in ("hpsv2_reward", "hpsv3_reward", "image_reward", "rater", "blip_score", "llm_selected"):
        assert row[column] == wanted[column], column
    assert row["image_distorted"]["bytes"] == wanted["image_distorted"]["bytes"]


def test_a_picture_that_was_set_aside_comes_back_as_none(parquet, bring, bench_row, tmp_path):
    _, first = bring(parquet([bench_row(0, image_distorted=cell(solid()))]))
    with Ledger(first) as ledger:
        export_dataset(ledger, tmp_path / "out", ExportRequest("paper"))
    taken, second = bring(tmp_path / "out" / "benchmark", "second")
    assert taken.set_aside == {"no image": 1}
    assert contents(second)["grid"] == contents(first)["grid"]
    assert contents(second)["judged"] == contents(first)["judged"]


def test_what_the_papers_layout_has_no_place_for_is_counted(ledger, a_pair, photo_bytes, tmp_path):
    sha = ledger.add_image(photo_bytes(0), "x").sha256
    both = {"original": sha, "anti": sha}
    pairs = [
        a_pair(id="whole", images=both),
        a_pair(id="mute", prompts={"original": None, "anti": "b"}, images=both),
        a_pair(id="half", images={"original": None, "anti": sha}),
    ]
    ledger.add_items((pair, pair.id) for pair in pairs)
    (table, *_) = export_dataset(ledger, tmp_path / "out", ExportRequest("paper"))
    assert (table.name, table.rows) == ("benchmark", 1)
    assert table.left_out == {"pairs without both prompts": 1, "pairs whose second picture was never asked for": 1}
    assert "1 pairs without both prompts" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_scores_and_selections_without_a_column_are_counted_and_people_are_no_language_model(
    ledger, a_pair, photo_bytes, tmp_path
):
    images = {slot: ledger.add_image(photo_bytes(n), slot).sha256 for n, slot in enumerate(("original", "anti"))}
    mine = ImportedScore("mine", "anti", "anti", 1.0, "our lab")
    pair = a_pair(images=images, scores=(mine, ImportedScore("hpsv3", "anti", "anti", 2.0, "published")))
    ledger.add_items([(pair, "p")])
    add_ratings(ledger, [(1, Rating("r1", "original"), "r"), (1, Rating("r2", "original"), "r")])
    for source, left in (("published", 1), ("our lab", 2)):
        (table, *_) = export_dataset(ledger, tmp_path / source, ExportRequest("paper", source=source))
        assert table.left_out == {
            "scores of other scorers or sources than its columns have": left,
            "selections of others than its columns have": 1,
            "ratings of people": 2,
        }
        (row,) = pq.read_table(tmp_path / source / "benchmark").to_pylist()
        assert row["llm_selected"] is None
        assert "ratings of people" in (tmp_path / source / "README.md").read_text("utf-8")
    export_dataset(ledger, tmp_path / "whole", ExportRequest())
    (row,) = pq.read_table(tmp_path / "whole" / "pairs").to_pylist()
    assert [r["rater"] for r in row["ratings"]] == ["r1", "r2"]


def test_our_layout_has_everything(pictured, a_contrast, tmp_path):
    run = pictured.begin_run("test", {})
    scorer = pictured.register("scorer", "hpsv3", {}, {"licence": "MIT", "hub_id": "someone/hpsv3"})
    judge = pictured.register("judge", "eyes", {}, {})
    first = next(queries.items(pictured))
    anti, prompt = first.images["anti"], first.prompts["anti"]
    pictured.record_cells(run, scorer, [Answer(anti.sha256, pictured.add_prompt(prompt), Outcome.OK, -1.25)])
    pictured.record_dimension_scores(run, judge, [Answer(anti.sha256, "clarity", Outcome.FAILED, reason="x")])
    told = ImportedScore("mine", "faithful", "prompt", 2.0, "published")
    pictured.add_items([(a_contrast(groups={"category": "x"}, notes={"k": [1, None]}, scores=(told,)), "c")])
    tables = export_dataset(pictured, tmp_path / "out", ExportRequest())
    assert [(t.name, t.rows) for t in tables] == [("pairs", 3), ("contrasts", 1)]
    row = pq.read_table(tmp_path / "out" / "pairs").to_pylist()[0]
    assert row["image_anti"]["bytes"] == pictured.images.read(anti)
    assert row["dimensions"] == ["clarity"]
    scored = {"scorer": "hpsv3", "source": "computed", "image": "anti", "prompt": "anti", "outcome": "ok"}
    assert row["scores"] == [scored | {"value": -1.25}]
    assert row["judged"] == [
        {"judge": "eyes", "image": "anti", "dimension": "clarity", "outcome": "failed", "value": None}
    ]
    contrast = pl.read_parquet(tmp_path / "out" / "contrasts" / "*.parquet").to_dicts()[0]
    assert json.loads(contrast["notes"]) == {"k": [1, None]}
    assert contrast["image_faithful"] is None or contrast["image_faithful"]["bytes"] is None
    assert contrast["scores"][0]["value"] == 2.0


def test_a_shard_ends_when_it_is_large(pictured, tmp_path):
    (table,) = export_dataset(pictured, tmp_path / "out", ExportRequest(shard_bytes=1500))
    assert (table.rows, table.shards) == (3, 3)
    assert sorted(f.name for f in (tmp_path / "out" / "pairs").iterdir()) == [
        f"train-{k:05d}-of-00003.parquet" for k in range(3)
    ]
    assert len(pl.read_parquet(tmp_path / "out" / "pairs" / "*.parquet")) == 3


def test_the_card_names_tables_licences_and_credits(ledger, a_pair, photo_bytes, tmp_path):
    first = ledger.add_image(photo_bytes(0), "a", "Ana | **Dot**", "CC-BY-4.0").sha256
    second = ledger.add_image(photo_bytes(1), "b").sha256
    ledger.add_items([(a_pair(images={"original": first, "anti": second}), "pair")])
    ledger.register("scorer", "hpsv3", {}, {"licence": "MIT", "hub_id": "someone/hpsv3"})
    export_dataset(ledger, tmp_path / "out", ExportRequest(title='A "title": x\n---'))
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "| sdxl | 1 | CC-BY-4.0 | Ana \\| \\*\\*Dot\\*\\* |" in text
    assert "| sdxl | 1 | not known | not known |" in text
    assert "| scorer | hpsv3 | MIT | someone/hpsv3 |" in text
    head = text.split("\n---\n")[0]
    yaml = pytest.importorskip("yaml")
    said = yaml.safe_load(head.removeprefix("---\n"))
    assert said["pretty_name"] == 'A "title": x\n---'
    assert said["configs"] == [
        {"config_name": "pairs", "data_files": [{"split": "train", "path": "pairs/train-*.parquet"}]}
    ]
    (info,) = said["dataset_info"]
    features = {f["name"]: f for f in info["features"]}
    assert features["image_anti"] == {"name": "image_anti", "dtype": "image"}
    assert features["dimensions"] == {"name": "dimensions", "list": "string"}
    assert {"name": "value", "dtype": "float64"} in features["scores"]["list"]
    assert info["config_name"] == "pairs"


@pytest.fixture
def licensed(ledger, a_pair, photo_bytes):
    """Two generators: the pictures of one have a licence."""
    for n, (generator, licence) in enumerate((("sdxl", "OpenRAIL++"), ("nano-banana", None))):
        sha = ledger.add_image(photo_bytes(n), "x", None, licence).sha256
        ledger.add_items([(a_pair(generator=generator, images={"original": sha, "anti": None}), "pair")])
    return ledger


def test_a_public_export_without_a_licence_is_refused_by_name(licensed, tmp_path):
    with pytest.raises(DataError) as caught:
        export_dataset(licensed, tmp_path / "out", ExportRequest(public=True))
    assert "no licence is on file for the pictures of 'nano-banana' (1 pictures)" in str(caught.value)
    assert "--unknown-licence 'nano-banana'" in str(caught.value)
    assert list(tmp_path.glob("out*")) == []
    export_dataset(licensed, tmp_path / "private", ExportRequest())
    export_dataset(licensed, tmp_path / "out", ExportRequest(public=True, unknown_licences=("nano-banana",)))
    assert (tmp_path / "out" / "README.md").is_file()


def test_a_generator_without_a_licence_is_refused_too(licensed, tmp_path):
    licensed.register("generator", "sdxl", {}, {"licence": None})
    told = ExportRequest(public=True, unknown_licences=("nano-banana",))
    with pytest.raises(DataError, match="'sdxl' \\(0 pictures\\)"):
        export_dataset(licensed, tmp_path / "out", told)


def test_a_name_that_lets_nothing_pass(licensed, tmp_path):
    with pytest.raises(DataError, match=r"names 'nano', which this export does not hold.*'nano-banana', 'sdxl'"):
        export_dataset(licensed, tmp_path / "out", ExportRequest(public=True, unknown_licences=("nano",)))


def test_nothing_is_left_behind_where_a_picture_is_missing(pictured, tmp_path):
    ref = queries.image_refs(pictured)[-1]
    (pictured.directory / ref.path).unlink()
    with pytest.raises(LedgerCorrupt):
        export_dataset(pictured, tmp_path / "out", ExportRequest())
    assert list(tmp_path.glob("out*")) == []


def test_a_folder_that_holds_something_is_left_alone(pictured, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="holds something already"):
        export_dataset(pictured, tmp_path / "out", ExportRequest())
    (tmp_path / "out" / "mine.txt").unlink()
    assert export_dataset(pictured, tmp_path / "out", ExportRequest())[0].rows == 3


def test_an_empty_ledger(ledger, tmp_path):
    with pytest.raises(DataError, match="holds nothing"):
        export_dataset(ledger, tmp_path / "out", ExportRequest())


def test_the_papers_layout_of_what_was_computed_here(pictured, tmp_path):
    run = pictured.begin_run("test", {})
    scorer = pictured.register("scorer", "imagereward", {}, {})
    for item in queries.items(pictured):
        for slot, ref in item.images.items():
            ids = [pictured.add_prompt(text) for text in item.prompts.values()]
            pictured.record_cells(run, scorer, [Answer(ref.sha256, p, Outcome.OK, len(slot) / 8) for p in ids])
    export_dataset(pictured, tmp_path / "out", ExportRequest("paper", source="computed"))
    row = pq.read_table(tmp_path / "out" / "benchmark").to_pylist()[0]
    assert row["image_reward"]["image_reward_didp"] == 0.5
    assert row["hpsv3_reward"] is None
