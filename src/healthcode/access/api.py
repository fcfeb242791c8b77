"""HTTP of sessions and of oneself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from healthcode.access import citizens, passwords, sessions
from healthcode.access.terms import CONSENT, Role, SignedIn
from healthcode.kit.http import ANYONE, Asked, Call, Line, allows, guard
from healthcode.kit.words import Words

router = APIRouter(tags=["session"])

Version = Annotated[Line, StringConstraints(min_length=1, max_length=16)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=passwords.LONGEST)]


class Session(BaseModel):
    """A new session. Send its token with every request: `Authorization: Bearer …`."""

    token: str = Field(description="The session's token, given this once.")
    expires_at: datetime = Field(description="When the session ends.")
    device: str | None = Field(
        description="Keep it on this device and send it at the next sign-in; staff have none."
    )
    verified: bool = Field(description="Whether the account passed the real-name check.")


class ByPassword(BaseModel):
    """A member of staff."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, StringConstraints(min_length=1, max_length=64)] = Field(
        description="The account's name."
    )
    password: Password = Field(description="Its password.")


class Me(BaseModel):
    """The account of this session."""

    role: Role = Field(description="What the account may do.")
    account: str | None = Field(description="The account's name; a citizen has none.")
    scope: str = Field(description='A division\'s code ("*": everywhere), a place\'s id, or "".')
    verified: bool = Field(description="Whether it is at the real-name level.")
    name: str | None = Field(description="A verified citizen's masked name.")
    consent: str | None = Field(description="The version of the words that was agreed to last.")


class RealName(BaseModel):
    """What stands on the document. It is checked together with the account's phone."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, StringConstraints(min_length=1, max_length=100)] = Field(
        description="The name on the document.", examples=["王小明"]
    )
    document: Annotated[Line, StringConstraints(min_length=1, max_length=64)] = Field(
        description="The kind's code, a colon and the number, as `20:E12345678`.",
        examples=["20:E12345678"],
    )
    residence: Annotated[Line, StringConstraints(max_length=12)] | None = Field(
        None, description="The division where one lives (GB/T 2260).", examples=["120101"]
    )
    consent: Version = Field(
        description="The version of the words of `GET /consent` that one agrees to.",
        examples=[CONSENT.version],
    )


class ToAgree(BaseModel):
    """What a citizen agrees to before anything is collected."""

    version: str = Field(description="Which words these are.")
    words: Words = Field(description="The words, in Chinese and English.")


def session_of(found: SignedIn) -> Session:
    """A session as it is answered."""
    return Session(
        token=found.token,
        expires_at=found.expires_at,
        device=found.device,
        verified=found.verified,
    )


@router.post("/session/password", **allows(ANYONE, answers=(403,)))
def sign_in(call: Call, request: Request, body: ByPassword) -> Session:
    """Sign in as a member of staff."""
    origin = request.client.host if request.client else ""
    return session_of(sessions.sign_in(call.transaction, body.name, body.password, origin))


@router.delete("/session", status_code=204, **allows(*Role, scope="own"))
def sign_out(call: Call, request: Request) -> None:
    """End this session."""
    token = request.headers["authorization"].partition(" ")[2].strip()
    sessions.sign_out(call.transaction, token)


@router.get("/me", **allows(*Role, scope="own"))
def me(call: Call) -> Me:
    """Who is signed in."""
    return _me(call)


@router.put("/me", **allows(Role.CITIZEN, scope="own", answers=(409,)))
def register(call: Call, body: RealName) -> Me:
    """Register with one's real name; later, state the name or the residence anew.

    Name, document and phone must belong together by the registry; if they do not, nobody learns
    which of them is wrong.
    """
    citizens.consent(call.transaction, call.caller, body.consent)
    citizens.register_real_name(
        call.transaction, call.caller, body.name, body.document, body.residence
    )
    return _me(call)


@router.get("/consent", dependencies=[guard], **allows(ANYONE))
def words_to_agree_to() -> ToAgree:
    """What is collected, why, and for how long."""
    return ToAgree(version=CONSENT.version, words=CONSENT.words)


def _me(call: Asked) -> Me:
    caller, transaction = call.caller, call.transaction
    role = Role(caller.role)
    if role is not Role.CITIZEN:
        return Me(
            role=role,
            account=caller.account,
            scope=caller.scope,
            verified=False,
            name=None,
            consent=None,
        )
    citizen = citizens.about(transaction, caller)
    return Me(role=role, account=None, scope="", **citizen._asdict())
