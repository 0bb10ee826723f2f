from __future__ import annotations

import pytest

from fauve.errors import LedgerConflict
from fauve.ledger import queries
from fauve.ledger.importing import import_folder
from fauve.records import Selection

HEADER = "id,prompt_original,prompt_anti,dimensions\n"


@pytest.fixture
def folder(tmp_path, photo_bytes):
    """A folder with two pairs, and a function that writes its table anew."""
    root = tmp_path / "mine"
    for seed, (part, name) in enumerate((p, n) for p in ("originals", "anti") for n in ("dog", "red bus")):
        (root / part).mkdir(parents=True, exist_ok=True)
        (root / part / f"{name}.png").write_bytes(photo_bytes(seed))

    def write(text: str) -> None:
        (root / "prompts.csv").write_text(text, encoding="utf-8")

    root.joinpath("prompts.csv").write_text(
        HEADER + 'dog,a dog,"a dog, blurred",clarity; color brightness\nred bus,a bus,a tiny bus,\n'
    )
    return root, write


def test_a_folder_becomes_pairs(ledger, folder):
    assert import_folder(ledger, folder[0], "mine") == (2, 0)
    assert import_folder(ledger, folder[0], "mine") == (0, 2)
    dog, bus = queries.items(ledger)
    assert (dog.kind, dog.generator, dog.id) == ("pair", "mine", "dog")
    assert dog.prompts == {"original": "a dog", "anti": "a dog, blurred"}
    assert dog.dimensions == ("clarity", "color brightness")
    assert bus.dimensions == ()
    assert bus.selections == ()
    for slot, part in (("original", "originals"), ("anti", "anti")):
        assert ledger.images.read(dog.images[slot]) == (folder[0] / part / "dog.png").read_bytes()


def test_selections_may_stand_in_the_table(ledger, folder, only):
    root, write = folder
    for part in ("originals", "anti"):
        (root / part / "red bus.png").unlink()
    write("selection,id,prompt_original,prompt_anti,dimensions\ntie,dog,a dog,a bad dog,clarity\n")
    import_folder(ledger, root, "mine")
    assert only().selections == (Selection("imported", "tie", "imported"),)


def test_other_files_and_hidden_ones_are_passed_over(ledger, folder):
    root, _ = folder
    for name in ("notes.txt", ".hidden.png", "Thumbs.db"):
        (root / "anti" / name).write_bytes(b"x")
    assert import_folder(ledger, root, "mine") == (2, 0)


@pytest.mark.parametrize(
    ("text", "line", "field", "problem"),
    [
        (HEADER + "cat,a,b,\n", 2, "id", "no picture originals/cat.png"),
        (HEADER + "dog,a,b,\ndog,a,b,\n", 3, "id", "stands in line 2 already"),
        (HEADER + 'dog,"two\nlines",b,\nred bus,,b,\n', 4, "prompt_original", "empty"),
        (HEADER + "dog,a,b,clarity;clearity\n", 2, "dimensions", "no dimension called 'clearity'"),
        (HEADER + "dog,a,b,clarity;clarity\n", 2, "dimensions", "named twice"),
        (HEADER + "dog,a,b,\nred bus,a,b\n", 3, None, "it has 3 cells and not 4"),
        (HEADER + "dog,a,b,,x\n", 2, None, "it has 5 cells and not 4"),
        (HEADER + ",a,b,\n", 2, "id", "empty"),
        (HEADER + 'dog,"a"x,b,\n', 2, None, "not CSV"),
        (HEADER, None, None, "no rows"),
        ("", None, None, "the file holds no rows"),
        ("id,prompt_anti,dimensions\n", 1, "prompt_original", "the column is missing"),
        ("id,prompt_original,prompt,dimensions\n", 1, "prompt", "no such column"),
        ("id,id,prompt_original,prompt_anti,dimensions\n", 1, "id", "stands twice"),
        ("id;prompt_original;prompt_anti;dimensions\n", None, None, "not separated by commas"),
        (HEADER.replace("\n", ",selection\n") + "dog,a,b,,both\n", 2, "selection", "no selection called 'both'"),
    ],
)
def test_a_fault_in_the_table(rejection, folder, text, line, field, problem):
    root, write = folder
    write(text)
    error = rejection(import_folder, root, "mine")
    assert (error.file, error.line, error.field) == (str(root / "prompts.csv"), line, field)
    assert problem in error.problem


def test_a_table_that_is_not_utf8(rejection, folder):
    root, _ = folder
    (root / "prompts.csv").write_bytes(HEADER.encode() + b"dog,caf\xe9,b,\n")
    assert "not UTF-8" in rejection(import_folder, root, "mine").problem


def test_no_table_no_folders_no_folder(rejection, folder, tmp_path):
    root, _ = folder
    (root / "prompts.csv").unlink()
    assert "no such file" in rejection(import_folder, root, "mine").problem
    (tmp_path / "empty").mkdir()
    assert "originals/" in rejection(import_folder, tmp_path / "empty", "mine").problem
    assert "no such folder" in rejection(import_folder, tmp_path / "none", "mine").problem


def test_a_picture_without_a_row(rejection, folder, photo_bytes):
    root, _ = folder
    (root / "anti" / "left over.png").write_bytes(photo_bytes(8))
    error = rejection(import_folder, root, "mine")
    assert error.file.endswith("left over.png")
    assert "no row" in error.problem


def test_two_pictures_of_one_name(rejection, folder, photo_bytes):
    root, _ = folder
    (root / "anti" / "dog.jpg").write_bytes(photo_bytes(8, form="JPEG"))
    assert "same name" in rejection(import_folder, root, "mine").problem


def test_a_picture_that_cannot_be_used_is_named_by_its_row(rejection, folder):
    root, _ = folder
    (root / "anti" / "red bus.png").write_bytes(b"<html>")
    error = rejection(import_folder, root, "mine")
    assert error.line == 3
    assert error.problem == "'anti/red bus.png' is no usable picture: format"


def test_a_conflict_names_the_row(ledger, folder):
    root, write = folder
    import_folder(ledger, root, "mine")
    write(HEADER + "red bus,a bus,a tiny bus,\ndog,a dog,another,clarity\n")
    with pytest.raises(LedgerConflict, match=r"prompts\.csv, line 3: pair 'dog' .* other prompts and dimensions"):
        import_folder(ledger, root, "mine")


def test_a_spreadsheet_s_byte_order_mark_is_passed_over(ledger, folder):
    root, _ = folder
    table = root / "prompts.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes().replace(b"\n", b"\r\n"))
    assert import_folder(ledger, root, "mine") == (2, 0)
