"""The web process: every room's routes under one address, no signing key.

`make` is what the server calls in each of its processes; `web` builds the app from a house, which
is what tests call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from time import perf_counter
from typing import cast

import anyio
from fastapi import APIRouter, FastAPI, Request, Response
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from pydantic import BaseModel
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp

import healthcode
from healthcode.access import Role, identify
from healthcode.access.api import router as access
from healthcode.access.doors.phone.api import router as phone
from healthcode.app import wiring
from healthcode.app.outside import bind_outside, demo_routes
from healthcode.app.settings import read_settings
from healthcode.codes.api import router as codes
from healthcode.evidence.api import router as evidence
from healthcode.gates.api import router as gates
from healthcode.gates.terms import Policy
from healthcode.kit.db import Database
from healthcode.kit.http import (
    ANYONE,
    KEPT_NOWHERE,
    Bounded,
    Call,
    House,
    allows,
    answer_in_words,
    guard,
)
from healthcode.rulebook.actions import last_comparison
from healthcode.rulebook.api import router as rulebook

API = "/api/v1"
LARGEST_BODY = 8 * 2**20  # bytes: five thousand rows of a feed are about two million
ROOMS = (phone, access, evidence, rulebook, codes, gates)

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""Those that are counted by name: a caller may invent any number of others."""

REQUESTS = Counter(
    "healthcode_requests", "Requests, by route and answer.", ["method", "route", "status"]
)
SECONDS = Histogram("healthcode_request_seconds", "How long they took.", ["method", "route"])
DIFFERING = Gauge(
    "healthcode_standings_differing",
    "People whose stored standing was not what the evidence gives, at the last comparison.",
)
COMPARED_AT = Gauge("healthcode_standings_compared_at", "When that was, in seconds since 1970.")

house = APIRouter(tags=["house"])


class Figures(Response):
    """Text, as Prometheus reads it."""

    media_type = CONTENT_TYPE_LATEST


class Health(BaseModel):
    """The house answers."""

    status: str


@house.get("/health", summary="Whether the house answers", **allows(ANYONE))
def health(call: Call) -> Health:
    """The database answered too, or this would be a 503."""
    del call
    return Health(status="ok")


@house.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Figures,
    **allows(Role.OPERATOR, Role.AUDITOR),
)
def metrics(call: Call) -> Response:
    """Counts and times by route, kind of place and outcome; nothing about anybody."""
    if (compared := last_comparison(call.transaction)) is not None:
        DIFFERING.set(compared.differing)
        COMPARED_AT.set(compared.compared_at.timestamp())
    return Figures(generate_latest())


def web(
    opening: Callable[[], AbstractContextManager[tuple[Database, str]]],
    policy: Policy,
    *more: APIRouter,
) -> FastAPI:
    """The app. `opening` gives the database and the city's code, once, when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with opening() as (database, city):
            turns = anyio.Semaphore(cast("QueuePool", database.engine.pool).size())
            app.state.house = House(database, identify, city, turns)
            yield

    app = FastAPI(
        title="Health Code 健康码",
        description="Evidence goes in, a published rulebook gives a colour with reasons, a signed "
        "code carries it, a gate reads it.",
        version=healthcode.__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        dependencies=[guard],
        lifespan=lifespan,
    )
    app.state.policy = policy
    answer_in_words(app)
    for router in (*ROOMS, *more):
        app.include_router(router, prefix=API)
    app.include_router(house)
    app.add_middleware(Bounded, most=LARGEST_BODY)
    app.middleware("http")(_watched)
    return app


async def _watched(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Count by route, never by address; what people see is theirs and stays in no cache."""
    started = perf_counter()
    status = 500  # what breaks is answered further out
    try:
        response = await call_next(request)
        status = response.status_code
    finally:
        route = getattr(request.scope.get("route"), "path", "none")
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, route, status).inc()
        SECONDS.labels(method, route).observe(perf_counter() - started)
    response.headers.update(KEPT_NOWHERE)
    return response


def make() -> ASGIApp:
    """The app of this process, by its settings."""
    settings = read_settings()
    wiring.log_as(settings)
    bind_outside(settings)

    @contextmanager
    def opening() -> Iterator[tuple[Database, str]]:
        with wiring.open_house(settings) as database:
            yield database, settings.city

    app = web(opening, wiring.shipped_policy(), *demo_routes(settings))
    if not settings.trusted_proxies:
        return app
    hosts = settings.trusted_proxies.split(",")
    return cast("ASGIApp", wrap_asgi_with_proxy_headers(app, trusted_hosts=hosts))
