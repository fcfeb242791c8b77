"""Every route says who may call it, what it answers and for what; no address carries a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from healthcode.access import Role
from healthcode.app import wiring
from healthcode.app.demo.api import routes
from healthcode.app.settings import BadSetting, Settings, read_settings
from healthcode.app.web import API, web
from healthcode.app.wiring import shipped_policy
from healthcode.kit.http import ALLOWS, ANYONE, PROBLEM, Call, allows, guard
from healthcode.kit.words import Language
from tests.api.city import City, Person, browsing, opened

DEMO = routes(Path("/nowhere"))
EVERYWHERE = {422, 429, 500, 503}
"""What any route can answer, besides its own."""
SCOPES = {"own", "division", "place", "client", "none"}
"""What binds a caller inside, by role: `access.terms.ScopeKind` without what no route has yet."""
IN_ADDRESSES = {"source", "proposal", "public_id"}
"""What may stand in an address: a registered name, a number and a random id; never a person."""
BY_METHOD = {"GET": 200, "PUT": 200, "DELETE": 204, "POST": 0}


def app(*more: APIRouter) -> FastAPI:
    """An app that is not started: nothing here asks a database."""
    return web(lambda: nullcontext((None, "12")), shipped_policy(), *more)  # type: ignore[arg-type, return-value]


HOUSE = app(DEMO)
DOCUMENT = HOUSE.openapi()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
SUCCESSES = {"GET": {"200"}, "PUT": {"200"}, "DELETE": {"204"}, "POST": {"200", "201", "202"}}


def unguarded(made: FastAPI) -> list[str]:
    """Routes that anybody could call without anybody having said so."""
    return [
        str(each.path)
        for each in iter_route_contexts(made.routes)
        if each.path != made.openapi_url
        and not (
            isinstance(each.original_route, APIRoute)
            and any(needed.dependency is guard.dependency for needed in each.dependencies)
        )
    ]


def test_every_route_but_the_document_itself_goes_through_the_guard() -> None:
    assert unguarded(HOUSE) == []


def test_a_route_that_goes_round_the_guard_is_seen() -> None:
    made = app()
    made.add_route("/back-door", lambda _: None)
    made.mount("/cellar", FastAPI())
    assert unguarded(made) == ["/back-door", "/cellar"]


def test_every_route_is_in_the_document() -> None:
    found = {
        f"{method} {each.path}"
        for each in iter_route_contexts(HOUSE.routes)
        for method in each.methods or {"?"}
        if each.path != HOUSE.openapi_url
    }
    assert found == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_route_says_who_may_call_it_and_what_binds_them(operation: str) -> None:
    said = OPERATIONS[operation][ALLOWS]
    roles = set(said["roles"])
    assert set(said) == {"roles", "scope"}
    assert roles == {ANYONE} or (roles and roles <= set(Role))
    assert said["scope"] in SCOPES


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_route_says_everything_that_it_can_answer(operation: str) -> None:
    said = OPERATIONS[operation]
    answers = set(said["responses"])
    needed = EVERYWHERE if said[ALLOWS]["roles"] == [ANYONE] else EVERYWHERE | {401, 403}
    assert {str(status) for status in needed} <= answers
    assert len(answers & SUCCESSES[operation.split()[0]]) == 1
    for status, answer in said["responses"].items():
        if int(status) >= 400:
            assert set(answer["content"]) == {PROBLEM}
            shown = answer["content"][PROBLEM]["schema"]
            assert shown == {"$ref": "#/components/schemas/Problem"}
        elif int(status) != 204:
            assert answer.get("content"), "which kind of content it answers with"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_route_says_what_it_is_for(operation: str) -> None:
    said = OPERATIONS[operation]
    assert said["summary"]
    assert said["description"].endswith(".")
    assert said["tags"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_in_an_address_can_tell_of_a_person(operation: str) -> None:
    """Addresses stand in the logs of proxies, in histories and on shoulders."""
    parameters = OPERATIONS[operation].get("parameters", [])
    assert {each["name"] for each in parameters} <= IN_ADDRESSES
    assert {each["in"] for each in parameters} <= {"path"}


def test_a_phone_in_an_address_is_seen() -> None:
    router = APIRouter()

    @router.get("/people", **allows(ANYONE))
    def find(call: Call, phone: str) -> None: ...

    [parameter] = app(router).openapi()["paths"][f"{API}/people"]["get"]["parameters"]
    assert parameter["name"] not in IN_ADDRESSES


# ---------------------------------------------------------------- a running house


@pytest.fixture(scope="module")
def city(server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten(call: Call) -> str:
        return "something"

    @router.get("/broken", **allows(ANYONE))
    def broken(call: Call) -> str:
        raise RuntimeError(SECRET)

    folder = tmp_path_factory.mktemp("city")
    with opened(server, masters, folder, router) as made:
        yield made


SECRET = "13802167777/欧阳静怡/120101199001011234"


def test_a_route_that_says_nothing_is_refused_to_everybody(city: City) -> None:
    citizen = city.newcomer().applies()
    for token in ("", citizen.token, *city.tokens.values()):
        answer = city.get("/forgotten", token)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-for-you")


def test_the_demos_route_is_not_there_in_a_house_that_is_no_demo(
    city: City, tmp_path: Path
) -> None:
    assert city.post("/demo/sms", {"phone": "13802169999"}).status_code == 404
    assert wiring.demo_routes(Settings(demo=False, data_dir=tmp_path)) == []
    assert f"{API}/demo/sms" in {
        each.path
        for router in wiring.demo_routes(Settings(demo=True, data_dir=tmp_path))
        for each in app(router).openapi()["paths"]
        for each in [type("Path", (), {"path": each})]
    }


def test_a_demo_never_runs_on_a_citys_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "postgresql://city:secret@127.0.0.1:1/city")
    monkeypatch.setenv("HEALTHCODE_DEMO", "true")
    with pytest.raises(BadSetting) as refused:
        read_settings()
    assert refused.value.setting == "demo"
    assert "secret" not in str(refused.value)
