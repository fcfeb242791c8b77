"""What a place asks of a code: the policy, a total table, and the decision at the door.

Kind of place × outcome × temperature gives one decision with words for both sides. A policy is
data for health officials, read from YAML; one with a cell missing or twice is never in force.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from healthcode.codes import Outcome
from healthcode.kit.errors import BadInput
from healthcode.kit.files import read_yaml
from healthcode.kit.words import Words
from healthcode.places import PlaceKind


class Decision(StrEnum):
    """What a gate does; there is no flat no."""

    ENTER = "enter"  # and nothing else may be asked for
    CALL = "call"  # wait, while somebody named is called
    SHOW_ONLY = "show_only"  # the code informs; the place's local rule decides
    USUAL_WAY = "usual_way"  # a look-up or a register kept by the place


class Temperature(StrEnum):
    """The band of a reading at the gate."""

    NORMAL = "normal"
    FEVER = "fever"
    NOT_MEASURED = "not_measured"
    IMPLAUSIBLE = "implausible"  # no number, or none that a living person's skin has


class Helper(StrEnum):
    """Who can be named to the two people at the door."""

    COMMUNITY = "community"
    FEVER_CLINIC = "fever_clinic"
    HOTLINE = "hotline"


class BadPolicy(BadInput):
    """A policy that does not fit the language."""

    words = Words(zh="通行规定有误：{where}：{what}", en="The policy is wrong at {where}: {what}")


class MissingCell(BadPolicy):
    """A policy that leaves a case open."""

    words = Words(
        zh="通行规定缺少一种情形：场所 {kind}，验码结果 {outcome}，体温 {temperature}。",
        en="The policy does not say what happens at {kind} for {outcome} and the temperature "
        "{temperature}.",
    )


class DoubleCell(BadPolicy):
    """A policy that decides a case twice."""

    words = Words(
        zh="通行规定中有一种情形出现两次：场所 {kind}，验码结果 {outcome}，体温 {temperature}。",
        en="The policy says twice what happens at {kind} for {outcome} and the temperature "
        "{temperature}.",
    )


def _duration(text: object) -> timedelta:
    """Read `15m` or `12h`; anything else is a ValueError in words."""
    if isinstance(text, timedelta):
        return text
    found = re.fullmatch(r"([0-9]{1,4})([hm])", str(text))
    if found is None:
        raise ValueError("a duration is a whole number and h or m: 12h, 15m")
    return timedelta(**{"hours" if found[2] == "h" else "minutes": int(found[1])})


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Degrees = Annotated[float, Field(ge=25, le=50, allow_inf_nan=False)]


class _Part(BaseModel):
    """A part of a policy: frozen, and a key it does not know is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(_Part):
    """What the guard reads, and what the holder hears."""

    guard: Words
    holder: Words


class Result(Said):
    """What a code turned out to be; `again` says how to show one that counts."""

    loud: bool = False
    again: Said | None = None


class Row(Said):
    """One decision for several outcomes at several temperatures, perhaps after another try."""

    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    temperatures: tuple[Temperature, ...] = Field(min_length=1)
    decision: Decision
    again: bool = False
    contacts: tuple[Helper, ...] = ()


class PlaceClass(_Part):
    """Kinds of place that ask the same of a code, and what they say of a temperature."""

    id: Name
    title: Words
    source: Words
    kinds: tuple[PlaceKind, ...] = Field(min_length=1)
    temperatures: Mapping[Temperature, Said] = {}
    rows: tuple[Row, ...] = Field(min_length=1)


class Bands(_Part):
    """Thresholds in degrees Celsius: a reading of `fever` is one, of `lowest` is plausible."""

    fever: Degrees
    lowest: Degrees
    highest: Degrees

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        if not self.lowest < self.fever < self.highest:
            raise ValueError("the thresholds must rise: lowest, fever, highest")
        return self

    def band(self, reading: float | None) -> Temperature:
        """The band of a reading in degrees Celsius; None where nobody measured."""
        if reading is None:
            return Temperature.NOT_MEASURED
        if not math.isfinite(reading) or not self.lowest <= reading <= self.highest:
            return Temperature.IMPLAUSIBLE
        return Temperature.FEVER if reading >= self.fever else Temperature.NORMAL


class Hotline(_Part):
    """Whom anybody may call."""

    name: Words
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+ -]{3,20}$")]


class Decided(_Part):
    """What a policy says in one case; `contacts` are named where the place has them."""

    decision: Decision
    loud: bool
    guard: Words
    holder: Words
    contacts: tuple[Helper, ...]
    band: Temperature


