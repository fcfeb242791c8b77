"""The policy is total: every kind of place × outcome × temperature, by DESIGN section 7.

What is expected here is written without a look at the policy file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthcode.codes import Outcome
from healthcode.gates import (
    BadPolicy,
    Decided,
    Decision,
    Helper,
    Policy,
    Temperature,
    decide,
    read_policy,
)
from healthcode.gates.terms import DoubleCell, MissingCell
from healthcode.kit.words import Words
from healthcode.places import PlaceKind

FILE = Path(__file__).parents[2] / "policies" / "tianjin-2020-spring.yaml"
POLICY = read_policy(FILE.read_text("utf-8"))

REQUIRED = {"residential", "workplace", "construction_site", "bus", "metro", "railway_station",
            "airport", "arrival", "school"}  # fmt: skip
REFERENCE = {"restaurant", "mall", "supermarket", "market", "bank", "station_shop", "hotel"}
NOT_USED = {"hospital", "fever_clinic"}
LOUD = {"not_a_code", "unreadable", "unknown_issuer", "forged"}
READINGS = {
    Temperature.NORMAL: 36.5,
    Temperature.FEVER: 38.2,
    Temperature.NOT_MEASURED: None,
    Temperature.IMPLAUSIBLE: 20.0,
}
CELLS = [(kind, outcome, band) for kind in PlaceKind for outcome in Outcome for band in Temperature]
MEASURE = {
    Temperature.FEVER: ("再测一次", "measure again", "measured again"),
    Temperature.NOT_MEASURED: ("测体温", "measure it", "temperature measured"),
    Temperature.IMPLAUSIBLE: ("再测一次", "measure again", "measured again"),
}
ASK = {
    "expired": ("打开健康码", "open the app"),
    "revoked": ("申报健康情况", "declare"),
    "list_too_old": ("更新", "update"),
    "check_document": ("证件", "document"),
    "not_fresh": ("打开健康码", "open the app"),
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def expected(kind: str, outcome: str, band: str) -> str:
    if kind in NOT_USED:
        return "usual_way"
    if band == "fever":
        return "call"
    if outcome in {"orange", "red"}:
        return "call" if kind in REQUIRED else "show_only"
    if outcome != "green":
        return "usual_way"
    if kind in REFERENCE:
        return "show_only"
    return "enter" if band == "normal" else "usual_way"


RUDE = re.compile(r"[!！{}]|禁止|不得|must not|forbidden|denied")


def case(cell: tuple[PlaceKind, Outcome, Temperature]) -> Decided:
    kind, outcome, band = cell
    return decide(POLICY, kind, outcome, READINGS[band])


def test_the_oracle_knows_every_kind_of_place() -> None:
    assert {kind.value for kind in PlaceKind} == REQUIRED | REFERENCE | NOT_USED
    assert len(CELLS) == len(POLICY.cells) == 18 * 13 * 4


@pytest.mark.parametrize("of", PlaceKind)
def test_every_cell_of_a_kind_is_what_the_design_says(of: PlaceKind) -> None:
    for cell in (each for each in CELLS if each[0] is of):
        decided = case(cell)
        assert decided.decision == expected(*cell), cell
        assert decided.band == cell[2], cell
        assert decided.loud == (cell[1] in LOUD), cell
        for words in (decided.guard, decided.holder):
            assert CHINESE.search(words.zh), cell
            assert not CHINESE.search(words.en), cell
            assert not RUDE.search(words.zh + words.en), cell
            assert words.zh.endswith("。"), cell
            assert words.en.endswith("."), cell


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("band", Temperature)
def test_home_is_never_refused(outcome: Outcome, band: Temperature) -> None:
    """Someone takes the person in, or the place lets them in the usual way."""
    decided = case((PlaceKind.RESIDENTIAL, outcome, band))
    assert decided.decision in {Decision.ENTER, Decision.CALL, Decision.USUAL_WAY}
    if decided.decision is Decision.CALL:
        assert decided.contacts[0] is Helper.COMMUNITY
        assert "社区" in decided.guard.zh
        assert "社区" in decided.holder.zh
    if decided.decision is Decision.USUAL_WAY:
        assert "原有方式进入" in decided.guard.zh
        assert "usual way" in decided.holder.en


@pytest.mark.parametrize("kind", PlaceKind)
def test_the_words_say_what_comes_next(kind: PlaceKind) -> None:
    for outcome in Outcome:
        for band in Temperature:
            says_what_comes_next(kind, outcome, band)


def says_what_comes_next(kind: PlaceKind, outcome: Outcome, band: Temperature) -> None:
    decided = case((kind, outcome, band))
    if band in MEASURE and kind not in NOT_USED:
        zh, to_guard, to_holder = MEASURE[band]
        assert zh in decided.guard.zh
        assert to_guard in decided.guard.en
        assert to_holder in decided.holder.en
    if decided.decision is Decision.USUAL_WAY and kind not in NOT_USED and outcome in ASK:
        zh, en = ASK[outcome]
        assert zh in decided.guard.zh
        assert en in decided.guard.en
        assert zh in decided.holder.zh
        assert en in decided.holder.en.replace("show a document", "document")
    if band == "fever":
        assert "发热门诊" in decided.guard.zh or outcome in {"orange", "red"}
        assert Helper.FEVER_CLINIC in decided.contacts
    if decided.decision is Decision.CALL:
        assert decided.contacts[-1] is Helper.HOTLINE
    if kind in NOT_USED:
        assert "原有方式" in decided.guard.zh


def test_whoever_may_enter_is_asked_for_nothing() -> None:
    entering = [case(cell) for cell in CELLS if case(cell).decision is Decision.ENTER]
    assert len(entering) == len(REQUIRED)
    assert all(each.contacts == () and "不需要" in each.guard.zh for each in entering)


@pytest.mark.parametrize(
    ("reading", "band"),
    [
        (None, "not_measured"),
        (33.99, "implausible"),
        (34.0, "normal"),
        (34, "normal"),
        (37.29, "normal"),
        (math.nextafter(37.3, 0), "normal"),
        (37.3, "fever"),
        (43.0, "fever"),
        (43.01, "implausible"),
        (math.nan, "implausible"),
        (math.inf, "implausible"),
        (-math.inf, "implausible"),
        (0.0, "implausible"),
        (-36.5, "implausible"),
        (98.6, "implausible"),
        (1e308, "implausible"),
    ],
)
def test_a_reading_falls_into_its_band(reading: float | None, band: str) -> None:
    assert decide(POLICY, PlaceKind.BUS, Outcome.GREEN, reading).band == band


def test_the_shipped_policy_says_where_it_comes_from() -> None:
    assert (POLICY.list_warn, POLICY.list_max) == (timedelta(minutes=15), timedelta(hours=12))
    assert POLICY.hotline.phone == "88908890"
    for each in POLICY.classes:
        assert re.search(r"第[0-9、]+问", each.source.zh)
    assert sorted(kind for each in POLICY.classes for kind in each.kinds) == sorted(PlaceKind)


# ---------------------------------------------------------------- a policy that is not whole

Change = Callable[[dict[str, Any]], object]
PLAIN = yaml.safe_load(FILE.read_text("utf-8"))


def changed(change: Change) -> Policy:
    plain = deepcopy(PLAIN)
    change(plain)
    return read_policy(yaml.safe_dump(plain, allow_unicode=True))


def row(plain: dict[str, Any], of: int, number: int) -> dict[str, Any]:
    found: dict[str, Any] = plain["classes"][of]["rows"][number]
    return found


def test_the_policy_as_it_is_stays_the_same_when_it_is_written_anew() -> None:
    assert changed(lambda _: None) == POLICY


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda p: row(p, 0, 2)["temperatures"].remove("fever"),
            ("residential", "orange", "fever"),
        ),
        (lambda p: row(p, 1, 4)["outcomes"].remove("forged"), ("workplace", "forged", "normal")),
        (lambda p: p["classes"][2]["kinds"].remove("hotel"), ("hotel", "not_a_code", "normal")),
        (lambda p: p["classes"][3]["rows"].pop(), ("hospital", "not_a_code", "fever")),
        (lambda p: p["classes"].pop(0), ("residential", "not_a_code", "normal")),
    ],
)
def test_a_missing_cell_is_refused_and_named(change: Change, named: tuple[str, ...]) -> None:
    with pytest.raises(MissingCell) as refused:
        changed(change)
    for language in ("zh", "en"):
        assert all(word in refused.value.say(language) for word in named)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda p: row(p, 0, 1)["temperatures"].append("normal"),
            ("residential", "green", "normal"),
        ),
        (lambda p: row(p, 1, 3)["outcomes"].append("orange"), ("workplace", "orange", "normal")),
        (lambda p: p["classes"][3]["kinds"].append("hotel"), ("hotel", "green", "normal")),
        (lambda p: p["classes"][2]["kinds"].append("mall"), ("mall", "green", "normal")),
    ],
)
def test_a_double_cell_is_refused_and_named(change: Change, named: tuple[str, ...]) -> None:
    with pytest.raises(DoubleCell) as refused:
        changed(change)
    for language in ("zh", "en"):
        assert all(word in refused.value.say(language) for word in named)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda p: p.update(list_warn="13h"), "list_warn"),
        (lambda p: p.update(list_max="half a day"), "list_max"),
        (lambda p: p.update(list_max=12), "list_max"),
        (lambda p: p.update(list_warn="0m"), "list_warn"),
        (lambda p: p["temperature"].update(fever=44.0), "temperature"),
        (lambda p: p["temperature"].update(fever=float("nan")), "temperature.fever"),
        (lambda p: p["outcomes"].pop("forged"), "forged"),
        (lambda p: p["outcomes"].update(blue=p["outcomes"]["green"]), "outcomes"),
        (lambda p: p["hotline"].update(phone=88908890), "hotline.phone"),
        (lambda p: row(p, 0, 0).update(decision="refuse"), "classes.0.rows.0.decision"),
        (lambda p: row(p, 0, 0).update(contacts=["police"]), "classes.0.rows.0.contacts"),
        (lambda p: row(p, 0, 0)["guard"].update(zh=""), "classes.0.rows.0.guard.zh"),
        (lambda p: row(p, 0, 0)["guard"].pop("en"), "classes.0.rows.0.guard.en"),
        (lambda p: row(p, 0, 0).update(colour="green"), "classes.0.rows.0.colour"),
        (lambda p: p["classes"][0]["kinds"].append("ship"), "classes.0.kinds"),
        (lambda p: p["classes"][0].pop("source"), "classes.0.source"),
        (lambda p: p.update(version=1), "version"),
    ],
)
def test_what_the_language_does_not_know_is_refused_with_its_place(
    change: Change, where: str
) -> None:
    with pytest.raises(BadPolicy) as refused:
        changed(change)
    assert where in refused.value.say("zh")
    assert where in refused.value.say("en")
    assert refused.value.status == 422


@pytest.mark.parametrize("text", ["", "[]", "{", "name: {x}", "a: !!python/object:os.system x"])
def test_what_is_no_policy_at_all_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadPolicy) as refused:
        read_policy(text)
    assert refused.value.say("zh")


def test_a_policy_cannot_be_changed_once_it_is_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        POLICY.list_max = timedelta(days=9)
    with pytest.raises(ValueError, match="frozen"):
        case(CELLS[0]).guard = Words(zh="别", en="no")
