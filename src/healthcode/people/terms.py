"""Identity documents: which kinds there are, and when a number can be one of theirs.

A number is checked by its shape, its birth date and its check digit, never by its place: numbers
that begin with retired or unknown division codes are valid. No error and no text made from a
document contains its number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple, Self

from stdnum.cn.ric import calc_check_digit

from healthcode.kit.errors import BadInput
from healthcode.kit.words import Language, Words

# Nobody alive was born before; the oldest confirmed age is 122 years.
EARLIEST_BIRTH_YEAR = 1850
SEQUENCES = range(1000)
SHOWN_DIGITS = 4


class DocumentKind(StrEnum):
    """The kinds of identity document, by the codes that deployed health codes exchange."""

    IDENTITY_CARD = "10"
    HONG_KONG_MACAU_PERMIT = "14"
    TAIWAN_PERMIT = "15"
    PASSPORT = "20"
    PERMANENT_RESIDENCE_CARD = "34"
    RESIDENCE_PERMIT = "38"

    @property
    def words(self) -> Words:
        """What the document is called."""
        return RULES[self].called


class Rule(NamedTuple):
    """What a kind's number looks like; the first group of the pattern identifies its owner."""

    called: Words
    form: Words
    pattern: re.Pattern[str]


CITIZEN_FORM = Words(
    zh="应为18位：17位数字，最后一位为数字或X",
    en="it has 18 characters: 17 digits, then a digit or X",
)
RULES: Mapping[DocumentKind, Rule] = {
    DocumentKind.IDENTITY_CARD: Rule(
        Words(zh="居民身份证", en="resident identity card"),
        CITIZEN_FORM,
        re.compile(r"([0-9]{17}[0-9X])"),
    ),
    DocumentKind.HONG_KONG_MACAU_PERMIT: Rule(
        Words(
            zh="港澳居民来往内地通行证",
            en="mainland travel permit for Hong Kong and Macao residents",
        ),
        Words(
            zh="应为字母H或M加8位数字（旧版为10位数字）",
            en="it has the letter H or M and 8 digits (10 digits on older permits)",
        ),
        # The last two digits of the older form count renewals; the owner's number stays the same.
        re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?"),
    ),
    DocumentKind.TAIWAN_PERMIT: Rule(
        Words(zh="台湾居民来往大陆通行证", en="mainland travel permit for Taiwan residents"),
        Words(
            zh="应为8位数字（旧版为10位数字，末尾可带字母）",
            en="it has 8 digits (older permits: 10 digits, perhaps with a letter at the end)",
        ),
        # Again the owner's number, then the count of renewals and where it was issued.
        re.compile(r"([0-9]{8})(?:[0-9]{2}(?:[A-Z]|\([A-Z]\))?)?"),
    ),
    DocumentKind.PASSPORT: Rule(
        Words(zh="护照", en="passport"),
        Words(zh="应为5至15位字母或数字", en="it has 5 to 15 letters or digits"),
        re.compile(r"([A-Z0-9]{5,15})"),
    ),
    DocumentKind.PERMANENT_RESIDENCE_CARD: Rule(
        Words(zh="外国人永久居留身份证", en="foreigner's permanent residence card"),
        Words(
            zh="应为以9开头的18位号码，或旧版的3个字母加12位数字",
            en="it has 18 characters and begins with 9, or on older cards 3 letters and 12 digits",
        ),
        re.compile(r"(9[0-9]{16}[0-9X]|[A-Z]{3}[0-9]{12})"),
    ),
    DocumentKind.RESIDENCE_PERMIT: Rule(
        Words(
            zh="港澳台居民居住证",
            en="residence permit of Hong Kong, Macao and Taiwan residents",
        ),
        Words(
            zh="应为以810000、820000或830000开头的18位号码",
            en="it has 18 characters and begins with 810000, 820000 or 830000",
        ),
        re.compile(r"(8[123]0000[0-9]{11}[0-9X])"),
    ),
}
# GB 11643: place, birth date, sequence, check digit. Kinds 10, 38 and the newer 34 have this shape,
# and nothing else is so long.
CITIZEN = re.compile(
    r"[0-9]{6}(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[0-9]{3}[0-9X]"
)
BEGINS_WITH_KIND = re.compile(r"[0-9]{2}:")
FIRST_GENERATION = re.compile(r"[0-9]{15}")


class BadDocument(BadInput):
    """Not a document that can exist; the details never hold its number."""

    words = Words(
        zh="无法识别的证件：请写证件类型代码、冒号和证件号码。类型代码：10身份证、14港澳通行证、"
        "15台湾通行证、20护照、34永久居留身份证、38港澳台居民居住证。",
        en="This is no document we know: write the kind's code, a colon and the number. The codes "
        "are 10 identity card, 14 Hong Kong or Macao permit, 15 Taiwan permit, 20 passport, "
        "34 permanent residence card, 38 residence permit.",
    )


