"""Finding, reading and refusing checkpoints: local places, the hub's cache, gates, hostile and broken files."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import torch
from huggingface_hub import constants
from huggingface_hub import logging as hub_log
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RemoteEntryNotFoundError
from safetensors.torch import save_file
from torch import nn

from fauve.errors import WeightsMismatch, WeightsMissing
from fauve.models import weights
from fauve.models.weights import (
    Checkpoint,
    build_empty,
    file_hash,
    load_strictly,
    locate,
    read_module_pickle,
    read_tensors,
    read_tensors_or_module,
)

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.tensor([1.0, -1.0]).half()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(one[k], other[k]) and one[k].dtype == other[k].dtype for k in one
    )


class TestLocate:
    def test_a_file_is_taken_whatever_its_name(self, tmp_path: Path) -> None:
        file = tmp_path / "renamed.bin"
        file.touch()
        assert locate(str(file), ["model.safetensors"]) == file

    def test_a_folder_gives_the_preferred_file(self, tmp_path: Path) -> None:
        for name in ("b.pt", "a.pt"):
            (tmp_path / name).touch()
        assert locate(str(tmp_path), ["c.pt", "b.pt", "a.pt"]).name == "b.pt"

    @pytest.mark.parametrize("source", ["no/such/place", "./missing", "nothing", "folder/weights.pt", "a b/c", ""])
    def test_a_place_that_is_not_there_is_said_to_be_none(self, source: str) -> None:
        with pytest.raises(WeightsMissing, match=r"mine: (there is no file or folder|no weights are named)"):
            locate(source, ["x.pt"], name="mine")

    def test_a_folder_without_the_file_names_what_was_looked_for(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsMissing, match=r"none of one\.pt, two\.pt"):
            locate(str(tmp_path), ["one.pt", "two.pt"])

    def test_offline_the_cache_is_searched_and_the_remedy_named(self) -> None:
        with pytest.raises(WeightsMissing, match=r"hf download someone/model x\.pt"):
            locate("someone/model", ["x.pt"], name="mine")

    def test_the_cache_is_used_without_asking_the_hub(self, hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        cached = in_cache(hub_cache, "someone/model", "x.pt", b"weights")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(weights, "_download", lambda *a, **k: pytest.fail("asked the hub"))
        assert locate("someone/model", ["missing.pt", "x.pt"]) == cached
        assert locate("someone/model", ["x.pt"], "main") == cached

    def test_a_gate_says_where_to_accept_the_licence(self, hub: Hub) -> None:
        hub.raises = GatedRepoError("gated", response=response(403))
        with pytest.raises(WeightsMissing, match=r"gated.*huggingface\.co/someone/model.*hf auth login"):
            locate("someone/model", ["x.pt"])

    def test_no_network_is_not_taken_for_a_missing_file(self, hub: Hub) -> None:
        hub.raises = LocalEntryNotFoundError("no connection")
        with pytest.raises(WeightsMissing, match="could not be reached"):
            locate("someone/model", ["x.pt", "y.pt"])

    def test_the_tries_of_the_hub_library_are_not_told_one_by_one(self, hub: Hub) -> None:
        theirs = hub_log.get_logger("huggingface_hub.utils._http")
        hub.on_asking = lambda: heard.append(theirs.isEnabledFor(logging.WARNING))
        heard: list[bool] = []
        before = theirs.isEnabledFor(logging.WARNING)
        hub.raises = LocalEntryNotFoundError("no connection")
        with pytest.raises(WeightsMissing, match="could not be reached"):
            locate("someone/model", ["x.pt"])
        assert (before, heard, theirs.isEnabledFor(logging.WARNING)) == (True, [False], True)

    def test_the_hub_is_asked_for_each_file_in_turn(self, hub: Hub, tmp_path: Path) -> None:
        hub.files = {"second.pt": tmp_path / "second.pt"}
        assert locate("someone/model", ["first.pt", "second.pt"]) == tmp_path / "second.pt"
        assert hub.asked == ["first.pt", "second.pt"]
        with pytest.raises(WeightsMissing, match=r"holds none of third\.pt"):
            locate("someone/model", ["third.pt"])

    def test_shards_are_fetched_with_their_index(self, hub: Hub, tmp_path: Path) -> None:
        index = tmp_path / "m.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}))
        hub.files = {name: tmp_path / name for name in (index.name, "m-1.safetensors", "m-2.safetensors")}
        locate("someone/model", [index.name])
        assert hub.asked == [index.name, "m-1.safetensors", "m-2.safetensors"]


class TestCheckpoint:
    def test_identity_is_the_hash_once_the_file_is_here_and_the_source_before(self, tmp_path: Path) -> None:
        known = Checkpoint("mine", "someone/model", ("x.pt",), "v1").identity()
        assert known == {"weights": "someone/model", "files": ["x.pt"], "revision": "v1"}
        (tmp_path / "x.pt").write_bytes(b"abc")
        here = Checkpoint("mine", str(tmp_path), ("x.pt",)).identity()
        assert here == {"weights_sha256": hashlib.sha256(b"abc").hexdigest()}
        assert str(tmp_path) not in json.dumps(here)

    def test_what_is_not_on_the_hub_says_where_to_get_it(self) -> None:
        with pytest.raises(WeightsMissing, match=r"mine: its weights are not on the hub\. Get x\.pt from their site"):
            Checkpoint("mine", "", ("x.pt",), origin="their site").path()

    def test_a_companion_lies_beside_a_file_too(self, tmp_path: Path) -> None:
        (tmp_path / "x.pt").touch()
        (tmp_path / "config.json").touch()
        checkpoint = Checkpoint("mine", str(tmp_path / "x.pt"), ("model.pt",))
        assert checkpoint.companion("other.json", "config.json") == tmp_path / "config.json"
        assert checkpoint.companion("other.json") is None

    def test_a_changed_file_has_another_hash(self, tmp_path: Path) -> None:
        file = tmp_path / "x.pt"
        file.write_bytes(b"one")
        first = file_hash(file)
        file.write_bytes(b"two")
        os.utime(file, ns=(1, 1))
        assert file_hash(file) == hashlib.sha256(b"two").hexdigest() != first


class TestRead:
    def test_safetensors(self, tmp_path: Path) -> None:
        save_file(TENSORS, tmp_path / "w.safetensors")
        assert same(read_tensors(tmp_path / "w.safetensors"), TENSORS)

    @pytest.mark.parametrize("nest", [(), ("state_dict",), ("model",), ("module", "state_dict")])
    @pytest.mark.parametrize("zipped", [True, False])
    def test_pickles_of_tensors_out_of_their_wrappers(
        self, tmp_path: Path, nest: tuple[str, ...], zipped: bool
    ) -> None:
        content: dict[str, object] = dict(TENSORS)
        for key in reversed(nest):
            content = {"epoch": 3, key: content}
        torch.save(content, tmp_path / "w.pt", _use_new_zipfile_serialization=zipped)
        assert same(read_tensors(tmp_path / "w.pt"), TENSORS)

    def test_shards(self, tmp_path: Path) -> None:
        for number, key in enumerate(TENSORS):
            save_file({key: TENSORS[key]}, tmp_path / f"{number}.safetensors")
        index = tmp_path / "w.safetensors.index.json"
        index.write_text(json.dumps({"weight_map": {k: f"{n}.safetensors" for n, k in enumerate(TENSORS)}}))
        assert same(read_tensors(index), TENSORS)
        first = file_hash(index)
        save_file({"a.weight": TENSORS["a.weight"] + 1}, tmp_path / "0.safetensors")
        assert file_hash(index) != first

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"<!DOCTYPE html><html>Sign in</html>", "web page"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab", "git-lfs"),
            (b"just some text, not weights at all, of some length", "cannot be read as a checkpoint"),
            (b"\x80\x02}q\x00.", "dictionary of tensors|cannot be read"),
            (b"PK\x03\x04 broken archive", "cannot be read as a checkpoint"),
        ],
    )
    def test_what_is_no_checkpoint_is_named(self, tmp_path: Path, content: bytes, said: str) -> None:
        file = tmp_path / "w.pt"
        file.write_bytes(content)
        with pytest.raises(WeightsMismatch, match=said):
            read_tensors(file)

    @pytest.mark.parametrize("form", ["w.safetensors", "w.pt"])
    def test_a_file_that_breaks_off_is_named(self, tmp_path: Path, form: str) -> None:
        file = tmp_path / form
        big = {"a": torch.zeros(1000)}
        save_file(big, file) if form.endswith("safetensors") else torch.save(big, file)
        file.write_bytes(file.read_bytes()[:-500])
        with pytest.raises(WeightsMismatch, match=r"cut short: fetch it again"):
            read_tensors(file)

    def test_a_dictionary_of_other_things_is_no_checkpoint(self, tmp_path: Path) -> None:
        torch.save({"lr": 0.1, "steps": [1, 2]}, tmp_path / "w.pt")
        with pytest.raises(WeightsMismatch, match="no dictionary of tensors"):
            read_tensors(tmp_path / "w.pt")


class Hostile:
    """A pickle of this makes a file when it is opened the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self.path,)


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.register_buffer("kept", torch.arange(4))
        self.register_buffer("transient", torch.arange(9), persistent=False)
        self.register_parameter("nothing", None)
        self.kind = {1, 2}
        self.path = Path("somewhere")


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Inner(), Inner()])
        self.norm = nn.LayerNorm(3).half()
        self.turned = nn.Parameter(torch.randn(2, 2).bfloat16().T)
        self.tied = self.blocks[0].linear.weight


