"""Faces by an open-vocabulary detector, against transformers' own pre- and post-processing on the same weights."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.models.finders.tiny_detectors import KINDS, drop_tensor, picture, reference, write_detector
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

from fauve.errors import ConfigError, InvalidOutput, ModelError, WeightsMismatch, WeightsMissing
from fauve.models.face_finders import make_face_finder
from fauve.models.finders.detector_pixels import DetectorPixels
from fauve.models.finders.grounding import GroundingFinder
from fauve.models.weights import RANDOM_MARK


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("detectors") / "tiny"
    return folder, write_detector(folder)


def finder(folder: Path, **options: Any) -> GroundingFinder:
    made = GroundingFinder("grounding:tiny", str(folder), **{"threshold": 0.0, **options})
    made.load("cpu", "float32")
    return made


def corners(box: Any) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def clipped(box: torch.Tensor, image: Image.Image) -> list[float]:
    left, top, right, bottom = box.tolist()
    return [max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_best_box_is_that_of_transformers(kind: str, tmp_path: Path) -> None:
    model = write_detector(tmp_path, kind, seed=3)
    images = [picture(1), picture(2, 120, 50), picture(3, 300, 40).convert("L")]
    places = []
    for image, box in zip(images, finder(tmp_path).find(images), strict=True):
        wanted = reference(model, tmp_path, image.convert("RGB"))
        assert box is not None
        assert box.score == pytest.approx(float(wanted["scores"][0]), abs=1e-5)
        assert corners(box) == pytest.approx(clipped(wanted["boxes"][0], image), abs=1e-3)
        assert wanted["scores"][0] > wanted["scores"][1]
        places.append(tuple(round(x) for x in corners(box)))
    assert len(set(places)) == len(images)
    assert "torchvision" not in sys.modules


def test_only_a_box_above_the_threshold_is_a_face(detector: tuple[Path, Any]) -> None:
    folder, model = detector
    image = picture(5)
    best = float(reference(model, folder, image)["scores"][0])
    found = [finder(folder, threshold=t).find([image])[0] for t in (0.0, best - 1e-3, best + 1e-3, 1.0)]
    assert [box is not None for box in found] == [True, True, False, False]


def test_a_margin_widens_the_box_and_stays_inside_the_picture(detector: tuple[Path, Any]) -> None:
    folder, model = detector
    image = picture(6)
    left, top, right, bottom = reference(model, folder, image)["boxes"][0].tolist()
    wide, high = 0.25 * (right - left), 0.25 * (bottom - top)
    (box,) = finder(folder, margin=0.25).find([image])
    wider = torch.tensor([left - wide, top - high, right + wide, bottom + high])
    assert corners(box) == pytest.approx(clipped(wider, image), abs=1e-3)
    left, top, right, bottom = corners(finder(folder, margin=10).find([image])[0])
    assert 0 <= left < right <= image.width
    assert 0 <= top < bottom <= image.height
    assert (right - left) * (bottom - top) > (box.right - box.left) * (box.bottom - box.top)


def test_the_phrase_decides(detector: tuple[Path, Any]) -> None:
    folder, model = detector
    image = picture(7)
    (plain,), (other,), (shouted,) = (
        finder(folder, phrase=p).find([image]) for p in ("a face", "face a", " A  FACE. ")
    )
    assert shouted == plain
    assert other.score != plain.score
    assert other.score == pytest.approx(float(reference(model, folder, image, "face a.")["scores"][0]), abs=1e-5)


def test_settings_are_complete_before_loading(detector: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = detector
    made = make_face_finder(f"grounding:{folder}", {"threshold": 0.3, "margin": 0.1})
    made.check()  # type: ignore[attr-defined]
    before = dict(made.settings)
    made.load("cpu", "float32")
    assert dict(made.settings) == before
    assert made.card.name == "grounding:tiny"
    assert (before["phrase"], before["threshold"], before["margin"]) == ("a face.", 0.3, 0.1)
    assert {"weights_sha256", "config_sha256", "preprocessing_sha256", "vocabulary_sha256"} <= before.keys()
    assert str(folder) not in json.dumps({**before, **made.provenance, **made.card.as_json()})  # type: ignore[attr-defined]
    write_detector(tmp_path, seed=1)
    other = GroundingFinder("grounding:tiny", str(tmp_path)).settings
    assert other["weights_sha256"] != before["weights_sha256"]
    assert other["config_sha256"] == before["config_sha256"]


def test_weights_that_were_never_trained_say_so(tmp_path: Path) -> None:
    write_detector(tmp_path)
    assert "weights" not in GroundingFinder("grounding:x", str(tmp_path)).settings
    (tmp_path / RANDOM_MARK).touch()
    assert GroundingFinder("grounding:x", str(tmp_path)).settings["weights"] == "random"


def test_half_precision_finds_nearly_the_same_box(detector: tuple[Path, Any]) -> None:
    folder, _ = detector
    full, half = finder(folder), GroundingFinder("grounding:tiny", str(folder), threshold=0.0)
    half.load("cpu", "bf16")
    assert half.settings["dtype"] == "bfloat16"
    (one,), (other,) = full.find([picture(8)]), half.find([picture(8)])
    assert other.score == pytest.approx(one.score, abs=0.03)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"phrase": " . "}, "what to look for"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"margin": -0.1}, "margin"),
        ({"margin": float("nan")}, "margin"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        GroundingFinder(**options)


def test_a_phrase_that_the_detector_cannot_read_whole_is_refused(detector: tuple[Path, Any]) -> None:
    with pytest.raises(ConfigError, match=r"has 23 tokens.*reads 16"):
        finder(detector[0], phrase="face " * 20)


def test_it_must_be_loaded_first() -> None:
    with pytest.raises(ModelError, match="not loaded"):
        GroundingFinder().find([picture(1)])


def test_values_that_are_no_numbers_are_no_answer(detector: tuple[Path, Any]) -> None:
    made = finder(detector[0])
    for weight in made._host.bbox_embed.parameters():
        weight.data.fill_(float("nan"))
    with pytest.raises(InvalidOutput, match="no numbers"):
        made.find([picture(1)])


@pytest.mark.parametrize("ending", ["bbox_embed.1.layers.0.weight", "relative_position_bias_table"])
def test_missing_weights_are_not_drawn_at_random(tmp_path: Path, ending: str) -> None:
    write_detector(tmp_path)
    drop_tensor(tmp_path, ending)
    with pytest.raises(WeightsMismatch, match="missing"):
        finder(tmp_path)


def test_weights_of_other_sizes_and_other_models_are_refused(tmp_path: Path) -> None:
    write_detector(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "encoder_ffn_dim": 40}))
    with pytest.raises(WeightsMismatch, match="does not hold the weights"):
        finder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "decoder_layers": 1}))
    with pytest.raises(WeightsMismatch, match="does not hold the weights"):
        finder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "owlvit"}))
    with pytest.raises(WeightsMismatch, match="'owlvit'"):
        finder(tmp_path)
    (tmp_path / "config.json").write_text("<!doctype html>")
    with pytest.raises(WeightsMismatch, match="no JSON"):
        finder(tmp_path)


def test_what_is_missing_is_named_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_detector(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsMissing, match="preprocessor_config"):
        GroundingFinder("grounding:x", str(tmp_path)).check()
    monkeypatch.setattr("fauve.models.weights.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsMissing, match="iSEE-Laboratory/llmdet_large"):
        make_face_finder("llmdet").check()  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(60, 90), (90, 60), (160, 96), (96, 96), (500, 50), (50, 500), (33, 33), (97, 31)])
def test_pixels_are_those_of_transformers(detector: tuple[Path, Any], size: tuple[int, int]) -> None:
    folder, _ = detector
    image = picture(9, *size)
    wanted = GroundingDinoImageProcessorPil.from_pretrained(folder)(images=image, return_tensors="pt")["pixel_values"]
    steps = DetectorPixels.from_json(json.loads((folder / "preprocessor_config.json").read_text()), "x")
    seen = steps(image)[None]
    assert seen.shape == wanted.shape
    assert float((seen - wanted).abs().max()) < 1e-6
    # the published sides, on sizes alone
    height, width = GroundingDinoImageProcessorPil()(images=image, return_tensors="pt")["pixel_values"].shape[-2:]
    assert DetectorPixels().size(*size) == (width, height)


@pytest.mark.parametrize(
    "change",
    [{"do_resize": False}, {"pad_size": {"height": 9, "width": 9}}, {"size": {"height": 9, "width": 9}}, {"size": 5}],
)
def test_other_preprocessing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(WeightsMismatch, match="none that is known"):
        DetectorPixels.from_json({"size": {"shortest_edge": 8, "longest_edge": 9}, **change}, "x")
