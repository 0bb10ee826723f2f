"""Local generators that are held to their prompts, or dialled between a base and what was aligned from it.

``flux-dev+vsf@2.0``, ``dance-flux~0.5``, ``sd3.5-m-geneval~1.5+nag@5.0``: the generator before the marks makes the
pictures; only what the marks say is different.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError
from fauve.models.cards import ModelCard
from fauve.models.devices import DTYPES
from fauve.models.generators.facts import Slot
from fauve.models.generators.loading import Loaded
from fauve.models.generators.local import LocalGenerator
from fauve.models.generators.steered_line import DialBy, Line, dial_of, weights_of
from fauve.models.generators.steered_text import GUIDED_PIPELINES, NOTHING_TO_AVOID, Guidance
from fauve.models.generators.systems import SYSTEMS
from fauve.models.protocols import Generated, ImageRequest
from fauve.models.steering.dial import dial_settings
from fauve.models.steering.steered_name import SteeredName, parse_steered_name
from fauve.models.steering.vsf import Mode
from fauve.records import Outcome

__all__ = ["SteeredGenerator"]


class SteeredGenerator:
    """A :class:`~fauve.models.generators.local.LocalGenerator` by a steered name.

    Guidance (``+vsf@A``, ``+nag@A``) steers a picture away from the words of its request's negative prompt, or from
    ``avoid`` where it has none; the pipeline's own guidance stays as the preset has it. In a pair only Ia has negative
    words: Io, where it names none, is made plain, exactly as the unsteered generator makes it. So a steered generator
    differs from its base only where something is to be avoided. Any other request without words is answered as failed.

    The dial (``~L``) runs the aligned model at l = ``L`` on the line from its base (0) to it (1): l = 0 is the base and
    l = 1 the aligned model, bit for bit, as far as their other parts are the same; autoencoder, text encoders, preset
    and sampling are the aligned model's at every l. Outside 0 … 1 the settings say that this extrapolates.

    Args:
        name: a steered name.
        avoid: what to steer away from, for requests without a negative prompt.
        mode: of VSF, ``intended`` or ``released`` (what its authors' code computes).
        bias: of VSF, the offset b of its formula; infinity is the plain pipeline.
        dial_by: ``lora``, ``weights``, ``predictions``, or ``auto``: an adapter's scale where there is an adapter, else
            weights.
        base_weights: folder, file or hub id of the dial's base; None for the published one.
        base_revision: of ``base_weights`` on the hub.
        allow_invalid: dial pairs too between which nothing lies that means anything.
        slot: which picture of a pair is made; None where there are no pairs. See :meth:`for_slot`.
        options: as of the generator that is steered.

    Raises:
        UnknownName, ConfigError: a name or an option that cannot be.
    """

    def __init__(
        self,
        name: str,
        weights: str | Path | None = None,
        *,
        avoid: str | None = None,
        mode: Mode = "intended",
        bias: float = 0.0,
        dial_by: DialBy = "auto",
        base_weights: str | Path | None = None,
        base_revision: str | None = None,
        allow_invalid: bool = False,
        slot: Slot | None = None,
        **options: Any,
    ) -> None:
        self._name = parse_steered_name(name)
        self._slot = slot
        self._local = LocalGenerator(self._name.base, weights, slot=slot or "original", **options)
        self._avoid, self._mode, self._bias = avoid, mode, bias
        if self._name.guidance is None and (avoid is not None or mode != "intended" or bias != 0):
            raise ConfigError(
                f"{name}: avoid, mode and bias belong to guidance, and the name has none. Write {self._name}+vsf@2.0."
            )
        if self._name.dial is not None and options.get("adapter_strength", 1.0) != 1.0:
            raise ConfigError(f"{name}: give the dial or adapter_strength, not both.")
        self._by = (dial_by, allow_invalid, base_weights, base_revision)
        self._shared: dict[str, Line] = {}
        self._guidance = self._make_guidance()
        if self._name.base in SYSTEMS:
            self._check_system()

    @property
    def card(self) -> ModelCard:
        """The card of the generator that is steered, under the steered name."""
        card = self._local.card
        shown = replace(self._name, base=card.name)
        return replace(card, name=str(shown), summary=f"{self._said()} {card.summary}")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The steered generator's, and how it is steered."""
        said = dict(self._local.settings)
        if self._name.dial is not None:
            line = self._line
            said |= dial_settings(line.dial, self._name.dial)
            said |= {"dial_base": line.identity, "dial_parts": "all but the denoiser are the aligned model's"}
            if line.dial != "lora" and line.untrained:
                said["weights"] = "random"
        if self._guidance is not None:
            said |= self._guidance.settings
        return said

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The steered generator's."""
        return self._local.provenance

    @property
    def batch(self) -> int | None:
        """How many requests are best handed over at once; None leaves it to the caller."""
        return self._local.batch

    @property
    def local(self) -> LocalGenerator:
        """The generator that is steered."""
        return self._local

    def for_slot(self, slot: Slot) -> SteeredGenerator:
        """The same generator for one picture of a pair; all share what is loaded, before and after."""
        other = copy.copy(self)
        other._slot, other._local = slot, self._local.for_slot(slot)
        other._guidance = other._make_guidance()
        return other

    def at(self, name: str | SteeredName) -> SteeredGenerator:
        """The same generator under another name of the same base: another strength, or no guidance.

        All share what is loaded. Raises ConfigError for another base, and where one has a dial and the other none.
        """
        wanted = name if isinstance(name, SteeredName) else parse_steered_name(name)
        if wanted.base != self._name.base or (wanted.dial is None) != (self._name.dial is None):
            raise ConfigError(
                f"{self._name} cannot go on as {wanted}: strengths can be turned, but base and dial belong to what is "
                "loaded. Make another generator."
            )
        other = copy.copy(self)
        other._name = wanted
        other._guidance = other._make_guidance()
        other._check_system()
        return other

    def check(self) -> None:
        """Make sure, without loading, that everything can be had, and that this pipeline can be so steered.

        Raises:
            WeightsMissing: with the source and the remedy.
            ConfigError: no pipeline that can be steered in this way.
        """
        self._local.check()
        self._check_system()
        if self._name.dial is not None:
            self._line.check()

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the pipeline, set the dial and put it on a device; raises as that of a local generator does."""
        self.check()
        self._local.load(device, dtype, prepare=self._prepare)

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        """One answer a request, in order: PNG bytes, or the reason why there are none."""
        guidance = self._guidance
        lost = {at for at, r in enumerate(requests) if guidance is not None and guidance.lacks_words(r)}
        with self._dialled():
            made = iter(self._local.generate([r for at, r in enumerate(requests) if at not in lost], steering=guidance))
        reason = f"{self.card.name}: {NOTHING_TO_AVOID}"
        answers = (
            Generated(Outcome.FAILED, reason=reason) if at in lost else next(made) for at in range(len(requests))
        )
        return [self._with_facts(answer) for answer in answers]

    def strength_for(self, start_noise: float) -> tuple[float, float]:
        """As of a local generator: the strength that starts nearest to a share of noise, and its share."""
        return self._local.strength_for(start_noise)

    @property
    def _line(self) -> Line:
        """Made when it is first asked for (the facts of a foreign pipeline are in its folder), and shared."""
        if "line" not in self._shared:
            self._shared["line"] = self._make_line()
        return self._shared["line"]

    def _make_line(self) -> Line:
        by, allow_invalid, base_weights, base_revision = self._by
        system, source, delta = self._local.system, self._local.source, self._local.delta
        dial = dial_of(system, by, allow_invalid=allow_invalid, own_base=base_weights is not None)
        whole = weights_of(system.name, source.source, source.revision, variant=source.variant, gated=source.gated)
        aligned = whole if delta is None else delta
        base = SYSTEMS.get(system.delta.base)
        if base_weights is not None:
            variant = None if base is None else base.variant
            found = weights_of(
                f"the base of {system.name}", str(base_weights), base_revision, variant=variant, gated=False
            )
        elif delta is not None or base is None:
            found = whole
        else:
            found = weights_of(base.name, base.hub_id, base_revision, variant=base.variant, gated=base.gated)
        return Line(system, dial, found, aligned)

    def _make_guidance(self) -> Guidance | None:
        if self._name.guidance is None or self._name.scale is None:
            return None
        return Guidance(
            self._name.guidance, self._name.scale, self._avoid, mode=self._mode, bias=self._bias, slot=self._slot
        )

    def _check_system(self) -> None:
        system = self._local.system
        if self._name.dial is not None:
            by = self._line.dial
            if by == "predictions" and self._guidance is not None:
                raise ConfigError(
                    f"{self._name}: guidance works inside one denoiser, and mixed predictions have two. Dial it by "
                    "weights, or take the guidance out."
                )
        if self._guidance is None:
            return
        if system.pipeline not in GUIDED_PIPELINES:
            instead = "give it a negative prompt" if system.takes_negative else "it takes no negative prompt either"
            raise ConfigError(
                f"{self._name}: a {system.pipeline} cannot be steered inside its attention; that is done for FLUX.1 "
                f"and Stable Diffusion 3. Without {self._guidance.method}, {instead}."
            )
        if float(self._local.sampling.call.get("true_cfg_scale", 1.0)) > 1.0:
            raise ConfigError(f"{self._name}: true_cfg_scale and {self._guidance.method} exclude each other. Use one.")

    def _prepare(self, loaded: Loaded) -> None:
        if self._name.dial is not None:
            self._line.prepare(loaded, DTYPES[self._local.dtype], self._name.dial)

    def _dialled(self) -> AbstractContextManager[None]:
        if self._name.dial is None:
            return nullcontext()
        return self._line.at(self._local.loaded, self._name.dial, self._local.offload)

    def _with_facts(self, answer: Generated) -> Generated:
        if self._name.dial is None or "forwards" not in answer.facts:
            return answer
        forwards = answer.facts["forwards"] * self._line.forwards(self._name.dial)
        said = dial_settings(self._line.dial, self._name.dial)
        return replace(answer, facts={**answer.facts, "forwards": forwards, **said})

    def _said(self) -> str:
        name: SteeredName = self._name
        said = []
        if name.dial is not None:
            said.append(f"at {name.dial:g} of the way from its base to its alignment")
        if name.guidance is not None:
            said.append(f"held to its prompt by {name.guidance.upper()} at {name.scale:g}")
        told = ", ".join(said)
        return f"{told[:1].upper()}{told[1:]}."
