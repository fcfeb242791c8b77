"""Who is asking, and for whom: accounts, sessions, roles, and the doors they come through."""

from healthcode.access.accounts import ensure_client, is_second_person, makers
from healthcode.access.citizens import consent, person_for, shown_of, verified_person
from healthcode.access.sessions import identify
from healthcode.access.terms import Role, Verified

__all__ = [
    "Role",
    "Verified",
    "consent",
    "ensure_client",
    "identify",
    "is_second_person",
    "makers",
    "person_for",
    "shown_of",
    "verified_person",
]
