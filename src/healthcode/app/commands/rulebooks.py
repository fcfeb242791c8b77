"""Commands about rulebooks: one proposes, another approves, either publishes."""

from __future__ import annotations

import dataclasses
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from healthcode.app import showing
from healthcode.app.commands import common
from healthcode.app.commands.common import EVERYWHERE, Acting, AsJson, acting, house, out, say
from healthcode.app.wiring import run_jobs
from healthcode.evidence.feeds.files import NoSuchFile
from healthcode.kit.clock import local_text
from healthcode.kit.errors import Refused
from healthcode.kit.words import Words
from healthcode.places import covers
from healthcode.rulebook import Rulebook, publishing
from healthcode.rulebook.actions import BadRulebook, read_rulebook
from healthcode.rulebook.publishing import Publication

rulebook_cli = typer.Typer(help="Rulebooks: from a file to what binds.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="A number from `healthcode rulebook list`.")]


class NotTheWholeCity(Refused):
    """An account of a part of the city decides about a rulebook, which is everybody's."""

    words = Words(
        zh="规则手册适用于全市，须由全市范围的账号批准和公布；账号 {account} 仅负责其中一部分。",
        en="A rulebook is for the whole city, so an account for the whole city approves and "
        "publishes it; {account} has a part of it.",
    )


def read_file(path: Path) -> Rulebook:
    """The rulebook of a file. Raises NoSuchFile or BadRulebook."""
    try:
        return read_rulebook(path.read_text("utf-8"))
    except OSError as error:
        raise NoSuchFile(path=path) from error
    except UnicodeDecodeError as error:
        raise BadRulebook(where=path, what="no UTF-8") from error


@rulebook_cli.command("propose")
def rulebook_propose(
    file: Annotated[Path, typer.Argument(help="The rulebook, in YAML.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Propose a rulebook. It binds nobody until another person approves it and it is published."""
    with acting("rulebook propose") as act:
        rulebook = read_file(file)
        with act.database.transaction() as transaction:
            draft = publishing.propose(transaction, rulebook)
    if as_json:
        named = {"name": rulebook.name, "version": rulebook.version}
        common.print_json({"draft": draft, **named})
        return
    say(
        f"已提出：{rulebook.name} {rulebook.version}，编号 {draft}，待另一人批准。",
        f"Proposed: {rulebook.name} {rulebook.version}, number {draft}; another person approves.",
    )


@rulebook_cli.command("show")
def rulebook_show(number: Number, *, as_json: AsJson = False) -> None:
    """What a draft says, as YAML: to be read before it is approved."""
    with house() as (database, _), database.transaction() as transaction:
        rulebook = publishing.drafted(transaction, number)
    body = rulebook.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if as_json:
        common.print_json(body)
    else:
        yaml.safe_dump(body, sys.stdout, allow_unicode=True, sort_keys=False)


@rulebook_cli.command("list")
def rulebook_list(*, as_json: AsJson = False) -> None:
    """Every draft and every published rulebook, and where each stands."""
    with house() as (database, _), database.transaction() as transaction:
        found = publishing.listed(transaction)
    if as_json:
        common.print_json({"rulebooks": [_plain(each) for each in found]})
    else:
        out.print(showing.rulebooks(found, common.language()))


@rulebook_cli.command("approve")
def rulebook_approve(
    number: Number, *, refuse: Annotated[bool, typer.Option(help="Refuse instead.")] = False
) -> None:
    """Approve a draft, as a second person, or refuse it."""
    with acting("rulebook approve") as act, act.database.transaction() as transaction:
        _check_whole_city(act)
        publishing.decide(transaction, number, approve=not refuse)
    if refuse:
        say("已退回。", "Refused.")
    else:
        say(
            f"已批准。公布后才生效：healthcode rulebook publish {number}",
            f"Approved. It binds once it is published: healthcode rulebook publish {number}",
        )


@rulebook_cli.command("publish")
def rulebook_publish(
    number: Number,
    binds_from: Annotated[
        str, typer.Option("--from", help="From when it binds (default: now); not in the past.")
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Publish an approved draft: it binds, and everybody's colour follows it.

    Cut off, it goes on by itself where a worker runs, or with the same command once more.
    """
    moment = common.moment("--from", binds_from)
    with acting("rulebook publish") as act, common.progress(shown=not as_json) as progress:
        _check_whole_city(act)
        rulebook = publishing.publish_rulebook(act.database, number, moment)
        doing = {"zh": "更新健康码颜色", "en": "changing colours"}[common.language(act.settings)]

        def report(now: Publication) -> None:
            progress(doing, now.done, now.total or 0)

        done = publishing.see_through(act.database, rulebook, report)
        run_jobs(act.database, wait=False)
    if as_json:
        common.print_json(_plain(done))
    else:
        _say_published(done)


def _say_published(done: Publication) -> None:
    since = local_text(done.binds_from)
    if done.finished_at is None:
        say(
            f"已公布：{done.name} {done.version}，自 {since} 起生效，届时自动更新所有颜色。",
            f"Published: {done.name} {done.version}. It binds from {since}; colours follow then.",
        )
    elif done.total is None or done.done < done.total:
        say(
            f"已公布：{done.name} {done.version}，自 {since} 起生效；随后已由更新的规则手册取代。",
            f"Published: {done.name} {done.version}, binding from {since}; a newer one has taken "
            "its place since.",
        )
    else:
        say(
            f"已公布：{done.name} {done.version}，自 {since} 起生效；已按其更新 {done.done} 人。",
            f"Published: {done.name} {done.version}, binding from {since}; standings changed to "
            f"it: {done.done}.",
        )


def _check_whole_city(act: Acting) -> None:
    """Raises NotTheWholeCity."""
    scope = act.caller.scope
    if scope != EVERYWHERE and not covers(scope, act.settings.city):
        raise NotTheWholeCity(account=act.caller.account)


def _plain(found: Any) -> dict[str, Any]:
    """A dataclass as plain data; times are ISO 8601 with an offset."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(found).items()
    }
