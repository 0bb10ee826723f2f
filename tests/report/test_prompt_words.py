"""Words of prompts: which tell a dimension apart, how they are counted and sized, and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauve.ledger import Ledger
from fauve.prompts import shipped_pairs
from fauve.records import PromptPair
from fauve.report.pages import environment
from fauve.report.prompt_words import PAGE, clouds, words_context, words_csv
from fauve.report.site import POLICY
from fauve.studies import Evidence

NOTHING = {"original": None, "anti": None}


@pytest.fixture
def told(tmp_path: Path):
    """The clouds of pairs (caption, anti prompt, dimensions, groups)."""

    def make(rows, generator="sdxl"):
        with Ledger(tmp_path / "run", write=True) as ledger:
            pairs = [
                PromptPair(str(n), generator, {"original": po, "anti": pa}, NOTHING, tuple(names), groups)
                for n, (po, pa, names, groups) in enumerate(rows)
            ]
            ledger.add_items((pair, "here") for pair in pairs)
            return clouds(ledger, Evidence.read(ledger))

    return make


def planted(dimension="clarity", other="richness", count=20, groups=None):
    for n in range(count):
        yield f"A dog number {n} runs.", f"Blurred grass: a dog number {n} runs.", [dimension], groups or {}
        yield f"A cat number {n} sits.", f"Bare grass: a cat number {n} sits.", [other], groups or {}


def test_a_word_stands_under_the_dimension_that_it_tells_apart(told):
    found = {cloud.name: cloud for cloud in told(planted())}
    assert [word.text for word in found["clarity"].words] == ["blurred"]
    assert [word.text for word in found["richness"].words] == ["bare"]
    assert (found["clarity"].prompts, found["clarity"].words[0].prompts) == (20, 20)


def test_words_of_the_caption_and_words_of_all_prompts_are_none_of_the_request(told):
    found = {cloud.name: {word.text for word in cloud.words} for cloud in told(planted())}
    assert not {"dog", "grass", "runs"} & found["clarity"]
    assert {"dog", "cat", "runs"} <= found[""]


def test_a_prompt_that_several_generators_answered_counts_once(tmp_path):
    with Ledger(tmp_path / "run", write=True) as ledger:
        for generator in ("sdxl", "sd3.5-m"):
            rows = enumerate(planted())
            ledger.add_items(
                (PromptPair(str(n), generator, {"original": po, "anti": pa}, NOTHING, tuple(names)), "here")
                for n, (po, pa, names, _) in rows
            )
        found = clouds(ledger, Evidence.read(ledger))
    assert [cloud.prompts for cloud in found] == [40, 20, 20]


def test_one_wording_is_counted_and_neutral_prompts_are_none(told):
    template = [(po, pa.replace("Blurred", "Fuzzy"), names, {"wording": "template"}) for po, pa, names, _ in planted()]
    neutral = [(po, f"Shown here: {po}", [], {"wording": "neutral"}) for po, _, _, _ in planted()]
    found = {cloud.name: cloud for cloud in told([*planted(), *template, *neutral])}
    assert [word.text for word in found["clarity"].words] == ["blurred"]
    assert found[""].prompts == 40


def test_few_prompts_and_chance_tell_nothing_apart(told):
    assert [cloud.name for cloud in told(planted(count=4))] == [""]


def test_no_texts_and_stimuli_have_no_page(told, tmp_path):
    assert told(planted(), generator="stimuli") == []
    with Ledger(tmp_path / "other", write=True) as ledger:
        ledger.add_items([(PromptPair("1", "sdxl", {"original": None, "anti": None}, NOTHING, ("clarity",)), "here")])
        assert clouds(ledger, Evidence.read(ledger)) == []


def test_the_shipped_prompts_have_words_of_their_own_for_every_dimension(told):
    found = {c.name: c for c in told((p.original, p.anti, p.dimensions, p.groups) for p in shipped_pairs())}
    assert len(found) == 12
    told_apart = {name: {word.text for word in cloud.words} for name, cloud in found.items()}
    assert {"blurred", "focus"} & told_apart["clarity"]
    assert "grain" in told_apart["detail refinement"]
    assert all(len(words) >= 5 for words in told_apart.values())
    sizes = [word.step for cloud in found.values() for word in cloud.words]
    assert set(sizes) <= set(range(1, 8))
    for cloud in found.values():
        held = {word.prompts: word.step for word in cloud.words}
        assert [held[count] for count in sorted(held)] == sorted(held.values()), "a larger count is never smaller"


def test_the_page_can_be_read_aloud_and_runs_nothing(told):
    rows = [(po, pa.replace("Blurred", "<b>Blurred</b>"), names, groups) for po, pa, names, groups in planted()]
    templates = environment()
    templates.globals |= {"policy": POLICY, "version": "0", "nav": [(PAGE, "Words")]}
    page = templates.get_template(PAGE).render(here=PAGE, notice="", **words_context(told(rows)))
    assert 'aria-label="Words of prompts that ask for clarity"' in page
    assert '<span class="unseen"> of 20 prompts</span>' in page
    assert "<b>" not in page
    assert " style=" not in page
    assert "blurred all over: edges cannot be found" in page


def test_the_csv_has_every_word_shown(told):
    found = told(planted())
    lines = words_csv(found).splitlines()
    assert lines[0] == "dimension,word,prompts,of"
    assert "clarity,blurred,20,20" in lines
    assert len(lines) == 1 + sum(len(cloud.words) for cloud in found)
