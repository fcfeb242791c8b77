"""HTTP for every room: who may call a route, one transaction a request, problems in words.

A route says who may call it with `**allows(...)`; one that does not is refused to everybody. A
handler asks for `Call`: the caller, and the transaction that is committed before the answer goes.
Problem documents are RFC 9457, in Chinese and English.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import anyio
import sqlalchemy as sa
from fastapi import Depends, FastAPI, Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, StringConstraints
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from healthcode.kit.db import Database, Transaction, in_words
from healthcode.kit.errors import BadInput, HouseError, NotReady, Refused
from healthcode.kit.words import Language, Words

logger = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
ALLOWS = "x-allows"
ANYONE: Final = "anyone"
"""The role of a caller without a session, and of a route that needs none."""

PATIENCE = 20.0  # seconds that a request waits for its turn
TOO_LARGE = 413
UNREADABLE = 400  # FastAPI's own, for a body that it cannot decode
KEPT_NOWHERE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
PROBLEM_SCHEMA = "#/components/schemas/Problem"
PARTS = {"body", "path", "query", "header", "cookie"}

KNOWN: dict[str, Language] = {"zh": "zh", "en": "en"}
DATABASE_ERRORS = (sa.exc.OperationalError, sa.exc.TimeoutError)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: plain data, filled by `access` from the bearer's token.

    `scope` is a division's kept code ("*": anywhere), a registered place's id, or "".
    """

    account: str | None = None
    role: str = ANYONE
    person: int | None = None
    scope: str = ""


class SignInFirst(Refused):
    """A route that needs a session, and none came."""

    words = Words(
        zh="请先登录：请求中没有有效的会话或密钥（Authorization: Bearer …）。",
        en="Sign in first: the request carries no valid session or key (Authorization: Bearer …).",
    )
    status = 401


class NotForYou(Refused):
    """A caller whose role may not call this route."""

    words = Words(
        zh="您的账号角色不能使用此功能。",
        en="An account of your role may not do this.",
    )


class NoSuchThing(BadInput):
    """Nothing is here, or not for this caller."""

    words = Words(zh="没有找到，或者它不属于您。", en="There is no such thing, or it is not yours.")
    status = 404


class BadRequest(BadInput):
    """A request that does not have the form of the documentation."""

    words = Words(
        zh="请求的内容不符合接口文档，请见 errors 中的各处。",
        en="The request does not have the form that is documented; see each place under errors.",
    )


class WrongRequest(BadInput):
    """What the server itself refuses before a route is found: 404, 405, 413 and the like."""

    words = Words(
        zh="此地址不接受这样的请求（HTTP {code}）。请对照接口文档 /api/v1/openapi.json。",
        en="This address takes no such request (HTTP {code}); /api/v1/openapi.json has those it "
        "takes.",
    )


class TooBusy(NotReady):
    """No connection to the database came free in time."""

    words = Words(
        zh="系统正忙，请稍后重试。", en="The house is busy at the moment. Please try again shortly."
    )


class HouseFault(NotReady):
    """Something in the house broke."""

    words = Words(
        zh="系统内部出错，未作任何改动；详情已记入日志。请稍后重试。",
        en="Something in the house broke and nothing was changed; the log has the details. "
        "Please try again later.",
    )
    status = 500


class Problem(BaseModel):
    """RFC 9457: `detail` is in the language asked for, `words` in both."""

    type: str
    title: str
    status: int
    detail: str
    words: Words
    errors: list[dict[str, str]] | None = None


@dataclass(frozen=True)
class House:
    """What a web process hands to every request; bound in `app/web.py`."""

    database: Database
    identify: Callable[[Transaction, str | None], Caller]
    city: str  # the kept code of the city that is served
    turns: anyio.Semaphore  # as many requests at once as there are connections


@dataclass(frozen=True)
class Asked:
    """One request: who asks, in which language, and the transaction of its work."""

    caller: Caller
    transaction: Transaction
    language: Language
    city: str


def allows(*roles: str, scope: str = "none", answers: tuple[int, ...] = ()) -> dict[str, Any]:
    """Who may call a route, as keywords of its decorator.

    `scope` says what binds the caller inside: own, division, place, client or none. `answers` are
    the problems that the route itself can give, besides those that every route can.
    """
    common = {413, 422, 429, 500, 503} | (set() if roles == (ANYONE,) else {401, 403})
    return {
        "openapi_extra": {ALLOWS: {"roles": list(roles), "scope": scope}},
        "responses": {
            code: {"model": Problem, "content": {PROBLEM: {}}, "description": "Problem"}
            for code in sorted(common | set(answers))
        },
    }


def _call(request: Request) -> Iterator[Asked]:
    route = request.scope["route"]
    allowed = (getattr(route, "openapi_extra", None) or {}).get(ALLOWS)
    if allowed is None:
        raise NotForYou
    house: House = request.app.state.house
    with house.database.transaction() as transaction:
        caller = house.identify(transaction, _bearer(request))
        if ANYONE not in allowed["roles"]:
            if caller.role == ANYONE:
                raise SignInFirst
            if caller.role not in allowed["roles"]:
                raise NotForYou
        acting = replace(transaction, account=caller.account)
        yield Asked(caller, acting, language_of(request), house.city)


