"""Stimuli as a folder of their own: pictures and a ``pairs.jsonl`` that ``fauve import pairs`` takes anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from fauve.engine.stimuli import Base, StimulusJob, render
from fauve.errors import ConfigError, DataError
from fauve.imaging import decode_file, encode_png, thumbnail
from fauve.keys import digest_bytes, seed_from
from fauve.records import PromptPair
from fauve.settings import StimuliSettings
from fauve.stimuli import EFFECTS
from fauve.stimuli.pairs import stimulus_pair

__all__ = ["caption_of", "read_base", "write_stimuli"]


def caption_of(path: Path) -> str:
    """The text of ``NAME.txt`` beside the picture, else the file's name read as words."""
    beside = path.with_suffix(".txt")
    if beside.is_file():
        text = " ".join(beside.read_text(encoding="utf-8").split())
        if text:
            return text
        raise DataError(f"{beside} is empty; write what the picture shows, or remove it")
    return path.stem.replace("_", " ").replace("-", " ")


def read_base(path: Path, longer_side: int, caption: str | None = None) -> Base:
    """A picture from a file, scaled down to ``longer_side`` where it is larger.

    Raises:
        ImageRejected: it is no usable picture.
    """
    picture, _, _ = decode_file(path, str(path))
    return Base(path.stem, caption or caption_of(path), np.array(thumbnail(picture, longer_side)))


def write_stimuli(bases: Sequence[Base], settings: StimuliSettings, out: Path) -> int:
    """Write every picture under every effect at every strength, and ``pairs.jsonl``; returns the number of pairs.

    Raises:
        ConfigError: two pictures share a name, or ``out`` holds stimuli already.
    """
    names = [base.name for base in bases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"several pictures are called {', '.join(twice)}; rename them, as the name becomes the id")
    table = out / "pairs.jsonl"
    if table.exists():
        raise ConfigError(f"{table} exists; choose another --out, or remove it")
    out.mkdir(parents=True, exist_ok=True)
    rows = [row for base in bases for row in _rows(base, settings, out)]
    table.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


def _rows(base: Base, settings: StimuliSettings, out: Path) -> Iterable[dict[str, object]]:
    before = encode_png(base.pixels)
    original = _store(out, base.name, before)
    for effect in settings.effects or tuple(EFFECTS):
        seed = seed_from("stimulus", settings.seed, base.name, effect)
        after = render(StimulusJob(base, effect, settings.strengths, seed))
        for strength, data in zip(settings.strengths, after, strict=True):
            anti = _store(out, f"{base.name}-{effect}-{strength:g}", data)
            notes = {"seed": str(seed)}
            hashes = (digest_bytes(before), digest_bytes(data))
            pair = stimulus_pair(base.name, base.caption, EFFECTS[effect], strength, hashes, notes)
            yield _json(pair, original, anti)


def _store(out: Path, name: str, data: bytes) -> str:
    file = f"{name}.png"
    (out / file).write_bytes(data)
    return file


def _json(pair: PromptPair, original: str, anti: str) -> dict[str, object]:
    chosen = pair.selection
    return {
        "id": pair.id,
        "generator": pair.generator,
        "prompt_original": pair.prompts["original"],
        "prompt_anti": pair.prompts["anti"],
        "dimensions": list(pair.dimensions),
        "image_original": original,
        "image_anti": anti,
        "selection": None if chosen is None else chosen.choice,
        "selector": None if chosen is None else chosen.selector,
        "groups": dict(pair.groups),
        "notes": dict(pair.notes),
        "scores": [
            {"scorer": s.scorer, "image": s.image, "prompt": s.prompt, "value": s.value, "source": s.source}
            for s in pair.scores
        ],
    }
