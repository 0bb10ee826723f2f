"""A page for every scorer under test: its own findings, its card, and nothing published beside random weights."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from html import unescape
from typing import Any

from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.report.holdings import Source
from fauve.report.notices import notice, own_notice
from fauve.report.scorer_facts import card_rows, made_with

CARD = "scorer-imagereward-random-weights.html"


def text_of(page: str) -> str:
    """What a reader sees of a page, in one line."""
    shown = re.sub(r"<script.*?</script>|<head>.*?</head>", " ", page, flags=re.S)
    return unescape(" ".join(re.sub(r"<[^>]+>", "", shown).split()))


def test_models_and_callables_have_a_scorecard_controls_and_instruments_none(audited_site: Any) -> None:
    found = {path.name for path in audited_site.folder.glob("scorer-*.html")}
    assert found == {"scorer-hpsv3.html", "scorer-mine.html", CARD}
    for page in ("index.html", "methods.html"):
        assert all(f'href="{name}"' in audited_site.page(page) for name in found)


def test_a_scorecard_opens_with_its_finding_and_what_the_controls_did(audited_site: Any) -> None:
    page = audited_site.page("scorer-mine.html")
    (opening,) = re.findall(r"<h1>(.*?)</h1>", page, re.S)
    assert text_of(opening) == (
        "mine chose the picture that was asked for in 8 of 8 pairs by Nano Banana, more often than a coin would "
        "(95 % interval 68–100 %)."
    )
    assert "never reads the prompt, did so in 0 of 8 (95 % interval 0–32 %)" in text_of(page)
    assert "HPSv3, published" in page
    assert "of the 8 pairs that the headline counts and that show both pictures" in text_of(page)


def test_numbers_on_a_scorecard_are_those_of_the_findings(audited_site: Any) -> None:
    rows = list(csv.DictReader(io.StringIO((audited_site.folder / "tables/scorer-mine.csv").read_text())))
    mine = [f for f in audited_site.findings if f.scorer == "mine"]
    assert len(mine) > 10
    stated = [(f.study, f.metric, "" if f.estimate is None else repr(f.estimate)) for f in mine]
    assert [(row["study"], row["metric"], row["estimate"]) for row in rows] == stated


def test_dimensions_range_and_what_was_never_read_have_their_place(audited_site: Any) -> None:
    page = text_of(audited_site.page(CARD))
    for said in (
        "ImageReward (random weights) by what was asked for",
        "cut 2 of 8 requests short",
        "By its card it reads at most 35 tokens of a prompt.",
        "ImageReward (random weights) by what it read of the request",
        "gives pictures by Nano Banana 3.5 on average under their own captions",
    ):
        assert said in page


def test_the_range_of_a_published_model_stands_beside_the_published_range(audited_site: Any) -> None:
    page = text_of(audited_site.page("scorer-hpsv3.html"))
    assert "Published for Nano Banana: 12.1 ± 2.98." in page
    assert "HPSv3 chose the picture that was asked for in 0 of 8 pairs" in page
    assert "arXiv:2508.03789" in page
    assert "32 imported, source “published”" in page


def test_random_weights_are_announced_wherever_they_show_and_nothing_published_beside_them(audited_site: Any) -> None:
    for name in ("index.html", "gallery.html", "methods.html", "study-reward-classification.html", CARD):
        assert 'class="notice"' in audited_site.page(name), name
    for name in ("scorer-mine.html", "scorer-hpsv3.html"):
        assert 'class="notice"' not in audited_site.page(name), name
    page = audited_site.page(CARD)
    assert "say nothing about the published ImageReward" in text_of(page)
    assert not re.search("published", text_of(page).replace("the published ImageReward", ""), re.I)
    assert "ImageReward test" not in page
    assert not [f for f in audited_site.findings if f.scorer and f.scorer.endswith("(random weights)") and f.published]


def test_card_and_provenance_are_told(audited_site: Any) -> None:
    page = text_of(audited_site.page(CARD))
    for said in (
        "up to 35 tokens",
        "Apache-2.0",
        "arXiv:2304.05977",
        "ab" * 32,
        "float32",
        "cpu",
        "torch2.9",
        "this machine",
    ):
        assert said in page
    assert "random: drawn from a seed, never trained" in page


def test_facts_of_a_card() -> None:
    card = REWARD_CARDS["imagereward"].as_json()
    trained, untrained = dict(card_rows("imagereward", card)), dict(card_rows("imagereward (random weights)", card))
    assert trained["Weights"] == "THUDM/ImageReward"
    assert trained["Published accuracy on human preferences"] == "65 %, ImageReward test"
    assert trained["Direction"] == "higher is better"
    assert "Published accuracy on human preferences" not in untrained
    assert dict(card_rows("x", {"kind": "callable"}))["Licence"] == "none stated"
    assert "Weights" not in dict(card_rows("x", {"kind": "callable"}))


def test_runs_on_different_machines_are_both_told() -> None:
    sources = [Source("x", "computed", 3, 1), Source("x", "published", 2, 0)]
    rows = dict(made_with(sources, {"dtype": "bfloat16", "weights": "random"}, [{"device": "cpu"}, {"device": "cuda"}]))
    assert rows == {
        "Scores on file": "3 computed here and 1 without a value; 2 imported, source “published”",
        "Number format": "bfloat16",
        "Device": "cpu, cuda",
    }


def test_notices_name_the_models_and_are_silent_without_any() -> None:
    two = notice(["hpsv2.1 (random weights)", "imagereward (random weights)", "mine"])
    assert two.startswith("HPSv2.1 and ImageReward ran here with random weights")
    assert two.endswith("the published models.")
    drawn = ["flux-dev+vsf@2.0 (random weights)", "dance-flux~0.5 (paper preset) (random weights)", "sdxl"]
    both = notice(["hpsv2.1 (random weights)"], [*drawn, "flux-dev (random weights)"])
    assert both.startswith("HPSv2.1, DanceFlux and FLUX.1 dev ran here with random weights")
    assert notice(["hpsv3"], drawn[:1]).startswith("FLUX.1 dev ran here with random weights")
    assert notice(["hpsv3"], ["sdxl"]) == ""
    assert notice(["hpsv3", "random"]) == own_notice("hpsv3") == ""


def test_sentences_start_with_a_capital(audited_site: Any) -> None:
    texts = [path.read_text(encoding="utf-8") for path in audited_site.folder.glob("*.html")]
    assert any("olourfulness (instrument)" in text for text in texts)
    for text in texts:
        assert not re.search(r"<(p|li|h1)[^>]*>\s*colourfulness", text)


def test_tests_are_named_in_words(audited_site: Any) -> None:
    page = text_of(audited_site.page("study-reward-classification.html"))
    assert "(wilcox)" not in page
    assert "Wilcoxon’s signed-rank test" in page


def test_matplotlib_is_loaded_only_to_draw() -> None:
    code = "import sys, fauve.report, fauve.cli.study; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
