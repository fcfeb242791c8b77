"""Every event has its row, every job its worker, and every job of the clock its time."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Iterator

import pytest
from croniter import croniter

from healthcode.app.wiring import JOBS, LISTENERS
from healthcode.kit.db import Transaction
from tests.promises.source import File, called, dotted, house

HANDS_ON = {"kit/db.py", "kit/jobs.py"}
"""Where `publish` and `defer` are made: they hand on what they are given."""


def sent(file: File, verb: str) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Calls of `something.publish(X)` or `something.defer(X)`, with X."""
    for call in file.calls():
        if called(call).rpartition(".")[2] == verb and file.name not in HANDS_ON:
            assert call.args, f"{file.name}:{call.lineno}: {verb} without its first argument"
            yield call, call.args[0]


def value_of(file: File, node: ast.expr) -> object:
    """What a name, `module.NAME` or a text means in that file, by importing it."""
    if isinstance(node, ast.Constant):
        return node.value
    first, _, rest = dotted(node).partition(".")
    here = importlib.import_module(f"healthcode.{file.name.removesuffix('.py').replace('/', '.')}")
    found = getattr(here, first)
    return getattr(found, rest) if rest else found


def published() -> dict[type, str]:
    """Every class of event that is published anywhere, with where."""
    found: dict[type, str] = {}
    for file in house():
        for call, event in sent(file, "publish"):
            assert isinstance(event, ast.Call), f"{file.name}:{call.lineno}: make the event there"
            made = value_of(file, event.func)
            assert isinstance(made, type)
            found[made] = f"{file.name}:{call.lineno}"
    return found


def deferred() -> dict[str, list[tuple[str, set[str]]]]:
    """Every job that is deferred anywhere: where, and with which arguments."""
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for file in house():
        for call, job in sent(file, "defer"):
            given = {keyword.arg for keyword in call.keywords if keyword.arg} - {"once", "later"}
            name = value_of(file, job)
            assert isinstance(name, str)
            found.setdefault(name, []).append((f"{file.name}:{call.lineno}", given))
    return found


def test_every_event_that_is_published_has_a_row() -> None:
    assert {event: where for event, where in published().items() if event not in LISTENERS} == {}


def test_every_row_is_of_an_event_that_somebody_publishes() -> None:
    assert set(LISTENERS) - set(published()) == set()


@pytest.mark.parametrize("event", LISTENERS, ids=lambda event: event.__name__)
def test_an_event_is_a_frozen_dataclass_in_the_terms_of_its_room(event: type) -> None:
    assert dataclasses.is_dataclass(event)
    assert event.__dataclass_params__.frozen
    assert event.__module__.endswith(".terms")


@pytest.mark.parametrize("event", LISTENERS, ids=lambda event: event.__name__)
def test_somebody_above_listens_and_takes_a_transaction_and_the_event(event: type) -> None:
    """An event exists from its first listener on."""
    assert LISTENERS[event]
    for listener in LISTENERS[event]:
        types = inspect.get_annotations(listener, eval_str=True)
        assert list(types.values()) == [Transaction, event, None]


def test_every_job_that_is_deferred_is_one_that_a_worker_knows() -> None:
    assert {job: where for job, where in deferred().items() if job not in JOBS} == {}


def test_a_job_is_deferred_by_somebody_or_by_the_clock() -> None:
    asked = set(deferred())
    assert {name for name, job in JOBS.items() if name not in asked and job.every is None} == set()


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_a_function_of_a_transaction_and_of_what_it_is_deferred_with(name: str) -> None:
    function = JOBS[name].run
    types = inspect.get_annotations(function, eval_str=True)
    first, *others = inspect.signature(function).parameters.values()
    assert types[first.name] is Transaction
    needed = {each.name for each in others if each.default is inspect.Parameter.empty}
    for where, given in deferred().get(name, []):
        assert needed <= given <= {each.name for each in others}, where
    if JOBS[name].every is not None:
        assert needed == set(), "the clock gives no arguments"


@pytest.mark.parametrize("name", [name for name, job in JOBS.items() if job.every is not None])
def test_a_job_of_the_clock_has_a_time(name: str) -> None:
    assert croniter.is_valid(JOBS[name].every)


def test_a_job_is_named_after_its_room() -> None:
    for name, job in JOBS.items():
        assert job.run.__module__ == f"healthcode.{name.partition('.')[0]}.jobs"


def test_an_event_or_a_job_that_nobody_wired_is_seen() -> None:
    text = "def f(t):\n    t.publish(Recorded(()))\n    t.defer('rulebook.dream', x=1)"
    file = File("rulebook/actions.py", text)
    [(_, event)] = sent(file, "publish")
    assert isinstance(event, ast.Call)
    assert value_of(file, event.func).__name__ == "Recorded"
    [(call, job)] = sent(file, "defer")
    assert value_of(file, job) not in JOBS
    assert [keyword.arg for keyword in call.keywords] == ["x"]
