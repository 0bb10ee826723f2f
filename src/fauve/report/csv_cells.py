"""Texts in the cells of CSV files, written so that no spreadsheet runs one as a formula."""

from __future__ import annotations

import re

__all__ = ["csv_text"]

_FORMULA = re.compile(r"^[\s\x00-\x1f]*[=+\-@]|^[\t\r\n]")


def csv_text(text: str) -> str:
    """A text as a CSV cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
