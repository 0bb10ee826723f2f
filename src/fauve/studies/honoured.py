"""Whether an image has what was requested of it, dimension by dimension, as a judge sees it.

A prompt asks for the low end of some dimensions. Judge J says that the request for d was *honoured* when the image
made for it is lower on d than the plain image of the same scene by more than :data:`MARGIN`: J(Ia, d) < J(Io, d) −
0.25. The margin is an eighth of the scale [0, 2], so that noise of a judge does not count as an effect. The
comparison is with the plain image and not with a fixed level, because scenes differ in where they start.

A judge whose levels mean something by themselves (one that was trained on them, or knows the truth; its card says so)
finds a request honoured as well when the image made for it is at the low end, J(Ia, d) < :data:`LOW`, wherever the
plain image is: a picture that was blurred anyhow is still the blurred one that was asked for.

For a contrast the faithful image stands for Ia and the default image for Io; a photograph's category says what was
asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import polars as pl

from fauve.vocabulary import PHOTO_CATEGORIES

__all__ = ["LOW", "MARGIN", "honoured", "requested", "requests"]

MARGIN = 0.25
"""By how much J must be lower, on its scale [0, 2]."""

LOW = 0.5
"""Below this the low end is the nearest of the three levels."""

_ASKED = ("anti", "faithful")
_PLAIN = ("original", "default")


def requested(dimensions: Iterable[str], groups: Mapping[str, str]) -> tuple[str, ...]:
    """The dimensions that an item asks the low end of: its own, else those of its category of photographs."""
    own = tuple(dimensions)
    if own:
        return own
    category = PHOTO_CATEGORIES.get(groups.get("category", ""))
    return category.dimensions if category is not None else ()


def requests(items: pl.DataFrame) -> pl.DataFrame:
    """One row for each (item, dimension) requested.

    ``items`` has the columns item, dimensions (list of names) and groups (JSON text), as
    :class:`fauve.studies.evidence.Evidence` holds them.
    """
    rows = [
        (item, dimension)
        for item, dimensions, groups in items.select("item", "dimensions", "groups").iter_rows()
        for dimension in requested(dimensions or (), json.loads(groups))
    ]
    return pl.DataFrame(rows, schema={"item": pl.Int64, "dimension": pl.String}, orient="row")


def honoured(judged: pl.DataFrame, wanted: pl.DataFrame, margin: float = MARGIN) -> pl.DataFrame:
    """What each judge says of each request.

    Args:
        judged: item, image_slot, judge, dimension, value (null where the judge gave none); and absolute, where judges
            are among them whose levels mean something by themselves.
        wanted: item, dimension, as :func:`requests` makes it.
        margin: by how much J must be lower to count.

    Returns:
        item, judge, dimension, asked = J(Ia, d), plain = J(Io, d), honoured (null where either value is missing),
        sorted by the first three. Requests on which a judge was never asked have no row.
    """
    value = pl.col("value")
    known = judged if "absolute" in judged.columns else judged.with_columns(pl.lit(False).alias("absolute"))
    sides = (
        known.join(wanted, on=("item", "dimension"), how="semi")
        .group_by("item", "judge", "dimension")
        .agg(
            value.filter(pl.col("image_slot").is_in(_ASKED)).first().alias("asked"),
            value.filter(pl.col("image_slot").is_in(_PLAIN)).first().alias("plain"),
            pl.col("absolute").any(),
        )
    )
    lower = pl.col("asked") < pl.col("plain") - margin
    there = pl.col("absolute") & (pl.col("asked") < LOW)
    verdicts = sides.with_columns((lower | there).alias("honoured")).drop("absolute")
    return verdicts.sort("item", "judge", "dimension")
