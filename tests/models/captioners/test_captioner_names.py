"""Captioners by name, and what a caption is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint

import pytest
from PIL.Image import Image

from fauve.errors import PluginError, UnknownName
from fauve.models import entry
from fauve.models.captioners import CAPTIONERS, Captioned, captioners, make_captioner
from fauve.models.cards import ModelCard
from fauve.records import Outcome

HERE = "tests.models.captioners.test_captioner_names"


class Sizes:
    """Says how large a picture is."""

    card = ModelCard(name="sizes", kind="captioner", summary="test")
    settings = {"version": 1}

    def load(self, device: str, dtype: str) -> None: ...

    def caption(self, images: Sequence[Image]) -> list[Captioned]:
        return [Captioned(Outcome.OK, f"A picture of {image.width} pixels.") for image in images]


def test_own_captioners_are_made_without_their_weights() -> None:
    for name, hub_id in (
        ("blip-caption-l", "Salesforce/blip-image-captioning-large"),
        ("blip-caption-b", "Salesforce/blip-image-captioning-base"),
    ):
        made = make_captioner(name)
        assert (made.card, made.card.hub_id) == (CAPTIONERS[name].card, hub_id)
    own = make_captioner("blip-caption:some/blip")
    assert (own.card.name, own.card.licence, own.settings["weights"]) == ("blip-caption:some/blip", None, "some/blip")
    chat = make_captioner("chat:mine", {"base_url": "http://127.0.0.1:9/v1"})
    assert (chat.card.name, chat.card.kind) == ("chat:mine", "captioner")


def test_a_package_adds_one_and_module_and_name_always_work(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("sizes", f"{HERE}:Sizes", "fauve.captioners")
    monkeypatch.setattr(entry, "installed", lambda group: (point,) if group == "fauve.captioners" else ())
    assert list(captioners()) == [*CAPTIONERS, "sizes"]
    assert make_captioner("sizes").card.name == "sizes"
    assert make_captioner(f"{HERE}:Sizes").card.name == "sizes"
    with pytest.raises(UnknownName, match=r"no captioner called 'blib-caption-l'.*blip-caption-l"):
        make_captioner("blib-caption-l")
    with pytest.raises(PluginError, match="is no captioner: it needs"):
        make_captioner("tests.engine.toy_painter:Painter")
    with pytest.raises(PluginError, match="cannot be made with"):
        make_captioner("blip-caption-l", {"beems": 3})
    clash = EntryPoint("blip-caption-l", f"{HERE}:Sizes", "fauve.captioners")
    monkeypatch.setattr(entry, "installed", lambda group: (clash,))
    with pytest.raises(PluginError, match="one of Fauve's own"):
        captioners()


def test_a_caption_belongs_to_ok_alone() -> None:
    for outcome, caption in ((Outcome.OK, None), (Outcome.OK, ""), (Outcome.REFUSED, "A dog.")):
        with pytest.raises(ValueError, match="belongs to ok alone"):
            Captioned(outcome, caption)


def test_names_load_no_torch() -> None:
    code = "import sys, fauve.models.captioners, fauve.models.face_finders; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
