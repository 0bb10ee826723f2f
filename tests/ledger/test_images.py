from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from fauve.errors import ImageRejected, LedgerCorrupt, LedgerError
from fauve.keys import digest_bytes
from fauve.ledger import Ledger
from fauve.ledger.images import ImageFolder, examine


@pytest.fixture
def folder(tmp_path):
    return ImageFolder(tmp_path)


def files(folder):
    return sorted(path for path in folder.root.rglob("*") if path.is_file())


@pytest.mark.parametrize(("form", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp")])
def test_a_picture_lies_under_its_hash_byte_for_byte(folder, photo_bytes, form, suffix):
    data = photo_bytes(1, form=form)
    ref = folder.put(data, "x")
    assert (ref.sha256, ref.width, ref.height, ref.suffix) == (digest_bytes(data), 48, 32, suffix)
    assert folder.read(ref) == data
    assert files(folder) == [folder.root / "images" / ref.sha256[:2] / f"{ref.sha256}{suffix}"]
    assert folder.open(ref).size == (48, 32)


def test_the_same_bytes_are_written_once(folder, photo_bytes):
    ref = folder.put(photo_bytes(1), "x")
    path = folder.root / ref.path
    os.utime(path, (1, 1))
    assert folder.put(photo_bytes(1), "y") == ref
    assert path.stat().st_mtime == 1


def test_what_is_no_picture_is_not_stored(folder):
    with pytest.raises(ImageRejected, match=r"x\.png"):
        folder.put(b"<html>", "x.png")
    assert files(folder) == []


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"x", lambda d: d[:50] + bytes([d[50] ^ 1]) + d[51:], lambda d: b""]
)
def test_an_altered_picture_is_noticed_on_reading(folder, photo_bytes, change):
    ref = folder.put(photo_bytes(1), "x")
    path = folder.root / ref.path
    path.write_bytes(change(path.read_bytes()))
    for use in (folder.read, folder.open):
        with pytest.raises(LedgerCorrupt, match=f"{ref.sha256}.png was altered"):
            use(ref)
    folder.put(photo_bytes(1), "x")
    assert folder.read(ref) == photo_bytes(1)


def test_a_missing_picture_is_noticed_on_reading(folder, photo_bytes):
    ref = folder.put(photo_bytes(1), "x")
    (folder.root / ref.path).unlink()
    with pytest.raises(LedgerCorrupt, match="is missing; import it again"):
        folder.read(ref)


def test_a_full_disk_leaves_no_part_of_a_picture(folder, photo_bytes, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerError, match=r"No space left on device.*free space"):
        folder.put(photo_bytes(1), "x")
    assert files(folder) == []
    monkeypatch.undo()
    folder.read(folder.put(photo_bytes(1), "x"))


def test_only_what_was_examined_is_kept(folder, photo_bytes):
    ref = examine(photo_bytes(1), "x")
    with pytest.raises(LedgerError, match="changed between"):
        folder.keep(ref, photo_bytes(2))
    assert files(folder) == []
    made = folder.keep(ref, photo_bytes(1))
    assert made == folder.root / ref.path
    assert folder.keep(ref, photo_bytes(1)) is None


KILLED = """if True:
    import os, signal, sys
    from pathlib import Path
    from fauve.ledger import Ledger
    os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
    Ledger(Path(sys.argv[1]), write=True).add_image(sys.stdin.buffer.read(), "x")
"""


def test_a_writer_that_is_killed_leaves_no_half_picture_and_the_next_one_clears_up(tmp_path, photo_bytes):
    run = tmp_path / "run"
    subprocess.run([sys.executable, "-c", KILLED, str(run)], input=photo_bytes(1), check=False)
    left = [path.suffix for path in (run / "images").rglob("*") if path.is_file()]
    assert left == [".tmp"]
    with Ledger(run):
        assert [path for path in (run / "images").rglob("*") if path.is_file()]  # a reader touches nothing
    with Ledger(run, write=True) as ledger:
        assert not [path for path in (run / "images").rglob("*") if path.is_file()]
        assert ledger.db.execute("SELECT count(*) FROM images").fetchone() == (0,)


def test_credit_and_licence_are_kept_and_filled_in(ledger, photo_bytes):
    ref = ledger.add_image(photo_bytes(1), "x")
    ledger.add_image(photo_bytes(1), "x", credit="Ansel", licence="CC0")
    ledger.add_image(photo_bytes(1), "x")
    query = "SELECT credit, licence FROM images WHERE sha256 = ?"
    assert ledger.db.execute(query, (ref.sha256,)).fetchall() == [("Ansel", "CC0")]


def test_several_at_once_are_stored_as_one_after_the_other(tmp_path, photo_bytes):
    named = [(photo_bytes(n), f"picture {n}") for n in range(12)]
    alone, together = ImageFolder(tmp_path / "alone"), ImageFolder(tmp_path / "together")
    refs = together.put_all(named)
    assert refs == [alone.put(*one) for one in named]
    assert [together.read(ref) for ref in refs] == [data for data, _ in named]


def test_one_of_several_that_is_no_picture_is_told_in_its_place(tmp_path, photo_bytes):
    refs = ImageFolder(tmp_path).put_all(
        [(photo_bytes(1), "first"), (b"no picture", "second"), (photo_bytes(2), "third")]
    )
    assert [type(ref).__name__ for ref in refs] == ["ImageRef", "ImageRejected", "ImageRef"]
    assert "second" in str(refs[1])
