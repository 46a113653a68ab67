"""How the rows of a table between two area levels are read, and which tables are refused.

`fine` and `coarse` are the codes of the two levels. A link is `child→parent`, with a share after a
colon; a blank side is written so. The outcome names every row and its type, or the message.
"""

TITLE = "Area correspondences"
COLUMNS = ("situation", "fine", "coarse", "links", "outcome")

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("two parts of one", "a b", "P", "a→P b→P", "a→P aggregate, b→P aggregate"),
    ("an only part is the same land", "a b", "P Q", "a→P b→Q", "a→P identity, b→Q identity"),
    (
        "the same code is not the same land",
        "11002 11007",
        "11002",
        "11002→11002 11007→11002",
        "11002→11002 aggregate, 11007→11002 aggregate",
    ),
    (
        "a part that no row names is said to lie nowhere",
        "a b",
        "P",
        "a→P",
        "a→P identity, b→ no_match",
    ),
    ("a blank parent says the same", "a b", "P", "a→P b→", "a→P identity, b→ no_match"),
    ("a blank child is new land", "a", "P Q", "a→P →Q", "a→P identity, →Q no_match"),
    ("a parent that no row names is new land", "a", "P Q", "a→P", "a→P identity, →Q no_match"),
    ("a part in two wholes is split", "a", "P Q", "a→P a→Q", "a→P split, a→Q split"),
    ("unless one has its code", "a", "a Q", "a→a a→Q", "a→a aggregate, a→Q split"),
    ("published shares", "a", "a Q", "a→a:0.4 a→Q:0.6", "a→a split 0.4, a→Q split 0.6"),
    ("part of it, the rest outside", "a", "P", "a→P:0.4", "a→P split 0.4"),
    ("shares beyond the whole", "a", "P Q", "a→P:0.7 a→Q:0.7", "CORRESPONDENCE_SHARE"),
    ("a share below zero", "a", "P", "a→P:-0.1", "CORRESPONDENCE_SHARE"),
    ("a child that does not exist", "a", "P", "a→P b→P", "CORRESPONDENCE_AREA"),
    ("a parent that does not exist", "a", "P", "a→Q", "CORRESPONDENCE_AREA"),
    ("a row that stands twice", "a", "P", "a→P a→P", "CORRESPONDENCE_DUPLICATE"),
)
