"""Every setting of the house, each with its reason. Absurd values refuse to start, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from healthcode.kit.errors import NotReady
from healthcode.kit.words import Words
from healthcode.places import kept_code

PREFIX = "HEALTHCODE_"


class BadSetting(NotReady):
    """A setting that the house does not start with."""

    words = Words(
        zh="设置 {name} 有误：{what}。请查阅 docs/reference/settings.md。",
        en="The setting {name} is wrong: {what}. See docs/reference/settings.md.",
    )


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

    @field_validator("city")
    @classmethod
    def _city_is_a_division(cls, value: str) -> str:
        code = kept_code(value)
        if not code:
            raise ValueError("name the division that this house serves, as 12 or 120000")
        return code

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("write it as postgresql://user:password@host:5432/database")
        return value


def read_settings() -> Settings:
    """The settings of this process. Raises BadSetting, which never repeats the value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise BadSetting(name=PREFIX + name, what=first["msg"]) from None
