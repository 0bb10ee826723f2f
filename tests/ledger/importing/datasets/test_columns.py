from __future__ import annotations

import re
import sys
from types import ModuleType

import pytest

from fauve.errors import ConfigError, DataError, ImportRejected, UnknownName
from fauve.ledger.importing.datasets import DATASETS, DatasetRequest, import_dataset, parsed_mapping
from fauve.ledger.importing.datasets.catalogue import SELECTORS, dataset_of
from fauve.ledger.importing.datasets.generator_names import SPELLINGS, canonical_generator
from fauve.naming import generator_name
from fauve.vocabulary import PROMPT_DIMENSIONS


def test_a_missing_column_is_told_with_all_that_was_found(parquet, bring, bench_row):
    row = bench_row(0)
    row["llm_choice"] = row.pop("llm_selected")
    del row["prompt_original"]
    with pytest.raises(ImportRejected) as caught:
        bring(parquet([row]), named="benchmark")
    text = str(caught.value)
    assert "as 'benchmark' (weathon/aas_benchmark_final) it lacks the columns" in text
    assert "'prompt_original' (ours: prompt_original), 'llm_selected' (ours: selection)" in text
    assert "found: image_original, image_distorted, index" in text
    assert "expected: image_original, image_distorted, prompt_original, prompt_distorted, selected_dims, model" in text
    assert "--columns prompt_original=THEIRS" in text
    assert "not known" not in text


def test_a_set_whose_columns_are_guessed_says_so(parquet, bring):
    with pytest.raises(ImportRejected, match=r"were not known when this was written"):
        bring(parquet([{"painting": "x", "caption": "y"}]), named="artworks")


def test_a_mapping_mends_it(parquet, bring, bench_row):
    row = bench_row(0)
    row["llm_choice"] = row.pop("llm_selected")
    taken, _ = bring(parquet([row]), named="benchmark", columns={"selection": "llm_choice"})
    assert taken.added == (1, 0)


def test_a_mapping_that_names_nothing(parquet, bring, bench_row):
    folder = parquet([bench_row(0)])
    with pytest.raises(ConfigError, match=r"no column that we call 'selecton'. Did you mean 'selection'"):
        bring(folder, columns={"selecton": "x"})
    with pytest.raises(ImportRejected, match=r"lacks the column 'x'"):
        bring(folder, columns={"selection_2": "x"})


def test_columns_of_no_dataset_and_of_two(parquet, bring):
    with pytest.raises(DataError, match=r"the columns of no published dataset.*it has a. Say what it is with --as"):
        bring(parquet([{"a": 1}]))
    vsf = {"prompt": "x", "negative_prompt": "y", "image": None, "method": "z"}
    with pytest.raises(DataError, match=r"could be vsf-dance or vsf-krea"):
        bring(parquet([vsf], "vsf"))


def test_one_shard_with_other_columns(parquet, bring, bench_row):
    parquet([bench_row(0)])
    odd = bench_row(1)
    del odd["model"]
    folder = parquet([odd], split="validation")
    with pytest.raises(ImportRejected, match=r"validation-00000.*lacks the column 'model'"):
        bring(folder)
    assert bring(folder, split="train")[0].added == (1, 0)
    with pytest.raises(ImportRejected, match=r"no file is of the split 'test'; found: train-00000"):
        bring(folder, split="test")


@pytest.mark.parametrize(("texts", "problem"), [(["a"], "ours=theirs"), (["a="], "ours"), (["a=b", "a=c"], "twice")])
def test_mappings_that_cannot_be_read(texts, problem):
    with pytest.raises(ConfigError, match=problem):
        parsed_mapping(texts, "--columns")


def test_a_mapping_may_hold_an_equals_sign():
    assert parsed_mapping(["a=b=c", " d = e "], "--columns") == {"a": "b=c", "d": "e"}


def test_files_that_are_not_there_or_no_parquet(bring, tmp_path):
    with pytest.raises(ImportRejected, match=r"no such file"):
        bring(tmp_path / "nothing.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImportRejected, match=r"no \.parquet file"):
        bring(tmp_path / "empty")
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(ImportRejected, match=r"cannot be read as Parquet"):
        bring(tmp_path / "text.parquet")


def test_names():
    assert dataset_of("weathon/aas_benchmark-flux_krea").name == "benchmark-model"
    assert dataset_of("zai-org/VisionRewardDB-Image").name == "visionreward"
    with pytest.raises(UnknownName, match=r"Did you mean 'photographs'"):
        dataset_of("photograph")
    with pytest.raises(ConfigError, match=r"weathon/aas_benchmark-sdxl"):
        import_dataset("unused", DatasetRequest("benchmark-model"))  # type: ignore[arg-type]


def test_the_catalogue_holds_together():
    for dataset in DATASETS.values():
        ours = [column.ours for column in dataset.columns]
        theirs = [column.theirs for column in dataset.columns]
        assert len(set(ours)) == len(ours)
        assert len(set(theirs)) == len(theirs)
    assert list(SELECTORS.values()) == sorted(SELECTORS.values()), "the first must stay first by name"
    assert list(PROMPT_DIMENSIONS) == sorted(PROMPT_DIMENSIONS)


def test_spellings_of_generators():
    spelled = [s for name, others in SPELLINGS.items() for s in others]
    assert len(set(spelled)) == len(spelled)
    for name, others in SPELLINGS.items():
        assert generator_name(name) != name, f"{name} is no canonical name"
        assert all(re.fullmatch("[a-z0-9]+", s) for s in others)
        for written in (name, generator_name(name), name.upper().replace("-", "_"), *others):
            assert canonical_generator(f"someone/{written}") == name
    assert canonical_generator("mystery") is None


class FakeImage:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class FakeRows:
    """As much of a streamed dataset of that library as is used."""

    def __init__(self, rows: list[dict], features: dict) -> None:
        self.rows, self.features = rows, features

    def cast_column(self, name: str, feature: object) -> FakeRows:
        return FakeRows(self.rows, self.features | {name: feature})

    def select_columns(self, names: list[str]) -> list[dict]:
        assert all(not f.decode for f in self.features.values() if isinstance(f, FakeImage)), "pictures were decoded"
        return [{name: row[name] for name in names} for row in self.rows]


@pytest.fixture
def hub(monkeypatch, bench_row):
    """That library, with the benchmark in it."""
    asked = []
    rows = [bench_row(n) for n in range(11)]

    def load_dataset(hub_id: str, *, split: str, streaming: bool) -> FakeRows:
        asked.append((hub_id, split, streaming))
        if hub_id == "weathon/lapis":
            raise ConnectionError("no network")
        features = {
            name: FakeImage() if name.startswith("image_") and name != "image_reward" else 1 for name in rows[0]
        }
        return FakeRows(rows, features)

    library = ModuleType("datasets")
    library.Image, library.load_dataset = FakeImage, load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", library)
    return asked


def test_a_name_streams_from_the_hub(hub, tmp_path):
    taken = import_dataset(tmp_path / "run", DatasetRequest("benchmark", limit=10))
    assert (taken.added, taken.pictures) == ((10, 0), 20)
    assert hub == [("weathon/aas_benchmark_final", "train", True)]


def test_what_the_hub_library_raises_is_explained(hub, tmp_path):
    with pytest.raises(DataError, match=r"weathon/lapis cannot be opened .ConnectionError: no network.. Check name"):
        import_dataset(tmp_path / "run", DatasetRequest("artworks"))
    assert not (tmp_path / "run").exists()


def test_without_the_library_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install datasets.*fauve import dataset FOLDER"):
        import_dataset(tmp_path / "run", DatasetRequest("benchmark"))
