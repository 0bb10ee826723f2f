"""Where an item came from: by the credit of its pictures, or the prompts that it answers."""

from __future__ import annotations

from fauve.ledger import Ledger
from fauve.ledger.importing.datasets.catalogue import CREDIT, DATASETS
from fauve.ledger.origins import CREDITED, PROMPT_SET, origins
from fauve.records import PromptPair


def pair(name, images, groups=None):
    prompts = {"original": f"thing {name}", "anti": f"a blurred thing {name}"}
    item = PromptPair(id=name, generator="sdxl", prompts=prompts, images=images, groups=groups or {})
    return item, name


def test_the_mark_is_that_of_the_import():
    assert CREDIT.format(hub_id="") == CREDITED


def test_credits_first_then_the_set_of_prompts(tmp_path, photo_bytes):
    nothing = {"original": None, "anti": None}
    asked = {PROMPT_SET: DATASETS["prompts"].hub_id}
    with Ledger(tmp_path, write=True) as ledger:
        theirs = ledger.add_image(photo_bytes(0), "a", CREDIT.format(hub_id="somebody/pictures")).sha256
        mine = ledger.add_image(photo_bytes(1), "b", "me").sha256
        ledger.add_items(
            [
                pair("imported", {"original": mine, "anti": theirs}),
                pair("made", {"original": mine, "anti": mine}, asked),
                pair("own", {"original": mine, "anti": mine}, {"photo": "x"}),
                pair("empty", nothing),
                pair("both", {"original": theirs, "anti": None}, asked),
            ]
        )
        found = origins(ledger).rows()
    assert found == [(1, "somebody/pictures"), (2, "weathon/anti_aesthetics_dataset"), (5, "somebody/pictures")]