class TestModulePickles:
    def test_a_whole_module_gives_its_state_and_nothing_runs(self, tmp_path: Path) -> None:
        module = Outer()
        module.hook = Hostile(tmp_path / "made")
        torch.save(module, tmp_path / "m.pth")
        with pytest.raises(WeightsMismatch, match="could run code, so it was not opened"):
            read_tensors(tmp_path / "m.pth")
        assert same(read_module_pickle(tmp_path / "m.pth"), dict(module.state_dict()))
        assert not (tmp_path / "made").exists()

    def test_either_form_is_read_where_both_are_about(self, tmp_path: Path) -> None:
        module = Inner()
        torch.save(module, tmp_path / "whole.pth")
        torch.save(module.state_dict(), tmp_path / "state.pth")
        assert same(read_tensors_or_module(tmp_path / "whole.pth"), read_tensors_or_module(tmp_path / "state.pth"))

    def test_a_dictionary_with_strange_company_gives_its_tensors(self, tmp_path: Path) -> None:
        torch.save({"args": Hostile(tmp_path / "made"), "state_dict": TENSORS}, tmp_path / "m.pth")
        assert same(read_module_pickle(tmp_path / "m.pth"), TENSORS)
        assert not (tmp_path / "made").exists()

    @pytest.mark.parametrize("name", ["eval", "exec", "getattr", "__import__", "compile", "open"])
    def test_builtins_are_inert(self, tmp_path: Path, name: str) -> None:
        class Call:
            def __reduce__(self) -> tuple[object, ...]:
                return getattr(__import__("builtins"), name), (f"{tmp_path}/made", "w")

        torch.save({"state_dict": {"a": torch.ones(1)}, "x": Call()}, tmp_path / "m.pth")
        assert list(read_module_pickle(tmp_path / "m.pth")) == ["a"]
        assert not (tmp_path / "made").exists()

    def test_a_view_outside_of_its_storage_is_refused(self, tmp_path: Path) -> None:
        storage = tmp_path / "m.pth"
        torch.save(Inner(), storage)
        with zipfile.ZipFile(storage) as archive:
            entries = {i.filename: archive.read(i) for i in archive.infolist()}
        shrunk = {n: (d[:4] if "/data/" in n and len(d) > 4 else d) for n, d in entries.items()}
        with zipfile.ZipFile(storage, "w", zipfile.ZIP_STORED) as archive:
            for name, data in shrunk.items():
                archive.writestr(name, data)
        with pytest.raises(WeightsMismatch, match="cannot be read as a saved module"):
            read_module_pickle(storage)

    def test_a_compressed_archive_is_refused(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "m.pth", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("m/data.pkl", pickle.dumps({}))
        with pytest.raises(WeightsMismatch, match="compressed"):
            read_module_pickle(tmp_path / "m.pth")

    @pytest.mark.parametrize("content", [b"", b"PK", b"not a zip"])
    def test_no_archive_is_named(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "m.pth").write_bytes(content)
        with pytest.raises(WeightsMismatch, match="cannot be read as a saved module"):
            read_module_pickle(tmp_path / "m.pth")


class TestLoadStrictly:
    def state(self) -> dict[str, torch.Tensor]:
        return {k: torch.randn_like(v) if v.is_floating_point() else v for k, v in Inner().state_dict().items()}

    def test_an_empty_module_is_filled_and_keeps_its_transient_buffers(self) -> None:
        module = build_empty(Inner)
        assert module.linear.weight.is_meta
        state = self.state()
        load_strictly(module, state, name="mine")
        assert same(dict(module.state_dict()), state)
        assert torch.equal(module.transient, torch.arange(9))

    @pytest.mark.parametrize("key", ["linear.weight", "linear.bias", "kept"])
    def test_a_missing_head_is_named(self, key: str) -> None:
        state = self.state()
        del state[key]
        with pytest.raises(WeightsMismatch, match=f"mine: .*1 missing: {key}"):
            load_strictly(build_empty(Inner), state, name="mine")

    def test_a_key_too_many_and_a_wrong_shape_are_named(self) -> None:
        state = self.state() | {"extra": torch.ones(1), "linear.weight": torch.ones(3, 2)}
        with pytest.raises(WeightsMismatch) as raised:
            load_strictly(build_empty(Inner), state, name="mine")
        assert "1 not expected: extra" in str(raised.value)
        assert "linear.weight is (3, 2), not (2, 3)" in str(raised.value)

    def test_of_many_keys_the_first_few_are_named(self) -> None:
        with pytest.raises(WeightsMismatch, match=r"5 not expected: 0, 1, 2 and 2 more"):
            load_strictly(build_empty(Inner), self.state() | {str(n): torch.ones(1) for n in range(5)}, name="mine")


class Hub:
    """Stands for the hub: what it holds, what it raises, what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.raises: Exception | None = None
        self.asked: list[str] = []
        self.on_asking: Callable[[], None] = lambda: None

    def __call__(self, _source: str, file: str, *, revision: str | None, local_files_only: bool = False) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not cached")
        self.asked.append(file)
        self.on_asking()
        if self.raises is not None:
            raise self.raises
        if file not in self.files:
            raise RemoteEntryNotFoundError("404", response=response(404))
        return str(self.files[file])


def response(status: int) -> httpx2.Response:
    return httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    stand_in = Hub()
    monkeypatch.setattr(weights, "hf_hub_download", stand_in)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return stand_in


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def in_cache(cache: Path, repository: str, file: str, content: bytes) -> Path:
    """Put a file where the hub's client keeps what it has fetched."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    commit = "0" * 40
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    path = folder / "snapshots" / commit / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path
