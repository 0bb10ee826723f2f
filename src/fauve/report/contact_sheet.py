"""A contact sheet of one prompt at several strengths: a page, one picture of all pictures, and a file to read on.

The folder holds all that the page needs. Prompts are somebody else's text: every template escapes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from fauve.engine.provenance import versions
from fauve.engine.steering import Shot, Steered
from fauve.errors import LedgerError
from fauve.models.cards import ModelCard
from fauve.naming import generator_name, is_untrained, scorer_name, sentence, trained_name
from fauve.report.contact_sheet_png import Cell, columns_of, draw_sheet
from fauve.report.notices import notice
from fauve.report.numbers import format_share, format_value
from fauve.report.pages import Folder, environment, slug
from fauve.report.site import POLICY
from fauve.version import __version__

__all__ = ["sheet_json", "write_sheet"]

_MANIFEST = ("static/fauve.css", "static/mark.svg")
_ALT_LETTERS = 200
_LONG = 140
"""Letters from which a prompt is set smaller."""


def write_sheet(steered: Steered, out: Path) -> Path:
    """Write ``sheet.html``, ``sheet.png``, ``steer.json`` and the pictures into the folder ``out``; returns the page.

    A sheet that is already there is replaced; other files are left alone.

    Raises:
        LedgerError: the folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = Folder(out)
        places = {at: folder.write(_place(at, shot), shot.data) for at, shot in enumerate(steered.shots) if shot.data}
        for path in _MANIFEST:
            folder.write(path, files("fauve.report").joinpath(path).read_bytes())
        templates = environment()
        templates.globals |= {"policy": POLICY, "version": __version__}
        folder.write("static/sheet.css", templates.get_template("sheet.css").render())
        folder.write("sheet.html", templates.get_template("sheet.html").render(_context(steered, places)))
        folder.write("sheet.png", draw_sheet(steered.trial.prompt, _second_line(steered), _cells(steered)))
        folder.write(
            "steer.json", json.dumps(sheet_json(steered, places), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        )
        folder.finish()
    except OSError as error:
        raise LedgerError(
            f"{error.filename or out} cannot be written ({error.strerror}); free space or check its rights"
        ) from error
    return out / "sheet.html"


def sheet_json(steered: Steered, places: Mapping[int, str]) -> dict[str, Any]:
    """Everything that is known of a trial, as plain values; ``places`` are the pictures' files by their number."""
    trial = steered.trial
    pictures = [
        {
            "name": shot.name,
            "label": shot.rung.label,
            "reference": shot.rung.reference,
            "file": places.get(at),
            "outcome": shot.outcome.value,
            "reason": shot.reason,
            "seconds": round(shot.seconds, 3),
            "change": shot.change,
            "scores": {
                name: {"value": score.value, **({} if score.reason is None else {"reason": score.reason})}
                for name, score in shot.scores.items()
            },
            "facts": shot.facts,
            "settings": shot.settings,
        }
        for at, shot in enumerate(steered.shots)
    ]
    return {
        "prompt": trial.prompt,
        "avoid": trial.avoid,
        "model": trial.model,
        "seed": trial.seed,
        "scorers": {name: card.as_json() for name, card in steered.scorers.items()},
        "pictures": pictures,
        "versions": versions(),
    }


def _place(at: int, shot: Shot) -> str:
    return f"images/{at + 1:02d}-{slug(shot.rung.label)}.png"


def _context(steered: Steered, places: Mapping[int, str]) -> dict[str, Any]:
    trial = steered.trial
    deaf = not any(card.sees_prompt for card in steered.scorers.values())
    return {
        "prompt": trial.prompt,
        "avoid": trial.avoid,
        "model": generator_name(trial.model),
        "notice": _notice(steered),
        "second": _second_line(steered),
        "shots": [_figure(at, shot, steered, places) for at, shot in enumerate(steered.shots)],
        "columns": columns_of(len(steered.shots)),
        "long": len(trial.prompt) > _LONG,
        "reference": next(shot.rung.label for shot in steered.shots if shot.rung.reference),
        "scorers": [_told(name, card, deaf=deaf) for name, card in steered.scorers.items()],
        "deaf": deaf,
        "guided": any(shot.rung.name.guidance for shot in steered.shots),
        "dialled": any(shot.rung.name.dial is not None for shot in steered.shots),
        "outside": any(shot.facts.get("dial_extrapolates") for shot in steered.shots),
        "failed": sum(1 for shot in steered.shots if shot.picture is None),
        "settings": _shared(steered),
    }


def _figure(at: int, shot: Shot, steered: Steered, places: Mapping[int, str]) -> dict[str, Any]:
    size = (0, 0) if shot.picture is None else shot.picture.size
    prompt = steered.trial.prompt
    return {
        "src": places.get(at),
        "width": size[0],
        "height": size[1],
        "alt": f"{shot.rung.label}: {prompt[:_ALT_LETTERS]}{'…' if len(prompt) > _ALT_LETTERS else ''}",
        "label": shot.rung.label,
        "reference": shot.rung.reference,
        "name": trained_name(shot.name),
        "failure": f"{shot.outcome.value.capitalize()}: {shot.reason}" if shot.picture is None else None,
        "scores": _scores(shot),
        "change": _change(shot),
        "facts": _facts(shot),
    }


def _scores(shot: Shot) -> list[tuple[str, str, str | None]]:
    """Scorer, value as it reads, and the reason where there is none."""
    return [
        (sentence(scorer_name(name)), format_value(score.value), score.reason) for name, score in shot.scores.items()
    ]


def _change(shot: Shot) -> str | None:
    return None if shot.change is None or shot.rung.reference else format_share(shot.change)


def _facts(shot: Shot) -> str:
    said = []
    if "forwards" in shot.facts:
        said.append(f"{shot.facts['forwards']} forwards")
    if "negative_tokens" in shot.facts:
        said.append(f"{shot.facts['negative_tokens']} tokens to avoid")
    if shot.facts.get("truncated_tokens"):
        said.append(f"{shot.facts['truncated_tokens']} tokens of the prompt cut off")
    said.append(f"{shot.seconds:.1f} s" if shot.seconds < 100 else f"{shot.seconds:.0f} s")
    return ", ".join(said)


def _told(name: str, card: ModelCard, *, deaf: bool) -> dict[str, Any]:
    reads = "" if card.sees_prompt or deaf else " It does not read the prompt."
    lower = "" if card.higher_is_better else " Lower is better."
    return {"name": sentence(scorer_name(name)), "summary": f"{card.summary}{lower}{reads}"}


def _shared(steered: Steered) -> list[tuple[str, str]]:
    """Settings that all pictures share, those that a reader can do something with."""
    first = steered.shots[0].settings
    shown = ("pipeline", "preset", "steps", "guidance_scale", "true_cfg_scale", "size", "dtype", "mode", "dial")
    said = [("seed", str(steered.trial.seed))]
    for key in shown:
        found = next((shot.settings[key] for shot in steered.shots if key in shot.settings), first.get(key))
        if found is not None:
            value = " × ".join(map(str, found)) if isinstance(found, list) else str(found)
            said.append((key.replace("_", " "), value))
    return said


def _notice(steered: Steered) -> str:
    """What is said first where weights were never trained."""
    told = [notice(steered.scorers)]
    if any(is_untrained(shot.name) for shot in steered.shots):
        told.insert(
            0,
            f"{generator_name(steered.trial.model)} ran here with weights drawn from a seed and never trained: these "
            "pictures show that the machinery works, and nothing of what the published model would make.",
        )
    return " ".join(filter(None, told))


def _second_line(steered: Steered) -> str:
    trial = steered.trial
    model = generator_name(trial.model)
    away = "" if trial.avoid is None else f", away from: {trial.avoid}"
    untrained = " (random weights)" if any(is_untrained(shot.name) for shot in steered.shots) else ""
    return f"{model}{untrained}, seed {trial.seed}{away}"


def _cells(steered: Steered) -> list[Cell]:
    return [
        Cell(
            label=shot.rung.label,
            picture=shot.picture,
            failure=None if shot.picture is not None else f"{shot.outcome.value.capitalize()}: {shot.reason}",
            lines=tuple(f"{name}  {value}" for name, value, _ in _scores(shot))
            + (() if (change := _change(shot)) is None else (f"Changed by  {change}",)),
        )
        for shot in steered.shots
    ]
