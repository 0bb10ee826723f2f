"""The pictures of an import: which are taken, where they may lie, and that a failed import leaves none."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauve.errors import ImageRejected, LedgerError
from fauve.ledger import queries
from fauve.ledger.importing import drafts, import_contrasts, import_pairs


def test_a_picture_in_a_folder_below_and_a_name_with_accents(ledger, lines, pair, tmp_path):
    (tmp_path / "é ü").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "é ü" / "a.png")
    assert import_pairs(ledger, lines(pair(image_anti="é ü/./a.png"))) == (1, 0)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/hostname",
        "../a.png",
        "below/../../a.png",
        "below/../a.png",
        "C:\\pictures\\a.png",
        "c:a.png",
        "..\\a.png",
        "\\\\server\\share\\a.png",
        "~/a.png",
        "a\0.png",
    ],
)
def test_a_path_that_leaves_the_folder(rejection, lines, pair, path):
    error = rejection(import_pairs, lines(pair(), pair(id="2", image_anti=path)))
    assert (error.line, error.field) == (2, "image_anti")
    assert "leaves the folder" in error.problem


def test_a_link_that_leaves_the_folder(rejection, lines, pair, tmp_path, photo_bytes):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(photo_bytes(9))
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    path = lines(pair(image_original=None, image_anti="link.png"), name="inside/rows.jsonl")
    error = rejection(import_pairs, path)
    assert (error.line, error.field) == (1, "image_anti")
    assert "link that leaves" in error.problem


def test_a_link_within_the_folder_is_followed(ledger, lines, pair, tmp_path):
    (tmp_path / "link.png").symlink_to("a.png")
    assert import_pairs(ledger, lines(pair(image_original="link.png"))) == (1, 0)
    assert len(queries.image_refs(ledger)) == 1


def test_an_address_is_not_fetched(rejection, lines, pair):
    error = rejection(import_pairs, lines(pair(image_anti="https://example.org/a.png")))
    assert "is an address" in error.problem
    assert "Fetch the picture" in error.remedy


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (None, "missing"),
        (lambda good: b"", "empty"),
        (lambda good: good[: len(good) // 2], "truncated"),
        (lambda good: b"<!DOCTYPE html><title>404</title>", "format"),
    ],
)
def test_a_picture_that_cannot_be_used(rejection, lines, pair, tmp_path, photo_bytes, make, reason):
    if make is not None:
        (tmp_path / "bad.png").write_bytes(make(photo_bytes(5)))
    error = rejection(import_pairs, lines(pair(), pair(id="2", image_original="bad.png")))
    assert (error.line, error.field) == (2, "image_original")
    assert error.problem == f"'bad.png' is no usable picture: {reason}"
    assert isinstance(error.__cause__, ImageRejected)
    assert error.remedy == error.__cause__.remedy


def test_a_constant_picture_in_a_pair_is_named_by_its_row(rejection, lines, pair, tmp_path):
    Image.new("RGB", (64, 64), (0, 0, 255)).save(tmp_path / "blue.png")
    error = rejection(import_pairs, lines(pair(), pair(id="2", image_anti="blue.png")))
    assert (error.line, error.field) == (2, "image_anti")
    assert "constant" in error.problem
    assert "(0, 0, 255)" in error.remedy


def test_the_same_in_a_contrast(rejection, lines, contrast, tmp_path):
    Image.new("RGB", (64, 64), (0, 0, 255)).save(tmp_path / "blue.png")
    error = rejection(import_contrasts, lines(contrast(default="blue.png")))
    assert (error.line, error.field) == (1, "default")


def test_the_first_fault_counts_whether_in_a_row_or_in_a_picture(rejection, lines, pair):
    rows = [pair(), pair(id="2", image_anti="none.png"), pair(id="3", selection="both")]
    assert rejection(import_pairs, lines(*rows)).line == 2
    assert rejection(import_pairs, lines(rows[0], rows[2], rows[1])).line == 2


@pytest.mark.parametrize("size", [1, 2, 64])
def test_a_fault_in_the_last_row_leaves_nothing_whatever_the_batch(rejection, lines, pair, monkeypatch, size):
    monkeypatch.setattr(drafts, "_BATCH", size)
    rows = [pair(id=str(n)) for n in range(7)]
    assert rejection(import_pairs, lines(*rows, pair(id="7", dimensions=["no"]))).line == 8


def test_a_picture_is_stored_once_whoever_names_it(ledger, lines, pair):
    import_pairs(ledger, lines(pair(), pair(id="2"), pair(id="3", image_original="a.png")))
    assert len(queries.image_refs(ledger)) == 2
    assert len(list((ledger.directory / "images").glob("*/*"))) == 2


def test_a_picture_is_decoded_once_whatever_the_batches(ledger, lines, pair, monkeypatch):
    decoded = []
    examine = drafts.examine
    monkeypatch.setattr(drafts, "examine", lambda data, name: decoded.append(name) or examine(data, name))
    monkeypatch.setattr(drafts, "_BATCH", 2)
    import_pairs(ledger, lines(*(pair(id=str(n)) for n in range(5))))
    assert sorted(decoded) == ["a.png", "o.png"]


def test_a_full_disk_in_the_middle_leaves_nothing(ledger, lines, pair, monkeypatch):
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = list(ledger.db.iterdump())
    with pytest.raises(LedgerError, match="No space left on device"):
        import_pairs(ledger, lines(pair()))
    assert list(ledger.db.iterdump()) == before
    assert not list((ledger.directory / "images").glob("*/*"))
    monkeypatch.undo()
    assert import_pairs(ledger, lines(pair())) == (1, 0)


def test_what_a_failed_import_clears_away_is_only_its_own(ledger, lines, pair, monkeypatch, photo_bytes, tmp_path):
    import_pairs(ledger, lines(pair()))
    (tmp_path / "new.png").write_bytes(photo_bytes(7))
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(LedgerError):
        import_pairs(ledger, lines(pair(id="2", image_original="new.png")))
    (item,) = queries.items(ledger)
    for ref in item.images.values():
        ledger.images.read(ref)


def test_a_picture_that_changes_while_it_is_imported(ledger, lines, pair, monkeypatch, photo_bytes):
    keep = type(ledger.images).keep
    monkeypatch.setattr(
        type(ledger.images), "keep", lambda self, ref, data: keep(self, ref, photo_bytes(99)), raising=True
    )
    with pytest.raises(LedgerError, match="changed between its check and its storing"):
        import_pairs(ledger, lines(pair()))
    assert list(queries.items(ledger)) == []


def test_importing_again_mends_a_damaged_picture(ledger, lines, pair, only):
    path = lines(pair())
    import_pairs(ledger, path)
    ref = only().images["anti"]
    (ledger.directory / ref.path).write_bytes(b"rotten")
    assert import_pairs(ledger, path) == (0, 1)
    ledger.images.read(ref)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_pictures(lines, pair, tmp_path):
    rng = np.random.default_rng(0)
    names = [f"{n}.png" for n in range(150)]
    for name in names:  # 0.48 MB each, as a file and decoded
        Image.fromarray(rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)).save(tmp_path / name, compress_level=0)
    rows = [pair(id=name, image_original=name, image_anti=None) for name in names]
    few, all_of_them = lines(*rows[:10], name="few.jsonl"), lines(*rows, name="all.jsonl")
    grown = peak_of_an_import(all_of_them) - peak_of_an_import(few)
    assert grown < 20_000, f"{grown} KiB"  # all of them together are 72 MB


def peak_of_an_import(path: Path) -> int:
    """KiB of memory that a process of its own needs at most."""
    program = """if True:
        import resource, sys
        from pathlib import Path
        from fauve.ledger import Ledger
        from fauve.ledger.importing import import_pairs
        path = Path(sys.argv[1])
        with Ledger(path.with_suffix(""), write=True) as ledger:
            import_pairs(ledger, path)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    command = [sys.executable, "-c", program, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_paths_are_relative_to_the_file_and_not_to_the_caller(ledger, lines, pair, monkeypatch, tmp_path):
    path = lines(pair())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert import_pairs(ledger, Path("..") / path.name) == (1, 0)
