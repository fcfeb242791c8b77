"""Sessions and oneself, over HTTP."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from healthcode.access import Role, identify, jobs
from healthcode.access.accounts import found, open_account
from healthcode.access.api import router
from healthcode.access.doors.phone import router as phone_router
from healthcode.access.terms import CONSENT
from healthcode.kit.db import Database
from healthcode.kit.http import ALLOWS, House, answer_in_words
from tests.access.conftest import ANNA, BO, FIRST, OTHER_PHONE, PHONE, Asked, FakeSms

JSON = {"Content-Type": "application/json"}
REAL = {"name": "王小明", "document": ANNA, "residence": "120101", "consent": CONSENT.version}


@pytest.fixture
def app(house: Database) -> FastAPI:
    made = FastAPI()
    answer_in_words(made)
    made.include_router(router)
    made.include_router(phone_router)
    made.state.house = House(house, identify, "12", anyio.Semaphore(5))
    return made


@dataclass(frozen=True)
class Web:
    """A browser, without a network."""

    app: FastAPI

    def request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("192.0.2.1", 5000))
            async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
                return await client.request(method, path, **sent)

        return asyncio.run(ask())

    def get(self, path: str, **sent: Any) -> httpx.Response:
        return self.request("GET", path, **sent)

    def put(self, path: str, **sent: Any) -> httpx.Response:
        return self.request("PUT", path, **sent)

    def post(self, path: str, body: object) -> httpx.Response:
        content = json.dumps(body)  # httpx itself refuses half a character
        return self.request("POST", path, content=content, headers=JSON)


@pytest.fixture
def web(app: FastAPI) -> Web:
    return Web(app)


def signed_in(web: Web, house: Database, sms: FakeSms, queue: Asked) -> dict[str, str]:
    assert web.post("/session/phone/start", {"phone": PHONE}).json() == {"valid_for": 300}
    with house.transaction() as transaction:
        for _, arguments in queue.jobs:
            jobs.send(transaction, **arguments)
    done = web.post("/session/phone/finish", {"phone": PHONE, "code": sms.code})
    assert done.status_code == 200
    assert set(done.json()) == {"token", "expires_at", "device", "verified"}
    return {"Authorization": f"Bearer {done.json()['token']}"}


def test_a_citizen_signs_in_registers_and_signs_out(
    web: Web, house: Database, sms: FakeSms, queue: Asked
) -> None:
    bearer = signed_in(web, house, sms, queue)
    nobody = {"role": "citizen", "account": None, "scope": "", "verified": False, "name": None,
              "consent": None}  # fmt: skip
    assert web.get("/me", headers=bearer).json() == nobody
    me = web.put("/me", headers=bearer, json=REAL)
    somebody = nobody | {"verified": True, "name": "王*明", "consent": "1"}
    assert (me.status_code, me.json()) == (200, somebody)
    assert web.get("/me", headers=bearer).json() == somebody
    assert web.request("DELETE", "/session", headers=bearer).status_code == 204
    assert web.get("/me", headers=bearer).status_code == 401


def test_the_registrys_no_keeps_the_attempt_and_the_consent(
    web: Web, house: Database, sms: FakeSms, queue: Asked
) -> None:
    bearer = signed_in(web, house, sms, queue)
    refused = [web.put("/me", headers=bearer, json=REAL | {"name": "王大明"}) for _ in range(6)]
    assert [each.status_code for each in refused] == [403] * 5 + [429]
    assert len({each.text for each in refused[:5]}) == 1
    assert web.get("/me", headers=bearer).json()["consent"] == "1"


def test_what_conflicts_is_a_409(web: Web, house: Database, sms: FakeSms, queue: Asked) -> None:
    bearer = signed_in(web, house, sms, queue)
    old = web.put("/me", headers=bearer, json=REAL | {"consent": "0"})
    assert (old.status_code, "version 1" in old.json()["words"]["en"]) == (409, True)
    assert web.put("/me", headers=bearer, json=REAL).status_code == 200
    other = web.put("/me", headers=bearer, json=REAL | {"document": BO, "name": "李四"})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/session/phone/start", {}),
        ("/session/phone/start", {"phone": "10086"}),
        ("/session/phone/start", {"phone": PHONE, "more": 1}),
        ("/session/phone/start", {"phone": "\ud800"}),
        ("/session/phone/start", {"phone": "\x00"}),
        ("/session/phone/finish", {"phone": PHONE}),
        ("/session/phone/finish", {"phone": PHONE, "code": "1" * 17}),
        ("/session/phone/finish", {"phone": PHONE, "code": "1", "document": "10:1"}),
        ("/session/phone/finish", {"phone": PHONE, "code": "1", "device": "x" * 100}),
        ("/session/password", {"name": "x"}),
        ("/session/password", {"name": "x", "password": "\ud800"}),
        ("/session/password", {"name": "x", "password": "x" * 201}),
    ],
)
def test_what_is_wrong_in_form_is_a_422_that_repeats_nothing(
    web: Web, path: str, body: dict[str, str]
) -> None:
    answer = web.post(path, body)
    assert answer.status_code == 422
    assert PHONE not in answer.text


def test_a_wrong_code_is_the_same_403_whoever_has_the_phone(web: Web) -> None:
    answers = [
        web.post("/session/phone/finish", {"phone": phone, "code": code})
        for phone in (PHONE, OTHER_PHONE)
        for code in ("123456", "12", "abc")
    ]
    assert {each.status_code for each in answers} == {403}
    assert len({each.text for each in answers}) == 1


def test_the_second_code_within_a_minute_is_a_429(web: Web) -> None:
    answers = [web.post("/session/phone/start", {"phone": PHONE}) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 429]


def test_staff_sign_in_with_a_password(web: Web, house: Database) -> None:
    with house.transaction() as transaction:
        found(transaction, "first", "second")
        opened = open_account(transaction, FIRST, "worker", "district", "120101")
    right = {"name": "worker", "password": opened.secret}
    refused = web.post("/session/password", right | {"password": "not the password"})
    assert refused.status_code == 403
    done = web.post("/session/password", right)
    assert (done.status_code, done.json()["device"]) == (200, None)
    bearer = {"Authorization": f"Bearer {done.json()['token']}"}
    assert web.get("/me", headers=bearer).json() == {
        "role": "district", "account": "worker", "scope": "120101", "verified": False,
        "name": None, "consent": None,
    }  # fmt: skip
    assert web.put("/me", headers=bearer, json=REAL).status_code == 403


def test_without_a_session_one_reads_what_one_would_agree_to_and_no_more(
    web: Web,
) -> None:
    words = web.get("/consent").json()
    assert words == {"version": "1", "words": CONSENT.words.model_dump()}
    for method, path in (("GET", "/me"), ("PUT", "/me"), ("DELETE", "/session")):
        assert web.request(method, path, json=REAL).status_code in {401, 422}
    for wrong in ("Bearer", "Bearer x", "Basic x", "x"):
        assert web.get("/me", headers={"Authorization": wrong}).status_code == 401


def test_every_route_says_who_may_call_it_and_every_field_what_it_is(app: FastAPI) -> None:
    document = app.openapi()
    for path in document["paths"].values():
        for route in path.values():
            assert set(route[ALLOWS]["roles"]) <= {*Role, "anyone"}
    ours = ("Start", "Sent", "Finish", "Session", "ByPassword", "Me", "RealName", "ToAgree")
    for name in ours:
        fields = document["components"]["schemas"][name]["properties"]
        assert {each for each, said in fields.items() if not said.get("description")} == set()
