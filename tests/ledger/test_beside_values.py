"""What is filed beside values: token counts of prompts, and what a model was run with."""

from __future__ import annotations

from fauve.ledger import Ledger, prompt_id
from fauve.ledger.queries import prompt_tokens, provenance
from fauve.records import PromptPair


def pair(name: str, original: str, anti: str) -> PromptPair:
    images = {"original": None, "anti": None}
    return PromptPair(name, "g", prompts={"original": original, "anti": anti}, images=images)


def test_token_counts_come_back_for_every_item_that_has_the_prompt(ledger: Ledger) -> None:
    ledger.add_items([(pair("1", "a cat", "a cat, blurred"), "1"), (pair("2", "a cat", "a cat, dark"), "2")])
    adapter = ledger.register("scorer", "short", {}, {})
    counts = [(prompt_id("a cat"), 4, False), (prompt_id("a cat, blurred"), 80, True)]
    ledger.record_tokens(adapter, counts)
    ledger.record_tokens(adapter, counts)  # the same again changes nothing
    assert prompt_tokens(ledger).rows() == [
        (1, "anti", prompt_id("a cat, blurred"), "short", 80, True),
        (1, "original", prompt_id("a cat"), "short", 4, False),
        (2, "original", prompt_id("a cat"), "short", 4, False),
    ]


def test_counts_of_a_model_with_other_settings_are_not_mixed_in(ledger: Ledger) -> None:
    ledger.add_items([(pair("1", "a cat", "a cat, blurred"), "1")])
    old = ledger.register("scorer", "short", {"limit": 35}, {})
    ledger.record_tokens(old, [(prompt_id("a cat"), 4, True)])
    new = ledger.register("scorer", "short", {"limit": 77}, {})
    ledger.record_tokens(new, [(prompt_id("a cat"), 4, False)])
    assert prompt_tokens(ledger)["truncated"].to_list() == [False]


def test_provenance_is_kept_for_each_run(ledger: Ledger) -> None:
    adapter = ledger.register("scorer", "short", {}, {})
    for device in ("cpu", "cuda"):
        ledger.record_provenance(ledger.begin_run("run", {}), adapter, {"device": device})
    assert provenance(ledger, adapter) == [{"device": "cpu"}, {"device": "cuda"}]
