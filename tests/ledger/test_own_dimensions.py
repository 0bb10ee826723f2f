"""Dimensions of the user's own lie in the run directory: whoever opens it knows them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fauve.errors import ConfigError
from fauve.ledger import Ledger
from fauve.ledger.own_dimensions import file_dimensions
from fauve.vocabulary import DIMENSIONS, Dimension, dimension

OWN = Dimension("pixelated", "squares", "some squares", "none", "it falls into squares", "seamless")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = dict(DIMENSIONS)
    yield
    DIMENSIONS.clear()
    DIMENSIONS.update(before)


@pytest.mark.parametrize("write", [False, True])
def test_whoever_opens_the_directory_knows_what_was_filed(tmp_path: Path, write: bool) -> None:
    with Ledger(tmp_path, write=True) as ledger:
        file_dimensions(ledger, [OWN])
        file_dimensions(ledger, [OWN])
    del DIMENSIONS["pixelated"]
    Ledger(tmp_path, write=write).close()
    assert dimension("pixelated") == OWN


def test_a_process_of_its_own_knows_it_too(tmp_path: Path) -> None:
    with Ledger(tmp_path, write=True) as ledger:
        file_dimensions(ledger, [OWN])
    code = (
        "import sys; from pathlib import Path\n"
        "from fauve.ledger import Ledger; from fauve.vocabulary import dimension\n"
        "Ledger(Path(sys.argv[1])).close(); print(dimension('pixelated').low)"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert said.stdout == "squares\n"


def test_other_wording_of_a_name_on_file_is_refused_and_nothing_is_filed(tmp_path: Path) -> None:
    other, new = replace(OWN, low="cubes"), replace(OWN, name="film grain")
    with Ledger(tmp_path, write=True) as ledger:
        file_dimensions(ledger, [OWN])
        with pytest.raises(ConfigError, match="other wording"):
            file_dimensions(ledger, [new, other])
        assert ledger.db.execute("SELECT name FROM dimensions").fetchall() == [("pixelated",)]
    DIMENSIONS["pixelated"] = other
    with pytest.raises(ConfigError, match=rf"{tmp_path}: 'pixelated' is a dimension with other wording"):
        Ledger(tmp_path)
