"""Reading feed files: one line is one row, and a bad line spoils only itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from healthcode.evidence.feeds.files import (
    COLUMNS,
    FeedFile,
    NoSuchFile,
    UnknownColumns,
    UnknownHeader,
)
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.kit.errors import BadInput

BOM = b"\xef\xbb\xbf"
HEADER = b"subject,kind,place,started_at,source\n"
GOOD = b"TJ1,visit,shop,2020-02-01,gate\n"
KEYS = ["subject", "kind", "place", "started_at", "source"]
FIELDS = dict(zip(KEYS, ["TJ1", "visit", "shop", "2020-02-01", "gate"], strict=True))

Opened = Callable[[bytes], FeedFile]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def make(content: bytes) -> FeedFile:
        path = tmp_path / "feed"
        path.write_bytes(content)
        return FeedFile.open(path)

    return make


def rows(file: FeedFile) -> list[tuple[int, int, object]]:
    return [(each.row, each.line, each.fields) for each in file.rows()]


def said(file: FeedFile) -> list[object]:
    return [each.fields for each in file.rows()]


def as_json(*objects: object) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (b"subject,sex,age", "people"),
        (b"residence,subject", "people"),
        (b"source,started_at,kind,subject", "evidence"),
        (b"subject,kind,started_at,source,row_id,action,recorded_at", "evidence"),
        (b"level,started_at", "designations"),
        (b"area,place,level,started_at,ended_at,recorded_at", "designations"),
        (BOM + b'"level", started_at \r', "designations"),
    ],
)
def test_a_file_is_known_by_its_header(opened: Opened, header: bytes, what: str) -> None:
    file = opened(header + b"\n")
    assert (file.what, said(file)) == (what, [])
    assert file.digest == hashlib.sha256(header + b"\n").digest()


@pytest.mark.parametrize("what", COLUMNS)
def test_json_lines_are_known_by_the_keys_of_their_first_rows(opened: Opened, what: str) -> None:
    file = opened(as_json({}, dict.fromkeys(COLUMNS[what], "x")))
    assert (file.what, file.header) == (what, None)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (b"", "subject"),
        (BOM, "subject"),
        (b"name,document\n", "subject"),
        (b"subject,kind\n", "source, started_at"),
        (b"level,area\n", "started_at"),
        (b"Subject,Kind\n", "subject"),
        ("主体,类别\n".encode("gbk"), "subject"),
        (as_json({"subject": "x", "kind": "visit"}), "source, started_at"),
        (b"\x89PNG\r\n\x1a\n", "subject"),
    ],
)
def test_a_header_that_lacks_a_column_is_refused_with_its_name(
    opened: Opened, content: bytes, missing: str
) -> None:
    with pytest.raises(UnknownHeader) as caught:
        opened(content)
    for language in ("zh", "en"):
        assert missing in caught.value.say(language)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (b"subject,kind,started_at,source,colour\n", "5"),
        (b"subject,secret,kind,started_at,source,more\n", "2, 6"),
        (b"subject,kind,started_at,source,kind\n", "5"),
        (b"subject,,sex\n", "2"),
        (b"level,started_at,subject\n", "3"),
    ],
)
def test_columns_that_no_feed_has_are_refused_by_their_place_and_not_repeated(
    opened: Opened, header: bytes, columns: str
) -> None:
    with pytest.raises(UnknownColumns) as caught:
        opened(header)
    for language in ("zh", "en"):
        words = caught.value.say(language)
        assert columns in words
        assert "secret" not in words


@pytest.mark.parametrize("name", ["nothing.csv", "."])
def test_a_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoSuchFile):
        FeedFile.open(tmp_path / name)


@pytest.mark.parametrize(
    "header",
    [b"subject,sex\rTJ1,M\r", b"\r" + b"x" * 200, b"x" * 200_000, b'"' * 99 + b"\n"],
    ids=["old line ends", "a stray line end", "no line end", "quotes"],
)
def test_a_header_that_is_no_csv_is_refused_in_words(opened: Opened, header: bytes) -> None:
    with pytest.raises(UnknownHeader):
        opened(header)


@given(st.binary(max_size=300) | st.text(max_size=80).map(str.encode))
@example(b"a\rb\n")
def test_no_header_raises_anything_but_words(opened: Opened, header: bytes) -> None:
    try:
        opened(header)
    except BadInput as error:
        assert error.say("zh")


def test_rows_and_lines_are_counted_and_empty_lines_are_no_rows(opened: Opened) -> None:
    content = BOM + HEADER + b"\n" + GOOD + b"  \r\n" + GOOD.strip()
    assert rows(opened(content)) == [(1, 3, FIELDS), (2, 5, FIELDS)]
    assert rows(opened(content.replace(b"\n", b"\r\n"))) == [(1, 3, FIELDS), (2, 5, FIELDS)]


def test_empty_lines_before_the_header_are_no_rows(opened: Opened) -> None:
    assert rows(opened(b"\n\r\n" + HEADER + GOOD)) == [(1, 4, FIELDS)]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b'TJ1,visit,"shop, upstairs",2020-02-01,gate', "shop, upstairs"),
        (b'TJ1,visit,"the ""Happy"" shop",2020-02-01,gate', 'the "Happy" shop'),
        (b'"TJ1","visit","shop","2020-02-01","gate"', "shop"),
        (b"TJ1 , visit,  shop ,2020-02-01,gate", "shop"),
        ("TJ1,visit,百货大楼,2020-02-01,gate".encode(), "百货大楼"),
        (b"TJ1,visit,,2020-02-01,gate", ""),
    ],
)
def test_quotes_hold_commas_and_spaces_around_a_field_go(
    opened: Opened, line: bytes, place: str
) -> None:
    for end in (b"\n", b"\r\n", b""):
        assert said(opened(HEADER + line + end)) == [FIELDS | {"place": place}]


BAD_LINES = {
    "not_csv": [
        b"TJ1,visit,shop,2020-02-01",
        b"TJ1,visit,shop,2020-02-01,gate,more",
        b"TJ1",
        b'TJ1,visit,"shop,2020-02-01,gate',
        b'TJ1,visit,"sh"op,2020-02-01,gate',
        b'TJ1,visit,"' + b"x" * 200_000 + b'",2020-02-01,gate',
    ],
    "not_utf8": [
        "TJ1,visit,百货,2020-02-01,gate".encode("gbk"),
        b"TJ1,visit,\xed\xa0\x80,2020-02-01,gate",
        b"TJ1,visit,sh\x00op,2020-02-01,gate",
    ],
}


@pytest.mark.parametrize(
    ("reason", "line"), [(why, line) for why, lines in BAD_LINES.items() for line in lines]
)
def test_a_bad_line_spoils_only_itself(opened: Opened, reason: str, line: bytes) -> None:
    found = rows(opened(HEADER + GOOD + line + b"\n" + GOOD))
    assert found == [(1, 2, FIELDS), (2, 3, Rejected("", reason)), (3, 4, FIELDS)]


def test_a_field_with_a_line_break_spoils_only_its_own_lines(opened: Opened) -> None:
    broken = b'TJ1,visit,"shop\nupstairs",2020-02-01,gate\n'
    bad = Rejected("", "not_csv")
    assert said(opened(HEADER + GOOD + broken + GOOD)) == [FIELDS, bad, bad, FIELDS]


def test_json_lines_are_flat_objects_and_numbers_stay_as_they_are_written(opened: Opened) -> None:
    line = b'{"subject": " TJ1 ", "kind": null, "number": 36.60, "started_at": "2020-02-01"'
    source = b', "source": 7, "row_id": 123456789012345678901234567890}\n'
    assert said(opened(as_json(FIELDS) + b"\n" + line + source)) == [
        FIELDS,
        {
            "subject": "TJ1", "kind": "", "number": "36.60", "started_at": "2020-02-01",
            "source": "7", "row_id": "123456789012345678901234567890",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        b'{"subject": "a", "subject": "b"}', b'{"subject": {"a": "b"}}', b'{"subject": ["a"]}',
        b'{"subject": true}', b'{"number": NaN}', b"[1, 2]", b'"subject"', b"7", b"null", b"{",
        b'{"subject": "a"} {}', b"subject,kind", b'{"place": "two\\nlines"}', b'{"subject": "a",}',
        b'{"place": "\\u0000"}', b'{"place": ' + b"[" * 100_000,
    ],
    ids=lambda line: line[:30].decode(),
)  # fmt: skip
def test_a_json_line_that_is_no_flat_object_spoils_only_itself(opened: Opened, line: bytes) -> None:
    content = as_json(FIELDS) + line + b"\n" + as_json(FIELDS)
    assert said(opened(content)) == [FIELDS, Rejected("", "not_json"), FIELDS]


@pytest.mark.parametrize("text", ["\ud800", "shop\udfff", "\udc00\ud800"])
def test_half_a_character_in_json_spoils_only_its_own_line(opened: Opened, text: str) -> None:
    content = as_json(FIELDS, FIELDS | {"place": text}, FIELDS)
    assert said(opened(content)) == [FIELDS, Rejected("", "not_json"), FIELDS]


def test_a_whole_character_that_json_writes_in_halves_is_read(opened: Opened) -> None:
    assert said(opened(as_json(FIELDS | {"place": "𠮷野家"}))) == [FIELDS | {"place": "𠮷野家"}]


def test_a_json_key_that_no_feed_has_spoils_only_its_own_line(opened: Opened) -> None:
    content = as_json(FIELDS, FIELDS | {"colour": "green"}, FIELDS)
    assert said(opened(content)) == [FIELDS, Rejected("", "unknown_column"), FIELDS]


@pytest.mark.parametrize("first", [BOM, b"\n", b" ", BOM + b"\r\n"])
def test_json_lines_may_begin_as_any_text_file_does(opened: Opened, first: bytes) -> None:
    assert said(opened(first + as_json(FIELDS))) == [FIELDS]


lines = st.binary(max_size=80) | st.text(max_size=60).map(str.encode)
pieces = st.sampled_from(
    [b",", b'"', b"\\", b"{", b"}", b":", b"TJ1", b"\r", b"\xff", b"\x00", b"1"]
)
bodies = st.lists(lines | st.lists(pieces, max_size=14).map(b"".join), max_size=8)


@given(bodies, st.sampled_from([HEADER, as_json(FIELDS)]))
def test_no_line_raises_or_spoils_another(opened: Opened, body: list[bytes], first: bytes) -> None:
    good = GOOD if first == HEADER else first
    file = opened(first + b"".join(each.replace(b"\n", b"") + b"\n" for each in body) + good)
    found = [each.fields for each in file.rows()]
    assert found[-1] == FIELDS
    for each in found:
        if isinstance(each, Rejected):
            assert each.reason in REASONS
        else:
            assert set(each) <= {*COLUMNS["evidence"], "row_id", "action", "recorded_at"}
            assert all("\x00" not in value for value in each.values())
