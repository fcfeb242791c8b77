"""Whatever people read is there in every language, and says the same in each."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import string
from collections.abc import Iterator

import pytest
import yaml

from healthcode.app import explaining, showing
from healthcode.app.cli import EXIT_CODES
from healthcode.app.wiring import shipped
from healthcode.evidence import Kind, SourceClass
from healthcode.evidence.feeds.files import COLUMNS, OPTIONAL
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.kit.errors import BadInput, Counted, HouseError, NotReady, Refused
from healthcode.kit.words import Language, Words
from healthcode.people.terms import RULES
from healthcode.rulebook.actions import read_rulebook
from healthcode.rulebook.explanations import endings
from healthcode.rulebook.explanations import reasons as colour_reasons
from healthcode.rulebook.explanations.reasons import CLASS_WORDS, COLOUR_WORDS, KIND_WORDS
from healthcode.rulebook.terms import Colour, Rulebook
from tests.promises.source import File, called, house

LANGUAGES: tuple[Language, ...] = ("zh", "en")
CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
CHINESE_MARKS = re.compile(r"[\u3000-\u303f\uff00-\uffef“”‘’…—]")
NAMES_OF_WORDS = "Words"
BASES = {HouseError, BadInput, Refused, Counted, NotReady}

for _file in house():
    if not _file.name.endswith("__init__.py"):
        importlib.import_module(f"healthcode.{_file.name.removesuffix('.py').replace('/', '.')}")


def family(base: type[HouseError]) -> Iterator[type[HouseError]]:
    for each in base.__subclasses__():
        yield each
        yield from family(each)


ERRORS = sorted(set(family(HouseError)) - BASES, key=lambda each: each.__qualname__)
BOOKS = {
    path.name: read_rulebook(path.read_text("utf-8"))
    for path in sorted(shipped("rulebooks").glob("*.yaml"))
}


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def wrong_words(words: Words) -> str | None:
    """What is wrong with a sentence and its translation, if anything is."""
    for language in LANGUAGES:
        if not words.in_language(language).strip():
            return f"nothing in {language}"
    if not CHINESE.search(words.zh):
        return "no Chinese character in the Chinese"
    if CHINESE.search(words.en) or CHINESE_MARKS.search(words.en.replace("…", "")):
        return "Chinese in the English"
    if gaps(words.zh) != gaps(words.en):
        return f"gaps differ: {gaps(words.zh)} and {gaps(words.en)}"
    return None


def all_words(of: object, name: str = "") -> Iterator[tuple[str, Words]]:
    """Every Words inside a model, with its path."""
    if isinstance(of, Words):
        yield name, of
    elif isinstance(of, list | tuple):
        for number, part in enumerate(of):
            yield from all_words(part, f"{name}[{number}]")
    elif hasattr(type(of), "model_fields"):
        for field in type(of).model_fields:
            yield from all_words(getattr(of, field), f"{name}.{field}")


def test_the_errors_of_the_house_are_found() -> None:
    assert len(ERRORS) >= 20
    assert all(isinstance(each.__doc__, str) and each.__doc__.strip() for each in ERRORS)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_the_same_words_in_both_languages(error: type[HouseError]) -> None:
    assert wrong_words(error.words) is None


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_of_one_sort_and_has_an_exit_code(error: type[HouseError]) -> None:
    assert [sort for sort in EXIT_CODES if issubclass(error, sort)].__len__() == 1
    assert len(set(EXIT_CODES.values()) - {0, 1}) == len(EXIT_CODES)


def raised(file: File) -> Iterator[tuple[ast.expr | ast.stmt, str, set[str] | None]]:
    """Every error of ours that a file makes, with the details it is given; None: passed on."""
    names = {each.__name__ for each in ERRORS}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and called(node) in names:
            passed_on = node.args or any(keyword.arg is None for keyword in node.keywords)
            given = {keyword.arg for keyword in node.keywords if keyword.arg}
            yield node, called(node), None if passed_on else given
        elif isinstance(node, ast.Raise) and getattr(node.exc, "id", "") in names:
            yield node, node.exc.id, set()


def test_every_error_is_given_the_details_that_its_words_name() -> None:
    words = {each.__name__: each.words for each in ERRORS}
    wrong, seen = [], set()
    for file in house():
        seen |= {called(call) for call in file.calls()}  # some are made here and raised there
        for node, name, given in raised(file):
            seen.add(name)
            if given is not None and given != gaps(words[name].en):
                wrong.append(f"{file.name}:{node.lineno} {name} is given {given}")
    assert wrong == []
    assert {each.__name__ for each in ERRORS} - seen == set(), "an error that nobody makes"


def test_an_error_without_its_details_is_seen() -> None:
    file = File(
        "app/cli.py", "def f():\n    raise BadTime\ndef g():\n    raise BadTime(option='x')"
    )
    assert [given for _, _, given in raised(file)] == [set(), {"option"}]


def rejections(file: File) -> Iterator[tuple[int, set[str], set[str]]]:
    """Every `Rejected(column, reason)`: its line, and the texts that either can be."""
    for call in file.calls():
        if called(call).rpartition(".")[2] == "Rejected":
            column, reason = (
                {node.value for node in ast.walk(part) if isinstance(node, ast.Constant)}
                if isinstance(part, ast.Constant | ast.IfExp)
                else set()
                for part in call.args
            )
            if isinstance(call.args[1], ast.IfExp):  # not what the choice is made by
                choice = call.args[1]
                reason = {
                    node.value for node in (choice.body, choice.orelse)
                    if isinstance(node, ast.Constant)
                }  # fmt: skip
            yield call.lineno, column, reason


def test_every_reason_that_a_row_is_rejected_for_has_words_and_none_is_left_over() -> None:
    used: set[str] = set()
    for file in house():
        for line, _, reasons in rejections(file):
            assert reasons, f"{file.name}:{line}: write the reason where the row is rejected"
            assert reasons <= set(REASONS), f"{file.name}:{line}"
            used |= reasons
    assert used == set(REASONS)


def test_a_row_is_rejected_for_a_column_that_a_file_can_have() -> None:
    known = {"", *OPTIONAL, *(name for names in COLUMNS.values() for name in names)}
    for file in house():
        for line, columns, _ in rejections(file):
            assert columns <= known, f"{file.name}:{line}"


def test_a_reason_without_words_is_seen() -> None:
    text = 'raise Rejected(column, "bad_time" if text == "x" else "missing")\nRejected("a", "odd")'
    found = [reasons for _, _, reasons in rejections(File("x.py", text))]
    assert found == [{"bad_time", "missing"}, {"odd"}]


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_says_the_same_in_both_languages_and_needs_no_details(reason: str) -> None:
    assert wrong_words(REASONS[reason]) is None
    assert gaps(REASONS[reason].en) == set()


def test_a_rejection_passes_through_a_transaction_as_itself(shared_database: object) -> None:
    with pytest.raises(Rejected), shared_database.transaction():
        raise Rejected("kind", "kind_unknown")


def test_every_kind_class_and_colour_has_words() -> None:
    assert set(KIND_WORDS) == set(Kind)
    assert set(CLASS_WORDS) == set(SourceClass)
    assert set(COLOUR_WORDS) == set(Colour) == set(showing.SHAPES) == set(showing.STYLES)
    assert len(set(showing.SHAPES.values())) == len(Colour), "nothing depends on colour alone"


def test_every_other_word_that_is_shown_is_there_in_both_languages() -> None:
    tables = [
        *(vars(showing).values()),
        *(vars(colour_reasons).values()),
        *(vars(explaining).values()),
        *(vars(endings).values()),
        {kind: rule.called for kind, rule in RULES.items()},
        {kind: rule.form for kind, rule in RULES.items()},
    ]
    found = [words for table in tables if isinstance(table, dict) for words in table.values()]
    found += [value for value in vars(colour_reasons).values() if isinstance(value, Words)]
    shown = [words for words in found if isinstance(words, Words)]
    assert len(shown) > 50
    assert [words for words in shown if wrong_words(words)] == []


@pytest.mark.parametrize("name", BOOKS)
def test_every_rule_of_a_shipped_rulebook_has_words_in_both_languages(name: str) -> None:
    found = dict(all_words(BOOKS[name]))
    assert len(found) == 1 + 5 * len(BOOKS[name].rules)  # a title; five sentences each
    assert {path: wrong for path, words in found.items() if (wrong := wrong_words(words))} == {}
    assert {path for path, words in found.items() if gaps(words.en)} == set()


def test_a_rule_without_words_or_with_the_wrong_ones_is_seen() -> None:
    book = BOOKS["replay-tianjin-2020.yaml"].model_dump(mode="json", by_alias=True)
    english = {"zh": "confirmed", "en": "confirmed"}
    book["rules"][0]["title"] = english
    bad = Rulebook.model_validate(yaml.safe_load(yaml.safe_dump(book)))
    assert [path for path, words in all_words(bad) if wrong_words(words)] == [".rules[0].title"]
    assert wrong_words(Words(zh="确诊 {day}", en="confirmed")) is not None
    assert wrong_words(Words(zh="确诊", en="确诊")) is not None
    assert wrong_words(Words(zh="确诊。", en="confirmed。")) is not None


def test_an_error_can_be_said_in_both_languages_whatever_it_is_given() -> None:
    for error in ERRORS:
        if "__init__" in vars(error):
            continue
        details = dict.fromkeys(gaps(error.words.en), "{x} %s")
        said = error(**details)
        assert {said.say(language) for language in LANGUAGES}.__len__() == 2
        assert str(said) == said.say("en")
    assert inspect.isclass(HouseError)
