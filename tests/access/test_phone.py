"""Coming in by phone: one code, one purpose, one use; and a recycled number opens nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import pytest
import sqlalchemy as sa

from healthcode.access import jobs, limits, verified_person
from healthcode.access.citizens import NotVerified, register_real_name
from healthcode.access.doors.phone.actions import WrongCode, finish, redeem, start
from healthcode.access.doors.phone.terms import BadPhone, Purpose, message_for, read_phone
from healthcode.access.limits import LIMITS, Limit, TooMany, Tried
from healthcode.access.outside import NoSms, Outside, bind
from healthcode.kit.db import Database
from healthcode.kit.sms import SmsFails
from healthcode.kit.words import Words
from healthcode.people import BadDocument
from tests.access.conftest import ANNA, BO, OTHER_PHONE, PHONE, Asked, Door, FakeRegistry, FakeSms


class OtherPurpose(StrEnum):
    """A purpose that will come."""

    FAMILY = "family"

    @property
    def words(self) -> Words:
        return Words(zh="同意家人代办", en="let your family act for you")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def verify(door: Door, signed: object, name: str = "王小明", document: str = ANNA) -> int:
    register_real_name(door.transaction, door.who(signed), name, document, "120101")
    return verified_person(door.transaction, door.who(signed))


# ---------------------------------------------------------------- phones and messages


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("13802161234", "+8613802161234"),
        ("138 0216 1234", "+8613802161234"),
        ("１３８０２１６１２３４", "+8613802161234"),
        ("+86 13802161234", "+8613802161234"),
        ("0086 138 0216 1234", "+8613802161234"),
        ("+4915123456789", "+4915123456789"),
        ("+1 415 555 2671", "+14155552671"),
    ],
)
def test_a_phone_is_read_however_it_is_written(written: str, read: str) -> None:
    assert read_phone(written) == read


@pytest.mark.parametrize(
    "text",
    ["", "abc", "10086", "022-12345678", "1380216123", "138021612345", "+999123", "王",
     "13802161234 ext. 5", "\x00", "1" * 400],
)  # fmt: skip
def test_what_is_no_mobile_phone_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadPhone) as refused:
        read_phone(text)
    assert refused.value.__cause__ is None
    assert not text or text not in str(refused.value)


def test_the_message_names_the_purpose_and_the_code_in_both_languages(
    door: Door, sms: FakeSms
) -> None:
    door.start()
    assert sms.sent == [], "nothing leaves before the commit"
    code = door.deliver()
    [(phone, text)] = sms.sent
    assert phone == "+8613802161234"
    chinese, english = text.split("\n")
    assert code in chinese
    assert "登录健康码" in chinese
    assert code in english
    assert "sign in to Health Code" in english
    for purpose in Purpose:
        for words in (purpose.words.zh, purpose.words.en):
            assert words in message_for(purpose, "123456")


def test_a_message_that_was_sent_is_erased_and_never_sent_again(door: Door, sms: FakeSms) -> None:
    door.start()
    [(name, arguments)] = door.queue.jobs
    assert name == "access.send"
    for _ in range(2):
        jobs.send(door.transaction, **arguments)
    assert len(sms.sent) == 1
    rows = door.transaction.run(sa.text("SELECT * FROM access.messages")).mappings().all()
    assert [(row["phone_sealed"], row["text_sealed"]) for row in rows] == [(None, None)]
    assert rows[0]["sent_at"] == door.transaction.now


def test_a_message_waits_for_a_service_that_fails(door: Door, sms: FakeSms) -> None:
    door.start()
    [(_, arguments)] = door.queue.jobs
    sms.broken = True
    with pytest.raises(SmsFails):
        jobs.send(door.transaction, **arguments)
    sms.broken = False
    jobs.send(door.transaction, **arguments)
    assert len(sms.sent) == 1


def test_a_message_that_is_too_old_is_not_sent_any_more(door: Door, sms: FakeSms) -> None:
    door.start()
    [(_, arguments)] = door.queue.jobs
    jobs.send(door.later(minutes=5).transaction, **arguments)
    jobs.send(door.transaction, **arguments)
    assert sms.sent == []


def test_without_an_sms_service_the_setting_is_named(door: Door) -> None:
    bind(Outside())
    with pytest.raises(NoSms, match="HEALTHCODE_SMS_URL"):
        door.start()


def test_no_code_and_no_phone_is_kept_in_clear(door: Door) -> None:
    door.start()
    for table in ("codes", "messages", "attempts"):
        rows = repr(door.transaction.run(sa.text(f"SELECT * FROM access.{table}")).all())
        assert "13802161234" not in rows
    code = door.deliver()
    assert code not in repr(door.transaction.run(sa.text("SELECT * FROM access.codes")).all())


# ---------------------------------------------------------------- codes


def test_a_code_is_good_once(door: Door) -> None:
    door.start()
    code = door.deliver()
    assert door.finish(code).token
    with pytest.raises(WrongCode):
        door.finish(code)


def test_a_code_is_read_however_it_is_typed(door: Door) -> None:
    door.start()
    code = door.deliver()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert door.finish(f" {wide[:3]} {wide[3:]} ").token


def test_a_code_is_good_for_five_minutes(door: Door) -> None:
    door.start()
    code = door.deliver()
    with pytest.raises(WrongCode):
        door.later(minutes=5).finish(code)
    assert door.later(minutes=4.99).finish(code)


def test_a_code_is_good_for_its_own_purpose_and_phone(door: Door) -> None:
    start(door.transaction, PHONE, OtherPurpose.FAMILY, "")
    other = door.deliver()
    assert "同意家人代办" in door.sms.sent[-1][1]
    door = door.later(minutes=1)
    door.start()
    code = door.deliver()
    door.start(OTHER_PHONE)
    with pytest.raises(WrongCode):
        finish(door.transaction, PHONE, OtherPurpose.FAMILY, code, None, None)
    with pytest.raises(WrongCode):
        door.finish(code, OTHER_PHONE)
    assert redeem(door.transaction, PHONE, OtherPurpose.FAMILY, other) == read_phone(PHONE)
    assert door.finish(code)


def test_a_newer_code_replaces_an_older_one(door: Door) -> None:
    door.start()
    old = door.deliver()
    later = door.later(minutes=1)
    later.start()
    new = later.deliver()
    if old != new:
        with pytest.raises(WrongCode):
            later.finish(old)
    assert later.finish(new)


def test_after_five_wrong_tries_even_the_right_code_is_refused(door: Door) -> None:
    door.start()
    code = door.deliver()
    for _ in range(5):
        with pytest.raises(WrongCode):
            door.finish(wrong(code))
    with pytest.raises(WrongCode):
        door.finish(code)
    again = door.later(minutes=1)
    again.start()
    assert again.finish(again.deliver())


def test_the_fifth_try_may_be_the_right_one(door: Door) -> None:
    door.start()
    code = door.deliver()
    for _ in range(4):
        with pytest.raises(WrongCode):
            door.finish(wrong(code))
    assert door.finish(code)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "王", "\x00"])
def test_every_wrong_code_is_refused_in_the_same_words(door: Door, code: str) -> None:
    with pytest.raises(WrongCode) as never_sent:
        door.finish(code)
    door.start()
    door.deliver()
    with pytest.raises(WrongCode) as refused:
        door.finish(code)
    assert str(refused.value) == str(never_sent.value)
    assert refused.value.details == {}


def test_a_wrong_try_is_counted_although_it_is_refused(
    house: Database, sms: FakeSms, queue: Asked
) -> None:
    with house.transaction() as transaction:
        door = Door(transaction, sms, queue)
        door.start()
        code = door.deliver()
    for _ in range(5):
        with pytest.raises(WrongCode), house.transaction() as transaction:
            Door(transaction, sms, queue).finish(wrong(code))
    with pytest.raises(WrongCode), house.transaction() as transaction:
        Door(transaction, sms, queue).finish(code)


# ---------------------------------------------------------------- limits


def test_a_phone_gets_one_code_a_minute_five_an_hour_and_ten_a_day(door: Door) -> None:
    def refused(**time: float) -> bool:
        try:
            door.later(**time).start()
        except TooMany:
            return True
        return False

    assert not refused()
    assert refused(seconds=59)
    assert not any(refused(minutes=minute) for minute in (1, 2, 3, 4))
    assert refused(minutes=59.9)
    assert not any(refused(minutes=60 + minute) for minute in range(5))
    assert refused(hours=23)
    assert refused(hours=23.9)
    assert not refused(hours=24)
    door.later(seconds=30).start(OTHER_PHONE)  # another phone has its own limit


def test_an_origin_asks_for_so_many_codes_an_hour(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LIMITS[Tried.CODE_BY_ORIGIN] == (Limit(1000, timedelta(hours=1)),)
    few = dict(LIMITS) | {Tried.CODE_BY_ORIGIN: (Limit(20, timedelta(hours=1)),)}
    monkeypatch.setattr(limits, "LIMITS", few)
    for number in range(20):
        door.start(f"138021612{number:02d}")
    with pytest.raises(TooMany):
        door.start(OTHER_PHONE)
    door.start(OTHER_PHONE, origin="198.51.100.7")
    door.later(hours=1).start("13902161234")


# ---------------------------------------------------------------- accounts


def test_an_unknown_phone_gets_an_account_and_keeps_it(door: Door) -> None:
    first = door.sign_in()
    who = door.who(first)
    assert who.account is not None
    assert who.account.startswith("citizen.")
    assert (who.role, who.person, who.scope, first.verified) == ("citizen", None, "", False)
    assert first.device
    later = door.later(minutes=1)
    assert later.who(later.sign_in("+86 138-0216-1234")).account == who.account
    assert later.who(later.sign_in(OTHER_PHONE)).account != who.account


def test_nothing_in_what_starting_does_tells_whether_a_phone_is_known(door: Door) -> None:
    verify(door, door.sign_in())
    said: list[list[str]] = []

    def listen(*event: object) -> None:
        said[-1].append(str(event[2]))

    sa.event.listen(door.transaction.connection, "before_cursor_execute", listen)
    for phone in (PHONE, OTHER_PHONE):
        said.append([])
        later = door.later(minutes=1)
        assert later.start(phone) is None
        with pytest.raises(WrongCode):
            later.finish("x", phone)
    sa.event.remove(door.transaction.connection, "before_cursor_execute", listen)
    assert said[0] == said[1]


def test_on_a_known_device_the_phone_opens_its_owners_account(door: Door) -> None:
    first = door.sign_in()
    person = verify(door, first)
    later = door.later(days=60)
    again = later.sign_in(device=first.device)
    assert again.verified
    assert again.device == first.device
    assert later.who(again) == replace(door.who(first), person=person)


def test_on_a_new_device_the_owners_document_opens_it_and_makes_it_known(door: Door) -> None:
    first = door.sign_in()
    verify(door, first)
    later = door.later(minutes=1)
    again = later.sign_in(document=f" {ANNA.replace(':', '：')}", device="never-seen")
    assert again.verified
    assert again.device not in {None, "never-seen", first.device}
    third = door.later(minutes=2).sign_in(device=again.device)
    assert door.who(third).account == door.who(first).account


@pytest.mark.parametrize("document", [None, "", BO, "20:E7654321"])
def test_on_a_new_device_without_it_there_is_a_fresh_account_that_sees_nothing(
    door: Door, document: str | None
) -> None:
    first = door.sign_in()
    verify(door, first)
    later = door.later(minutes=1)
    stranger = later.sign_in(document=document, device="never-seen")
    who = later.who(stranger)
    assert not stranger.verified
    assert who.account != door.who(first).account
    assert who.person is None
    with pytest.raises(NotVerified):
        verified_person(later.transaction, who)
    unknown = later.sign_in(OTHER_PHONE, document=document)
    assert (unknown.verified, bool(unknown.device)) == (stranger.verified, bool(stranger.device))
    # the phone is still its owner's
    owner = door.later(minutes=2).sign_in(device=first.device)
    assert door.who(owner).account == door.who(first).account


def test_a_stranger_on_the_phone_goes_on_where_they_were(door: Door) -> None:
    verify(door, door.sign_in())
    stranger = door.later(minutes=1).sign_in()
    again = door.later(minutes=2).sign_in(device=stranger.device)
    assert door.who(again).account == door.who(stranger).account


def test_a_phone_moves_when_the_stranger_passes_the_check(door: Door) -> None:
    first = door.sign_in()
    anna = verify(door, first)
    stranger = door.later(minutes=1).sign_in()
    bo = verify(door, stranger, "李四", BO)
    assert anna != bo
    # the new owner's device is known, the old owner's is so no longer
    new = door.later(minutes=2).sign_in(device=stranger.device)
    assert (new.verified, door.who(new).person) == (True, bo)
    old = door.later(minutes=3).sign_in(device=first.device)
    assert (old.verified, door.who(old).person) == (False, None)
    also = door.later(minutes=4).sign_in(document=ANNA)
    assert (also.verified, door.who(also).person) == (False, None)
    assert door.who(first).person == anna, "the old owner stays who they are"


def test_one_who_signed_in_unverified_on_another_phone_gets_no_part_of_this_one(
    door: Door,
) -> None:
    verify(door, door.sign_in())
    elsewhere = door.sign_in(OTHER_PHONE)
    here = door.later(minutes=1).sign_in(device=elsewhere.device)
    assert door.who(here).account != door.who(elsewhere).account


def test_a_document_that_cannot_be_is_said_to_be_so_and_leaves_the_code(
    door: Door, registry: FakeRegistry
) -> None:
    door.start()
    code = door.deliver()
    for document in ("10:123", "王小明", "99:1", "120101199001011234"):
        with pytest.raises(BadDocument):
            door.finish(code, document=document)
    assert door.finish(code)
    assert registry.asked == 0


def test_a_device_is_kept_as_a_hash(door: Door) -> None:
    signed = door.sign_in()
    rows = repr(door.transaction.run(sa.text("SELECT * FROM access.devices")).all())
    assert signed.device not in rows
    assert signed.device not in repr(signed)
    assert signed.expires_at > door.transaction.now + timedelta(days=29)
