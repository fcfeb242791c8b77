"""A check at a gate: one decision, who helps, and nothing more than staff may see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client import REGISTRY

from healthcode.codes import Outcome, Reading
from healthcode.codes.terms import Shown
from healthcode.gates import Answer, api, check, read_policy
from healthcode.kit.db import Transaction
from healthcode.kit.http import Caller, House, answer_in_words
from healthcode.places import Place, PlaceKind
from healthcode.places.actions import close_place, register_place
from healthcode.places.terms import PlaceRegistration

POLICY = read_policy(
    (Path(__file__).parents[2] / "policies" / "tianjin-2020-spring.yaml").read_text("utf-8")
)
ISSUED = datetime(2020, 2, 20, 1, tzinfo=UTC)
EXPIRES = datetime(2020, 2, 23, 1, tzinfo=UTC)
SHOWN = Shown("王*明", "10", "123X")
SEEN = {
    "decision", "outcome", "colour", "name", "document_kind", "last_four", "issued_at",
    "expires_at", "guard", "holder", "loud", "contacts", "checked_at", "band",
}  # fmt: skip
NOT_BELIEVED = {Outcome.NOT_A_CODE, Outcome.UNREADABLE, Outcome.UNKNOWN_ISSUER, Outcome.FORGED}
HOTLINE = ("hotline", "便民服务热线", "88908890")
COMMUNITY = ("community", "花园路社区", "022-23121234")
CLINIC = ("fever_clinic", "总医院发热门诊", "022-60362255")


def reading(_: Transaction, code: str, *, document_seen: bool = False) -> Reading:
    """Reads `green` as green; a card is green once its document was seen."""
    if code not in set(Outcome):
        return Reading(Outcome.NOT_A_CODE)
    outcome = Outcome(code)
    if outcome is Outcome.CHECK_DOCUMENT and document_seen:
        outcome = Outcome.GREEN
    known = outcome not in NOT_BELIEVED
    return Reading(outcome, SHOWN, ISSUED, EXPIRES) if known else Reading(outcome)


checked = partial(check, policy=POLICY, read=reading)


def made(transaction: Transaction, kind: PlaceKind, key: str = "gate", **said: str) -> Place:
    asked = {"key": key, "kind": kind, "name": key, "division": "120101001"} | said
    return register_place(transaction, PlaceRegistration(**asked))


@pytest.fixture
def home(transaction: Transaction) -> Place:
    community = {"community_name": COMMUNITY[1], "community_phone": COMMUNITY[2]}
    return made(transaction, PlaceKind.RESIDENTIAL, "home", **community)


@pytest.fixture
def clinic(transaction: Transaction) -> Place:
    said = {"name": CLINIC[1], "phone": CLINIC[2], "division": "120101"}
    return made(transaction, PlaceKind.FEVER_CLINIC, "clinic", **said)


def named(answer: Answer) -> list[tuple[str, str, str | None]]:
    return [(each.what.value, each.name.zh, each.phone) for each in answer.contacts]


def test_staff_see_these_fields_and_nothing_else(transaction: Transaction) -> None:
    answer = checked(transaction, code="green", kind=PlaceKind.BUS, temperature=36.5)
    assert set(answer.model_dump()) == SEEN == set(Answer.model_fields)
    assert (answer.name, answer.document_kind, answer.last_four) == ("王*明", "10", "123X")
    assert (answer.issued_at, answer.expires_at) == (ISSUED, EXPIRES)
    assert answer.checked_at == transaction.now
    assert (answer.decision, answer.colour, answer.contacts) == ("enter", "green", ())


@pytest.mark.parametrize("outcome", Outcome)
def test_a_colour_and_a_name_are_shown_where_they_are_known(
    transaction: Transaction, outcome: Outcome
) -> None:
    answer = checked(transaction, code=outcome, kind=PlaceKind.MALL)
    coloured = outcome in {"green", "orange", "red"}
    assert answer.colour == (outcome if coloured else None)
    assert (answer.name is None) == (outcome in NOT_BELIEVED)


def test_a_card_is_decided_once_its_document_was_seen(transaction: Transaction) -> None:
    at = partial(checked, transaction, code="check_document", kind=PlaceKind.METRO, temperature=36)
    assert at().decision == "usual_way"
    assert at(document_seen=True).decision == "enter"


@pytest.mark.parametrize("outcome", ["orange", "red"])
def test_at_home_the_community_is_named_first(
    transaction: Transaction, home: Place, clinic: Place, outcome: str
) -> None:
    answer = checked(transaction, code=outcome, kind=home.kind, place=home, temperature=36.5)
    assert answer.decision == "call"
    assert named(answer) == [COMMUNITY, CLINIC, HOTLINE]


@pytest.mark.parametrize(
    ("code", "temperature", "contacts"),
    [
        ("green", 36.5, []),
        ("green", None, [HOTLINE]),
        ("green", 37.3, [CLINIC, HOTLINE]),
        ("red", 36.5, [CLINIC, HOTLINE]),
        ("forged", 36.5, [HOTLINE]),
    ],
)
def test_elsewhere_the_nearest_clinic_and_the_hotline_are_named(
    transaction: Transaction,
    clinic: Place,
    code: str,
    temperature: float | None,
    contacts: list[tuple[str, str, str]],
) -> None:
    bus = made(transaction, PlaceKind.BUS)
    answer = checked(transaction, code=code, kind=bus.kind, place=bus, temperature=temperature)
    assert named(answer) == contacts


def test_whoever_is_not_known_is_not_named(transaction: Transaction) -> None:
    bus = made(transaction, PlaceKind.BUS)
    at = partial(checked, transaction, code="red", kind=bus.kind)
    assert named(at()) == named(at(place=bus)) == [HOTLINE]
    said = {"name": "发热门诊", "division": "120101"}
    made(transaction, PlaceKind.FEVER_CLINIC, "clinic", **said)
    assert named(at(place=bus)) == [("fever_clinic", "发热门诊", None), HOTLINE]


def test_a_fever_clinic_names_itself(transaction: Transaction, clinic: Place) -> None:
    made(transaction, PlaceKind.FEVER_CLINIC, "another", name="A", division=clinic.division)
    answer = checked(transaction, code="red", kind=clinic.kind, place=clinic, temperature=39.0)
    assert answer.decision == "usual_way"
    assert named(answer) == [CLINIC, HOTLINE]


def test_nothing_is_stored_about_a_check(transaction: Transaction, home: Place) -> None:
    def written() -> Any:
        asked = "SELECT pg_current_xact_id_if_assigned(), sum(n_tup_ins + n_tup_upd + n_tup_del)"
        return transaction.run(sa.text(f"{asked} FROM pg_stat_xact_user_tables")).one()

    before = written()
    checked(transaction, code="red", kind=home.kind, place=home, temperature=39.0)
    assert written() == before


# ---------------------------------------------------------------- over HTTP


class Web:
    """One gate's web process, on the test's transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.caller = Caller("gate-1", "gate", None, "")
        self.transactions = transaction
        app = FastAPI()
        app.state.house = House(
            self, lambda _transaction, _token: self.caller, "12", anyio.Semaphore(5)
        )
        app.state.policy = POLICY
        app.include_router(api.router)
        answer_in_words(app)
        self.app = app

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        yield self.transactions

    def check(self, body: object, scope: str) -> Any:
        self.caller = Caller("gate-1", "gate", None, scope)
        return self.post(body if isinstance(body, str) else json.dumps(body))

    def post(self, body: str) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gate") as client:
                headers = {"content-type": "application/json"}
                return await client.post("/gates/checks", content=body, headers=headers)

        return asyncio.run(send())


