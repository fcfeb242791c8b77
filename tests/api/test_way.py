"""The whole way of a person over HTTP: from the phone's message to the gate, and back to green."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from healthcode.access import Role
from healthcode.access.terms import CONSENT
from healthcode.codes.picture import svg
from healthcode.codes.terms import Status
from healthcode.evidence.declarations import MOST_A_DAY
from healthcode.evidence.feeds.importing import Importer
from healthcode.rulebook.actions import enact, in_force
from tests.api.city import (
    API,
    CODE,
    DISTRICT,
    FEVER,
    HOME,
    HOSPITAL,
    MALL,
    METRO,
    PLACES,
    RESTAURANT,
    City,
    Person,
)
from tests.promises.test_privacy import dump

BEIJING = {"latitude": 39.907123, "longitude": 116.391456}  # 110 km from the district's middle
NEAR = {"latitude": 39.118765, "longitude": 117.214321}


def symptom(who: Person) -> dict[str, str]:
    """What a clinic's laboratory reports."""
    started = (who.city.clock.now() - timedelta(hours=1)).isoformat()
    return {"subject": who.document, "kind": "symptom", "result": "fever", "started_at": started}


def contact(who: Person) -> dict[str, str]:
    """What the commission finds."""
    started = (who.city.clock.now() - timedelta(days=2)).isoformat()
    return {"subject": who.document, "kind": "contact", "result": "close", "started_at": started}


def cleared(who: Person) -> httpx.Response:
    """A doctor examined them."""
    body = {"document": who.document, "result": "examined"}
    return who.city.post("/clearances", body, who.city.tokens[Role.CLINIC])


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the kind of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def coloured(who: Person) -> tuple[str, list[str]]:
    """A person's colour, and the rules that give it."""
    found = who.standing()
    return found["colour"], [each["rule"] for each in found["reasons"]]


