"""Errors in words: what was wrong, where, and what to do, in every language of the house.

    HouseError
    ├── BadInput     what came in is wrong; the sender can put it right
    ├── Refused      it is understood, and this caller may not
    │   └── Counted  the same, and the attempt is kept: what the transaction wrote stays
    └── NotReady     the house itself is not set up, or a part of it does not answer

A room's own errors are subclasses with their own `words`. Details are formatted into the words;
they never carry a name, a document number or a phone. `status` is what HTTP calls it (RFC 9110).
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from healthcode.kit.words import Language, Words


class HouseError(Exception):
    """An error that a person reads."""

    words: ClassVar[Words]
    status: ClassVar[int] = 500

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.say("en"))

    def __reduce__(self) -> tuple[Any, ...]:
        """How it comes from one process to another."""
        return partial(type(self), **self.details), ()

    def say(self, language: Language) -> str:
        """The error in one language, with its details filled in."""
        return self.words.in_language(language).format(**self.details)


class BadInput(HouseError):
    """What came in is wrong; the sender can put it right."""

    status = 422


class Refused(HouseError):
    """Understood, and this caller may not."""

    status = 403


class Counted(Refused):
    """Refused, and counted: a wrong code or password must cost an attempt."""


class NotReady(HouseError):
    """The house is not set up, or a part of it does not answer."""

    status = 503
