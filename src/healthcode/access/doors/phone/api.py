"""HTTP of the phone's door."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from healthcode.access.api import Session, session_of
from healthcode.access.doors.phone import actions
from healthcode.access.doors.phone.terms import VALID_FOR, Purpose
from healthcode.kit.http import ANYONE, Call, Line, allows

router = APIRouter(tags=["session"])

Phone = Annotated[Line, StringConstraints(min_length=1, max_length=32)]
Code = Annotated[Line, StringConstraints(min_length=1, max_length=16)]
Device = Annotated[Line, StringConstraints(min_length=1, max_length=64)]


class Start(BaseModel):
    """Who wants a code."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone = Field(
        description="A mobile number; without a country's code, a Chinese one.",
        examples=["13802161234"],
    )


class Sent(BaseModel):
    """A code is on its way, whoever has the phone."""

    valid_for: int = Field(description="Seconds for which the code is good.")


class Finish(BaseModel):
    """The code that came, and on a new device the document's number."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone = Field(
        description="The number that the code was sent to.", examples=["13802161234"]
    )
    code: Code = Field(description="The six digits of the message.", examples=["123456"])
    document: Line | None = Field(
        None,
        description="On a device where this account was never used: the owner's document, as "
        "`10:` and the number. Without it, or with another's, a fresh account is opened.",
    )
    device: Device | None = Field(
        None, description="What the last sign-in on this device answered as `device`."
    )


@router.post("/session/phone/start", status_code=202, **allows(ANYONE))
def start(call: Call, request: Request, body: Start) -> Sent:
    """Ask for a code by text message. The answer is the same for every phone."""
    origin = request.client.host if request.client else ""
    actions.start(call.transaction, body.phone, Purpose.SIGN_IN, origin)
    return Sent(valid_for=int(VALID_FOR.total_seconds()))


@router.post("/session/phone/finish", **allows(ANYONE, answers=(403,)))
def finish(call: Call, body: Finish) -> Session:
    """Sign in with the code. At most five tries; a code is good once."""
    found = actions.finish(
        call.transaction, body.phone, Purpose.SIGN_IN, body.code, body.document, body.device
    )
    return session_of(found)
