"""What lies outside a process: a city's services by its settings, or the demo's made-up ones."""

from __future__ import annotations

from fastapi import APIRouter

from healthcode.access.outside import Outside, bind
from healthcode.access.registry import HttpRegistry
from healthcode.app.demo.api import routes
from healthcode.app.demo.outside import MadeUpRegistry, PrintedSms
from healthcode.app.settings import Settings
from healthcode.kit.sms import HttpSms


def bind_outside(settings: Settings) -> None:
    """Say who sends text messages and who checks names for this process."""
    if settings.demo:
        folder = settings.data_dir / "demo"
        bind(Outside(PrintedSms(folder), MadeUpRegistry(folder)))
        return
    sms, registry = settings.sms_url, settings.registry_url
    bind(
        Outside(
            HttpSms(sms.get_secret_value()) if sms else None,
            HttpRegistry(registry.get_secret_value()) if registry else None,
        )
    )


def demo_routes(settings: Settings) -> list[APIRouter]:
    """The routes of a demo; none anywhere else."""
    if not settings.demo:
        return []
    return [routes(settings.data_dir / "demo")]
