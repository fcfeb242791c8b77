"""Every setting of the house, each with its reason. Absurd values refuse to start, in words."""

from __future__ import annotations

import os
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Language, Words
from healthcode.places import division

PREFIX = "HEALTHCODE_"
ALIKE = 0.9  # of 1: one or two letters of a name; others' own variables are none of our business


class UnknownSetting(NotReady):
    """A slip of the pen in a name, which would quietly leave the real one unset."""

    words = Words(
        zh="没有名为 {name} 的设置。您要写的可能是 {meant}。",
        en="There is no setting called {name}. You may have meant {meant}.",
    )


class BadSetting(NotReady):
    """A setting that the house does not start with."""

    words = Words(
        zh="设置 {name} 有误：{allowed}。请查阅 docs/reference/settings.md。",
        en="The setting {name} is wrong: {allowed}. See docs/reference/settings.md.",
    )

    def __init__(self, setting: str) -> None:
        self.setting = setting
        super().__init__()

    def say(self, language: Language) -> str:
        """Which setting, and what it takes; never what it was."""
        allowed = ALLOWED[self.setting].in_language(language)
        words = self.words.in_language(language)
        return words.format(name=PREFIX + self.setting.upper(), allowed=allowed)


ALLOWED = {
    "database_url": Words(
        zh="请写作 postgresql://用户:密码@主机:5432/数据库，密码中的特殊字符须作百分号编码",
        en="write it as postgresql://user:password@host:5432/database, with special characters "
        "of the password percent-encoded",
    ),
    "data_dir": Words(zh="请写一个文件夹的路径", en="write the path of a folder"),
    "master_keys": Words(
        zh="请用 healthcode keys new 生成", en="make one with healthcode keys new"
    ),
    "city": Words(
        zh="请写所服务城市的区划代码（GB/T 2260），如 12 或 120000",
        en="write the division code of the city that is served (GB/T 2260), as 12 or 120000",
    ),
    "language": Words(zh="请写 zh 或 en", en="write zh or en"),
    "log_level": Words(
        zh="请写 debug、info、warning 或 error", en="write debug, info, warning or error"
    ),
    "pool_size": Words(zh="请写 2 至 100 的整数", en="write a whole number from 2 to 100"),
    "listen": Words(
        zh="请写 地址:端口，如 127.0.0.1:8720", en="write it as address:port, as 127.0.0.1:8720"
    ),
    "trusted_proxies": Words(
        zh="请写代理的地址或网段，以逗号分隔，如 10.0.0.5,10.1.0.0/16",
        en="write the addresses or networks of your proxies with commas between, as "
        "10.0.0.5,10.1.0.0/16",
    ),
    "sms_url": Words(zh="请写 http(s):// 开头的地址", en="write an address with http(s)://"),
    "registry_url": Words(zh="请写 http(s):// 开头的地址", en="write an address with http(s)://"),
    "session": Words(
        zh="请用 healthcode login 取得", en="get one with healthcode login, or use a client key"
    ),
    "demo": Words(
        zh="只由 healthcode demo 设置，只在本机监听，且不能与 HEALTHCODE_DATABASE_URL 同用",
        en="only healthcode demo sets it, for an address of this machine alone, and never together "
        "with HEALTHCODE_DATABASE_URL",
    ),
}
"""What each setting takes, for whoever wrote something else."""


class Settings(BaseSettings):
    """Read from the environment, `HEALTHCODE_` before each name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    # A real server for a city; without it the house brings its own PostgreSQL.
    database_url: SecretStr | None = None

    # Where the embedded server and its master key live: a folder of this user's, which a backup
    # finds and another user cannot read.
    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("healthcode", appauthor=False))
    )

    # They open the data keys, so they must never lie in the database they protect. The first is
    # current; older ones stay until everything is wrapped anew.
    master_keys: SecretStr | None = None

    # The division that we serve: whoever is registered for it is city-wide.
    city: str = "12"

    # The language of messages on the command line; people's own screens choose for themselves.
    language: Literal["zh", "en"] | None = None

    # Debug shows every statement, without its values.
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    # Connections a process keeps. Fewer than 2 and a job waits for itself; many times the
    # server's cores only queue there.
    pool_size: Annotated[int, Field(ge=2, le=100)] = 5

    # Where the web process listens. Loopback until somebody puts a proxy with TLS before it.
    listen: str = "127.0.0.1:8720"

    # Whose word about a caller's address is believed. Behind a proxy that is not named here, a
    # whole city would share one address, and with it the limits against guessing.
    trusted_proxies: str = ""

    # The services that send text messages and check real names: cities have their own, behind a
    # small bridge of theirs. The address may carry a key, so it is a secret.
    sms_url: SecretStr | None = None

    # As above: who answers whether a name, a document and a phone belong together.
    registry_url: SecretStr | None = None

    # Whose word a command of this terminal is: a session's token, or a department's key. Without
    # it, the session that `healthcode login` keeps in the data folder.
    session: SecretStr | None = None

    # This process belongs to `healthcode demo`: text messages and the registry are made up.
    demo: bool = False

    @field_validator("city")
    @classmethod
    def _city_is_a_division(cls, value: str) -> str:
        found = division(value)
        if found is None:
            raise ValueError
        return found.code

    @field_validator("listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
            raise ValueError
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        hosts = [each.strip() for each in value.split(",") if each.strip()]
        return ",".join(str(ip_network(host)) for host in hosts)

    @field_validator("sms_url", "registry_url")
    @classmethod
    def _is_web_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        found = urlsplit(value.get_secret_value())
        if found.scheme not in {"http", "https"} or not found.hostname:
            raise ValueError
        return value

    @field_validator("demo")
    @classmethod
    def _demo_has_no_server(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("database_url") is not None:
            raise ValueError
        if value and not is_loopback(info.data.get("listen", "")):
            raise ValueError
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        if not text.startswith(("postgresql://", "postgres://")):
            raise ValueError
        try:
            make_url(text)
        except ArgumentError:
            raise ValueError from None
        return value


def is_loopback(listen: str) -> bool:
    """Whether an address, as `127.0.0.1:8720`, is this machine's alone."""
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings() -> Settings:
    """The settings of this process. Raises UnknownSetting or BadSetting, which repeat no value."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ.keys() - known):
        if name.startswith(PREFIX) and (meant := get_close_matches(name, known, 1, ALIKE)):
            raise UnknownSetting(name=name, meant=meant[0])
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadSetting(str(first["loc"][0])) from None
