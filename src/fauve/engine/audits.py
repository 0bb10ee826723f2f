"""The settings of a run that nobody wrote any for: of an audit, and over what a directory holds already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fauve.errors import ConfigError
from fauve.ledger import Ledger
from fauve.ledger.store import FILE
from fauve.settings import AdapterSettings, DataSettings, RunSettings, default_settings
from fauve.stimuli.pairs import GENERATOR

__all__ = ["CONTROLS", "audit_settings", "settings_for"]

CONTROLS = ("polish", "random")


def settings_for(directory: Path) -> RunSettings:
    """What runs where nobody says what: the controls over what was imported here, or else the embedded default."""
    default = default_settings()
    if not (directory / FILE).is_file():
        return default
    with Ledger(directory) as ledger:
        made = {name for (name,) in ledger.db.execute("SELECT DISTINCT generator FROM items")}
    own = {generator.name for generator in default.generators}
    # A directory of the default run stays one, whatever was imported into it later.
    return default if made & own or not made - {GENERATOR} else RunSettings()


def audit_settings(
    targets: Sequence[str],
    data: str,
    weights: Mapping[str, str] | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> RunSettings:
    """Settings of an audit: the targets and the controls over ``data``.

    ``data`` is ``photographs``, or a folder in which every ``pairs.jsonl`` and ``contrasts.jsonl`` is taken, or one
    such file. ``weights`` gives for a target the file, folder or hub id that it is loaded from.

    Raises:
        ConfigError: there is no such data, or weights for what is no target.
    """
    given = dict(weights or {})
    strangers = sorted(given.keys() - set(targets))
    if strangers:
        raise ConfigError(
            f"weights are given for {', '.join(strangers)}, which is not audited; name it as a target too"
        )
    scorers = [
        AdapterSettings(
            name=name, options={"weights": given[name]} if name in given else {}, device=device, dtype=dtype
        )
        for name in dict.fromkeys(targets)
    ]
    scorers += [AdapterSettings(name=name) for name in CONTROLS if name not in targets]
    return RunSettings(title=f"Audit of {', '.join(targets)}", data=_data(data), scorers=tuple(scorers))


def _data(data: str) -> DataSettings:
    if data == "photographs":
        return DataSettings(photographs=True)
    path = Path(data)
    if path.is_file():
        return DataSettings(photographs=False, **{_kind(path): (path.resolve(),)})
    if not path.is_dir():
        raise ConfigError(
            f"there is no data {data!r}: name a folder, a pairs.jsonl or contrasts.jsonl, or `photographs`"
        )
    pairs = tuple(sorted(p.resolve() for p in path.rglob("pairs.jsonl")))
    contrasts = tuple(sorted(p.resolve() for p in path.rglob("contrasts.jsonl")))
    if not pairs and not contrasts:
        raise ConfigError(
            f"{data} holds no pairs.jsonl and no contrasts.jsonl; see `fauve import --help` for the formats"
        )
    return DataSettings(photographs=False, pairs=pairs, contrasts=contrasts)


def _kind(path: Path) -> str:
    for kind in ("pairs", "contrasts"):
        if path.name == f"{kind}.jsonl":
            return kind
    raise ConfigError(
        f"{path} says neither pairs nor contrasts by its name; rename it to pairs.jsonl or contrasts.jsonl"
    )
