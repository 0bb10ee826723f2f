"""The page to play with: every picture computed beforehand, so that dials answer at once, without a server.

Pictures lie in one sheet a prompt and seed, data in a script that does nothing but set one value.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from numpy.typing import NDArray
from PIL import Image

from fauve.errors import WeightsMissing
from fauve.lab.phrases import PHRASES
from fauve.lab.scene import DIMENSION_SLOTS, FACE, INDEX, NEGATIVE_EMOTIONS, SLOTS
from fauve.models.lab_cards import LAB_SCORERS
from fauve.naming import scorer_name
from fauve.report.numbers import format_share
from fauve.report.pages import Folder, script_json
from fauve.report.play_grid import Play, PlayGrid, PromptGrid, compute_play
from fauve.report.prompts import marked

__all__ = ["PAGE", "PlayParts", "make_play", "play_parts", "write_play"]

PAGE = "play.html"
_COLUMNS = 6
_QUALITY, _EFFORT = 70, 0
_EMOTION = INDEX["emotion"]

_OTHER_NAMES = {
    "lab-placebo": "Placebo: trained on random praise",
    "lab-instruction": "Trained to follow the words",
    "lab-plural": "Trained to please every group",
}
_SCORERS_SEEN = {
    "lab-matcher": "Asks only whether picture and words fit. Nobody’s taste went into it.",
    "lab-universal": "Learnt from people who mostly like the same polish.",
    "lab-plural-reward": "Learnt from the same people, minorities kept apart, each group with one voice.",
}


@dataclass(frozen=True, slots=True)
class PlayParts:
    """The page in parts: its files by their paths beside it, and what its template is told."""

    files: Mapping[str, bytes | str]
    context: Mapping[str, Any]


def make_play(play: Play, family: Path | None = None) -> PlayParts | None:
    """Compute the page, about five seconds of one core; None where the family lacks a member.

    Args:
        play: how much the page holds.
        family: folder of weights; None for the family that comes with the package.

    Raises:
        WeightsMismatch: a file of the family is damaged.
    """
    try:
        return play_parts(compute_play(play, family))
    except WeightsMissing:
        return None


def write_play(parts: PlayParts, folder: Folder, templates: Environment, here: str = PAGE) -> None:
    """Write the files and the page, which is called ``here`` and needs the report's static files beside it."""
    for path, content in parts.files.items():
        folder.write(path, content)
    folder.write(here, templates.get_template(PAGE).render(here=here, **parts.context))


def play_parts(grid: PlayGrid) -> PlayParts:
    """What was computed as sheets, data, stills, and the words of the page."""
    files: dict[str, bytes | str] = {
        _sheet(i, k): _webp(_joined(pictures))
        for i, prompt in enumerate(grid.prompts)
        for k, pictures in enumerate(prompt.pictures)
    }
    files["play/data.js"] = f"window.fauvePlay={script_json(_data(grid))};\n"
    context = {
        "notice": None,
        "stills": _stills(grid, files),
        "first": _prompt_data(grid, 0),
        "prompts": [marked(prompt.pair.prompt_anti, prompt.pair.prompt_original) for prompt in grid.prompts],
        "places": _place_names(grid.play),
        "dials": grid.play.dials,
        "strengths": [f"{s:g}" for s in (0.0, *grid.play.strengths)],
        "seeds": grid.play.seeds,
        "map": _map(grid),
        "scorers": _scorers(),
        "reference": grid.play.reference,
        "size": grid.play.size,
        "drawn_with": grid.play.drawn_with,
        "slots": len(SLOTS),
    }
    return PlayParts(files, context)


def _sheet(prompt: int, seed: int) -> str:
    return f"play/sheet-{prompt:02d}-{seed}.webp"