def said(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """Everything that an answer says."""
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, answer.text, headers


def test_from_the_first_message_to_a_gate_and_from_orange_back_to_green(city: City) -> None:
    # 1. By phone: a session of nobody in particular.
    who = city.newcomer("欧阳静怡").signs_in()
    assert who.get("/me").json() == {
        "role": "citizen", "account": None, "scope": "", "verified": False, "name": None,
        "consent": None,
    }  # fmt: skip
    # 2. The real name.
    me = who.registers()
    assert (me.json()["verified"], me.json()["name"]) == (True, "欧**怡")
    assert who.colour() == "grey"
    # 3. A declaration gives green, with its reason.
    declared = who.declares()
    assert (declared.status_code, declared.json()) == (201, {"warnings": []})
    assert coloured(who) == ("green", ["G"])
    # 4. A code: asked for, waiting, signed, drawn.
    asked = who.post("/me/credentials")
    path = asked.json()["address"].removeprefix(API)
    assert (asked.status_code, asked.headers["location"]) == (202, asked.json()["address"])
    assert who.get(path).json() == {
        "state": "waiting", "code": None, "expires_at": None, "reason": None,
    }  # fmt: skip
    assert who.get(f"{path}/qr.svg").status_code == 404
    assert city.sign() == 1
    ready = who.get(path).json()
    assert (ready["state"], ready["code"][:5]) == ("ready", "JKM1:")
    drawn = who.get(f"{path}/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.text == svg(ready["code"], "健康码")
    # 5. Five kinds of place ask for different things.
    code = ready["code"]
    decided = {kind: city.checked(code, kind)["decision"] for kind in PLACES}
    assert decided == {
        HOME: "enter", METRO: "enter", RESTAURANT: "show_only", MALL: "show_only",
        HOSPITAL: "usual_way",
    }  # fmt: skip
    shown = city.checked(code, METRO)
    assert (shown["name"], shown["last_four"]) == ("欧**怡", who.document[-4:])
    assert city.checked(code, METRO, FEVER)["decision"] == "call"
    assert city.checked(code, METRO, None)["decision"] == "usual_way"
    # 6. A laboratory reports a fever: the same code is orange at once, and home still takes in.
    assert city.pushed(symptom(who), source="lab")["recorded"] == 1
    assert who.colour() == "orange"
    at_home, at_work = city.checked(code, HOME), city.checked(code, METRO)
    assert (at_home["colour"], at_home["decision"], at_work["decision"]) == (
        "orange",
        "call",
        "call",
    )
    assert at_home["contacts"][0]["phone"] == "022-27300001"
    # 7. Examined and cleared: green, with the same code.
    city.later(minutes=5)
    answer = cleared(who)
    assert (answer.status_code, answer.json()) == (201, {"outcome": "recorded"})
    assert who.colour() == "green"
    assert city.checked(code, METRO)["decision"] == "enter"


def test_somebody_whom_a_department_knew_before_they_applied_has_the_right_colour_at_once(
    city: City,
) -> None:
    who = city.newcomer()
    assert city.pushed(contact(who))["recorded"] == 1
    who.applies()
    assert coloured(who) == ("red", ["R3"])
    assert city.checked(who.carries(), METRO)["colour"] == "red"


def test_no_department_changes_a_name_that_the_registry_has_checked(
    city: City, tmp_path: Path
) -> None:
    who = city.newcomer().applies()
    who.declares()
    before = city.checked(who.carries(), METRO)["name"]
    other = tmp_path / "people.csv"
    other.write_text(f"subject,name,residence\n{who.document},马化腾,120102\n", "utf-8")
    report = Importer(city.database, "the.source", CODE).run(other)
    assert report.recorded == 1
    assert city.checked(who.carries(), METRO)["name"] == before


def test_others_declarations_take_nothing_of_a_persons_own(city: City) -> None:
    who = city.newcomer().applies()
    rows = [
        {"subject": who.document, "kind": "declaration", "started_at": f"2020-02-20T08:{n:02}"}
        for n in range(25)
    ]
    assert city.pushed(*rows)["recorded"] == len(rows)
    assert who.declares().status_code == 201
    for _ in range(MOST_A_DAY - 1):
        city.clock.stated += timedelta(seconds=1)
        assert who.declares().status_code == 201
    city.clock.stated += timedelta(seconds=1)
    assert who.declares().status_code == 429


def test_a_burst_of_requests_waits_for_connections_and_not_for_threads(city: City) -> None:
    """More at once than there are connections and threads together."""
    with ThreadPoolExecutor(120) as pool:
        answers = pool.map(lambda _: city.browser.request("GET", "/health"), range(240))
        assert {answer.status_code for answer in answers} == {200}


def test_the_same_rows_again_are_nothing_new(city: City) -> None:
    who = city.newcomer()
    rows = [contact(who), symptom(who), {"subject": "10:1", "kind": "contact"}]
    first, second = city.pushed(*rows), city.pushed(*rows)
    assert (first["recorded"], first["unchanged"], len(first["rejected"])) == (2, 0, 1)
    assert (second["recorded"], second["unchanged"], len(second["rejected"])) == (0, 2, 1)


@pytest.mark.parametrize("time", range(3))
def test_two_applications_at_once_with_one_document_are_one_person(city: City, time: int) -> None:
    one, other = city.newcomer(), city.newcomer()
    other.document = one.document
    city.registry.known.add((other.name, one.document, other.phone))
    for each in (one, other):
        each.signs_in()
        each.declares()  # somebody of their own, until the name is checked
    gate = threading.Barrier(4)

    def apply(who: Person) -> int:
        gate.wait()
        return who.registers().status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(apply, [one, other, one, other])) == {200}
    assert city.pushed(contact(one))["recorded"] == 1
    assert [each.colour() for each in (one, other)] == ["red", "red"]
    hashes = [city.database.keys.lookup(each.phone, "access.phones.phone") for each in (one, other)]
    with city.database.transaction() as transaction:
        persons = transaction.run(
            sa.text("SELECT DISTINCT person FROM access.accounts WHERE phone_hash = ANY(:hashes)"),
            {"hashes": hashes},
        ).scalars()
        assert len(persons.all()) == 1


def test_a_wrong_name_number_or_phone_give_the_very_same_answer_whoever_the_owner_is(
    city: City,
) -> None:
    owner = city.newcomer("慕容国强")
    elsewhere = city.newcomer("上官婉儿", known=False)

    def answers() -> set[str]:
        found = []
        for wrong in (
            {"name": "慕容国富"},
            {"document": elsewhere.document},
            {"document": owner.document, "name": owner.name},
        ):
            stranger = city.newcomer(owner.name, known=False).signs_in()
            if "document" not in wrong:
                stranger.document = owner.document
            before = said(stranger.get("/me"))
            answer = stranger.registers(**wrong)
            assert problem(answer) == (403, "not-together")
            found.append(said(answer))
            after = stranger.get("/me").json()
            assert after == {**_body(before), "consent": CONSENT.version}
            assert (stranger.colour(), stranger.standing()["reasons"]) == ("grey", [])
            assert problem(stranger.post("/me/credentials")) == (403, "not-verified")
        return {repr(each) for each in found}

    unknown = answers()
    city.pushed(contact(owner))
    known_by_a_feed = answers()
    owner.applies()
    registered = answers()
    assert len(unknown | known_by_a_feed | registered) == 1


def _body(found: tuple[int, str, dict[str, str]]) -> dict[str, object]:
    return dict(httpx.Response(200, text=found[1]).json())


def test_whoever_is_not_verified_declares_and_sees_only_their_own_word(city: City) -> None:
    who = city.newcomer(known=False).signs_in()
    assert who.declares(symptoms=[{"symptom": "fever"}]).status_code == 201
    assert coloured(who) == ("orange", ["O1"])
    assert problem(who.post("/me/credentials")) == (403, "not-verified")
    # What is known of the document's owner is nothing to this account.
    city.pushed(contact(who) | {"row_id": "finding-1"})
    assert who.colour() == "orange"
    # The registry knows them after all: what they declared is theirs, and so is what was known.
    city.registry.known.add((who.name, who.document, who.phone))
    assert who.registers().status_code == 200
    assert coloured(who) == ("red", ["R3", "O1"])
    city.pushed({"row_id": "finding-1", "action": "retract"})
    assert coloured(who) == ("orange", ["O1"])
    city.later(minutes=5)
    cleared(who)
    assert coloured(who) == ("green", ["G"])


def test_a_phone_in_other_hands_sees_nothing_of_its_former_owner(city: City) -> None:
    owner = city.newcomer("慕容国强").applies()
    owner.declares(symptoms=[{"symptom": "fatigue"}])
    kept = owner.post("/me/credentials").json()["address"].removeprefix(API)
    city.sign()
    city.later(minutes=1)
    heir = Person(city, "上官婉儿", city.newcomer().document, owner.phone).signs_in()
    assert heir.get("/me").json()["verified"] is False
    assert (heir.colour(), heir.standing()["reasons"]) == ("grey", [])
    assert problem(heir.get(kept)) == (403, "not-verified")
    # A wrong document opens nothing more.
    city.later(minutes=1)
    heir.signs_in(document=heir.document)
    assert heir.get("/me").json()["verified"] is False
    # The owner, on a new device, opens their own with their document.
    city.later(minutes=1)
    again = Person(city, owner.name, owner.document, owner.phone).signs_in(owner.document)
    assert (again.get("/me").json()["name"], again.colour()) == ("慕**强", "orange")
    # The registry says that the phone is the heir's now: it moves, and nothing else does.
    city.registry.known.add((heir.name, heir.document, heir.phone))
    assert heir.registers().json()["name"] == "上**儿"
    assert (heir.colour(), heir.standing()["reasons"]) == ("grey", [])
    assert problem(heir.get(kept)) == (404, "no-such-thing")


def test_anothers_code_is_not_there_as_one_that_never_was(city: City) -> None:
    owner, other = city.newcomer().applies(), city.newcomer().applies()
    owner.declares()
    address = owner.post("/me/credentials").json()["address"].removeprefix(API)
    city.sign()
    never = "/me/credentials/" + "x" * 24
    for end in ("", "/qr.svg"):
        assert owner.get(address + end).status_code == 200
        found = said(other.get(address + end))
        assert found == said(other.get(never + end))
        assert found[0] == 404


def test_a_grey_person_gets_no_code_and_is_told_to_declare(city: City) -> None:
    who = city.newcomer().applies()
    answer = who.post("/me/credentials")
    assert problem(answer) == (409, "no-colour")
    assert "declare" in answer.json()["words"]["en"]


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        (None, "zh"),
        ("*", "zh"),
        ("de", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh;q=0.3, en;q=0.4", "en"),
        ("de, EN;q=0.5", "en"),
        ("en;q=nonsense", "zh"),
        ("en;q=0", "zh"),
    ],
)
def test_people_are_answered_in_the_language_they_ask_for(
    city: City, asked: str | None, language: str
) -> None:
    headers = {} if asked is None else {"accept_language": asked}
    answer = city.get("/me/standing", **headers)
    body = answer.json()
    assert answer.headers["content-language"] == language
    assert body["detail"] == body["words"][language]
    assert body["words"]["zh"] != body["words"]["en"]


