"""The rule language: what a rulebook may say. Data for health officials, read from YAML.

The law that gives these words their meaning is `docs/reference/rulebook.md`; `expression.py` is
its one implementation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.json_schema import WithJsonSchema

from healthcode.evidence import Kind, Level, SourceClass
from healthcode.kit.words import Words
from healthcode.places import kept_code


class Colour(StrEnum):
    """What a code shows, the most severe last."""

    GREY = "grey"
    GREEN = "green"
    ORANGE = "orange"
    RED = "red"


SEVERITY = {Colour.GREY: 0, Colour.GREEN: 1, Colour.ORANGE: 2, Colour.RED: 3}
"""The most severe active window wins."""


DURATION = r"[0-9]{1,4}[dhm]"


@dataclass(frozen=True, slots=True)
class Duration:
    """`14d` is local days, counted from local midnight; `14h` and `30m` are exact."""

    count: int
    unit: str

    @classmethod
    def read(cls, text: object) -> Duration:
        """Read `14d`, `36h` or `30m`; anything else is a ValueError in words."""
        if isinstance(text, Duration):
            return text
        if not isinstance(text, str) or re.fullmatch(DURATION, text) is None:
            raise ValueError("a duration is a whole number and d, h or m: 14d, 36h, 30m")
        return cls(int(text[:-1]), text[-1])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def is_none(self) -> bool:
        """No time, and nothing to round."""
        return self.count == 0 and self.unit != "d"


NONE = Duration(0, "m")
"""No time at all. Exact, so nothing is rounded; `0d` in a rule means the local midnight before."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment that a window is measured from: the fact's start or its end, plus a duration."""

    edge: Literal["start", "end"]
    plus: Duration = NONE

    @classmethod
    def read(cls, text: object) -> Moment:
        """Read `start`, `end`, `start + 14d` or `end + 36h`; anything else is a ValueError."""
        if isinstance(text, Moment):
            return text
        found = re.fullmatch(rf"(start|end)(?: \+ ({DURATION}))?", str(text))
        if found is None:
            raise ValueError("write `start`, `end`, `start + 14d` or `end + 14d`")
        return cls("start" if found[1] == "start" else "end", Duration.read(found[2] or NONE))

    def __str__(self) -> str:
        return self.edge if self.plus == NONE else f"{self.edge} + {self.plus}"


OWN_END = "own end, else "


@dataclass(frozen=True, slots=True)
class Until:
    """When a window ends by itself.

    `moment` None means never. With `own_end` a fact that states its end (also `infinity`, going
    on) ends the window with it, and only a fact that states none counts to `moment`.
    """

    moment: Moment | None
    own_end: bool = False

    @classmethod
    def read(cls, text: object) -> Until:
        """Read `never`, `end + 14d`, or `own end, else start + 14d`; else a ValueError."""
        if isinstance(text, Until):
            return text
        if text == "never":
            return cls(None)
        rest = str(text).removeprefix(OWN_END)
        own_end = rest != text
        return cls(None if own_end and rest == "never" else Moment.read(rest), own_end)

    def __str__(self) -> str:
        moment = "never" if self.moment is None else str(self.moment)
        return f"{OWN_END}{moment}" if self.own_end else moment


def _as_text(example: str, pattern: str) -> tuple[object, object]:
    schema = {"type": "string", "pattern": f"^({pattern})$", "examples": [example]}
    return PlainSerializer(str, return_type=str), WithJsonSchema(schema)


