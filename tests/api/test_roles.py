"""Every role at every route: who may, may; who may not is told so, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from healthcode.access import Role
from healthcode.app.demo.api import routes
from tests.api.allowed import ALLOWED, IN_PATHS, NOBODY, RIGHT, WHO
from tests.api.city import City, opened

NOT_FOR_YOU, SIGN_IN_FIRST = "/problems/not-for-you", "/problems/sign-in-first"


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
        return browser.request(method, path, json=RIGHT.get(route), headers=headers)


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
