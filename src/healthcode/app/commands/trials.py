"""Commands about a rulebook before it binds anyone: snapshots, checks, trials."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from healthcode.app.commands import common
from healthcode.app.commands.common import AsJson, acting, language, out, say
from healthcode.app.commands.rulebooks import read_file
from healthcode.kit.errors import BadInput, NotReady
from healthcode.kit.files import read_yaml
from healthcode.kit.words import Words
from healthcode.rulebook.actions import BadRulebook

if TYPE_CHECKING:
    from healthcode.rulebook.everybody.snapshots import Snapshot
    from healthcode.rulebook.everybody.trials import Progress, Trial

DUCKDB = "duckdb"
DOING = {
    "facts": Words(zh="读取记录", en="reading the evidence"),
    "judge": Words(zh="试算", en="judging everybody"),
}
"""What the rooms report as they work, in words."""
CHARTS = (".svg", ".png")
File = Annotated[Path, typer.Argument(help="A rulebook in YAML.")]


class FaultyRulebook(BadInput):
    """A rulebook with faults; they are listed before."""

    words = Words(
        zh="{path} 中的问题（见上）：{count}。请修正后再提出。",
        en="Faults in {path}, listed above: {count}. Mend them before you propose it.",
    )


class StandingsDiffer(NotReady):
    """An alarm: stored standings are not what the evidence gives."""

    words = Words(
        zh="有 {count} 人的颜色与证据不符，未作任何改动。请查看 rulebook.differences 并查明原因。",
        en="The standings of {count} people are not what the evidence gives. Nothing was changed: "
        "look at rulebook.differences, and find out why.",
    )


class NoSuchChart(BadInput):
    """A chart in a format that we do not draw."""

    words = Words(
        zh="图表文件须以 .svg 或 .png 结尾：{path}", en="A chart ends in .svg or .png: {path}"
    )


class ChartNotWritten(BadInput):
    """A chart where no file can be written."""

    words = Words(
        zh="无法写入图表 {path}。请核对文件夹是否存在、是否可写。",
        en="The chart {path} cannot be written. See that its folder exists and is yours to write.",
    )


def snapshot(
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")],
    named: Annotated[
        str | None,
        typer.Option("--keep", help="Keep it under this name; without, it goes after 24 hours."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Copy the evidence, of one moment and without names or numbers, as Parquet.

    Keys in it are its own. That it was taken is written down, and by whom.
    """
    from healthcode.app import trying  # noqa: PLC0415 - DuckDB and Arrow are slow to import
    from healthcode.rulebook.everybody.taking import keep  # noqa: PLC0415 - as above

    with acting("snapshot") as act, _progress(shown=not as_json) as progress:
        taken = keep(act.database, folder, name=named, progress=progress)
    if as_json:
        common.print_json(trying.snapshot_data(taken))
        return
    say(
        f"已写入 {taken.folder}：{taken.people:,} 人，{taken.facts:,} 条事实。",
        f"Written to {taken.folder}: {taken.people:,} people, {taken.facts:,} facts.",
    )
    if named is None:
        say("24 小时后删除。", "It is deleted after 24 hours.")


def compare(*, as_json: AsJson = False) -> None:
    """Compare the stored standings with what the evidence gives, as every night; mends nothing."""
    from healthcode.rulebook.everybody import consistency  # noqa: PLC0415 - Arrow is slow to import

    with acting("compare") as act, act.database.transaction() as transaction:
        found = consistency.compare(transaction)
    if as_json:
        common.print_json(
            dataclasses.asdict(found) | {"compared_at": found.compared_at.isoformat()}
        )
    else:
        say(
            f"已核对 {found.people:,} 人，另有 {found.left_out:,} 人正待重新判定；"
            f"不一致 {found.differing:,} 人。",
            f"{found.people:,} people compared, {found.left_out:,} about to be judged anew left "
            f"out: {found.differing:,} differ.",
        )
    if found.differing:
        raise StandingsDiffer(count=found.differing)


