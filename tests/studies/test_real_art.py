"""Artworks on leaderboards, under their own and another's caption, on made evidence."""

from __future__ import annotations

import numpy as np
import pytest

from fauve.ledger import Answer, Ledger, prompt_id
from fauve.ledger.owed import owed_cells
from fauve.records import Outcome, Picture
from fauve.studies import STUDIES, Evidence

STUDY = STUDIES["real_art"]
AGAINST = {"captions": "matched against shuffled"}


def find(findings, metric, group=None, **where):
    matches = [
        f
        for f in findings
        if f.metric == metric and dict(f.group) == (group or {}) and all(getattr(f, k) == v for k, v in where.items())
    ]
    assert len(matches) == 1, matches
    return matches[0]


def hang(build, scorer, own, other=None, source="computed", **groups):
    item = build.picture("real_art", groups=groups)
    cells = {"picture:prompt": own} | ({} if other is None else {"picture:shuffled": other})
    build.score(item, scorer, source, **cells)
    return item


def test_a_planted_mean_gets_the_published_place(made):
    build = made()
    for value in (5.36, 6.36, 5.86, 5.86):
        hang(build, "hpsv3", value)
    findings = STUDY.analyse(build.evidence())
    mean, rank = find(findings, "mean"), find(findings, "rank")
    assert (mean.estimate, mean.n, mean.published.value) == (pytest.approx(5.86), 4, 5.86)
    assert find(findings, "relative").estimate == pytest.approx((5.86 + 0.24) / (10.55 + 0.24))
    assert (rank.estimate, rank.published.value) == (10, 10)
    assert "just above: HunyuanDiT (8.19), next below: Stable Diffusion 3 Medium (5.31)" in rank.note
    assert "README of HPSv3" in rank.note
    assert find(findings, "rank_of").estimate == 12
    said = STUDY.sentences(findings)[0]
    assert said.startswith("On the leaderboard of HPSv3 the artworks take place 10 of 12, below HunyuanDiT (8.19)")
    assert "2.09 standard deviations below" in said or "2.1 standard deviations below" in said


def test_the_interval_of_a_rank_runs_from_the_upper_bound_to_the_lower(made):
    rng = np.random.default_rng(3)
    build = made()
    for value in rng.normal(8.2, 3.0, 40):
        hang(build, "hpsv3", float(value))
    findings = STUDY.analyse(build.evidence())
    mean, rank, relative = find(findings, "mean"), find(findings, "rank"), find(findings, "relative")
    assert mean.low < 8.19 < mean.high
    assert rank.low <= rank.estimate <= rank.high
    assert rank.low < rank.high, "the mean straddles two models"
    assert relative.low == pytest.approx((mean.low + 0.24) / 10.79)


def test_z_against_the_published_range_and_that_of_the_pictures_here(made):
    build = made()
    for value in (10.0, 14.0):
        build.score(build.pair(generator="sdxl"), "hpsv3", oo=value)
    hang(build, "hpsv3", 9.12)
    hang(build, "hpsv3", 9.12)
    findings = STUDY.analyse(build.evidence())
    published = find(findings, "z", {"range": "Nano Banana, published"})
    assert published.estimate == pytest.approx((9.12 - 12.1) / 2.98)
    here = find(findings, "z", {"range": "original pictures here"})
    assert here.estimate == pytest.approx((9.12 - 12.0) / np.std([10.0, 14.0], ddof=1))
    assert "over 2 original pictures" in here.note


def test_own_against_anothers_caption(made):
    build = made()
    for own, other in ((0.9, 0.1), (0.8, 0.1), (0.7, 0.7), (0.2, 0.5)):
        hang(build, "blip-l-probability", own, other)
    hang(build, "blip-l-probability", 0.4)
    findings = STUDY.analyse(build.evidence())
    accuracy = find(findings, "accuracy", AGAINST)
    assert (accuracy.estimate, accuracy.n, accuracy.missing) == (0.5, 4, 0.0), "one artwork has no other caption"
    assert "1 equal score counts as no right choice" in accuracy.note
    assert find(findings, "margin", AGAINST).estimate == pytest.approx((0.8 + 0.7 + 0.0 - 0.3) / 4)
    matched = find(findings, "mean", {"captions": "matched"})
    assert (matched.estimate, matched.published.value) == (pytest.approx(0.65), 0.996)
    assert find(findings, "mean", {"captions": "shuffled"}).published.value == 0.086
    assert find(findings, "mean").n == 5
    assert any("its own caption than under another’s in 2 of 4" in said for said in STUDY.sentences(findings))


def test_a_scorer_that_knows_its_caption_is_told_from_chance(made):
    rng = np.random.default_rng(5)
    build = made()
    for _ in range(60):
        item = build.picture("real_art")
        first, second = rng.normal(size=2)
        build.score(item, "blip-l", **{"picture:prompt": float(first) + 2, "picture:shuffled": float(second)})
        build.score(item, "random", **{"picture:prompt": float(first), "picture:shuffled": float(second)})
    findings = STUDY.analyse(build.evidence())
    reader, blind = (find(findings, "accuracy", AGAINST, scorer=s) for s in ("blip-l", "random"))
    assert reader.low > 0.5
    assert reader.test.p_adjusted < 0.001
    assert blind.low < 0.5 < blind.high
    assert blind.test.p > 0.05


