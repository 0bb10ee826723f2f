"""What judges say of the pictures of a generator, before and after, over all dimensions that a judge sees."""

from __future__ import annotations

import numpy as np
import polars as pl

from fauve.records import Finding
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.paired_tests import wilcoxon_signed_rank
from fauve.stats.weighted import weighted_mean
from fauve.studies.evidence import Evidence
from fauve.studies.published import published
from fauve.studies.resampling import SharedDraws
from fauve.studies.stating import Address, state

__all__ = ["judged_change"]


def judged_change(where: Address, evidence: Evidence, items: pl.DataFrame) -> list[Finding]:
    """Mean of Σ_d J(Ia, d) − J(Io, d) (`shift`) and of Σ_d J(Ia, d) (`after`) over pairs, by judge.

    The sum is over the dimensions that the judge sees, named in the note; a pair counts where it has all of them for
    both pictures. Sums of judges that see different dimensions cannot be compared.
    """
    pictured = items.filter("pictured")
    findings: list[Finding] = []
    for (judge,), said in evidence.judged.group_by("judge", maintain_order=True):
        sees = sorted(said["dimension"].unique())
        rows = said.join(pictured.select("item", "cluster"), on="item", how="inner")
        if rows.is_empty():
            continue
        whole = (
            rows.group_by("item", "cluster")
            .agg(
                *(
                    pl.col("value").filter(pl.col("image_slot") == slot).sum().alias(slot)
                    for slot in ("original", "anti")
                ),
                pl.col("value").drop_nulls().len().alias("answers"),
            )
            .filter(pl.col("answers") == 2 * len(sees))
            .with_columns((pl.col("anti") - pl.col("original")).alias("change"))
            .sort("item")
        )
        draws = SharedDraws(whole["cluster"].to_numpy().astype(np.str_))
        change, after = cluster_bootstrap(draws, weighted_mean(draws, whole.select("change", "anti").to_numpy()))
        means = whole.group_by("cluster").agg(pl.col("change").mean()).sort("cluster")["change"].to_numpy()
        at = where.at(judge=str(judge))
        notes = [f"sum over {len(sees)} dimensions: {', '.join(sees)}"]
        for metric, estimate, test in (("shift", change, wilcoxon_signed_rank(means)), ("after", after, None)):
            beside = published(at.study, metric, generator=at.generator, group=at.group)
            findings.append(state(at, metric, estimate, asked=len(pictured), test=test, published=beside, notes=notes))
    return findings
