"""Every route says who may call it, what it answers and for what; no address carries a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from healthcode.access import Role
from healthcode.access.outside import Outside, bind
from healthcode.access.terms import CONSENT
from healthcode.app.demo.api import routes
from healthcode.app.outside import demo_routes
from healthcode.app.settings import BadSetting, Settings, read_settings
from healthcode.app.web import API, web
from healthcode.app.wiring import shipped_policy
from healthcode.kit.http import ALLOWS, ANYONE, PROBLEM, Call, allows, guard
from healthcode.kit.words import Language
from tests.api.city import DISTRICT, City, Person, document, opened

DEMO = routes(Path("/nowhere"))
EVERYWHERE = {422, 429, 500, 503}
"""What any route can answer, besides its own."""
SCOPES = {"own", "division", "place", "client", "none"}
"""What binds a caller inside, by role: `access.terms.ScopeKind` without what no route has yet."""
IN_ADDRESSES = {"source", "proposal", "public_id"}
"""What may stand in an address: a registered name, a number and a random id; never a person."""


def app(*more: APIRouter) -> FastAPI:
    """An app that is not started: nothing here asks a database."""
    return web(lambda: nullcontext((None, "12")), shipped_policy(), *more)


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
    assert len(answers & SUCCESSES[operation.split(maxsplit=1)[0]]) == 1
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


NAME, NUMBER, PHONE, WORD = "欧阳静怡", "120101199001011234", "13802167777", "aleksandra_nowak"
TOLD = (NAME, NUMBER, PHONE, WORD)
SECRET = "/".join(TOLD)


def test_a_route_that_says_nothing_is_refused_to_everybody(city: City) -> None:
    citizen = city.newcomer().applies()
    for token in ("", citizen.token, *city.tokens.values()):
        answer = city.get("/forgotten", token)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-for-you")


def test_the_demos_route_is_only_in_a_demo(city: City, tmp_path: Path) -> None:
    assert city.post("/demo/sms", {"phone": PHONE}).status_code == 404
    assert demo_routes(Settings(demo=False, data_dir=tmp_path)) == []
    demo = app(*demo_routes(Settings(demo=True, data_dir=tmp_path)))
    assert set(demo.openapi()["paths"]) - set(app().openapi()["paths"]) == {f"{API}/demo/sms"}


def test_a_demo_never_runs_on_a_citys_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHCODE_DATABASE_URL", "postgresql://city:secret@127.0.0.1:1/city")
    monkeypatch.setenv("HEALTHCODE_DEMO", "true")
    with pytest.raises(BadSetting) as refused:
        read_settings()
    assert refused.value.setting == "demo"
    assert "secret" not in str(refused.value)


@dataclass(frozen=True)
class Wrong:
    """A request that is refused, with somebody's data wherever it can stand."""

    status: int
    method: str
    path: str
    body: object = None
    content: str | None = None
    who: str = ""


def declared(**changes: object) -> dict[str, object]:
    """A declaration that is right but for the changes."""
    return {"district": DISTRICT, "consent": CONSENT.version} | changes


def real_name(**changes: object) -> dict[str, object]:
    """A registration that is right but for the changes."""
    stated = {"name": NAME, "document": document(7), "consent": CONSENT.version}
    return stated | changes


FINISH = {"phone": PHONE, "code": "123456"}
DESIGNATED = {"level": "high", "started_at": "2020-02-01T00:00:00Z"}
WRONG = [
    Wrong(401, "GET", "/me", who="a token that nobody has"),
    Wrong(401, "PUT", "/me", real_name()),
    Wrong(403, "PUT", "/me", real_name(), who=Role.CLINIC),
    Wrong(403, "PUT", "/me", real_name(), who=Role.CITIZEN),
    Wrong(403, "POST", "/session/phone/finish", FINISH),
    Wrong(403, "POST", "/session/password", {"name": WORD, "password": SECRET}),
    Wrong(403, "POST", f"/feeds/{WORD}", {"rows": [{"subject": NAME}]}, who=Role.SOURCE),
    Wrong(404, "GET", f"/people/{PHONE}"),
    Wrong(404, "GET", f"/me/standing/{NUMBER}?name={NAME}", who=Role.CITIZEN),
    Wrong(404, "POST", "/approvals/1", {"approve": True}, who=Role.APPROVER),
    Wrong(405, "PATCH", f"/me?phone={PHONE}"),
    Wrong(409, "PUT", "/me", real_name(consent="13802167777"), who=Role.CITIZEN),
    Wrong(413, "POST", "/session/password", content=SECRET * 200_000),
    Wrong(422, "POST", "/session/phone/start", content=SECRET),
    Wrong(422, "POST", "/session/phone/start", content=f'{{"phone": "{PHONE}", "phone"'),
    Wrong(422, "POST", "/session/phone/start", content=f'"{SECRET}"'),
    Wrong(422, "POST", "/session/phone/start", {"phone": SECRET}),
    Wrong(422, "POST", "/session/phone/start", {"phone": PHONE + "1"}),
    Wrong(422, "POST", "/session/phone/start", {"phone": [PHONE, NAME]}),
    Wrong(422, "POST", "/session/phone/start", {"phone": PHONE, NAME: NUMBER}),
    Wrong(422, "POST", "/session/phone/start", {"phone": PHONE, WORD: 1}),
    Wrong(422, "POST", "/session/phone/finish", FINISH | {"document": f"10:{NUMBER}"}),
    Wrong(422, "POST", "/session/phone/finish", FINISH | {"device": SECRET * 9}),
    Wrong(422, "POST", "/session/password", {"name": {NAME: NUMBER}, "password": WORD}),
    Wrong(422, "PUT", "/me", real_name(document=NUMBER), who=Role.CITIZEN),
    Wrong(422, "PUT", "/me", real_name(document=f"10:{NUMBER}"), who=Role.CITIZEN),
    Wrong(422, "PUT", "/me", real_name(residence=PHONE), who=Role.CITIZEN),
    Wrong(422, "PUT", "/me", real_name(name=PHONE), who=Role.CITIZEN),
    Wrong(422, "POST", "/me/declarations", declared(district=NUMBER), who=Role.CITIZEN),
    Wrong(422, "POST", "/me/declarations", declared(district=PHONE), who=Role.CITIZEN),
    Wrong(422, "POST", "/me/declarations", declared(symptoms=[{WORD: NAME}]), who=Role.CITIZEN),
    Wrong(422, "POST", "/me/declarations", declared(contacts=[NAME]), who=Role.CITIZEN),
    Wrong(422, "POST", "/feeds/commission", {"rows": [{NAME: 1, WORD: 2}]}, who=Role.SOURCE),
    Wrong(422, "POST", "/feeds/commission", {"rows": NAME}, who=Role.SOURCE),
    Wrong(422, "POST", f"/feeds/{WORD * 5}", {"rows": [{}]}, who=Role.SOURCE),
    Wrong(422, "POST", "/clearances", {"document": NUMBER, "result": WORD}, who=Role.CLINIC),
    Wrong(422, "POST", "/clearances", {"document": NAME, "result": NAME}, who=Role.CLINIC),
    Wrong(422, "POST", "/designations", DESIGNATED | {"place": NUMBER}, who=Role.SOURCE),
    Wrong(422, "POST", "/designations", DESIGNATED | {"area": PHONE}, who=Role.SOURCE),
    Wrong(422, "POST", f"/approvals/{PHONE}x", {"approve": True}, who=Role.APPROVER),
    Wrong(422, "GET", f"/me/credentials/{NAME}", who=Role.CITIZEN),
    Wrong(422, "POST", "/gates/checks", {"code": SECRET * 99}, who=Role.GATE),
    Wrong(422, "POST", "/gates/checks", {"code": 1, "temperature": NAME}, who=Role.GATE),
    Wrong(500, "GET", f"/broken?phone={PHONE}"),
]


