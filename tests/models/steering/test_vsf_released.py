"""The masks of the released code, written out pair by pair from what is said of them, against the released mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("diffusers")

import torch

from fauve.errors import ConfigError
from fauve.models.steering.split_attention import Parts
from fauve.models.steering.vsf import value_sign_flip
from fauve.models.steering.vsf_flux import ReleasedFluxRule, released_flux_mask
from fauve.models.steering.vsf_rule import Dose, flip_values
from fauve.models.steering.vsf_sd3 import released_sd3_text

P, N, I = 5, 3, 16  # noqa: E741 - the field's names
SHORT = {"max_sequence_length": 40}


def flux_sees(row: int, column: int, p: int = P, n: int = N, i: int = I) -> bool:
    """Rows P, N, I; columns P, N, I, N′; every sentence of the module's description is one line."""
    row_kind = "P" if row < p else "N" if row < p + n else "I"
    column_kind = "P" if column < p else "N" if column < p + n else "I" if column < p + n + i else "N′"
    pixel, seen_pixel = row - p - n, column - p - n
    if row_kind == "N" and column_kind in {"P", "N"}:
        return False
    if row_kind in {"P", "N"} and column_kind == "I" and seen_pixel < 2 * n:
        return False
    return not (row_kind == "I" and pixel < n and column_kind == "I" and n <= seen_pixel < 2 * n)


def sd3_bias(row: int, column: int, offset: float) -> float:
    """Rows I, P, Na, Nb; columns I, P, Na, Nb, Nb′."""
    bounds = (I, I + P, I + P + N, I + P + 2 * N)
    names = ("I", "P", "Na", "Nb", "Nb′")
    row_kind, column_kind = (names[sum(at >= bound for bound in bounds)] for at in (row, column))
    if row_kind == "Nb":
        return 0.0 if column_kind in {"I", "Nb"} else -math.inf
    if column_kind == "Nb′":
        return -offset if row_kind == "I" else -math.inf
    return -math.inf if column_kind == "Nb" else 0.0


def tokens(*counts: int) -> list[list[torch.Tensor]]:
    noise = torch.Generator().manual_seed(0)
    return [[torch.randn(1, 2, n, 8, generator=noise, dtype=torch.float64) for n in counts] for _ in range(3)]


def attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return (query @ key.transpose(2, 3) / math.sqrt(key.shape[-1]) + bias).softmax(-1) @ value


def table(rows: int, columns: int, entry: Callable[[int, int], float]) -> torch.Tensor:
    return torch.tensor([[entry(r, c) for c in range(columns)] for r in range(rows)], dtype=torch.float64)


@pytest.mark.parametrize("size", [(5, 3, 16), (2, 1, 4), (40, 7, 64)])
def test_the_mask_of_flux(size: tuple[int, int, int]) -> None:
    p, n, i = size
    found = released_flux_mask(p, n, i, torch.device("cpu"))
    expected = table(p + n + i, p + 2 * n + i, lambda r, c: float(flux_sees(r, c, p, n, i)))
    assert torch.equal(found.double(), expected)


@pytest.mark.parametrize("scale", [1.0, 2.0, 6.0])
def test_the_rule_of_flux(scale: float) -> None:
    query, key, value = tokens(P, N, I)
    bias = table(P + N + I, P + 2 * N + I, lambda r, c: 0.0 if flux_sees(r, c) else -math.inf)
    expected = attention(
        torch.cat(query, 2), torch.cat([*key, key[1]], 2), torch.cat([*value, -scale * value[1]], 2), bias
    )
    found = ReleasedFluxRule(Dose(scale))(Parts(*query), Parts(*key), Parts(*value))
    assert torch.allclose(torch.cat(found, 2), expected, atol=1e-12)


def test_one_rule_for_several_sizes() -> None:
    rule = ReleasedFluxRule(Dose(2.0))
    for count in (16, 25, 16):
        given = [Parts(*parts) for parts in tokens(P, N, count)]
        assert torch.equal(torch.cat(rule(*given), 2), torch.cat(ReleasedFluxRule(Dose(2.0))(*given), 2))


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_the_rule_of_sd3(offset: float) -> None:
    query, key, value = tokens(I, P, N, N)
    bias = table(I + P + 2 * N, I + P + 3 * N, lambda r, c: sd3_bias(r, c, offset))
    expected = attention(
        torch.cat(query, 2), torch.cat([*key, key[3]], 2), torch.cat([*value, -3.5 * value[3]], 2), bias
    )
    given = [Parts(torch.cat(parts[1:3], 2), parts[3], parts[0]) for parts in (query, key, value)]
    found = flip_values(Dose(3.5, offset))(*given)
    assert torch.allclose(torch.cat([found.image, found.positive, found.negative], 2), expected, atol=1e-12)


def test_sd3_has_the_negative_prompt_twice(sd3: Any) -> None:
    given = {"positive": "a house", "negative": "a car", "scale": 2.0, **SHORT}
    with value_sign_flip(sd3, **given) as intended:
        pass
    with value_sign_flip(sd3, **given, mode="released") as released:
        pass
    n = released["prompt_embeds"].shape[1] - intended["prompt_embeds"].shape[1]
    text = intended["prompt_embeds"]
    assert torch.equal(released["prompt_embeds"], released_sd3_text(text, text[:, -n:]))
    assert torch.equal(released["pooled_prompt_embeds"], intended["pooled_prompt_embeds"])


def test_flux_flips_in_double_blocks_alone(flux: Any) -> None:
    with value_sign_flip(flux, positive="a house", negative="a car", scale=2.0, mode="released", **SHORT):
        kinds = {name: type(made).__name__ for name, made in flux.transformer.attn_processors.items()}
    assert {kinds[name] for name in kinds if name.startswith("transformer_blocks")} == {"FluxSplitProcessor"}
    assert {kinds[name] for name in kinds if name.startswith("single")} == {"FluxAttnProcessor"}


def test_flux_moves_the_pooled_vector(flux: Any) -> None:
    given = {"positive": "a house", "negative": "a car", "scale": 2.0, **SHORT}
    pooled = []
    for options in ({"mode": "released"}, {}, {"positive": "a car"}):
        with value_sign_flip(flux, **{**given, **options}) as arguments:
            pooled.append(arguments["pooled_prompt_embeds"])
    assert torch.allclose(pooled[0], 1.1 * pooled[1] - 0.1 * pooled[2], atol=1e-6)
    assert not torch.allclose(pooled[0], pooled[1], atol=1e-4)


def test_flux_has_no_offset(flux: Any, draw: Any) -> None:
    given = {"positive": "a house", "negative": "a car", "scale": 2.0, "mode": "released", **SHORT}
    with pytest.raises(ConfigError, match="no offset"), value_sign_flip(flux, **given, offset=0.1):
        pass
    with (
        value_sign_flip(flux, **given, schedule=lambda step: (2.0, 0.1)) as arguments,
        pytest.raises(ConfigError, match="no offset"),
    ):
        draw(flux, **arguments)
