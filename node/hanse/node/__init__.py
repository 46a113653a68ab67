"""A city's node: intake, datasets, releases, the door."""
