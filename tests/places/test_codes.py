"""Division codes: kept as prefixes, so that containing is beginning with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.places import covers, kept_code

codes = st.sampled_from([0, 2, 4, 6, 9, 12]).flatmap(
    lambda digits: st.text("0123456789", min_size=digits, max_size=digits)
)
# Few digits and many zeros, so that codes contain one another often.
near_codes = st.sampled_from([2, 4, 6, 9, 12]).flatmap(
    lambda digits: st.text("01", min_size=digits, max_size=digits)
)

KEPT = [
    ("", ""),
    ("120000", "12"),
    ("420100", "4201"),
    ("420106", "420106"),
    ("420000000000", "42"),
    ("120101000000", "120101"),
    ("120101001000", "120101001"),
    ("120101001001", "120101001001"),
    ("1200", "12"),
    ("000000", ""),
]


@pytest.mark.parametrize(("code", "kept"), KEPT)
def test_a_kept_code_has_no_trailing_zeros(code: str, kept: str) -> None:
    assert kept_code(code) == kept


@given(codes)
def test_keeping_a_kept_code_changes_nothing(code: str) -> None:
    assert kept_code(kept_code(code)) == kept_code(code)


@given(codes)
def test_a_kept_code_is_a_beginning_of_the_code(code: str) -> None:
    assert code.startswith(kept_code(code))
    assert set(code.removeprefix(kept_code(code))) <= {"0"}


@given(near_codes, near_codes, near_codes)
def test_covering_is_transitive(first: str, second: str, third: str) -> None:
    first, second, third = (kept_code(code) for code in (first, second, third))
    if covers(first, second) and covers(second, third):
        assert covers(first, third)


@given(codes)
def test_a_code_covers_itself_and_an_empty_one_covers_nothing(code: str) -> None:
    kept = kept_code(code)
    assert covers(kept, kept) == bool(kept)
    assert not covers("", kept)


@pytest.mark.parametrize("code", ["1", "123", "12345", "1201010", "12010x", "１２０１０１", " 12"])
def test_what_is_no_division_code_is_an_error(code: str) -> None:
    with pytest.raises(ValueError, match="2, 4, 6, 9 or 12 digits"):
        kept_code(code)