def test_a_position_far_from_the_district_warns_changes_nothing_and_is_kept_nowhere(
    city: City,
) -> None:
    here, there, nowhere = (city.newcomer().applies() for _ in range(3))
    [warning] = there.declares(position=BEIJING).json()["warnings"]
    assert set(warning) == {"zh", "en"}
    assert here.declares(position=NEAR).json() == {"warnings": []}
    assert nowhere.declares().json() == {"warnings": []}
    assert there.standing() == here.standing() == nowhere.standing()
    kept = dump(city.database.engine.url.set(drivername="postgresql").render_as_string(False))
    assert "declaration" in kept
    for number in (*BEIJING.values(), *NEAR.values()):
        assert str(number)[:7] not in kept


def test_only_the_words_of_today_are_agreed_to(city: City) -> None:
    shown = city.get("/consent").json()
    assert shown == {"version": CONSENT.version, "words": CONSENT.words.model_dump()}
    who = city.newcomer().signs_in()
    for answer in (who.declares(consent="0"), who.registers(consent="0")):
        assert problem(answer) == (409, "other-consent")
    me = who.get("/me").json()
    assert (me["consent"], me["verified"], who.colour()) == (None, False, "grey")
    assert who.declares(consent=shown["version"]).status_code == 201
    assert who.get("/me").json()["consent"] == shown["version"]
    missing = who.post("/me/declarations", {"district": DISTRICT})
    assert problem(missing) == (422, "bad-request")


