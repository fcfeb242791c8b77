"""Every finding of a person explained: what it rests on, what ended it, and what would."""