def _joined(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (n, s, s, 3) row by row in one, the last row filled up with black."""
    n, size = len(pictures), pictures.shape[1]
    rows = -(-n // _COLUMNS)
    whole = np.zeros((rows * _COLUMNS, size, size, 3), np.uint8)
    whole[:n] = pictures
    return whole.reshape(rows, _COLUMNS, size, size, 3).swapaxes(1, 2).reshape(rows * size, _COLUMNS * size, 3)


def _webp(picture: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "WEBP", quality=_QUALITY, method=_EFFORT)
    return out.getvalue()


def _place_names(play: Play) -> list[str]:
    """What every place is called where no dial stands beside it."""
    dialled = [
        "Base: not trained to please" if d == 0 else f"Trained to please, {format_share(d)} of the way"
        for d in play.dials
    ]
    return [*dialled, *(_OTHER_NAMES[place.member] for place in play.places[len(play.dials) :])]


def _scorers() -> list[dict[str, str]]:
    return [{"name": scorer_name(name), "what": _SCORERS_SEEN[name]} for name in LAB_SCORERS]


def _data(grid: PlayGrid) -> dict[str, Any]:
    play = grid.play
    return {
        "size": play.size,
        "columns": _COLUMNS,
        "seeds": play.seeds,
        "dials": play.dials,
        "strengths": [0.0, *play.strengths],
        "reference": play.reference,
        "scorers": [scorer["name"] for scorer in _scorers()],
        "prompts": [_prompt_data(grid, i) for i in range(len(grid.prompts))],
    }


def _asked(prompt: PromptGrid) -> list[int]:
    """The columns of what the prompt asks: subject and setting first, then what it adds to the plain one."""
    anti, original = prompt.pair.anti, prompt.pair.original
    return sorted(np.flatnonzero(anti >= 0).tolist(), key=lambda c: (bool(original[c] < 0), c))


def _prompt_data(grid: PlayGrid, i: int) -> dict[str, Any]:
    prompt = grid.prompts[i]
    columns = _asked(prompt)
    return {
        "before": prompt.pair.prompt_original,
        "after": marked(prompt.pair.prompt_anti, prompt.pair.prompt_original),
        "negative": prompt.pair.negative,
        "asks": [[_words(c, int(prompt.pair.anti[c])), bool(prompt.pair.original[c] < 0)] for c in columns],
        "sheets": [_sheet(i, k) for k in range(len(grid.play.seeds))],
        "pictures": [
            [
                [[int(ok) for ok in met[columns]], below.tolist(), _described(scene)]
                for scene, met, below in zip(prompt.scenes[k], prompt.met[k], prompt.below[k], strict=True)
            ]
            for k in range(len(grid.play.seeds))
        ],
        "asked": prompt.asked.tolist(),
        "plain": prompt.plain.tolist(),
        "choice": prompt.choice.tolist(),
    }


def _words(column: int, value: int) -> str:
    slot = SLOTS[column]
    return PHRASES[slot.name][slot.values[value]][-1]


def _described(scene: NDArray[np.int64]) -> str:
    """A picture in words, for those who do not see it: what, where, and everything about it that is at a low end."""
    noun = " ".join(_words(INDEX[name], int(scene[INDEX[name]])) for name in ("hue", "subject", "layout"))
    face = scene[INDEX["subject"]] == FACE
    low = [
        _words(c, int(scene[c]))
        for c in DIMENSION_SLOTS
        if (c != _EMOTION and scene[c] == 0) or (c == _EMOTION and face and scene[c] in NEGATIVE_EMOTIONS)
    ]
    smile = [_words(_EMOTION, int(scene[_EMOTION]))] if face and scene[_EMOTION] not in NEGATIVE_EMOTIONS else []
    return ", ".join([noun, *smile, *low])


def _stills(grid: PlayGrid, files: dict[str, bytes | str]) -> list[dict[str, Any]]:
    """Some pictures of the first prompt and seed as files of their own, for readers without scripts."""
    prompt, play = grid.prompts[0], grid.play
    names, steps = _place_names(play), len(play.guidances)
    last = len(play.dials) - 1
    chosen = [
        (names[p], int(prompt.asked[p * steps, 0])) for p in (*range(0, last + 1, 2), *range(last + 1, len(names)))
    ]
    strongest = f"{names[last]}, held away from “{prompt.pair.negative}” at strength {play.strengths[-1]:g}"
    chosen.insert(last // 2 + 1, (strongest, int(prompt.asked[(last + 1) * steps - 1, 0])))
    chosen.append(("The plain sentence, for comparison: base", int(prompt.plain[0, 0])))
    return [_still(prompt, n, label, at, files) for n, (label, at) in enumerate(chosen)]


def _still(prompt: PromptGrid, n: int, label: str, at: int, files: dict[str, bytes | str]) -> dict[str, Any]:
    src = f"play/still-{n}.webp"
    files[src] = _webp(prompt.pictures[0][at])
    ticks = [
        {"words": _words(c, int(prompt.pair.anti[c])), "met": bool(prompt.met[0][at][c])}
        for c in _asked(prompt)
        if prompt.pair.original[c] < 0
    ]
    return {"src": src, "label": label, "alt": _described(prompt.scenes[0][at]), "ticks": ticks}


def _map(grid: PlayGrid) -> Mapping[str, Sequence[Any]]:
    """The share of added requests honoured by place (rows) and guidance (columns), over all prompts and seeds."""
    play = grid.play
    met, asked = np.zeros(len(play.ways)), 0
    for prompt in grid.prompts:
        added = (prompt.pair.anti >= 0) & (prompt.pair.original < 0)
        for k in range(len(play.seeds)):
            met += prompt.met[k][prompt.asked[:, k]][:, added].sum(axis=1)
            asked += int(added.sum())
    shares = (met / asked).reshape(len(play.places), -1)
    return {
        "columns": [(kind, f"{strength:g}") for kind, strength in play.guidances],
        "rows": [
            (name, [(format_share(float(share)), round(float(share) * 10)) for share in row])
            for name, row in zip(_place_names(play), shares, strict=True)
        ],
    }