@pytest.mark.parametrize("paper", ["120101196001010013", "欧阳静怡", "10:1", "99:12345678", " "])
def test_a_clearance_is_of_a_document_and_makes_nobody_else_known(city: City, paper: str) -> None:
    people = sa.text("SELECT count(*) FROM people.persons")
    with city.database.transaction() as transaction:
        before = transaction.run(people).scalar()
    body = {"document": paper, "result": "examined"}
    answer = city.post("/clearances", body, city.tokens[Role.CLINIC])
    assert answer.status_code == 422
    with city.database.transaction() as transaction:
        assert transaction.run(people).scalar() == before


def test_a_declaration_that_lapses_takes_the_code_with_it(city: City) -> None:
    who, ill = city.newcomer().applies(), city.newcomer().applies()
    who.declares()
    ill.declares(symptoms=[{"symptom": "fever"}])
    city.later(days=12)
    green, orange = who.carries(), ill.carries()
    assert [city.checked(each, METRO)["outcome"] for each in (green, orange)] == ["green", "orange"]
    asked = who.post("/me/credentials").json()["address"].removeprefix(API)
    city.later(days=2)  # the declarations ended at midnight, and with them the symptom's two weeks
    assert [who.colour(), ill.colour()] == ["grey", "grey"]
    # On green a code is good for no longer than the declaration; the other's slot was turned.
    assert city.checked(green, METRO)["outcome"] == "expired"
    at_the_gate = city.checked(orange, METRO)
    assert (at_the_gate["outcome"], at_the_gate["decision"]) == ("revoked", "usual_way")
    assert set(_slots(city, who)) == set(_slots(city, ill)) == {Status.INVALID}
    # What was asked for before is refused by the signer, in words, and drawn never.
    city.sign()
    refused = who.get(asked).json()
    assert (refused["state"], refused["code"]) == ("refused", None)
    assert set(refused["reason"]) == {"zh", "en"}
    assert who.get(f"{asked}/qr.svg").status_code == 404
    # The next declaration gives the next code.
    who.declares()
    assert city.checked(who.carries(), METRO)["decision"] == "enter"


def _slots(city: City, who: Person) -> list[int]:
    hashed = city.database.keys.lookup(who.phone, "access.phones.phone")
    found = sa.text("""
        SELECT s.value FROM codes.slots s JOIN access.accounts a USING (person)
        WHERE a.phone_hash = :phone
    """)
    with city.database.transaction() as transaction:
        return list(transaction.run(found, {"phone": hashed}).scalars())


def test_a_message_names_its_purpose_and_a_code_is_good_once(city: City) -> None:
    who = city.newcomer()
    code = who.asks_for_a_code()
    text = city.sms.sent[-1][1]
    assert "登录健康码" in text
    assert "sign in" in text
    assert re.findall(r"\d{6}", text) == [code, code]
    asked = {"phone": who.phone, "code": code}
    assert city.post("/session/phone/finish", asked).status_code == 200
    assert problem(city.post("/session/phone/finish", asked)) == (403, "wrong-code")
    assert problem(city.post("/session/phone/start", {"phone": who.phone})) == (429, "too-many")


def test_who_looks_at_their_colour_after_a_rulebook_is_published_passes_by_it(city: City) -> None:
    """The last of this file: the city goes on by the other rulebook."""
    person, other = city.newcomer().applies(), city.newcomer().applies()
    for each in (person, other):
        city.done(each.declares(symptoms=[{"symptom": "fever"}]))
    code, left = person.carries(), other.carries()
    assert person.colour() == city.checked(code, MALL)["colour"] == "orange"
    city.later(minutes=1)
    with city.database.transaction() as transaction:
        shipped = in_force(transaction).rulebook
        kept = tuple(rule for rule in shipped.rules if rule.id != "O1")
        changed = shipped.model_copy(update={"version": "2", "rules": kept})
        enact(transaction, changed, binds_from=city.clock.now())
    assert city.checked(code, MALL)["colour"] == "orange", "nobody has come to them yet"
    assert coloured(person) == ("green", ["G"])
    assert city.checked(code, MALL)["colour"] == "green"
    assert city.checked(left, MALL)["colour"] == "orange"
    assert city.checked(other.carries(), MALL)["colour"] == "green"
    assert city.checked(left, MALL)["colour"] == "green"