@pytest.fixture(scope="module")
def citizen(city: City) -> Person:
    return city.newcomer().signs_in()


def sent(city: City, citizen: Person, wrong: Wrong) -> httpx.Response:
    """The answer to a wrong request."""
    token = {Role.CITIZEN: citizen.token, "": ""}.get(wrong.who)
    token = city.tokens.get(wrong.who, SECRET_TOKEN) if token is None else token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    content = wrong.content or ("" if wrong.body is None else json.dumps(wrong.body))
    headers["content-type"] = "application/json"
    return city.browser.request(
        wrong.method, API + wrong.path, content=content.encode(), headers=headers
    )


SECRET_TOKEN = f"{WORD}-{NUMBER}-{PHONE}"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: f"{each.status} {each.method}")
def test_a_refusal_is_a_problem_in_both_languages_that_repeats_nothing(
    city: City, citizen: Person, wrong: Wrong
) -> None:
    answer = sent(city, citizen, wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (wrong.status, PROBLEM)
    body = answer.json()
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "words"}
    assert body["status"] == wrong.status
    assert re.fullmatch(r"/problems/[a-z]+(-[a-z]+)*", body["type"])
    assert body["title"] == body["type"].rpartition("/")[2].replace("-", " ")
    assert set(body["words"]) == set(get_args(Language))
    assert body["detail"] == body["words"]["zh"] != body["words"]["en"]
    assert all(set(each) == {"where", "what"} for each in body.get("errors", []))
    everything = answer.text + json.dumps(body, ensure_ascii=False) + repr(answer.headers)
    assert [told for told in TOLD if told in everything] == []


def test_no_answer_stays_in_a_cache_or_is_taken_for_something_else(
    city: City, citizen: Person
) -> None:
    for wrong in WRONG:
        headers = sent(city, citizen, wrong).headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == (
            "no-store",
            "nosniff",
        ), wrong


def test_rows_that_are_not_taken_are_named_by_number_column_and_reason_alone(city: City) -> None:
    rows = [
        dict.fromkeys(("subject", "kind", "result", "area", "started_at", "source"), told)
        for told in TOLD
    ]
    rows += [{told: told} for told in TOLD]
    answer = city.post("/feeds/commission", {"rows": rows}, city.tokens[Role.SOURCE])
    assert len(answer.json()["rejected"]) == len(rows)
    assert [told for told in TOLD if told in answer.text] == []


def test_what_lies_outside_may_fail_and_is_asked_again_later(city: City) -> None:
    who = city.newcomer().signs_in()
    bind(Outside())
    try:
        answers = [city.post("/session/phone/start", {"phone": PHONE}), who.registers()]
    finally:
        bind(Outside(city.sms, city.registry))
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
        assert answer.headers["retry-after"] == "60"
        assert who.name not in json.dumps(answer.json(), ensure_ascii=False)


def test_figures_count_every_answer_by_route_and_never_by_what_was_asked(
    city: City, citizen: Person
) -> None:
    for wrong in WRONG:
        sent(city, citizen, wrong)
    city.browser.request(PHONE, f"{API}/me")
    city.browser.request("GET", f"/{WORD}/{NAME}")
    headers = {"authorization": f"Bearer {city.tokens[Role.OPERATOR]}"}
    figures = city.browser.request("GET", "/metrics", headers=headers).text
    assert [told for told in TOLD if told in figures] == []
    assert 'healthcode_requests_total{method="GET",route="none",status="404"}' in figures
    assert 'healthcode_requests_total{method="GET",route="/broken",status="500"}' in figures
