"""The lab's generators: prompts to scenes by a trained model, scenes to pictures by the renderer.

A member of the family may be dialled (``lab-aesthetic-strong~0.5``: base + 0.5 · (aligned − base), weight by weight)
and guided on its logits: ``+cfg@2.0`` away from the empty prompt, ``+neg@2.0`` away from the request's negative prompt,
both at every slot and of the same strength. All members draw with the same uniform numbers for the same seed, so that
two pictures of one seed differ only as far as their distributions do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fauve.errors import ConfigError, UnknownName
from fauve.lab.adapters.files import member_weights
from fauve.lab.adapters.members import BASE, dialled_weights, drawn_scenes
from fauve.lab.captions import dropped, encode
from fauve.lab.inference import Arrays, Guidance
from fauve.lab.render import render
from fauve.lab.scene_text import png_of
from fauve.models.cards import ModelCard
from fauve.models.lab_cards import LAB_CARDS, LAB_GENERATORS
from fauve.models.protocols import Generated, ImageRequest
from fauve.models.steering.steered_name import SteeredName, parse_steered_name
from fauve.records import Outcome

__all__ = ["LabGenerator"]

_SMALLEST, _LARGEST = 48, 512


class LabGenerator:
    """A member of the lab's family, perhaps dialled and guided; needs no torch.

    Args:
        name: ``lab-base`` and its siblings, with ``~DIAL``, ``+cfg@STRENGTH`` or ``+neg@STRENGTH`` behind.
        family: folder of weights; None for the family that comes with the package.
        size: side of the picture in pixels, 48 to 512.
    """

    weightless = True
    batch = 50

    def __init__(self, name: str, family: str | Path | None = None, *, size: int = 192) -> None:
        self._steered: SteeredName = parse_steered_name(name)
        if self._steered.base not in LAB_GENERATORS:
            raise UnknownName("generator of the lab", self._steered.base, LAB_GENERATORS)
        if self._steered.guidance not in {None, "cfg", "neg"}:
            raise ConfigError(
                f"{name}: the lab's generators have no attention to guide with {self._steered.guidance}; "
                "use +cfg@2.0 (plain guidance) or +neg@2.0 (away from the negative prompt)."
            )
        if not _SMALLEST <= size <= _LARGEST:
            raise ConfigError(f"{name}: size is {size}; the lab draws {_SMALLEST} to {_LARGEST} pixels a side.")
        self._member = LAB_GENERATORS[self._steered.base]
        self._family = None if family is None else Path(family)
        self._size = size

    @property
    def card(self) -> ModelCard:
        """The member's card, under the name that says how it is steered."""
        card = LAB_CARDS[self._steered.base]
        if not self._steered.steered:
            return card
        return ModelCard(str(self._steered), "generator", card.summary, licence=card.licence)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Hashes of the weights, dial, guidance, size, and the version of the world."""
        steered = self._steered
        used = {self._member.file: member_weights(self._member.file, self._family).sha256}
        if steered.dial is not None:
            used[BASE] = member_weights(BASE, self._family).sha256
        return {
            "files": used,
            "dial": steered.dial,
            "guidance": steered.guidance,
            "guidance_scale": steered.scale,
            "size": self._size,
            "world": 1,
        }

    def check(self) -> None:
        """Raises WeightsMissing or WeightsMismatch where the family lacks this member."""
        _ = self.settings

    def load(self, device: str = "cpu", dtype: str = "float32") -> None:
        """Read the weights; device and number format make no difference to the lab."""
        _ = self._weights

    def generate(self, requests: Sequence[ImageRequest]) -> list[Generated]:
        """One picture a request, in order; without ``image`` and ``strength``, as scenes cannot be edited."""
        made: list[Generated | None] = [_unusable(request) for request in requests]
        wanted = [i for i, answer in enumerate(made) if answer is None]
        by_way: dict[bool, list[int]] = {}
        for i in wanted:
            by_way.setdefault(self._is_guided(requests[i]), []).append(i)
        for guided, places in by_way.items():
            for i, answer in zip(places, self._pictures([requests[i] for i in places], guided), strict=True):
                made[i] = answer
        return [answer for answer in made if answer is not None]

    @cached_property
    def _weights(self) -> Arrays:
        return dialled_weights(self._member.file, self._steered.dial, self._family)

    def _is_guided(self, request: ImageRequest) -> bool:
        """A request that names nothing to avoid is made plainly: both ways of guiding change anti pictures alone."""
        return self._steered.guidance is not None and request.negative is not None

    def _pictures(self, requests: Sequence[ImageRequest], guided: bool) -> list[Generated]:
        prompts = [request.prompt for request in requests]
        seeds = [request.seed for request in requests]
        scenes = drawn_scenes(self._weights, prompts, seeds, self._guidance(requests, guided))
        cut = dropped(prompts)
        return [
            Generated(
                Outcome.OK,
                png_of(render(scene, request.seed, self._size), scene),
                facts={"truncated": int(n), "guided": guided},
            )
            for request, scene, n in zip(requests, scenes, cut, strict=True)
        ]

    def _guidance(self, requests: Sequence[ImageRequest], guided: bool) -> Guidance | None:
        if not guided or self._steered.scale is None:
            return None
        if self._steered.guidance == "cfg":
            return Guidance(self._steered.scale)
        return Guidance(self._steered.scale, encode([request.negative or "" for request in requests]))


def _unusable(request: ImageRequest) -> Generated | None:
    if request.image is None:
        return None
    return Generated(Outcome.FAILED, reason="the lab's generators make pictures of prompts and edit none")