def test_a_scorer_that_reads_no_caption_is_said_to(made):
    build = made()
    for k in range(4):
        hang(build, "laion-v2", 5.0 + k, 5.0 + k)
    said = STUDY.sentences(STUDY.analyse(build.evidence()))
    assert "LAION aesthetic v2 does not tell an artwork’s caption from another’s: it scores both the same." in said


def test_failed_cells_are_missing(made):
    build = made()
    hang(build, "hpsv3", 1.0, 0.0)
    item = build.picture("real_art")
    build.score(item, "hpsv3", **{"picture:prompt": None, "picture:shuffled": 0.0})
    findings = STUDY.analyse(build.evidence())
    assert (find(findings, "mean").n, find(findings, "mean").missing) == (1, 0.5)
    accuracy = find(findings, "accuracy", AGAINST)
    assert (accuracy.n, accuracy.missing) == (1, 0.5)
    assert "with the 1 missing all wrong or all right: 0.500 to 1.000" in accuracy.note


def test_styles_and_named_works(made):
    build = made()
    for k in range(4):
        hang(build, "hpsv3", float(k), style="cubism" if k < 2 else "baroque")
    hang(build, "hpsv3", 5.0, work="The Scream (Munch, 1893)")
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "mean", {"style": "cubism"}).estimate == 0.5
    assert find(findings, "mean", {"style": "baroque"}).estimate == 2.5
    scream = find(findings, "score", {"work": "The Scream (Munch, 1893)"})
    assert (scream.estimate, scream.low, scream.published.value) == (5.0, None, 5.23)
    assert "HPSv3 gives The Scream (Munch, 1893) 5.00." in STUDY.sentences(findings)
    hang(build, "hpsv3", 1.6, work="Grauer Tag (Grosz)")
    said = STUDY.sentences(STUDY.analyse(build.evidence()))
    assert "Of the 2 works with a name, HPSv3 gives Grauer Tag (Grosz) least: 1.60." in said


def test_two_sources_stay_apart_and_labelled_pictures_stay_out(made):
    build = made()
    item = hang(build, "hpsv3", 1.0)
    build.score(item, "hpsv3", "published", **{"picture:prompt": 3.0})
    build.score(build.picture("judge_validation"), "hpsv3", **{"picture:prompt": 99.0})
    findings = STUDY.analyse(build.evidence())
    assert find(findings, "mean").estimate == 1.0
    assert find(findings, "mean", {"source": "published"}).estimate == 3.0
    assert "published" in find(findings, "rank", {"source": "published"}).note


def test_artworks_in_contrasts_with_generated_pictures(made):
    build = made()
    for faithful, default in ((1.0, 0.0), (0.0, 1.0), (0.0, 2.0)):
        build.score(build.contrast("real_art"), "hpsv3", faithful=faithful, default=default)
    accuracy = find(STUDY.analyse(build.evidence()), "accuracy", {"against": "generated pictures"})
    assert accuracy.estimate == pytest.approx(1 / 3)


def test_charts_hang_the_artworks_among_the_quoted_models(made):
    build = made()
    for k in range(3):
        hang(build, "hpsv3", 5.0 + k, 4.0)
    charts = {c.name: c for c in STUDY.charts(STUDY.analyse(build.evidence()))}
    board = charts["real_art-board-hpsv3"]
    labels = [m.label for m in board.marks]
    assert labels.index("HunyuanDiT") < labels.index("Artworks") < labels.index("Stable Diffusion 3 Medium")
    assert [m.quoted for m in board.marks].count(False) == 1
    assert charts["real_art-relative"].lines == ((0.0, "last model"), (1.0, "first model"))
    assert charts["real_art-captions"].lines == ((0.5, "chance"),)


def test_from_a_ledger_every_artwork_is_owed_under_either_caption(ledger: Ledger, photo_bytes):
    captions = ("a red field", "a blue boat", "two trees")
    shas = [ledger.add_image(photo_bytes(k), f"{k}").sha256 for k in range(3)]
    for k, sha in enumerate(shas):
        words = {"prompt": captions[k], "shuffled": captions[(k + 1) % 3]}
        ledger.add_items([(Picture(id=str(k), study="real_art", prompts=words, images={"picture": sha}), "here")])
    adapter = ledger.register("scorer", "hpsv3", {}, {"name": "hpsv3"})
    owed = set(owed_cells(ledger, adapter).rows)
    wanted = {(sha, prompt_id(captions[(k + move) % 3])) for k, sha in enumerate(shas) for move in (0, 1)}
    assert owed == wanted
    run = ledger.begin_run("test", {})
    own = {(sha, prompt_id(captions[k])) for k, sha in enumerate(shas)}
    rows = [Answer(image, prompt, Outcome.OK, 5.86 if (image, prompt) in own else 1.0) for image, prompt in wanted]
    ledger.record_cells(run, adapter, rows)
    findings = STUDY.analyse(Evidence.read(ledger))
    assert find(findings, "mean").estimate == pytest.approx(5.86)
    assert find(findings, "rank").estimate == 10
    assert find(findings, "accuracy", AGAINST).estimate == 1.0
    assert find(findings, "margin", AGAINST).estimate == pytest.approx(4.86)


def test_no_artworks_no_findings(made):
    build = made()
    build.score(build.pair(), "hpsv3", oo=1.0)
    assert STUDY.analyse(build.evidence()) == []
    assert STUDY.sentences([]) == []
    assert STUDY.charts([]) == []
