"""The catalogue: members, harvest, index, sign-in and portal."""
