"""Names of steered generators: ``flux-dev+vsf@2.0``, ``sd3.5-m-geneval~0.5``, ``dance-flux~1.5+nag@5.0``.

The dial stands before the guidance: first it is said which model, then how that model is held to its prompt.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fauve.errors import ConfigError, UnknownName

__all__ = ["ATTENTION", "GUIDANCES", "SteeredName", "parse_steered_name"]

ATTENTION = ("vsf", "nag")
"""Guidance inside attention: Value Sign Flip (arXiv 2508.10931), Normalized Attention Guidance (arXiv 2505.21179)."""

GUIDANCES = (*ATTENTION, "cfg", "neg")
"""Beside these, guidance on the logits of the lab's generators: away from the empty prompt, or from a negative one."""

_GUIDANCE = re.compile(r"(?P<rest>.*)\+(?P<method>[A-Za-z_]\w*)(?:@(?P<scale>[^+~@]*))?")
_DIAL = re.compile(r"(?P<rest>.+)~(?P<dial>[^~/\\]*)")


@dataclass(frozen=True, slots=True)
class SteeredName:
    """What a name asks for.

    Attributes:
        base: the name of the generator that is steered.
        dial: place on the line from base model (0) to aligned model (1); None where it is left as it is.
        guidance: one of :data:`GUIDANCES`, or None.
        scale: strength of the guidance; None exactly where there is none.
    """

    base: str
    dial: float | None = None
    guidance: str | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if not self.base:
            raise ConfigError(
                "a steered generator has no name before its dial or guidance. Write NAME~0.5 or NAME+vsf@2."
            )
        if (self.guidance is None) != (self.scale is None):
            raise ConfigError(f"{self.base}: guidance and scale belong together, as in {self.base}+vsf@2.0.")
        if self.guidance is not None and self.guidance not in GUIDANCES:
            raise UnknownName("guidance", self.guidance, GUIDANCES)
        for what, value in (("dial", self.dial), ("scale", self.scale)):
            if value is not None and not math.isfinite(value):
                raise ConfigError(f"{self.base}: its {what} is {value}. Give a finite number.")
        if self.scale is not None and self.scale < 0:
            raise ConfigError(f"{self.base}: the scale of {self.guidance} is {self.scale}. Give 0 or more.")

    @property
    def steered(self) -> bool:
        """Whether anything is asked for beyond the generator itself."""
        return self.dial is not None or self.guidance is not None

    def __str__(self) -> str:
        """The canonical spelling: two names of one meaning become one."""
        dial = "" if self.dial is None else f"~{_shown(self.dial)}"
        guidance = "" if self.scale is None else f"+{self.guidance}@{_shown(self.scale)}"
        return f"{self.base}{dial}{guidance}"


def parse_steered_name(name: str) -> SteeredName:
    """Take a name apart; a plain name is its own base.

    A ``~`` that begins a path (``~/models/flux``) is no dial.

    Raises:
        ConfigError: a dial or scale that is no finite number, or a guidance without its scale.
        UnknownName: a guidance that is not one of :data:`GUIDANCES`.
    """
    rest, guidance, scale = name.strip(), None, None
    if found := _GUIDANCE.fullmatch(rest):
        rest, guidance = found["rest"], found["method"].lower()
        if guidance not in GUIDANCES:
            raise UnknownName("guidance", guidance, GUIDANCES)
        if found["scale"] is None:
            raise ConfigError(f"{name}: it says {guidance} without a scale. Write {rest}+{guidance}@2.0, for instance.")
        scale = _number(found["scale"], name, f"scale of {guidance}")
    dial = None
    if found := _DIAL.fullmatch(rest):
        rest, dial = found["rest"], _number(found["dial"], name, "dial")
    return SteeredName(rest, dial, guidance, scale)


def _number(text: str, name: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"{name}: its {what} is {text!r}, which is no number.") from None


def _shown(value: float) -> str:
    # repr keeps every digit, so that reading the name again gives the same number; -0.0 is 0.0
    return repr(value + 0.0)