class WrongForm(BadDocument):
    """The number does not look like one of its kind."""

    words = Words(
        zh="{called}号码的格式不对：{form}。请对照证件重新填写。",
        en="This is not the number of a {called}: {form}. Please compare it with the document.",
    )

    def __init__(self, kind: DocumentKind) -> None:
        self.kind = kind
        super().__init__()

    def say(self, language: Language) -> str:
        """The error in one language, with the kind's form in that language."""
        rule = RULES[self.kind]
        return self.words.in_language(language).format(
            called=rule.called.in_language(language), form=rule.form.in_language(language)
        )


class FirstGenerationCard(BadDocument):
    """A number of 15 digits, from the cards that ended on 1 January 2013."""

    words = Words(
        zh="这是15位的第一代身份证号码，第一代身份证已于2013年停用。请填写现用身份证上的18位号码。",
        en="This is a 15-digit number of a first-generation identity card. These cards ended in "
        "2013: please give the 18-character number on the present card.",
    )


class NoSuchBirthDate(BadDocument):
    """The birth date inside the number is no date, or not one of a living person."""

    words = Words(
        zh="证件号码第7至14位不是有效的出生日期。请对照证件重新填写。",
        en="Characters 7 to 14 of the number are not a possible date of birth. Please compare it "
        "with the document.",
    )


class WrongCheckDigit(BadDocument):
    """The last character does not fit the others."""

    words = Words(
        zh="证件号码的校验位不符，很可能有一位填错了。请对照证件重新填写。",
        en="The last character does not fit the others, so one of them is probably mistyped. "
        "Please compare the number with the document.",
    )


@dataclass(frozen=True, slots=True)
class Document:
    """An identity document: its kind, and the number that identifies its owner.

    Made from outside by `read` only. Neither `repr` nor `str` shows the number.
    """

    kind: DocumentKind
    number: str = field(repr=False)

    @classmethod
    def read(cls, text: str, today: date) -> Self:
        """The document written as `10:120101199001011234`, in either width, spaces allowed.

        `today` is the local day: nobody is born after it. Raises BadDocument.
        """
        code, colon, number = _plain(text).partition(":")
        if not colon or code not in RULES:
            raise BadDocument
        kind = DocumentKind(code)
        if kind is DocumentKind.IDENTITY_CARD and FIRST_GENERATION.fullmatch(number):
            raise FirstGenerationCard
        found = RULES[kind].pattern.fullmatch(number)
        if not found:
            raise WrongForm(kind)
        if citizen := CITIZEN.fullmatch(number):
            _check_citizen(citizen, today)
        return cls(_own_kind(kind, number), found[1])

    @property
    def masked(self) -> str:
        """The last four characters of the number: `…1234`."""
        return f"…{self.number[-SHOWN_DIGITS:]}"

    def __str__(self) -> str:
        return f"{self.kind}:{self.masked}"


def is_document(text: str) -> bool:
    """Whether a text names a document, by the two digits of its kind and a colon."""
    return BEGINS_WITH_KIND.match(_plain(text)) is not None


def resident_number(prefix: str, birth: date, sequence: int) -> str:
    """A valid 18-character number (GB 11643), for made-up people: the sequence is 0 to 999."""
    if not re.fullmatch(r"[0-9]{6}", prefix) or sequence not in SEQUENCES:
        raise ValueError("a number has six digits of place and a sequence of 0 to 999")
    body = f"{prefix}{birth:%Y%m%d}{sequence:03d}"
    # The function drops the last character before it calculates.
    return body + calc_check_digit(f"{body}0")


def _check_citizen(number: re.Match[str], today: date) -> None:
    """Refuse a number whose birth date or check digit is impossible."""
    try:
        birth = date(int(number["year"]), int(number["month"]), int(number["day"]))
    except ValueError:
        raise NoSuchBirthDate from None
    if birth.year < EARLIEST_BIRTH_YEAR or birth > today:
        raise NoSuchBirthDate
    # Never stdnum's `validate`: it looks the place up, and refuses valid numbers for it.
    if calc_check_digit(number[0]) != number[0][-1]:
        raise WrongCheckDigit


def _own_kind(kind: DocumentKind, number: str) -> DocumentKind:
    """A permit or foreigner's card written as an identity card is still that one document."""
    if kind is not DocumentKind.IDENTITY_CARD:
        return kind
    others = (DocumentKind.RESIDENCE_PERMIT, DocumentKind.PERMANENT_RESIDENCE_CARD)
    return next((each for each in others if RULES[each].pattern.fullmatch(number)), kind)


def _plain(text: str) -> str:
    """Text in half width and capitals, without spaces and invisible characters."""
    if text.isascii() and text.isprintable() and " " not in text:  # nearly every text of a feed
        return text.upper()
    narrow = unicodedata.normalize("NFKC", text)
    kept = (c for c in narrow if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(kept).upper()
