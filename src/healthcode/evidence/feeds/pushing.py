"""Rows pushed in one call: read, cut, decided and recorded in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from healthcode.evidence.feeds.batches import EVIDENCE, Part, Staged
from healthcode.evidence.feeds.deciding import Desk, Outcome
from healthcode.evidence.feeds.files import unfit
from healthcode.evidence.feeds.reading import Reader
from healthcode.evidence.feeds.reasons import REASONS, Rejected
from healthcode.evidence.feeds.recording import Recorder, desk_of
from healthcode.kit.db import Transaction
from healthcode.kit.errors import Refused
from healthcode.kit.words import Words


class NotYourSource(Refused):
    """A source that the caller is not registered for."""

    words = Words(
        zh="您未登记为此来源。请向管理员确认来源名称。",
        en="You are not registered to write as this source. Ask an operator for its name.",
    )


MOST_ROWS = 5000  # in a call: one batch of an import


@dataclass
class Pushed:
    """What became of the rows; the rejected with row (from 1), column and reason."""

    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    rejected: list[tuple[int, str, Words]] = field(default_factory=list)


def push(
    transaction: Transaction, client: str, source: str, city: str, rows: list[dict[str, str]]
) -> Pushed:
    """Record rows of evidence as one source of the client.

    Raises UnknownClient or NotYourSource.
    """
    desk = desk_of(transaction, client, city)
    if source not in desk.registrations:
        raise NotYourSource
    desk = Desk({source: desk.registrations[source]}, city, replay=False)
    reader = Reader(client, transaction.keys, transaction.now, frozenset({source}))
    recorder = Recorder(transaction, client, desk)
    pushed = Pushed()
    batch: dict[str, Staged] = {}

    def flush() -> None:
        done = recorder.record(EVIDENCE, Part([*batch.values()]))
        batch.clear()
        for outcome, count in done.counts.items():
            pushed.counts[outcome] += count
        for staged, why in done.rejected:
            pushed.rejected.append((staged.row, why.column, REASONS[why.reason]))

    for number, row in enumerate(rows, start=1):
        if reason := unfit("evidence", row):
            pushed.rejected.append((number, "", REASONS[reason]))
            continue
        try:
            plain = {name: value.strip() for name, value in row.items()}
            said = reader.read("evidence", plain | {"source": plain.get("source") or source})
        except Rejected as why:
            pushed.rejected.append((number, why.column, REASONS[why.reason]))
            continue
        if said["row_id"] in batch:  # rows about the same thing go one after the other
            flush()
        batch[said["row_id"]] = Staged(number, number, said)
    if batch:
        flush()
    pushed.rejected.sort(key=lambda each: each[0])
    return pushed