@pytest.fixture
def web(transaction: Transaction, monkeypatch: pytest.MonkeyPatch) -> Web:
    monkeypatch.setattr(api, "check", partial(check, read=reading))
    return Web(transaction)


def test_a_gate_checks_a_code_at_its_own_place(web: Web, home: Place) -> None:
    labels = {"kind": "residential", "outcome": "green", "decision": "enter"}
    before = REGISTRY.get_sample_value("healthcode_checks_total", labels) or 0
    answer = web.check({"code": "green", "temperature": 36.5}, home.public_id)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == SEEN
    assert (body["decision"], body["colour"], body["band"]) == ("enter", "green", "normal")
    assert (body["name"], body["last_four"]) == ("王*明", "123X")
    assert REGISTRY.get_sample_value("healthcode_checks_total", labels) == before + 1


@pytest.mark.parametrize("code", ["", "\x00", "a\x00b\x1b", "🙂", "JKM1:", "x" * 4000])
def test_any_text_gets_an_answer(web: Web, home: Place, code: str) -> None:
    body = web.check({"code": code}, home.public_id).json()
    assert (body["outcome"], body["band"], body["loud"]) == ("not_a_code", "not_measured", True)


@pytest.mark.parametrize("code", ["", "\x00", "a\x00b\x1b", "🙂", "JKM1:", "JKM1:\x00", "x" * 4000])
def test_any_text_gets_an_answer_from_the_real_reader(
    web: Web, home: Place, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "check", check)
    answer = web.check({"code": code, "temperature": -1e308}, home.public_id)
    assert answer.json()["outcome"] in {"not_a_code", "unreadable"}
    assert answer.json()["band"] == "implausible"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": "x" * 4001},
        {"code": 7},
        {"code": "green", "temperature": "36.5"},
        {"code": "green", "temperature": True},
        '{"code": "green", "temperature": NaN}',
        '{"code": "green", "temperature": 1e999}',
        '{"code": "\\ud800"}',
        {"code": "green", "document_seen": "yes"},
        {"code": "green", "place": "another"},
    ],
)
def test_another_form_is_refused_and_not_repeated(web: Web, home: Place, body: object) -> None:
    answer = web.check(body, home.public_id)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/bad-request"
    assert "x" * 100 not in answer.text


def test_an_account_without_an_open_place_checks_nothing(
    web: Web, transaction: Transaction, home: Place
) -> None:
    close_place(transaction, home.public_id)
    for scope in ("", "120101", "no such place", "\x00", home.public_id):
        answer = web.check({"code": "green"}, scope)
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/no-place-here"


@pytest.mark.parametrize("role", ["citizen", "community", "operator", "anyone"])
def test_nobody_but_a_gate_checks_codes(web: Web, home: Place, role: str) -> None:
    web.caller = Caller("someone", role, None, home.public_id)
    answer = web.post('{"code": "green"}')
    assert answer.status_code == (401 if role == "anyone" else 403)


def test_every_field_of_the_answer_is_described(web: Web) -> None:
    schemas = web.app.openapi()["components"]["schemas"]
    for name in ("Answer", "Contact", "CheckRequest"):
        for field, said in schemas[name]["properties"].items():
            assert said.get("description"), f"{name}.{field}"
