"""HTTP for gates: the staff of a place have a code checked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field

from healthcode.gates.actions import check
from healthcode.gates.terms import Answer, Policy
from healthcode.kit.errors import Refused
from healthcode.kit.http import Call, allows
from healthcode.kit.words import Words
from healthcode.places import place

router = APIRouter(prefix="/gates", tags=["gates"])

CHECKS = Counter(
    "healthcode_checks_total",
    "Codes that gates had checked, by kind of place, outcome and decision.",
    ["kind", "outcome", "decision"],
)


class NoPlaceHere(Refused):
    """An account of a gate whose place is not registered, or is closed."""

    words = Words(
        zh="此账号所属的场所没有登记或已停用，因此不能验码。请联系为您开通账号的人员。",
        en="The place of this account is not registered, or it is closed, so no code is checked "
        "here. Please ask whoever made the account.",
    )


class CheckRequest(BaseModel):
    """A code as it was scanned, and what was measured at the gate."""

    model_config = ConfigDict(extra="forbid")

    # Whatever a scanner may give: other people's codes, control characters, nothing at all.
    code: Annotated[str, Field(max_length=4000, description="The text that was scanned.")]
    temperature: Annotated[
        float | None,
        Field(
            strict=True,
            allow_inf_nan=False,
            description="The holder's temperature in degrees Celsius; null if it was not measured.",
        ),
    ] = None
    document_seen: Annotated[
        bool,
        Field(strict=True, description="Whether a printed card was compared with its document."),
    ] = False


@router.post("/checks", summary="Check a code", **allows("gate", scope="place"))
def check_code(call: Call, asked: CheckRequest, request: Request) -> Answer:
    """One decision by the policy of this kind of place. Nothing about a check is stored."""
    at = place(call.transaction, call.caller.scope)
    if at is None or at.closed_at is not None:
        raise NoPlaceHere
    policy: Policy = request.app.state.policy
    answer = check(
        call.transaction,
        policy,
        asked.code,
        kind=at.kind,
        place=at,
        temperature=asked.temperature,
        document_seen=asked.document_seen,
    )
    CHECKS.labels(at.kind, answer.outcome, answer.decision).inc()
    return answer
