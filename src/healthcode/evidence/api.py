"""HTTP for evidence: declarations, feeds, designations, clearances, and the second person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from healthcode.access import Role, consent, person_for
from healthcode.evidence import proposals
from healthcode.evidence.actions import clear, designate
from healthcode.evidence.declarations import Declaration, Symptom, Trip, declare
from healthcode.evidence.feeds.deciding import Outcome
from healthcode.evidence.feeds.pushing import MOST_ROWS, Pushed, push
from healthcode.evidence.terms import Level
from healthcode.kit.clock import local_today
from healthcode.kit.http import Call, Line, allows
from healthcode.kit.words import Words
from healthcode.people import BadDocument, ensure, identify

router = APIRouter(tags=["evidence"])

Document = Annotated[Line, Field(description="Kind and number, as 10:…", examples=["10:…"])]
Code = Annotated[str, Field(pattern=r"^[0-9]{2,12}$", description="A division of GB/T 2260.")]


class Said(BaseModel):
    """A body that holds nothing but what is documented."""

    model_config = ConfigDict(extra="forbid")


class SymptomSaid(Said):
    """A symptom, and the local day it began."""

    symptom: Symptom
    since: date | None = Field(None, description="Without it: today.")


class TripSaid(Said):
    """Days spent somewhere within the last 14 days."""

    area: Code
    started: date
    ended: date | None = Field(None, description="The last day there; without it: still there.")


class Position(Said):
    """Where the device is. It is compared with the district and forgotten."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class DeclarationSaid(Said):
    """A health declaration."""

    district: Code = Field(description="Where the person is now.")
    symptoms: list[SymptomSaid] = Field(default=[], max_length=20)
    contacts: list[date] = Field(
        default=[], max_length=20, description="Days of contact with somebody who is ill."
    )
    trips: list[TripSaid] = Field(default=[], max_length=50)
    position: Position | None = None
    consent: Line = Field(description="The version that GET /consent shows.")


class Declared(BaseModel):
    """The declaration is recorded."""

    warnings: list[Words] = Field(description="They change nothing.")


@router.post(
    "/me/declarations",
    status_code=201,
    summary="Declare one's health",
    **allows(Role.CITIZEN, scope="own", answers=(409,)),
)
def declare_health(call: Call, body: DeclarationSaid) -> Declared:
    """Counts at once. A declaration is added to what was said before; it takes nothing back."""
    consent(call.transaction, call.caller, body.consent)
    today = local_today(call.transaction.now)
    position = body.position
    said = Declaration(
        district=body.district,
        symptoms=tuple((each.symptom, each.since or today) for each in body.symptoms),
        contacts=tuple(body.contacts),
        trips=tuple(Trip(each.area, each.started, each.ended) for each in body.trips),
        position=(position.latitude, position.longitude) if position else None,
    )
    person = person_for(call.transaction, call.caller)
    return Declared(warnings=declare(call.transaction, person, said))


class Rows(Said):
    """Rows of evidence, with the columns of an evidence file, all as text."""

    rows: list[dict[str, str]] = Field(
        min_length=1,
        max_length=MOST_ROWS,
        examples=[[{"subject": "10:…", "kind": "contact", "result": "close"}]],
    )


class RowRefused(BaseModel):
    """A row that was not taken."""

    row: int = Field(description="From 1.")
    column: str
    reason: Words


class Taken(BaseModel):
    """What became of the rows. Sent again, they are nothing new."""

    recorded: int
    corrected: int
    retracted: int
    unchanged: int
    proposed: int = Field(description="Over the day's limit: they wait for a second person.")
    rejected: list[RowRefused]


@router.post(
    "/feeds/{source}",
    summary="Push facts",
    **allows(Role.SOURCE, scope="client"),
)
def push_facts(
    call: Call,
    source: Annotated[str, Path(max_length=64, description="A source of the caller's.")],
    body: Rows,
) -> Taken:
    """Good rows are recorded and the others named, each with its column and reason."""
    client = call.caller.account or ""
    pushed: Pushed = push(call.transaction, client, source, call.city, body.rows)
    return Taken(
        rejected=[RowRefused(row=n, column=c, reason=why) for n, c, why in pushed.rejected],
        **{outcome.value: count for outcome, count in pushed.counts.items()},
    )


class DesignationSaid(Said):
    """A risk level on an area or a place, for a time."""

    level: Level
    area: Code | None = None
    place: Line | None = Field(None, description="A place's name, instead of an area.")
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class OutcomeShown(BaseModel):
    """recorded, unchanged (known before), or proposed (waits for a second person)."""

    outcome: Outcome


@router.post(
    "/designations",
    status_code=201,
    summary="Put a risk level on an area or a place",
    **allows(Role.SOURCE, Role.EPIDEMIOLOGIST, scope="client"),
)
def designate_area(call: Call, body: DesignationSaid) -> OutcomeShown:
    """Everybody who was there is judged anew."""
    row = {
        "level": body.level.value,
        "area": body.area or "",
        "place": body.place or "",
        "started_at": _text(body.started_at),
        "ended_at": _text(body.ended_at),
    }
    client = call.caller.account or ""
    return OutcomeShown(outcome=designate(call.transaction, client, call.city, row))


class ClearanceSaid(Said):
    """What a clinic or a community found."""

    document: Document
    result: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,49}$",
        examples=["examined", "observation_over", "cleared"],
    )
    at: AwareDatetime | None = Field(None, description="Without it: now.")


@router.post(
    "/clearances",
    status_code=201,
    summary="Record a clearance",
    **allows(Role.CLINIC, Role.COMMUNITY, scope="division"),
)
def record_clearance(call: Call, body: ClearanceSaid) -> OutcomeShown:
    """Whether it ends a colour is for the rulebook: each rule names who may release it."""
    transaction, account = call.transaction, call.caller.account or ""
    at = body.at or transaction.now
    subject = identify(transaction.keys, account, body.document, local_today(transaction.now))
    if not subject.kind:
        raise BadDocument
    person = ensure(transaction, account, [subject])[subject]
    outcome = clear(transaction, call.caller, call.city, person, body.result, at)
    return OutcomeShown(outcome=outcome)


class WaitingShown(BaseModel):
    """What waits for a second person. It names nobody."""

    proposal: int
    client: str
    account: str | None
    what: str
    proposed_at: datetime
    rows: int


@router.get(
    "/approvals",
    summary="What waits for a second person",
    **allows(Role.APPROVER, scope="none"),
)
def approvals(call: Call) -> list[WaitingShown]:
    """The oldest first."""
    found = proposals.waiting(call.transaction)
    return [WaitingShown.model_validate(each, from_attributes=True) for each in found]


class DecisionSaid(Said):
    """A second person's answer."""

    approve: bool


class DecidedShown(BaseModel):
    """How many rows count now, and how many were not taken after all."""

    recorded: int
    rejected: int


@router.post(
    "/approvals/{proposal}",
    summary="Approve what waits, or refuse it",
    **allows(Role.APPROVER, scope="none", answers=(404,)),
)
def decide(
    call: Call, proposal: Annotated[int, Path(ge=1, le=2**63 - 1)], body: DecisionSaid
) -> DecidedShown:
    """Not for whoever proposed it, or opened an account that did, or was opened by one."""
    decided = proposals.decide(
        call.transaction, proposal, call.city, call.caller.scope, approve=body.approve
    )
    return DecidedShown(recorded=decided.recorded, rejected=decided.rejected)


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
