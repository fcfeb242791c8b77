"""Every role at every route: who may, may; who may not is told so, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from healthcode.access import Role
from healthcode.access.terms import CONSENT
from healthcode.app.demo.api import routes
from tests.api.allowed import ALLOWED, NOBODY, WHO
from tests.api.city import DISTRICT, City, document, opened

NOT_FOR_YOU, SIGN_IN_FIRST = "/problems/not-for-you", "/problems/sign-in-first"

BODIES = {
    "POST /api/v1/session/phone/start": {"phone": "13802169999"},
    "POST /api/v1/session/phone/finish": {"phone": "13802169999", "code": "000000"},
    "POST /api/v1/session/password": {"name": "nobody-of-this-name", "password": "x" * 12},
    "PUT /api/v1/me": {
        "name": "欧阳静怡",
        "document": document(1),
        "residence": DISTRICT,
        "consent": CONSENT.version,
    },
    "POST /api/v1/me/declarations": {"district": DISTRICT, "consent": CONSENT.version},
    "POST /api/v1/gates/checks": {"code": "JKM1:", "temperature": 36.5},
    "POST /api/v1/clearances": {"document": document(2), "result": "examined"},
    "POST /api/v1/designations": {
        "level": "medium",
        "area": "130000",
        "started_at": "2020-02-19T00:00:00+08:00",
    },
    "POST /api/v1/feeds/{source}": {"rows": [{"subject": document(2), "kind": "visit"}]},
    "POST /api/v1/approvals/{proposal}": {"approve": False},
    "POST /api/v1/demo/sms": {"phone": "13802169999"},
}
"""What the documentation asks for, so that only the caller can be wrong."""

IN_PATHS = {"{source}": "commission", "{proposal}": "1", "{public_id}": "x" * 24}


@dataclass(frozen=True)
class Called:
    """The house, one real session of each role, and another one to end."""

    city: City
    tokens: dict[str, str]
    leaving: dict[str, str]

    def as_(self, who: str, route: str) -> httpx.Response:
        method, path = route.split()
        for name, value in IN_PATHS.items():
            path = path.replace(name, value)
        tokens = self.leaving if method == "DELETE" else self.tokens
        headers = {} if who == NOBODY else {"authorization": f"Bearer {tokens[who]}"}
        browser = self.city.browser
        return browser.request(method, path, json=BODIES.get(route), headers=headers)


@pytest.fixture(scope="module")
def city(server: str, masters: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    with opened(server, masters, folder, routes(folder)) as made:
        yield made


@pytest.fixture(scope="module")
def called(city: City) -> Called:
    citizen, leaver = (city.newcomer().applies() for _ in range(2))
    citizen.declares()
    staying = city.tokens | {Role.CITIZEN: citizen.token}
    leaving = {role: city.signed_in(role) for role in city.tokens} | {Role.CITIZEN: leaver.token}
    return Called(city, staying, leaving)


def test_every_route_stands_in_the_table_and_every_line_is_a_route(city: City) -> None:
    found = {
        f"{method} {each.path}"
        for each in iter_route_contexts(city.app.routes)
        for method in each.methods or {"?"}
        if each.path != city.app.openapi_url  # the document itself says nothing about anybody
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize("route", ALLOWED)
@pytest.mark.parametrize("who", WHO)
def test_a_role_may_call_what_the_table_says_and_nothing_else(
    called: Called, who: str, route: str
) -> None:
    answer = called.as_(who, route)
    kind = answer.json()["type"] if "problem" in answer.headers.get("content-type", "") else None
    if who in ALLOWED[route]:
        assert answer.status_code != 401
        assert kind != NOT_FOR_YOU
        assert answer.status_code < 500
    elif who == NOBODY:
        assert (answer.status_code, kind) == (401, SIGN_IN_FIRST)
        assert answer.headers["www-authenticate"] == "Bearer"
    else:
        assert (answer.status_code, kind) == (403, NOT_FOR_YOU)
