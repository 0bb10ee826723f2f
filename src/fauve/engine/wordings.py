"""The same captions and requests in further wordings, so that the study of prompt complexity can compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fauve.engine.rewriting import Written
from fauve.errors import ConfigError, UnknownName
from fauve.ledger.importing.prompts import PromptRow
from fauve.prompts import NeutralRewriter, Rewriter, RewriteRequest, TemplateRewriter
from fauve.prompts.settings import PromptSettings
from fauve.prompts.wording import word_count

__all__ = ["WORDING", "in_wordings", "worded"]

WORDING = "wording"
"""The group of a pair that says how its anti prompt is worded."""

_REWRITERS: Mapping[str, type[Rewriter]] = {"template": TemplateRewriter, "neutral": NeutralRewriter}


def worded(written: Written, asked: PromptSettings) -> Written:
    """What was written, with every pair in the further wordings; who wrote it is then said by the wording alone.

    Raises:
        UnknownName, ConfigError: as :func:`in_wordings` does.
    """
    if not asked.wordings:
        return written
    return Written(in_wordings(written.rows, asked), {})


def in_wordings(rows: Sequence[PromptRow], asked: PromptSettings) -> list[PromptRow]:
    """The pairs, and each of them again in every wording of ``asked.wordings``: ``<id>/<wording>``.

    The pairs themselves say ``written``, or who rewrote them. Pairs of the wording ``neutral`` are as long as the pairs
    that they come from and ask for no dimension.

    Raises:
        UnknownName: for a wording that there is not.
        ConfigError: where the pairs have that wording themselves, or one cannot be worded so.
    """
    own = "written" if asked.rewriter is None else asked.rewriter.name
    if not asked.wordings:
        return list(rows)
    found = [_row(row, row.id, own, row.anti, row.dimensions, row.negative) for row in rows]
    for name in asked.wordings:
        if name not in _REWRITERS:
            raise UnknownName("wording", name, _REWRITERS)
        if name == own or asked.wordings.count(name) > 1:
            raise ConfigError(f"prompts.wordings: {name!r} would stand there twice; name every wording once")
        found += _rewritten(rows, name)
    return found


def _rewritten(rows: Sequence[PromptRow], name: str) -> list[PromptRow]:
    rewriter = _REWRITERS[name]()
    silent = bool(getattr(rewriter, "length_matched", False))
    requests = [RewriteRequest(row.original, row.dimensions, word_count(row.anti)) for row in rows]
    found = []
    for row, answer in zip(rows, rewriter.rewrite(requests), strict=True):
        if answer.anti is None:
            raise ConfigError(
                f"prompts.wordings: {row.id!r} cannot be worded {name!r}: {answer.reason}. Mend its prompts, leave it "
                "out, or leave the wording out."
            )
        asks = () if silent else row.dimensions
        found.append(_row(row, f"{row.id}/{name}", name, answer.anti, asks, answer.negative))
    return found


def _row(
    row: PromptRow, id_: str, wording: str, anti: str, dimensions: tuple[str, ...], negative: str | None
) -> PromptRow:
    groups = {**row.groups, WORDING: wording}
    return replace(row, id=id_, anti=anti, dimensions=dimensions, groups=groups, negative=negative)