def check(file: File, *, as_json: AsJson = False) -> None:
    """Look a rulebook over: the language, rules that can never count, ids, and every example."""
    from healthcode.app import showing_trials, trying  # noqa: PLC0415 - DuckDB and Arrow are slow to import

    rules = examples = 0
    try:
        rulebook = read_file(file)
    except BadRulebook as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        body = read_yaml(file.read_text("utf-8"))
        found = trying.Found(tuple(trying.misfits(error.__cause__, body)), ())
    else:
        found = trying.look_over(rulebook)
        rules = len(rulebook.rules)
        examples = sum(len(rule.examples) for rule in rulebook.rules)
    if as_json:
        common.print_json({"rules": rules, "examples": examples, **trying.found_data(found)})
    else:
        out.print(showing_trials.found_shown(found, language()), highlight=False)
    if found.faults:
        raise FaultyRulebook(path=file, count=len(found.faults))
    if not as_json:
        say(
            f"没有问题：{rules} 条规则，{examples} 个示例全部成立。",
            f"Nothing is wrong: {rules} rules, and all {examples} examples hold.",
        )


def try_(
    file: File,
    snapshot: Annotated[
        Path | None, typer.Option(help="A snapshot's folder (default: one is taken, and deleted).")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another rulebook than the one that bound.")
    ] = None,
    at: Annotated[str, typer.Option(help="At this time (default: the snapshot's).")] = "",
    engine: Annotated[
        str, typer.Option(help="duckdb, or a Spark master: local[2], spark://HOST:PORT.")
    ] = DUCKDB,
    examples: Annotated[
        int, typer.Option(help="How many examples to print; --json has all.", min=0, max=100)
    ] = 5,
    chart: Annotated[Path | None, typer.Option(help="Draw it too: a .svg or .png file.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Try a draft on everybody, beside the rulebook that binds; nobody's colour changes."""
    from healthcode.app import showing_trials, trying  # noqa: PLC0415 - DuckDB and Arrow are slow to import

    _check_chart(chart)
    draft = read_file(file)
    binding = read_file(against) if against else None
    moment = common.moment("--at", at)
    with _progress(shown=not as_json) as progress, _taken(snapshot, progress) as found:
        trial = trying.try_draft(
            found, draft, binding=binding, at=moment, engine=engine, progress=progress
        )
    if chart is not None:
        _draw(trial, chart)
    if as_json:
        common.print_json(trying.data(trial))
    else:
        out.print(showing_trials.shown(trial, language(), examples, out.width))


def _check_chart(chart: Path | None) -> None:
    """Before the work is done. Raises NoSuchChart or ChartNotWritten."""
    if chart is None:
        return
    if chart.suffix.lower() not in CHARTS:
        raise NoSuchChart(path=chart)
    if chart.is_dir() or not chart.absolute().parent.is_dir():
        raise ChartNotWritten(path=chart)


def _draw(trial: Trial, chart: Path) -> None:
    from healthcode.app import charts  # noqa: PLC0415 - Matplotlib is slow to import

    try:
        charts.draw(trial, chart, language())
    except OSError as error:
        raise ChartNotWritten(path=chart) from error


@contextmanager
def _progress(*, shown: bool) -> Iterator[Progress]:
    """A bar that says in words what is being done."""
    with common.progress(shown=shown) as report:
        yield lambda doing, done, of: report(DOING[doing].in_language(language()), done, of)


@contextmanager
def _taken(folder: Path | None, progress: Progress) -> Iterator[Snapshot]:
    """The snapshot of a folder, or one of now that is gone afterwards."""
    from healthcode.app import trying  # noqa: PLC0415 - DuckDB and Arrow are slow to import

    if folder is not None:
        yield trying.opened(folder)
        return
    from healthcode.rulebook.everybody.taking import keep  # noqa: PLC0415 - ADBC is slow to import

    with (
        tempfile.TemporaryDirectory(prefix="healthcode-snapshot-") as made,
        acting("snapshot") as act,
    ):
        yield keep(act.database, Path(made), name=None, progress=progress)
