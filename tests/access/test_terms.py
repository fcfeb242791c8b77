"""The table of roles, and names as strangers see them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.access import Role
from healthcode.access.doors.phone.terms import PURPOSES, Purpose
from healthcode.access.terms import (
    CONSENT,
    LONGEST_MASK,
    NAME,
    ROLES,
    Proof,
    ScopeKind,
    masked_name,
)
from tests.promises.test_words import wrong_words


def test_every_role_has_a_scope_a_proof_and_words() -> None:
    assert set(ROLES) == set(Role)
    assert [role for role in Role if wrong_words(ROLES[role].called)] == []
    assert {rule.scope for rule in ROLES.values()} == set(ScopeKind)
    assert {rule.proof for rule in ROLES.values()} == set(Proof)
    for language in ("zh", "en"):
        assert len({rule.called.in_language(language) for rule in ROLES.values()}) == len(Role)


def test_every_purpose_and_the_consent_have_words() -> None:
    assert set(PURPOSES) == set(Purpose)
    assert [words for words in (*PURPOSES.values(), CONSENT.words) if wrong_words(words)] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王明", "王*"),
        ("王小明", "王*明"),
        ("欧阳静怡", "欧**怡"),
        ("王 小 明", "王*明"),
        ("王", "*"),
        ("𠮷田太郎", "𠮷**郎"),
        ("阿卜杜热西提·买买提艾力", "阿**********力"),
        ("买买提艾力·阿卜杜热西提·吐尔逊江", "买**********江"),
        ("Aleksandra Kowalczyk-Nowak", "A* K* N*"),
        ("ana maria de la cruz", "A* M* D* L*"),
        ("Cher", "C*"),
        ("Seán O’Brien", "S* O* B*"),
        ("Иван Петров", "И* П*"),
        ("ئالىم تۇرسۇن", "ئ* ت*"),
        ("-", "*"),
    ],
)
def test_a_masked_name_shows_its_ends_alone(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@given(st.text(min_size=1, max_size=100))
def test_a_masked_name_is_short_hides_something_and_is_never_empty(name: str) -> None:
    shown = masked_name(name)
    assert 0 < len(shown) <= LONGEST_MASK
    assert "*" in shown


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2))
def test_of_a_chinese_name_only_the_ends_are_told(name: str) -> None:
    shown = masked_name(name)
    assert shown[0] == name[0]
    assert shown[1:].strip("*") in {"", name[-1]}
    assert shown.count("*") == max(1, min(len(name), LONGEST_MASK) - 2)


@given(st.from_regex(NAME, fullmatch=True))
def test_no_member_of_staff_is_called_like_a_citizen(name: str) -> None:
    assert name != "citizen"
    assert not name.startswith("citizen.")