_called = contextmanager(_call)


async def _in_turn(request: Request) -> AsyncIterator[Asked]:
    """Wait for a connection without holding a thread that somebody who has one will need."""
    house: House = request.app.state.house
    with anyio.move_on_after(PATIENCE) as waiting:
        await house.turns.acquire()
    if waiting.cancelled_caught:
        raise TooBusy
    try:
        async with contextmanager_in_threadpool(_called(request)) as asked:
            yield asked
    finally:
        house.turns.release()


guard = Depends(_in_turn, scope="function")  # ends, and commits, before the answer is sent
Call = Annotated[Asked, guard]


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def language_of(request: Request) -> Language:
    """Chinese, unless English is asked for first (RFC 9110 §12.5.4)."""
    best: tuple[float, Language] = (0.0, "zh")
    for part in request.headers.get("accept-language", "").split(","):
        name, _, weight = part.strip().partition(";q=")
        language = KNOWN.get(name[:2].lower())
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if language is not None and quality > best[0]:
            best = (quality, language)
    return best[1]


def _shown(text: str) -> str:
    if any(unicodedata.category(each) in {"Cc", "Cs", "Co", "Cn"} for each in text):
        raise ValueError("no control characters")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_shown)
]
"""A short text of one line, without control characters."""


def problem(
    error: HouseError,
    language: Language,
    *,
    status: int | None = None,
    errors: list[dict[str, str]] | None = None,
) -> JSONResponse:
    """The problem document of an error."""
    status = status or error.status
    name = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(error).__name__).strip("-")
    said = {"zh": error.say("zh"), "en": error.say("en")}
    body = {
        "type": f"/problems/{name}",
        "title": name.replace("-", " "),
        "status": status,
        "detail": said[language],
        "words": said,
    }
    if errors is not None:
        body["errors"] = errors
    headers = {"WWW-Authenticate": "Bearer"} if status == SignInFirst.status else {}
    if status == TooBusy.status:
        headers["Retry-After"] = "60"
    headers |= KEPT_NOWHERE | {"Content-Language": language}
    return JSONResponse(body, status, headers, PROBLEM)


def _document_problems(app: FastAPI) -> None:
    """FastAPI documents what a model is answered with as the route's own kind of content."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        made = plain()
        for operations in made["paths"].values():
            for operation in operations.values():
                for answer in operation["responses"].values():
                    if PROBLEM in answer.get("content", {}):
                        answer["content"] = {PROBLEM: {"schema": {"$ref": PROBLEM_SCHEMA}}}
        return made

    setattr(app, "openapi", document)  # noqa: B010 - how FastAPI has its document changed


def _fields(app: FastAPI) -> set[str]:
    """What our bodies call their fields."""
    schemas = app.openapi().get("components", {}).get("schemas", {})
    return {name for schema in schemas.values() for name in schema.get("properties", {})}


class Bounded:
    """Middleware: a body that is too large is refused in words, and unread where it says so."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.most:
                raise HTTPException(TOO_LARGE)
            return message

        said = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        if said.isdecimal() and int(said) > self.most:
            refused = WrongRequest(code=TOO_LARGE)
            answer = problem(refused, language_of(Request(scope)), status=TOO_LARGE)
            await answer(scope, receive, send)
            return
        await self.app(scope, counted, send)


def _where(place: Sequence[str | int], names: set[str]) -> str:
    """A place in a request. What a sender calls a field is theirs, and not repeated."""
    return "/".join(str(p) if isinstance(p, int) or p in names else "…" for p in place)


def answer_in_words(app: FastAPI) -> None:
    """Every error of an app becomes a problem document; no answer repeats what was sent."""

    def of_house(request: Request, error: HouseError) -> JSONResponse:
        return problem(error, language_of(request))

    def of_form(request: Request, error: RequestValidationError) -> JSONResponse:
        names = PARTS | _fields(app)
        found = [
            {"where": _where(each["loc"][:6], names), "what": each["type"]}
            for each in error.errors()[:20]
        ]
        return problem(BadRequest(), language_of(request), errors=found)

    def of_server(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == UNREADABLE:  # a body in no UTF-8, as one in no JSON
            return problem(BadRequest(), language_of(request), errors=[])
        said = WrongRequest(code=error.status_code)
        answer = problem(said, language_of(request), status=error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    def of_database(request: Request, error: sa.exc.SQLAlchemyError) -> JSONResponse:
        busy = in_words(error) if isinstance(error, sa.exc.DBAPIError) else TooBusy()
        return problem(busy, language_of(request))

    def of_anything(request: Request, error: Exception) -> JSONResponse:
        logger.error("A request failed.", exc_info=error)
        return problem(HouseFault(), language_of(request))

    _document_problems(app)
    app.exception_handler(HouseError)(of_house)
    app.exception_handler(RequestValidationError)(of_form)
    app.exception_handler(HTTPException)(of_server)
    for kind in DATABASE_ERRORS:
        app.exception_handler(kind)(of_database)
    app.exception_handler(Exception)(of_anything)
