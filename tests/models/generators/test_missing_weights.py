"""What a generator without its weights says: what to accept, what to download, what to give instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError

from fauve.errors import WeightsMissing
from fauve.models import weights
from fauve.models.generators.local import LocalGenerator
from fauve.models.generators.systems import SYSTEMS


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(weights, "_cached", lambda *_: None)  # whatever this machine may hold


def said(name: str, **options: Any) -> str:
    with pytest.raises(WeightsMissing) as caught:
        LocalGenerator(name, **options).check()
    return str(caught.value)


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_it_names_the_whole_pipeline_its_size_and_what_to_accept(name: str) -> None:
    system, told = SYSTEMS[name], said(name)
    assert told.startswith(f"{name}: {system.hub_id} is not on this machine.")
    assert f"`hf download {system.hub_id}` (about {system.memory_gb:g} GB)" in told
    assert ("Accept its licence at https://huggingface.co/" in told) is system.gated
    assert "a folder that holds model_index.json and its components" in told


def test_a_pinned_revision_is_in_the_command() -> None:
    assert "`hf download stabilityai/stable-diffusion-xl-base-1.0 --revision 46a`" in said("sdxl", revision="46a")


def test_a_folder_that_is_no_pipeline_is_named(tmp_path: Path) -> None:
    told = said("flux-dev", weights=str(tmp_path))
    assert "has no model_index.json, so it is no pipeline. Give as `weights` a folder that holds one." in told
    assert "no file or folder" in said("flux-dev", weights=str(tmp_path / "nowhere"))


def test_what_the_hub_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    class Response:
        headers: dict[str, str] = {}
        status_code = 403
        request = None

    def gated(*_: Any) -> None:
        raise GatedRepoError("gated", response=Response())  # type: ignore[arg-type]

    monkeypatch.setattr(weights, "_fetch", gated)
    assert "is gated. Accept its licence at" in said("flux-dev")
    assert "hf auth login" in said("flux-dev")

    def gone(*_: Any) -> None:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(weights, "_fetch", gone)
    told = said("pref-flux")
    assert "is not on this machine, and the hub could not be reached (LocalEntryNotFoundError)." in told
    assert "`hf download CodeGoat24/FLUX.1-dev-PrefGRPO` (about 33.7 GB)" in told
