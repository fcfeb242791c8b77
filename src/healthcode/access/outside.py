"""What lies outside the house and access speaks to: bound once, when a process starts."""

from __future__ import annotations

from dataclasses import dataclass

from healthcode.access.registry import Registry
from healthcode.kit.errors import NotReady
from healthcode.kit.sms import Sms
from healthcode.kit.words import Words


class NoSms(NotReady):
    """Nobody to send text messages."""

    words = Words(
        zh="尚未配置短信服务，无法发送验证码。请设置 HEALTHCODE_SMS_URL。",
        en="No SMS service is set up, so no code can be sent. Set HEALTHCODE_SMS_URL.",
    )


class NoRegistry(NotReady):
    """Nobody to check real names."""

    words = Words(
        zh="尚未配置实名核验服务，无法办理实名登记。请设置 HEALTHCODE_REGISTRY_URL。",
        en="No real-name registry is set up, so nobody can be registered. Set "
        "HEALTHCODE_REGISTRY_URL.",
    )


@dataclass(frozen=True)
class Outside:
    """Who sends our messages and who checks names; None where that is not set up."""

    sms: Sms | None = None
    registry: Registry | None = None


class _Bound:
    outside = Outside()


def bind(outside: Outside) -> None:
    """Say for this process what lies outside."""
    _Bound.outside = outside


def sms() -> Sms:
    """Whoever sends text messages. Raises NoSms."""
    if _Bound.outside.sms is None:
        raise NoSms
    return _Bound.outside.sms


def registry() -> Registry:
    """Whoever checks real names. Raises NoRegistry."""
    if _Bound.outside.registry is None:
        raise NoRegistry
    return _Bound.outside.registry
