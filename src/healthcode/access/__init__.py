"""Who is asking, and for whom: accounts, sessions, roles, and the doors they come through."""
