"""Face finders by name: of installed packages, or ``module:Name``."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from tests.engine.toy_painter import Corner

from fauve.errors import PluginError, UnknownName
from fauve.models import entry, face_finders

TARGET = "tests.engine.toy_painter:Corner"


def registered(monkeypatch: pytest.MonkeyPatch, name: str, target: str = TARGET) -> None:
    points = (EntryPoint(name, target, "fauve.face_finders"),)
    monkeypatch.setattr(entry, "installed", lambda group: points if group == "fauve.face_finders" else ())


def test_a_package_adds_a_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, "corner")
    assert list(face_finders.face_finders()) == ["llmdet", "corner"]
    made = face_finders.make_face_finder("corner", {"threshold": 0.9})
    assert isinstance(made, Corner)
    assert made.settings == {"threshold": 0.9}
    with pytest.raises(UnknownName, match=r"no face finder called 'korner'.*corner"):
        face_finders.make_face_finder("korner")


def test_module_and_name_always_work() -> None:
    assert isinstance(face_finders.make_face_finder(TARGET), Corner)
    with pytest.raises(PluginError, match="cannot be made with"):
        face_finders.make_face_finder(TARGET, {"size": 3})
    with pytest.raises(PluginError, match="does not import"):
        face_finders.make_face_finder("no_such_module:Finder")
    with pytest.raises(PluginError, match="is no face finder: it needs"):
        face_finders.make_face_finder("tests.engine.toy_painter:Painter")


def test_nobody_may_take_the_name_that_asks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, "none")
    with pytest.raises(PluginError, match="asks for none"):
        face_finders.make_face_finder("none")


def test_nobody_may_take_a_name_of_fauve(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, "llmdet")
    with pytest.raises(PluginError, match="one of Fauve's own"):
        face_finders.make_face_finder("llmdet")


def test_own_finders_are_made_without_their_weights() -> None:
    made = face_finders.make_face_finder("llmdet", {"threshold": 0.25})
    assert (made.card.name, made.card.hub_id) == ("llmdet", "iSEE-Laboratory/llmdet_large")
    assert made.settings["threshold"] == 0.25
    assert made.card == face_finders.FACE_FINDERS["llmdet"].card
    other = face_finders.make_face_finder("grounding:some/detector")
    assert (other.card.name, other.card.licence) == ("grounding:some/detector", None)
    assert other.settings["weights"] == "some/detector"
    with pytest.raises(PluginError, match="cannot be made with"):
        face_finders.make_face_finder("llmdet", {"treshold": 0.25})
