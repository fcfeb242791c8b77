"""The door of those who have a phone: a one-time code by text message."""

from healthcode.access.doors.phone.api import router
from healthcode.access.doors.phone.terms import read_phone

__all__ = ["read_phone", "router"]
