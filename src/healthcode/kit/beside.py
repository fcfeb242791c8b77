"""Work beside ours, in a process of its own, which begins as a copy of this one.

So it has what this one has in memory, keys too, and only questions and answers are handed over.
Invariants: it holds none of our files and connections but one end of a pipe, and ends when we do,
however that is; whoever waits for it waits for a time.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from healthcode.kit.errors import HouseError, NotReady
from healthcode.kit.words import Words

Question = TypeVar("Question")
Answer = TypeVar("Answer")

PATIENCE = 120.0  # seconds for one answer; the longest of ours takes two on a busy machine
_FIRST_OF_OURS = 3  # standard input, output and errors are everybody's


class NobodyBeside(NotReady):
    """The process beside this one is gone, or does not answer."""

    words = Words(
        zh="协助处理的子进程已中断或没有应答。已完成的部分不受影响，请再次运行同一命令。",
        en="A process that helps this one is gone or does not answer. What was done stays done: "
        "run the same command again.",
    )


class Beside(Generic[Question, Answer]):
    """Answers questions in their order, while its owner does other things."""

    def __init__(self, work: Callable[[Question], Answer]) -> None:
        fork = get_context("fork")  # no other way hands over keys that are never bytes
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(target=_serve, args=(work, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, question: Question) -> None:
        """Ask, once the last answer was fetched. Raises NobodyBeside."""
        try:
            self._pipe.send(question)
        except OSError as error:
            raise NobodyBeside from error

    def answer(self) -> Answer:
        """Wait for the answer. Raises NobodyBeside, and the error in words that it met there."""
        try:
            if not self._pipe.poll(PATIENCE):
                raise NobodyBeside
            found: Answer | HouseError = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise NobodyBeside from error
        if isinstance(found, HouseError):
            raise found
        return found

    def end(self) -> None:
        """End it, whatever it does."""
        self._pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


class Here(Generic[Question, Answer]):
    """The same for who cannot have a process beside, or has too little to ask."""

    def __init__(self, work: Callable[[Question], Answer]) -> None:
        self._work = work
        self._asked: list[Question] = []

    def ask(self, question: Question) -> None:
        """Ask; the work is done when the answer is wanted."""
        self._asked.append(question)

    def answer(self) -> Answer:
        """Work. Raises whatever the work does."""
        return self._work(self._asked.pop())

    def end(self) -> None:
        """Nothing is left behind."""


def beside(
    work: Callable[[Question], Answer],
) -> Beside[Question, Answer] | Here[Question, Answer]:
    """Somebody to work beside us.

    Not from a thread: a copy of a process holds for ever what its other threads hold just then.
    """
    alone = threading.current_thread() is threading.main_thread()
    return Beside(work) if alone else Here(work)


def _serve(work: Callable[[Question], Answer], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for our owner, who ends us
    kept = pipe.fileno()
    os.closerange(_FIRST_OF_OURS, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # our owner is gone
        while True:
            question: Question = pipe.recv()
            try:
                found: Answer | HouseError = work(question)
            except HouseError as error:
                found = error
            pipe.send(found)
    os._exit(0)  # what we have a copy of is theirs to end
