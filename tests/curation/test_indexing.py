"""A folder is read once: what is known is not decoded again, copies and broken files are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.curation.conftest import Planted, flat

from fauve.curation import CurationStore, index_folder
from fauve.errors import ConfigError, DataError, LedgerCorrupt


def test_copies_and_broken_files_are_named_and_the_rest_is_known_by_hash(photos: Path, tmp_path: Path) -> None:
    with CurationStore(tmp_path / "work", photos) as store:
        found = index_folder(store)
        assert (found.pictures, found.new, found.vectors) == (6, 6, 0)
        # the first by name stands for both
        assert found.copies == (("again.png", "p1.png"),)
        assert len(found.rejected) == 1
        assert found.rejected[0].startswith("torn.png: truncated")
        assert index_folder(store).new == 0


def test_vectors_are_made_once_a_picture_and_model(store: CurationStore, planted: Planted, colours: Path) -> None:
    assert planted.seen == 4
    assert index_folder(store, planted).vectors == 0
    (colours / "more.png").write_bytes(flat((90, 90, 10), 9))
    assert (index_folder(store, planted).vectors, planted.seen) == (1, 5)
    other = Planted()
    other.key = "planted-2"
    assert index_folder(store, other).vectors == 5
    assert [key for key, _ in store.models()] == ["planted-1", "planted-2"]


def test_a_picture_that_moves_keeps_its_vector_and_one_that_goes_is_not_found(
    store: CurationStore, planted: Planted, colours: Path
) -> None:
    (colours / "red.png").rename(colours / "deep" / "rouge.png")
    (colours / "green.png").unlink()
    assert index_folder(store, planted).vectors == 0
    pictures, vectors = store.vectors(planted.key)
    assert [p.path for p in pictures] == ["deep/blue.png", "deep/rouge.png", "mauve.png"]
    assert vectors[1] @ [1, 0, 0] > 0.95
    with pytest.raises(DataError, match="path or hash of no picture"):
        store.named(["green.png"])


def test_the_working_folder_inside_the_pictures_is_not_read_as_pictures(colours: Path) -> None:
    with CurationStore(colours / "work", colours) as store:
        (colours / "work" / "sheet.png").write_bytes(flat((1, 99, 50), 3))
        assert index_folder(store).pictures == 4


def test_a_folder_of_another_curation_or_nothing_at_all_is_refused(
    store: CurationStore, tmp_path: Path, photos: Path
) -> None:
    with pytest.raises(ConfigError, match=r"index .* into a folder of its own"):
        CurationStore(store.root, photos)
    with pytest.raises(DataError, match="fauve curate index"):
        CurationStore(tmp_path / "nothing")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "curation.sqlite").write_bytes(b"not a database, really not" * 99)
    with pytest.raises(LedgerCorrupt):
        CurationStore(tmp_path / "bad")
    empty = tmp_path / "empty"
    empty.mkdir()
    with CurationStore(tmp_path / "e", empty) as other, pytest.raises(DataError, match="no usable picture"):
        index_folder(other)


def test_a_picture_that_changed_after_it_was_indexed_is_never_mistaken(store: CurationStore, colours: Path) -> None:
    picture = store.named(["red.png"])[0]
    (colours / "red.png").write_bytes(flat((0, 0, 99), 1))
    with pytest.raises(DataError, match="has changed since"):
        store.read(picture)


def test_names_are_paths_or_starts_of_hashes(store: CurationStore) -> None:
    picture = store.named(["deep/blue.png"])[0]
    assert store.named([picture.sha256[:8], "deep/blue.png"]) == [picture]
    with pytest.raises(DataError):
        store.named([picture.sha256[:5]])
