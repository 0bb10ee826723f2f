"""The gates: what must hold before an arm may be claimed, said in the note of every finding that it voids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fauve.lab.inference import read_weights
from fauve.lab.training.gates import BASE_AT_LEAST, PLACEBO_AT_MOST, GateReport, base_gate, placebo_gate
from fauve.records import Finding

__all__ = ["Gates"]

Label = tuple[tuple[str, str], ...]
SETTING = ("anti", "kl", "steps")
"""What a placebo has in common with the arms that it speaks for."""


@dataclass(frozen=True)
class Gates:
    """The base's gate, and the placebo's for each way of aligning (prompts, KL weight, steps)."""

    base: GateReport
    placebos: Mapping[Label, GateReport]

    @classmethod
    def of(cls, family: Path, honoured: Mapping[Label, float]) -> Gates:
        """Examine a family's base, and the placebo arms among ``honoured`` (label -> share of requests honoured)."""
        base = honoured.get((("generator", "base"),))
        placebos = {}
        for label, share in honoured.items():
            words = dict(label)
            is_placebo = "placebo" in {words.get("reward"), words.get("generator")}
            if is_placebo and "steering" not in words and base is not None:
                placebos[_setting(words)] = placebo_gate(base, share)
        return cls(base_gate(read_weights(family / "base.safetensors").arrays), placebos)

    def findings(self) -> Iterator[Finding]:
        """The worst single request of the base, and what each placebo lost."""
        worst = self.base
        yield Finding(
            "lab",
            "gate_base",
            round(worst.value, 4),
            None,
            None,
            len(worst.figures),
            0.0,
            generator="base",
            group={"request": worst.worst, "passed": _yes(worst.passed)},
            note=f"The single request that the base honours least; at least {BASE_AT_LEAST} is needed.",
        )
        for setting, gate in self.placebos.items():
            group = {**dict(setting), "reward": "placebo", "passed": _yes(gate.passed)}
            note = f"What a random reward cost of the requests honoured; at most {PLACEBO_AT_MOST} is allowed."
            yield Finding("lab", "gate_placebo", round(gate.value, 4), None, None, 1, 0.0, group=group, note=note)

    def note(self, words: Mapping[str, str], said: str | None) -> str | None:
        """What was said of a finding, after what the gates say of its arm."""
        verdicts = []
        if not self.base.passed:
            verdicts.append(f"VOID: the base honours {self.base.worst!r} only {self.base.value:.3f} of the time.")
        if "reward" in words or words.get("generator", "base") != "base":
            gate = self.placebos.get(_setting(words))
            if gate is None:
                verdicts.append("No placebo was trained this way: how much of it is drift is not known.")
            elif not gate.passed:
                verdicts.append(f"VOID: a random reward trained this way loses {gate.value:.3f} of the requests.")
        return " ".join([*verdicts, *([said] if said else [])]) or None


def _setting(words: Mapping[str, str]) -> Label:
    if "generator" in words:
        return (("family", "members"),)
    if words.get("method") == "dpo":
        return (("method", "dpo"),)
    return tuple((name, words[name]) for name in SETTING if name in words)


def _yes(passed: bool) -> str:
    return "yes" if passed else "no"
