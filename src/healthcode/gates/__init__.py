"""What a place asks of a code: policies, and the decision at the door."""
