"""A made-up city of any size: who lives there, what happened, and what became known of it."""
