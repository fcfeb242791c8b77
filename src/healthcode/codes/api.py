"""HTTP for codes: ask for one, fetch it when it is signed, draw it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from healthcode.access import Role, shown_of, verified_person
from healthcode.codes import actions, picture
from healthcode.codes.terms import Shown
from healthcode.kit.http import Call, NoSuchThing, allows
from healthcode.kit.words import Words

router = APIRouter(tags=["codes"])

TITLE = Words(zh="健康码", en="Health code")
REFUSED = {
    "grey": Words(
        zh="生成之前，健康申报已失效。请重新申报后再申请。",
        en="The health declaration ran out before the code was signed. Please declare again.",
    ),
    "unsettled": Words(
        zh="生成期间颜色发生了变化。请再申请一次。",
        en="The colour changed while the code was being made. Please ask once more.",
    ),
    "unfit": Words(
        zh="登记的姓名或证件无法写入健康码。请联系便民服务热线88908890。",
        en="The name or document on record does not fit into a code. Please call the hotline "
        "88908890.",
    ),
}
PublicId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{24}$", description="From the 202 answer.")]


class Drawing(Response):
    """A picture that grows with the page."""

    media_type = "image/svg+xml"


class Requested(BaseModel):
    """A code was asked for; it is signed within a second or two."""

    id: str
    address: str = Field(description="Where to ask for it.")


class CredentialState(BaseModel):
    """Where the request stands."""

    state: Literal["waiting", "ready", "refused"]
    code: str | None = Field(None, description="The code as text, JKM1:…, as its QR holds it.")
    expires_at: datetime | None = None
    reason: Words | None = Field(None, description="Why nothing was signed.")


@router.post(
    "/me/credentials",
    status_code=202,
    summary="Ask for a code",
    **allows(Role.CITIZEN, scope="own", answers=(409,)),
)
def ask(call: Call, response: Response) -> Requested:
    """Needs a real-name check and a colour. Ask for the result at the address in the answer."""
    person = verified_person(call.transaction, call.caller)
    shown = shown_of(call.transaction, person)
    assert shown is not None  # whoever passed the check has a name and a document
    account = call.caller.account or ""
    public_id = actions.request(call.transaction, person, account, Shown(*shown))
    address = f"/api/v1/me/credentials/{public_id}"
    response.headers["Location"] = address
    response.headers["Retry-After"] = "1"
    return Requested(id=public_id, address=address)


def _own(call: Call, public_id: str) -> actions.Credential:
    person = verified_person(call.transaction, call.caller)
    found = actions.credential(call.transaction, person, public_id)
    if found is None:
        raise NoSuchThing
    return found


@router.get(
    "/me/credentials/{public_id}",
    summary="A code that was asked for",
    **allows(Role.CITIZEN, scope="own", answers=(404,)),
)
def fetch(call: Call, public_id: PublicId) -> CredentialState:
    """Waiting, ready with its text, or refused with the reason."""
    found = _own(call, public_id)
    if found.waiting:
        return CredentialState(state="waiting")
    if found.refused is not None:
        return CredentialState(state="refused", reason=REFUSED[found.refused])
    return CredentialState(state="ready", code=found.text, expires_at=found.expires_at)


@router.get(
    "/me/credentials/{public_id}/qr.svg",
    summary="A code as a QR picture",
    response_class=Drawing,
    **allows(Role.CITIZEN, scope="own", answers=(404,)),
)
def draw(call: Call, public_id: PublicId) -> Response:
    """Black on white, with its quiet zone; 404 until it is signed."""
    found = _own(call, public_id)
    if found.text is None:
        raise NoSuchThing
    drawn = picture.svg(found.text, TITLE.in_language(call.language))
    return Drawing(drawn)
