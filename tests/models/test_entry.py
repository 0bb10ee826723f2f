"""Names of any kind of model: registered ones, those of packages, and what a name must lead to."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fauve.errors import PluginError, UnknownName
from fauve.models import entry
from fauve.models.entry import Entry, Kind

HERE = "tests.models.test_entry"
KIND = Kind("bell ringer", ("card", "ring"))
OWN = {"big": Entry("big", f"{HERE}:Bell", {"size": 3})}


class Bell:
    card = "a bell"

    def __init__(self, size: int = 1) -> None:
        self.size = size

    def ring(self) -> str:
        return "ding" * self.size


class Costly(Bell):
    @property
    def card(self) -> str:
        raise AssertionError("nobody has asked for it")


def ready_made(sheet: object) -> object:
    return sheet


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    points: list[EntryPoint] = []
    monkeypatch.setattr(entry, "installed", lambda group: tuple(p for p in points if p.group == group))
    return points


def test_packages_stand_behind_fauves_own_and_may_not_take_their_names(packages: list[EntryPoint]) -> None:
    packages.append(EntryPoint("small", f"{HERE}:Bell", KIND.group))
    packages.append(EntryPoint("odd", f"{HERE}:Bell", "fauve.others"))
    assert KIND.group == "fauve.bell_ringers"
    assert list(KIND.registered(OWN)) == ["big", "small"]
    packages.append(EntryPoint("big", f"{HERE}:Bell", KIND.group))
    with pytest.raises(PluginError, match="registers a bell ringer called 'big', which is one of Fauve's own"):
        KIND.registered(OWN)


def test_a_name_with_a_colon_is_read_and_any_other_must_be_known() -> None:
    def read(name: str) -> Entry:
        return Entry(name, name)

    assert KIND.find("big", OWN, read) is OWN["big"]
    assert KIND.find("module:Name", OWN, read).target == "module:Name"
    with pytest.raises(UnknownName, match=r"no bell ringer called 'bigg'.*big"):
        KIND.find("bigg", OWN, read)
    with pytest.raises(UnknownName, match=r"Did you mean 'silent'"):
        KIND.find("silnt", OWN, read, ["silent"])


def test_options_of_ones_own_go_over_those_of_the_entry() -> None:
    assert KIND.make(OWN["big"]).ring() == "dingdingding"
    assert KIND.make(OWN["big"], {"size": 1}).ring() == "ding"
    with pytest.raises(PluginError, match=r"there is no option 'sise'\. Did you mean 'size'"):
        KIND.make(OWN["big"], {"sise": 1})


def test_parts_are_looked_for_and_never_evaluated() -> None:
    assert isinstance(KIND.make(Entry("costly", f"{HERE}:Costly")), Costly)
    with pytest.raises(PluginError, match=r"which is no bell ringer: it needs `card` and `ring`"):
        KIND.make(Entry("none", f"{HERE}:ready_made"))
    with pytest.raises(UnknownName, match=r"Bell"):
        KIND.make(Entry("none", f"{HERE}:Bel"))


def test_a_folder_is_shown_by_its_own_name_and_a_hub_id_whole(tmp_path: object) -> None:
    assert entry.shown_source("owner/model") == "owner/model"
    assert entry.shown_source(str(tmp_path)) == str(tmp_path).rpartition("/")[2]
