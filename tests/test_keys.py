from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fauve.keys import canonical_json, digest, digest_bytes, seed_from

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


@dataclass(frozen=True)
class Settings:
    steps: int
    guidance: float
    model: str


class Precision(StrEnum):
    HALF = "half"


def same(a: object, b: object) -> bool:
    """Equal as JSON values are: 1, 1.0 and True are three values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@given(values, values)
def test_two_values_have_one_key_exactly_when_they_are_the_same(a, b):
    assert (digest(a) == digest(b)) == same(a, b)


@given(st.dictionaries(texts, scalars, min_size=1, max_size=6), st.data())
def test_a_change_in_any_field_changes_the_key(settings, data):
    field = data.draw(st.sampled_from(sorted(settings)))
    other = data.draw(scalars)
    assume(not same(other, settings[field]))
    assert digest(settings | {field: other}) != digest(settings)
    assert digest({k: v for k, v in settings.items() if k != field}) != digest(settings)


@given(st.dictionaries(texts, scalars, max_size=6))
def test_the_order_of_fields_is_nothing(settings):
    assert digest(dict(reversed(settings.items()))) == digest(settings)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_come_back_to_the_last_bit(value):
    assert json.loads(canonical_json(value)) == value


@given(st.sets(texts, max_size=6))
def test_sets_are_sorted(members):
    ordered = sorted(members)
    assert digest(set(ordered)) == digest(frozenset(reversed(ordered))) == digest(ordered)


def test_minus_zero_is_zero():
    assert canonical_json(-0.0) == canonical_json(0.0) == "0.0"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1.0, math.nan], {"a": {"b": math.inf}}])
def test_what_is_not_finite_has_no_key(value):
    with pytest.raises(ValueError, match="finite"):
        digest(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["a", "b\ud83d"]])
def test_half_of_a_surrogate_pair_has_no_key(value):
    for key in (digest, canonical_json):
        with pytest.raises(ValueError, match="surrogates"):
            key(value)


@pytest.mark.parametrize("value", [object(), {1: "a"}, b"bytes", np.int64(3), np.zeros(2), lambda: 0, Settings])
def test_what_has_no_canonical_form_is_an_error(value):
    with pytest.raises(TypeError):
        digest(value)


def test_records_and_enums_are_their_values():
    assert canonical_json(Settings(28, 3.5, "flux")) == '{"guidance":3.5,"model":"flux","steps":28}'
    assert canonical_json(Precision.HALF) == '"half"'
    assert canonical_json((1, [2], "é")) == '[1,[2],"é"]'


def test_a_key_is_the_published_hash():
    # From FIPS 180-4's example "abc", and the empty canonical object, hashed with coreutils' sha256sum.
    assert digest_bytes(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_keys_and_seeds_are_the_same_in_another_process():
    program = "from fauve.keys import digest, seed_from; print(digest({'a', 'b', 'ü'}), seed_from('x', 1.5, None))"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.split() == [digest({"ü", "b", "a"}), str(seed_from("x", 1.5, None))]


@given(values, values)
def test_seeds_fit_every_generator_and_depend_on_every_part(a, b):
    assert 0 <= seed_from(a, b) < 2**63
    assume(not same(a, b))
    assert seed_from(a, b) != seed_from(b, a)
