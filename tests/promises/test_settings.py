"""Every setting is documented, absurd ones refuse to start in words, and none shows a secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from healthcode.app.settings import PREFIX, BadSetting, Settings, UnknownSetting, read_settings
from healthcode.app.wiring import NoMasterKeys, open_house
from healthcode.kit.errors import NotReady
from healthcode.kit.secrets import new_master_key
from tests.promises.source import ROOT

PAGE = (ROOT / "docs" / "reference" / "settings.md").read_text("utf-8")
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<default>.+?) \| (?P<why>.+) \|$", re.MULTILINE)
DOCUMENTED = {found["name"]: found for found in ROW.finditer(PAGE)}
NAMES = {f"{PREFIX}{name.upper()}": name for name in Settings.model_fields}

PASSWORD = "Tr0ub4dor"
ABSURD = [
    ("DATABASE_URL", f"mysql://city:{PASSWORD}@host/db"),
    ("DATABASE_URL", f"city:{PASSWORD}@host/db"),
    ("DATABASE_URL", ""),
    ("MASTER_KEYS", ""),
    ("MASTER_KEYS", f"{PASSWORD}"),
    ("MASTER_KEYS", f"one:{PASSWORD}"),
    ("MASTER_KEYS", f"one:{PASSWORD}+/{PASSWORD}="),
    ("CITY", "Tianjin"),
    ("CITY", "123"),
    ("CITY", "00"),
    ("CITY", ""),
    ("CITY", "99"),  # a code like any other, of a division that does not exist
    ("LANGUAGE", "fr"),
    ("LANGUAGE", "ZH"),
    ("LOG_LEVEL", "loud"),
    ("POOL_SIZE", "0"),
    ("POOL_SIZE", "1"),
    ("POOL_SIZE", "-5"),
    ("POOL_SIZE", "1000000"),
    ("POOL_SIZE", "five"),
    ("LISTEN", "here"),
    ("LISTEN", "9999"),
    ("LISTEN", ":9999"),
    ("LISTEN", "127.0.0.1:0"),
    ("LISTEN", "127.0.0.1:65536"),
    ("TRUSTED_PROXIES", "everywhere"),
    ("TRUSTED_PROXIES", "10.0.0.0/8,somewhere"),
    ("SMS_URL", f"ftp://city:{PASSWORD}@host/"),
    ("SMS_URL", "sms"),
    ("REGISTRY_URL", f"https:///{PASSWORD}"),
    ("DEMO", "perhaps"),
]

UNREACHABLE = [
    f"postgresql://city:{PASSWORD}@127.0.0.1:1/db",
    f"postgresql://city:{PASSWORD}@127.0.0.1:noport/db",
    f"postgresql://city:{PASSWORD}@[::1/db",
    f"postgresql://city:{PASSWORD}@127.0.0.1:1/db?mode=fast",
    f"postgresql://city:{PASSWORD}@127.0.0.1:1/db?sslmode=never",
    f"postgresql://city:@{PASSWORD}:{PASSWORD}@127.0.0.1:1/db",
    f"postgresql://{PASSWORD}",
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(tmp_path))


def start() -> None:
    """As every command does."""
    with open_house(read_settings()):
        pass


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(DOCUMENTED) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_explained_in_both_languages(name: str) -> None:
    assert len(DOCUMENTED[name]["why"].split()) >= 15
    [chinese] = re.findall(rf"^- `{name}`：(.+)$", PAGE, re.MULTILINE)
    assert len(re.findall(r"[\u4e00-\u9fff]", chinese)) >= 15


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_default_is_the_default(name: str) -> None:
    default: Any = Settings.model_fields[NAMES[name]].default
    said = DOCUMENTED[name]["default"]
    if name.endswith("DATA_DIR"):
        assert Settings.model_fields["data_dir"].default_factory is not None
    elif default is None:
        assert said.startswith(("none", "as the terminal"))
    else:
        assert said == f"`{default}`"


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_has_its_reason_beside_it(name: str) -> None:
    source = (ROOT / "src" / "healthcode" / "app" / "settings.py").read_text("utf-8")
    assert re.search(rf"^    # .+\n    {NAMES[name]}: ", source, re.MULTILINE)


def refusal(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> NotReady:
    """Why the house does not start with this; before it asks for any server."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", UNREACHABLE[0])
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(NotReady) as refused:
        start()
    return refused.value


@pytest.mark.parametrize(("name", "value"), ABSURD)
def test_an_absurd_value_refuses_to_start_and_is_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = refusal(name, value, monkeypatch)
    for language in ("zh", "en"):
        said = why.say(language)
        assert PASSWORD not in said
        if len(value) > 3:
            assert value not in said
    if name != "MASTER_KEYS":  # whose own errors say which entry it is
        assert isinstance(why, BadSetting)
        assert PREFIX + name in why.say("en")
        assert "docs/reference/settings.md" in why.say("zh")


@pytest.mark.parametrize("url", UNREACHABLE)
def test_an_address_that_leads_nowhere_is_an_error_in_words_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", url)
    monkeypatch.setenv(f"{PREFIX}MASTER_KEYS", new_master_key())
    with pytest.raises(NotReady) as refused:
        start()
    said = f"{refused.value.say('en')} {refused.value.say('zh')}"
    assert f"{PREFIX}DATABASE_URL" in said
    assert PASSWORD not in said


def test_an_error_in_chinese_gives_its_reason_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    english = re.compile(r"error, |Input should|valid integer")
    said = []
    for name, value in ABSURD:
        with monkeypatch.context() as for_now:
            for_now.delenv(f"{PREFIX}MASTER_KEYS", raising=False)
            said.append(refusal(name, value, for_now).say("zh"))
    assert [each for each in said if english.search(each)] == []


def test_a_slip_of_the_pen_in_a_name_is_refused_and_not_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABSE_URL", UNREACHABLE[0])
    with pytest.raises(UnknownSetting) as refused:
        start()
    said = refused.value.say("zh")
    assert f"{PREFIX}DATABSE_URL" in said
    assert f"{PREFIX}DATABASE_URL" in said
    assert PASSWORD not in said


def test_a_real_server_needs_master_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", UNREACHABLE[0])
    with pytest.raises(NoMasterKeys):
        start()


def test_no_setting_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_master_key()
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", f"postgresql://city:{PASSWORD}@host/db")
    monkeypatch.setenv(f"{PREFIX}MASTER_KEYS", key)
    settings = read_settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert PASSWORD not in shown
    assert key.partition(":")[2] not in shown


def test_settings_do_not_change_after_the_start() -> None:
    settings = read_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.city = "11"


def test_a_city_is_kept_as_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}CITY", "120000")
    assert read_settings().city == "12"
