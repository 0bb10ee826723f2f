"""docs/lab.md carries blocks of numbers between marks; this puts the stored ones in place."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fauve.errors import DataError
from fauve.lab.experiments.store import Results
from fauve.lab.experiments.tables import BLOCKS

__all__ = ["DOCUMENT", "rewritten"]

DOCUMENT = "docs/lab.md"
_BLOCK = re.compile(r"<!-- numbers: (?P<name>[a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)


def rewritten(text: str, stored: Mapping[str, Results]) -> str:
    """The document with every block as the stored findings have it.

    Raises:
        DataError: a block has a name that nothing writes.
    """

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in BLOCKS:
            raise DataError(f"there is no block {name!r} to write; there are {', '.join(BLOCKS)}")
        return f"<!-- numbers: {name} -->\n{BLOCKS[name](stored)}\n<!-- end -->"

    return _BLOCK.sub(block, text)
