"""The state of a whole, from the states of its parts.

`x` is hidden, `?` unknown although it exists, `-` empty, `nvt` not applicable.
"""

TITLE = "Status algebra"
COLUMNS = ("situation", "parts", "whole")

ROWS: tuple[tuple[str, str, str], ...] = (
    ("numbers are added up", "3 4", "7"),
    ("zero is a number", "0 0", "0"),
    ("zero adds nothing, and hides nothing", "0 4", "4"),
    ("a hidden part hides the whole", "3 x", "x"),
    ("a hidden part hides even a whole of zeros", "0 x", "x"),
    ("hidden by our own threshold hides as well", "3 x1", "x"),
    ("hidden to protect another cell hides as well", "3 x2", "x"),
    ("an unknown part makes the whole unknown", "3 ?", "?"),
    ("hidden goes before unknown", "? x", "x"),
    ("hidden goes before unknown, in any order", "x 3 ?", "x"),
    ("an empty part is passed over", "3 -", "3"),
    ("a part that is not applicable is passed over", "3 nvt", "3"),
    ("zero beside nothing is zero", "0 - nvt", "0"),
    ("only empty parts make an empty whole", "- -", "-"),
    ("only parts that are not applicable: neither is the whole", "nvt nvt", "nvt"),
    ("empty and not applicable make an empty whole", "- nvt", "-"),
    ("nothing but a hidden part is hidden", "x", "x"),
    ("nothing but an unknown part is unknown", "- ?", "?"),
    ("numbers below zero are numbers", "-3 4", "1"),
    ("a whole may outgrow what a number can say", "1e308 1e308", "?"),
)