Cell = tuple[PlaceKind, Outcome, Temperature]


class Policy(_Part):
    """A whole policy: every kind of place × outcome × temperature exactly once."""

    name: Name
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+){0,2}$")]
    title: Words
    list_warn: Duration
    list_max: Duration
    hotline: Hotline
    temperature: Bands
    outcomes: Mapping[Outcome, Result]
    classes: tuple[PlaceClass, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not timedelta(0) < self.list_warn < self.list_max:
            raise ValueError("list_warn must be some time, and shorter than list_max")
        silent = [outcome.value for outcome in Outcome if outcome not in self.outcomes]
        if silent:
            raise ValueError(f"no words for the outcomes {', '.join(silent)}")
        for cell in _every_cell():
            if cell not in self.cells:
                raise MissingCell(**_named(cell))
        return self

    @cached_property
    def cells(self) -> Mapping[Cell, Decided]:
        """The table itself."""
        table: dict[Cell, Decided] = {}
        for each in self.classes:
            for cell, row in _rows(each):
                if cell in table:
                    raise DoubleCell(**_named(cell))
                table[cell] = self._decided(each, row, cell)
        return table

    def _decided(self, of: PlaceClass, row: Row, cell: Cell) -> Decided:
        _, outcome, band = cell
        result = self.outcomes[outcome]
        again = result.again if row.again else None
        said = [part for part in (result, of.temperatures.get(band), again, row) if part]
        return Decided(
            decision=row.decision,
            loud=result.loud,
            guard=_joined([part.guard for part in said]),
            holder=_joined([part.holder for part in said]),
            contacts=row.contacts,
            band=band,
        )


def _every_cell() -> Iterator[Cell]:
    return ((kind, out, band) for kind in PlaceKind for out in Outcome for band in Temperature)


def _rows(of: PlaceClass) -> Iterator[tuple[Cell, Row]]:
    for row in of.rows:
        for kind in of.kinds:
            for outcome in row.outcomes:
                for band in row.temperatures:
                    yield (kind, outcome, band), row


def _named(cell: Cell) -> dict[str, str]:
    return dict(zip(("kind", "outcome", "temperature"), cell, strict=True))


def _joined(words: list[Words]) -> Words:
    return Words(zh="".join(part.zh for part in words), en=" ".join(part.en for part in words))


def read_policy(text: str) -> Policy:
    """A policy from its YAML. Raises BadPolicy, which says where and what."""
    try:
        return Policy.model_validate(read_yaml(text))
    except yaml.YAMLError as error:
        raise BadPolicy(where="YAML", what=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "policy"
        raise BadPolicy(where=where, what=first["msg"]) from error


def decide(policy: Policy, kind: PlaceKind, outcome: Outcome, temperature: float | None) -> Decided:
    """What happens at the door. Degrees Celsius; None where nobody measured."""
    return policy.cells[kind, outcome, policy.temperature.band(temperature)]


Coloured = Literal[Outcome.GREEN, Outcome.ORANGE, Outcome.RED]
COLOURS: Mapping[Outcome, Coloured] = {
    Outcome.GREEN: Outcome.GREEN,
    Outcome.ORANGE: Outcome.ORANGE,
    Outcome.RED: Outcome.RED,
}
"""The colour that an outcome tells; the others tell none."""


class Contact(_Part):
    """Somebody who helps: their name as it is registered, and their phone where there is one."""

    what: Helper = Field(description="Who it is to the person: the community, a clinic, a hotline.")
    name: Words = Field(description="What they are called.")
    phone: str | None = Field(description="Their phone; null where none is registered.")


class Answer(_Part):
    """Everything that the staff of a gate see of a code, and nothing else."""

    decision: Decision = Field(description="What the gate does.")
    outcome: Outcome = Field(description="What the code turned out to be.")
    colour: Coloured | None = Field(description="The live colour; null where none is known.")
    name: str | None = Field(description="The holder's masked name; null unless the code is real.")
    document_kind: str | None = Field(description="The kind of the holder's document, as 10.")
    last_four: str | None = Field(description="The last four characters of the document's number.")
    issued_at: datetime | None = Field(description="When the code was issued.")
    expires_at: datetime | None = Field(description="Until when the code is valid.")
    guard: Words = Field(description="What to do, for the staff.")
    holder: Words = Field(description="What to say to the holder.")
    loud: bool = Field(description="Whether the device must make itself heard.")
    contacts: tuple[Contact, ...] = Field(description="Who helps, in the order to be called.")
    checked_at: datetime = Field(description="When this was decided.")
    band: Temperature = Field(description="What the temperature was taken for.")
