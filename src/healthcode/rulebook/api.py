"""HTTP for colours: a person's own, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from healthcode.access import Role, person_for
from healthcode.kit.http import Call, allows
from healthcode.kit.words import Words
from healthcode.rulebook.actions import Judgement, follow, judge
from healthcode.rulebook.explanations.reasons import COLOUR_WORDS, Reason, explain
from healthcode.rulebook.terms import Colour

router = APIRouter(tags=["colours"])


class RestsOn(BaseModel):
    """The fact behind a reason: its kind, its dates and who said so."""

    kind: Words
    started_at: datetime
    ended_at: datetime | None
    recorded_by: Words


class ReasonShown(BaseModel):
    """One active rule."""

    rule: str
    colour: Colour
    title: Words
    reason: Words
    instructions: Words = Field(description="What to do.")
    source: Words = Field(description="Where the rule was published.")
    releaser: Words = Field(description="Who can end it.")
    fact: RestsOn
    opens: datetime = Field(serialization_alias="from")
    until: datetime | None = Field(description="null: no end is known yet.")


class RulebookShown(BaseModel):
    """Which rulebook says so."""

    name: str
    version: str


class StandingShown(BaseModel):
    """A colour with everything it rests on."""

    colour: Colour
    words: Words
    at: datetime
    known_at: datetime | None = Field(description="By what was on record then; null: nothing.")
    changes_at: datetime | None = Field(description="The next moment at which it can change.")
    rulebook: RulebookShown
    reasons: list[ReasonShown]


def standing_shown(judged: Judgement, reasons: Sequence[Reason]) -> StandingShown:
    """A judgement as it leaves the house."""
    return StandingShown(
        colour=judged.standing.colour,
        words=COLOUR_WORDS[judged.standing.colour],
        at=judged.at,
        known_at=judged.known_at,
        changes_at=judged.standing.changes_at,
        rulebook=RulebookShown(name=judged.rulebook.name, version=judged.rulebook.version),
        reasons=[_shown(each) for each in reasons],
    )


def _shown(reason: Reason) -> ReasonShown:
    """A reason as it leaves the house."""
    return ReasonShown(
        rule=reason.rule,
        colour=reason.colour,
        title=reason.title,
        reason=reason.reason,
        instructions=reason.instructions,
        source=reason.source,
        releaser=reason.releaser,
        fact=RestsOn(
            kind=reason.fact,
            started_at=reason.fact_started_at,
            ended_at=reason.fact_ended_at,
            recorded_by=reason.fact_source,
        ),
        opens=reason.opens,
        until=reason.until,
    )


@router.get("/me/standing", summary="My colour, and why", **allows(Role.CITIZEN, scope="own"))
def my_standing(call: Call) -> StandingShown:
    """Below the real-name level it rests on one's own declarations alone."""
    person = person_for(call.transaction, call.caller)
    follow(call.transaction, person)
    judged = judge(call.transaction, person)
    return standing_shown(judged, explain(call.transaction, judged))
