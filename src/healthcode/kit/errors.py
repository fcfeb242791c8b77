"""Errors in words: what was wrong, where, and what to do, in every language of the house.

    HouseError
    ├── BadInput    what came in is wrong; the sender can put it right
    ├── Refused     it is understood, and this caller may not
    └── NotReady    the house itself is not set up, or a part of it does not answer

A room's own errors are subclasses with their own `words`. Details are formatted into the words;
they never carry a name, a document number or a phone.
"""

from __future__ import annotations

from typing import ClassVar

from healthcode.kit.words import Language, Words


class HouseError(Exception):
    """An error that a person reads."""

    words: ClassVar[Words]

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.say("en"))

    def say(self, language: Language) -> str:
        """The error in one language, with its details filled in."""
        return self.words.in_language(language).format(**self.details)


class BadInput(HouseError):
    """What came in is wrong; the sender can put it right."""


class Refused(HouseError):
    """Understood, and this caller may not."""


class NotReady(HouseError):
    """The house is not set up, or a part of it does not answer."""
