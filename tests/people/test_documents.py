"""Identity documents: what is accepted, what is refused in words, and that nothing leaks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.kit.errors import BadInput
from healthcode.people.terms import (
    BadDocument,
    Document,
    DocumentKind,
    FirstGenerationCard,
    NoSuchBirthDate,
    WrongCheckDigit,
    WrongForm,
    resident_number,
)

TODAY = date(2022, 1, 9)
BORN = date(1990, 1, 1)
NUMBER = resident_number("120101", BORN, 123)
# Retired, never assigned, and of another territory: a place is never a reason to refuse.
PREFIXES = ["120107", "120225", "120221", "000000", "999999", "810000", "420106"]

prefixes = st.text("0123456789", min_size=6, max_size=6)
births = st.dates(date(1850, 1, 1), TODAY)
numbers = st.builds(resident_number, prefixes, births, st.integers(0, 999))


@given(numbers)
def test_every_valid_number_is_accepted_whatever_its_place(number: str) -> None:
    read = Document.read(f"10:{number}", TODAY)
    assert read.number == number
    # A permit or a foreigner's card written as an identity card is still that one document.
    kinds = {"9": "34", "810000": "38", "820000": "38", "830000": "38"}
    assert read.kind == kinds.get(number[0], kinds.get(number[:6], "10"))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_number_is_never_refused_for_its_prefix(prefix: str) -> None:
    number = resident_number(prefix, BORN, 7)
    assert Document.read(f"10:{number}", TODAY).number == number


def test_a_published_number_is_valid() -> None:
    # The example that GB 11643-1999 itself gives.
    assert resident_number("110105", date(1949, 12, 31), 2) == "11010519491231002X"


@given(numbers, st.data())
def test_a_changed_digit_is_always_refused(number: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, 17))
    other = data.draw(st.sampled_from("0123456789X" if at == 17 else "0123456789"))
    if other == number[at]:
        return
    with pytest.raises(BadDocument):
        Document.read(f"10:{number[:at]}{other}{number[at + 1 :]}", TODAY)


@given(numbers, st.integers(0, 16))
def test_two_neighbours_that_changed_places_are_refused(number: str, at: int) -> None:
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped == number:
        return
    with pytest.raises(BadDocument):
        Document.read(f"10:{swapped}", TODAY)


SAME = [
    "10:11010519491231002X",
    "10:11010519491231002x",
    " 10 : 110105 19491231 002X ",
    "10：11010519491231002X",
    "１０：１１０１０５１９４９１２３１００２Ｘ",
    "10:110105\u300019491231\u00a0002x",
    "10:110105\u200b19491231002X\ufeff\n",
]


@pytest.mark.parametrize("text", SAME)
def test_spaces_width_and_case_do_not_matter(text: str) -> None:
    assert Document.read(text, TODAY).number == "11010519491231002X"


READ = [
    ("14:H12345678", "H12345678"),
    ("14:m12345678", "M12345678"),
    ("14:H1234567801", "H12345678"),
    ("15:12345678", "12345678"),
    ("15:1234567802", "12345678"),
    ("15:1234567802(B)", "12345678"),
    ("15:1234567802（b）", "12345678"),
    ("15:1234567802B", "12345678"),
    ("20:e12345678", "E12345678"),
    ("20:G1234", "G1234"),
    ("34:USA310012345678", "USA310012345678"),
    (f"34:{resident_number('911840', BORN, 1)}", resident_number("911840", BORN, 1)),
    (f"38:{resident_number('810000', BORN, 1)}", resident_number("810000", BORN, 1)),
    (f"38:{resident_number('830000', BORN, 1)}", resident_number("830000", BORN, 1)),
]


@pytest.mark.parametrize(("text", "number"), READ)
def test_each_kind_is_read_and_a_renewal_does_not_change_the_owner(text: str, number: str) -> None:
    document = Document.read(text, TODAY)
    assert (document.kind, document.number) == (text[:2], number)
    assert Document.read(f"{document.kind}:{document.number}", TODAY) == document


@given(st.sampled_from(READ), numbers)
def test_reading_what_was_read_changes_nothing(known: tuple[str, str], number: str) -> None:
    for text in (known[0], f"10:{number}"):
        once = Document.read(text, TODAY)
        assert Document.read(f"{once.kind}:{once.number}", TODAY) == once


REFUSED = [
    ("", BadDocument),
    (NUMBER, BadDocument),
    (f"11:{NUMBER}", BadDocument),
    (f"id:{NUMBER}", BadDocument),
    ("10:120101900101123", FirstGenerationCard),
    (f"10:{NUMBER}1", WrongForm),
    ("10:1201011990A1011234", WrongForm),
    ("10:120101199002301234", NoSuchBirthDate),
    ("10:120101199013011234", NoSuchBirthDate),
    ("10:120101184912311234", NoSuchBirthDate),
    ("10:120101000000001234", NoSuchBirthDate),
    (f"10:{NUMBER[:-1]}{(int(NUMBER[-1]) + 1) % 10}", WrongCheckDigit),
    ("14:A12345678", WrongForm),
    ("14:H123456789", WrongForm),
    ("15:123456789", WrongForm),
    ("15:12345678B", WrongForm),
    ("20:AB12", WrongForm),
    ("20:AB-1234", WrongForm),
    (f"20:{'A' * 16}", WrongForm),
    (f"34:{NUMBER}", WrongForm),
    ("34:US310012345678", WrongForm),
    (f"38:{NUMBER}", WrongForm),
    ("38:81000019900230123X", NoSuchBirthDate),
]


@pytest.mark.parametrize(("text", "error"), REFUSED)
def test_what_cannot_be_is_refused_in_words(text: str, error: type[BadDocument]) -> None:
    with pytest.raises(error) as caught:
        Document.read(text, TODAY)
    assert type(caught.value) is error
    assert isinstance(caught.value, BadInput)
    for said in (caught.value.say("zh"), caught.value.say("en"), str(caught.value)):
        assert "{" not in said
        assert len(said) > 20


def test_nobody_is_born_after_today() -> None:
    assert Document.read(f"10:{resident_number('120101', TODAY, 1)}", TODAY)
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(NoSuchBirthDate):
        Document.read(f"10:{resident_number('120101', tomorrow, 1)}", TODAY)


@given(st.one_of(st.text(), st.from_regex(r"(10|14|15|20|34|38)[:：][0-9A-Z]{6,20}")))
def test_an_error_never_says_the_number(text: str) -> None:
    number = text.replace("：", ":").partition(":")[2].strip()
    for said in everything_said_of(text):
        assert len(number) < 6 or number not in said


def everything_said_of(text: str) -> list[str]:
    """All that an error about a text could put in a log or on a page; nothing if it is fine."""
    try:
        Document.read(text, TODAY)
    except BadDocument as error:
        cause = (str(error.__cause__), str(error.details))
        return [error.say("zh"), error.say("en"), str(error), repr(error), *cause]
    return []


@given(numbers)
def test_a_document_never_shows_its_number(number: str) -> None:
    document = Document.read(f"10:{number}", TODAY)
    for shown in (repr(document), str(document), f"{document}", document.masked, repr([document])):
        assert number not in shown
        assert number[6:14] not in shown
    assert document.masked == f"…{number[-4:]}"


def test_every_kind_has_a_name_in_both_languages() -> None:
    assert {kind.value for kind in DocumentKind} == {"10", "14", "15", "20", "34", "38"}
    assert DocumentKind.IDENTITY_CARD.words.zh == "居民身份证"
    assert len({kind.words.en for kind in DocumentKind}) == 6


@pytest.mark.parametrize(("prefix", "sequence"), [("12010", 1), ("12010a", 1), ("120101", 1000)])
def test_made_up_numbers_need_six_digits_and_a_short_sequence(prefix: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="six digits"):
        resident_number(prefix, BORN, sequence)
