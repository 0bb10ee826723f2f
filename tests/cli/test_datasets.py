"""`fauve import dataset` and `fauve export`, as they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ledger.importing.datasets.conftest import bench_row, cell, parquet, solid

from fauve.cli import main

__all__ = ["bench_row", "parquet"]


@pytest.fixture
def fauve(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(arg) for arg in args])
        return (int(stopped.value.code or 0), *capsys.readouterr())

    return call


def test_a_dataset_goes_in_and_out(fauve, parquet, bench_row):
    rows = [bench_row(0), bench_row(1, image_distorted=cell(solid()), model="mystery")]
    code, out, _ = fauve("import", "dataset", parquet(rows), "--out", "run", "--licence", "CC0-1.0")
    assert code == 0
    assert "2 new items of benchmark in run, 0 were there" in out
    assert "line 2, image_anti: constant" in out
    assert "Note: the generator 'mystery' (1 pairs)" in out
    code, out, _ = fauve("export", "run", "--to", "out", "--layout", "paper", "--public")
    assert code == 0
    assert "benchmark: 2 rows in 1 file" in out
    assert "CC0-1.0" in Path("out/README.md").read_text("utf-8")


def test_a_public_export_without_a_licence(fauve, parquet, bench_row):
    fauve("import", "dataset", parquet([bench_row(0)]), "--out", "run")
    code, _, err = fauve("export", "run", "--to", "out", "--public")
    assert (code, Path("out").exists()) == (2, False)
    assert "--unknown-licence 'flux-krea'" in err
    assert fauve("export", "run", "--to", "out", "--public", "--unknown-licence", "flux-krea")[0] == 0


def test_a_missing_column(fauve, parquet):
    code, _, err = fauve("import", "dataset", parquet([{"a": 1}]), "--as", "critique", "--columns", "prompt=a")
    assert code == 2
    assert "lacks the columns" in err
    assert "found: a; expected: a, flux_krea, dance_flux" in err
