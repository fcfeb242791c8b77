"""The demo's own route, which exists nowhere else: the last text message of a phone."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from healthcode.access.doors.phone.terms import read_phone
from healthcode.app.demo.outside import PrintedSms
from healthcode.kit.http import ANYONE, Call, Line, NoSuchThing, allows


class Phone(BaseModel):
    """Whose messages."""

    model_config = ConfigDict(extra="forbid")

    phone: Line


class Text(BaseModel):
    """A text message."""

    text: str


def routes(folder: Path) -> APIRouter:
    """The routes of a demo whose files lie in this folder."""
    router = APIRouter(prefix="/demo", tags=["demo"])

    @router.post("/sms", summary="The last message of a phone", **allows(ANYONE, answers=(404,)))
    def last_message(call: Call, body: Phone) -> Text:
        """404 while none was sent: the worker sends within a second."""
        del call
        text = PrintedSms(folder).latest(read_phone(body.phone))
        if text is None:
            raise NoSuchThing
        return Text(text=text)

    return router
