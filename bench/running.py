"""One run of one contender, in a process of its own: how long it took, and its peak memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

KB = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds, and the peak of resident memory in bytes, of all its processes together."""

    seconds: float
    peak: int


def peak_of(pid: int | str = "self") -> int:
    """The most memory that a process ever had resident, in bytes (`VmHWM`)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():  # no Linux: only one's own is known, on macOS in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * KB


def run(name: str, snapshot: Path, persons: int, into: Path) -> Run:
    """Run a contender in a new process; what it complains of goes to our stderr."""
    ours = [sys.executable, "-m", "bench.running", name, str(snapshot), str(persons), str(into)]
    done = subprocess.run(ours, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def run_here(name: str, snapshot: Path, persons: int, into: Path) -> Run:
    """Run a contender in this process; its peak is then that of everything before, too."""
    from bench.contenders import CONTENDERS  # noqa: PLC0415 - only who judges needs them
    from bench.snapshots import Snapshot  # noqa: PLC0415 - as above

    return CONTENDERS[name](Snapshot.read(snapshot), persons, into)


if __name__ == "__main__":
    _, name, snapshot, persons, into = sys.argv
    print(json.dumps(asdict(run_here(name, Path(snapshot), int(persons), Path(into)))))
