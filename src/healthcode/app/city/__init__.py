"""A made-up city of any size: who lives there, what happened to them, and what became known of it."""
