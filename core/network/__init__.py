"""The networks, their weights on disk, and what they say about a digit."""
