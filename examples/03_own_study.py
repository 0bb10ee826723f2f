"""03: ask a question of your own of a run directory, with intervals that respect the photographs.

    fauve run --out fauve-run && python examples/03_own_study.py fauve-run

The question: of how many requests does each scorer prefer the picture that was asked for, effect by effect?
"""

import json
import sys
from pathlib import Path

import polars as pl

from fauve import Evidence, Ledger
from fauve.studies.resampling import SharedDraws, share


def main(directory: Path) -> None:
    with Ledger(directory) as ledger:
        contrasts = Evidence.read(ledger).contrasts()
    rows = contrasts.filter(pl.col("generator") == "stimuli").drop_nulls(["faithful", "default"])
    if rows.is_empty():
        sys.exit(f"{directory} holds no stimuli with scores; make some with `fauve run --out {directory}`")
    effects = [json.loads(groups)["effect"] for groups in rows["groups"]]
    table = rows.with_columns(pl.Series("effect", effects), won=pl.col("faithful") > pl.col("default"))
    for (scorer, effect), part in table.group_by("scorer", "effect", maintain_order=True):
        won = share(part["won"].to_numpy(), SharedDraws(part["cluster"].to_numpy().astype(str)))
        interval = "no interval" if won.low is None else f"95 % interval {won.low:.2f}–{won.high:.2f}"
        print(f"{scorer:26} {effect:18} {int(part['won'].sum()):3} of {part.height:3}   {interval}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
