"""What every room needs and no room owns; it knows none of them. Each module is its own door."""
