"""A process beside ours: it answers, says what went wrong, and never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from healthcode.evidence.feeds.importing import RejectsUnsaved
from healthcode.kit import beside as module
from healthcode.kit.beside import Beside, Here, NobodyBeside, beside


def halved(number: int) -> int:
    if number % 2:
        raise RejectsUnsaved(count=number, path="odd.csv")
    return number // 2


def killed(_: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def stuck(_: int) -> int:
    signal.pause()
    return 0


def test_it_works_in_another_process_and_answers_one_question_after_the_other() -> None:
    helper = beside(lambda number: (os.getpid(), halved(number)))
    found: list[tuple[int, int]] = []
    for number in (2, 4, 6):
        helper.ask(number)
        found.append(helper.answer())
    helper.end()
    assert [half for _, half in found] == [1, 2, 3]
    assert len({pid for pid, _ in found} - {os.getpid()}) == 1


def test_an_error_in_words_comes_over_with_its_words_and_the_work_goes_on() -> None:
    helper = Beside(halved)
    helper.ask(3)
    with pytest.raises(RejectsUnsaved) as raised:
        helper.answer()
    assert "3 行" in raised.value.say("zh")
    assert "3 rows were not taken, but odd.csv" in raised.value.say("en")
    helper.ask(4)
    assert helper.answer() == 2
    helper.end()


def test_that_it_is_gone_is_said_in_words_and_at_once() -> None:
    helper = Beside(killed)
    helper.ask(1)
    with pytest.raises(NobodyBeside):
        helper.answer()
    with pytest.raises(NobodyBeside):
        helper.ask(2)
    helper.end()


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    helper = Beside(stuck)
    helper.ask(1)
    with pytest.raises(NobodyBeside):
        helper.answer()
    helper.end()


def test_it_holds_no_file_of_ours_but_its_pipe(tmp_path: Path) -> None:
    def opened(most: int) -> list[int]:
        found: list[int] = []
        for file in range(3, most):
            with suppress(OSError):
                os.fstat(file)
                found.append(file)
        return found

    with (tmp_path / "ours").open("w") as ours:
        helper = Beside(opened)
        helper.ask(max(1000, ours.fileno() + 10))
        (pipe,) = helper.answer()
        helper.end()
        assert pipe != ours.fileno()


# It waits for a question, or is in the middle of a second's work.
@pytest.mark.parametrize("work", ["print('asked', flush=True)", "time.sleep(1)"])
def test_it_ends_when_its_owner_is_killed(work: str) -> None:
    """Both hold the other end of standard output, which ends when the last of them does."""
    script = (
        "import os, signal, time\n"
        "from healthcode.kit.beside import Beside\n"
        f"helper = Beside(lambda _: {work})\n"
        "helper.ask(1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    running.communicate(timeout=60)
    assert running.returncode == -signal.SIGKILL


def test_in_a_thread_the_work_is_done_here() -> None:
    with ThreadPoolExecutor(1) as pool:
        helper = pool.submit(beside, halved).result(60)
    assert isinstance(helper, Here)
    helper.ask(8)
    assert helper.answer() == 4
    helper.end()