_EDGE = rf"(start|end)( \+ {DURATION})?"
DurationText = Annotated[Duration, BeforeValidator(Duration.read), *_as_text("14d", DURATION)]
MomentText = Annotated[Moment, BeforeValidator(Moment.read), *_as_text("start + 14d", _EDGE)]
UntilText = Annotated[
    Until,
    BeforeValidator(Until.read),
    *_as_text("end + 14d", rf"never|{_EDGE}|own end, else (never|{_EDGE})"),
]
Area = Annotated[str, BeforeValidator(lambda value: kept_code(str(value))), Field(min_length=2)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
RuleId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class _Part(BaseModel):
    """A part of a rulebook: frozen, and a key it does not know is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Numbers(_Part):
    """Bounds for a fact's number; a fact without a number meets none of them."""

    at_least: Decimal | None = Field(None, max_digits=9, decimal_places=3)
    above: Decimal | None = Field(None, max_digits=9, decimal_places=3)
    at_most: Decimal | None = Field(None, max_digits=9, decimal_places=3)
    below: Decimal | None = Field(None, max_digits=9, decimal_places=3)

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if all(bound is None for bound in (self.at_least, self.above, self.at_most, self.below)):
            raise ValueError("give at least one of at_least, above, at_most, below")
        return self


class Pattern(_Part):
    """What a fact must be. Every condition that is stated must hold.

    A fact without an area is neither inside nor outside: where it was is not known.
    """

    kind: Kind
    result: tuple[Word, ...] = ()
    number: Numbers | None = None
    sources: tuple[SourceClass, ...] = ()
    inside: Area | None = None
    outside: Area | None = None


class Under(_Part):
    """The fact lies under a known designation of this level.

    `of` narrows what the designation must cover: the fact's area, its place, or (as stated
    first) either.
    """

    level: Level
    look_back: DurationText = NONE
    of: tuple[Literal["area", "place"], ...] = Field(("area", "place"), min_length=1)


class Trigger(Pattern):
    """The fact that opens a window."""

    under: Under | None = None


class Window(_Part):
    """From when until when a finding counts: half-open, [from, until)."""

    opens: MomentText = Field(Moment("start"), alias="from")
    until: UntilText

    @model_validator(mode="after")
    def _counts_from_the_start(self) -> Self:
        if self.opens.edge != "start":
            raise ValueError("a window opens at the fact's start, or some time after it")
        return self

    @property
    def always_opens(self) -> bool:
        """Whether no fact at all can have its window end as it opens, or before.

        A fact ends when it starts or later, and `1d` after a midnight is later than that day.
        """
        moment = self.until.moment
        if self.opens.plus != NONE or self.until.own_end:
            return False
        return moment is None or moment.plus.count > 0


class EarlyEnd(_Part):
    """Another fact of the same person that ends the window before its own end.

    The fact's end must be at or after the trigger's `edge` + `after`. With `count` the n-th such
    fact counts, taken greedily, each at least `apart` after the one before (end to end).
    """

    when: Pattern
    after: MomentText = Moment("start")
    lasting: DurationText | None = None
    same_source: bool = False
    count: int = Field(1, ge=1, le=10)
    apart: DurationText = NONE
    plus: DurationText = NONE

    @model_validator(mode="after")
    def _apart_needs_count(self) -> Self:
        if self.apart != NONE and self.count == 1:
            raise ValueError("`apart` says how far several facts lie apart: give `count` too")
        return self


class ExampleFact(_Part):
    """A fact in an example; times are local, as an official would write them."""

    kind: Kind
    started_at: str
    ended_at: str = ""
    result: str = ""
    number: Decimal | None = None
    area: str = ""
    place: str = ""
    source: SourceClass = SourceClass.AUTHORITY


class ExampleDesignation(_Part):
    """A designation in an example."""

    level: Level
    started_at: str
    ended_at: str = ""
    area: str = ""
    place: str = ""


class Example(_Part):
    """Facts, and the colour that the rulebook must give at each moment. Runs as a test."""

    title: str
    facts: tuple[ExampleFact, ...]
    designations: tuple[ExampleDesignation, ...] = ()
    colours: dict[str, Colour] = Field(min_length=1)


class Rule(_Part):
    """One rule: this fact gives this colour, for this time, unless ended by these people."""

    id: RuleId
    title: Words
    reason: Words
    instructions: Words
    source: Words
    colour: Literal[Colour.GREEN, Colour.ORANGE, Colour.RED]
    when: Trigger
    window: Window
    released_by: tuple[SourceClass, ...] = ()
    releaser: Words
    early_ends: tuple[EarlyEnd, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _somebody_can_end_it(self) -> Self:
        if self.early_ends and not self.released_by:
            raise ValueError(f"rule {self.id} has early ends but `released_by` names nobody")
        if self.released_by and not self.early_ends:
            raise ValueError(f"rule {self.id} names who releases but not by which fact")
        return self


class Rulebook(_Part):
    """A whole rulebook. Without a valid declaration a person is `undeclared`: grey or green."""

    name: RuleId
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+){0,2}$")]
    title: Words
    undeclared: Literal[Colour.GREY, Colour.GREEN]
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        ids = [rule.id for rule in self.rules]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"rule ids must differ; twice here: {', '.join(twice)}")
        declares = any(rule.colour is Colour.GREEN for rule in self.rules)
        if declares != (self.undeclared is Colour.GREY):
            raise ValueError(
                "a rulebook that asks for a declaration has a green rule, and no other"
            )
        return self

    def rule(self, name: str) -> Rule:
        """The rule of this id; a finding names no other."""
        return next(rule for rule in self.rules if rule.id == name)


@dataclass(frozen=True, slots=True)
class Finding:
    """One window: this rule holds for this person because of this fact.

    Half-open [opens, until); `until` None means never. Aware datetimes.
    """

    person: int
    rule: str
    fact: int
    colour: Colour
    opens: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's colour at a moment, and the next moment at which it can change."""

    person: int
    colour: Colour
    changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class StandingChanged:
    """News: these persons show another colour now; (person, before, now)."""

    turned: tuple[tuple[int, Colour, Colour], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: people compared, people left out, and how many differ."""

    compared_at: datetime
    people: int
    left_out: int
    differing: int
