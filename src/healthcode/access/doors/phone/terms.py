"""What a one-time code may be for, and which phones there are."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from healthcode.kit.errors import BadInput
from healthcode.kit.words import Words

HERE = "CN"
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}  # one range in some lands

DIGITS = 6
VALID_FOR = timedelta(minutes=5)  # long enough to look at the phone, too short to guess
TRIES = 5  # of a million

MESSAGE = Words(
    zh="【健康码】验证码{code}，用于{purpose}，{minutes}分钟内有效。请勿告诉任何人，工作人员也不会向您索要。",
    en="Health Code: {code} is your code to {purpose}, valid for {minutes} minutes. Tell it to "
    "nobody; our staff will never ask for it.",
)


class Purpose(StrEnum):
    """What a code is for; it is good for nothing else, and the message says so."""

    SIGN_IN = "sign_in"

    @property
    def words(self) -> Words:
        """What the person is about to do."""
        return PURPOSES[self]


PURPOSES = {Purpose.SIGN_IN: Words(zh="登录健康码", en="sign in to Health Code")}


class BadPhone(BadInput):
    """No number of a mobile phone."""

    words = Words(
        zh="这不是有效的手机号码。国外号码请加国家代码，如 +49。",
        en="This is not the number of a mobile phone. Put the country's code before a foreign "
        "number, as +49.",
    )


def read_phone(text: str) -> str:
    """The number of a mobile phone in E.164; without a country's code it is a Chinese one.

    Raises BadPhone.
    """
    try:
        number = phonenumbers.parse(text, HERE)
    except phonenumbers.NumberParseException:
        # from None: the parser's error shows the number
        raise BadPhone from None
    mobile = phonenumbers.number_type(number) in MOBILE  # unknown for a number that is not valid
    if not mobile or number.extension:
        raise BadPhone
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def message_for(purpose: Purpose, code: str) -> str:
    """The text that carries a code, in Chinese and English."""
    minutes = VALID_FOR // timedelta(minutes=1)
    said = [
        text.format(code=code, purpose=what, minutes=minutes)
        for text, what in (
            (MESSAGE.zh, purpose.words.zh),
            (MESSAGE.en, purpose.words.en),
        )
    ]
    return "\n".join(said)


def plain_code(text: str) -> str:
    """A code as it was sent, however it was typed: full width, with spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())
