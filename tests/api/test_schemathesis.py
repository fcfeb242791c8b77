"""The document and the house say the same, whatever is sent and whoever sends it.

Schemathesis makes the requests from the OpenAPI document: some that fit it, some that do not, and
some that are right but for a part. Every answer is one that the document names, in its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
import sqlalchemy as sa
from fastapi import APIRouter
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from healthcode.access import Role, identify
from healthcode.access.sessions import open_session
from healthcode.app.demo.api import routes
from healthcode.app.web import web
from healthcode.app.wiring import shipped_policy
from tests.api.allowed import ALLOWED, NOBODY, RIGHT, WHO
from tests.api.city import API, City, Person, opened

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
UNVERIFIED: Final = "a citizen without a name"
A_FEW, MANY = 15, 1000  # requests for each route


@dataclass
class Callers:
    """A session for each role, made anew whenever one was ended."""

    city: City
    accounts: Mapping[str, int]
    there: Mapping[str, object]  # what can stand in a path
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, who: str) -> str:
        """A session that lives; a department's key; nothing."""
        if who in {NOBODY, Role.SOURCE}:
            return self.city.secrets.get(who, "")
        if who not in self.tokens:
            with self.city.database.transaction() as transaction:
                token, _ = open_session(transaction, self.accounts[who], timedelta(days=30))
            self.tokens[who] = token
        return self.tokens[who]

    def answer(self, who: str, case: Case) -> httpx.Response:
        """What the house answers to a request of schemathesis."""
        token = self.token(who)
        sent = requests.Request(**case.as_transport_kwargs(base_url="http://house")).prepare()
        headers = {name: value for name, value in sent.headers.items() if name != "Authorization"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = self.city.browser.request(
            str(sent.method), str(sent.url), content=sent.body, headers=headers
        )
        if case.method == "DELETE":
            self.tokens.pop(who, None)
        return answer


@pytest.fixture(scope="module")
def callers(
    server: str, masters: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callers]:
    folder = tmp_path_factory.mktemp("city")
    with opened(server, masters, folder, routes(folder)) as city:
        citizen, nameless = city.newcomer().applies(), city.newcomer().signs_in()
        for each in (citizen, nameless):
            each.declares()
        public_id = citizen.post("/me/credentials").json()["id"]
        city.sign()
        there = {"public_id": public_id, "source": "commission", "proposal": 1}
        yield Callers(city, accounts_of(city, citizen, nameless), there)


def accounts_of(city: City, citizen: Person, nameless: Person) -> dict[str, int]:
    """The accounts whose sessions are used, by who it is."""
    named = sa.text("SELECT name, account FROM access.accounts WHERE name IS NOT NULL")
    with city.database.transaction() as transaction:
        by_name = {row.name: row.account for row in transaction.run(named)}
        found = {who: by_name[name] for who, name in city.names.items()}
        for who, person in ((Role.CITIZEN, citizen), (UNVERIFIED, nameless)):
            called = identify(transaction, person.token).account or ""
            found[who] = int(called.rpartition(".")[2])
    return found


@cache
def operations() -> dict[str, Any]:
    """What the document offers, by `GET /api/v1/me`."""
    demo: APIRouter = routes(None)
    app = web(lambda: nullcontext((None, "12")), shipped_policy(), demo)
    schema = schemathesis.openapi.from_dict(app.openapi())
    found = (each.ok() for each in schema.get_all_operations())
    return {each.label: each for each in found}


def requests_to(route: str) -> st.SearchStrategy[Case]:
    """Requests that fit the document; that do not; that are right but for a part."""
    operation = operations()[route]
    fits = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not (operation.body or operation.path_parameters):
        return fits
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    if route not in RIGHT:
        return fits | wrong
    return fits | wrong | st.builds(_right_but_for, fits, st.just(RIGHT[route]), st.data())


def _right_but_for(case: Case, right: dict[str, object], data: st.DataObject) -> Case:
    made = case.body if isinstance(case.body, dict) else {}
    other = data.draw(st.none() | st.sampled_from(sorted(made) or [""]))
    case.body = {**right, **{name: made[name] for name in made if name == other}}
    return case


def callers_of(route: str) -> st.SearchStrategy[str]:
    """Mostly those who may."""
    may = [*sorted(ALLOWED[route])]
    if Role.CITIZEN in may:
        may.append(UNVERIFIED)
    return st.sampled_from(may) | st.sampled_from(may) | st.sampled_from([*WHO, UNVERIFIED])


def conforms(callers: Callers, route: str, examples: int) -> None:
    """Ask, rightly and then in every other way, and compare each answer with the document."""
    statuses: set[int] = set()
    callers.city.later(hours=1)  # so that nothing was tried too often before it begins

    def ask(who: str, case: Case) -> None:
        answer = callers.answer(who, case)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    operation = operations()[route]
    in_path = {each.name: callers.there[each.name] for each in operation.path_parameters}
    body = {"body": RIGHT[route], "media_type": "application/json"} if route in RIGHT else {}
    for who in sorted(ALLOWED[route]):
        ask(who, operation.Case(path_parameters=in_path, **body))
    assert statuses & {200, 201, 202, 204} or route in ASKS_FOR_MORE, statuses

    @settings(max_examples=examples)
    @given(who=callers_of(route), case=requests_to(route), known=st.booleans())
    def ask_anything(who: str, case: Case, *, known: bool) -> None:
        if known:
            case.path_parameters = in_path
        ask(who, case)

    ask_anything()


ASKS_FOR_MORE = {
    f"POST {API}/session/phone/finish",
    f"POST {API}/session/password",
    f"POST {API}/approvals/{{proposal}}",
    f"POST {API}/demo/sms",
}
"""Routes that ask for a secret, or for what is not there; `test_way.py` has both."""


def test_the_document_has_every_route() -> None:
    assert set(operations()) == set(ALLOWED)


@pytest.mark.parametrize("route", ALLOWED)
def test_every_answer_is_one_that_the_document_names(callers: Callers, route: str) -> None:
    conforms(callers, route, A_FEW)


@pytest.mark.slow
@pytest.mark.parametrize("route", ALLOWED)
def test_every_answer_is_one_that_the_document_names_at_length(
    callers: Callers, route: str
) -> None:
    conforms(callers, route, MANY)
