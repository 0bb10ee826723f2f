"""Names of steered generators."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauve.errors import ConfigError, UnknownName
from fauve.models.steering.steered_name import GUIDANCES, SteeredName, parse_steered_name

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sdxl", SteeredName("sdxl")),
        ("flux-dev+vsf@2.0", SteeredName("flux-dev", None, "vsf", 2.0)),
        ("flux-dev+VSF@2", SteeredName("flux-dev", None, "vsf", 2.0)),
        ("sd3.5-m-geneval~0.5", SteeredName("sd3.5-m-geneval", 0.5)),
        ("dance-flux~-0.5", SteeredName("dance-flux", -0.5)),
        ("dance-flux~1.5+nag@5", SteeredName("dance-flux", 1.5, "nag", 5.0)),
        ("owner/some.model-1~0", SteeredName("owner/some.model-1", 0.0)),
        ("~/models/flux", SteeredName("~/models/flux")),
        ("~/models/flux~0.25", SteeredName("~/models/flux", 0.25)),
        ("diffusers:folder+new/flux+vsf@1e-1", SteeredName("diffusers:folder+new/flux", None, "vsf", 0.1)),
        (" sdxl ", SteeredName("sdxl")),
    ],
)
def test_names(name: str, expected: SteeredName) -> None:
    assert parse_steered_name(name) == expected


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("flux-dev+vfs@2", UnknownName, "Did you mean 'vsf'"),
        ("flux-dev+vsf", ConfigError, "without a scale"),
        ("flux-dev+vsf@", ConfigError, "no number"),
        ("flux-dev+vsf@two", ConfigError, "no number"),
        ("flux-dev+vsf@-1", ConfigError, "0 or more"),
        ("flux-dev+vsf@nan", ConfigError, "finite"),
        ("flux-dev~", ConfigError, "no number"),
        ("flux-dev~half", ConfigError, "no number"),
        ("flux-dev~inf", ConfigError, "finite"),
        ("+vsf@2", ConfigError, "no name"),
        ("", ConfigError, "no name"),
    ],
)
def test_names_that_mean_nothing(name: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        parse_steered_name(name)


@given(
    st.from_regex(r"[a-z][a-z0-9.-]{0,12}", fullmatch=True),
    st.none() | finite,
    st.none() | st.tuples(st.sampled_from(GUIDANCES), st.floats(0, 1e9)),
)
def test_a_name_read_again_is_the_same(base: str, dial: float | None, guidance: tuple[str, float] | None) -> None:
    name = SteeredName(base, dial, *(guidance or (None, None)))
    assert parse_steered_name(str(name)) == name
    assert name.steered == (dial is not None or guidance is not None)


def test_one_meaning_has_one_spelling() -> None:
    spellings = ("a~0.50+vsf@2", "a~.5+VSF@2.00", "a~5e-1+vsf@02")
    assert {str(parse_steered_name(name)) for name in spellings} == {"a~0.5+vsf@2.0"}
    assert str(parse_steered_name("a~-0.0")) == "a~0.0"


def test_names_are_read_without_torch() -> None:
    code = "import sys, fauve.models.steering.steered_name; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
