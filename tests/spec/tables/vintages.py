"""Which vintage of a level a file means, by the codes it holds.

Three vintages of municipalities: 12030 and 12034 merged into 12041 in 2019, 11002 and 11007 into
11002 in 2025; 41002 never changed.
"""

TITLE = "Vintage detection"
COLUMNS = ("situation", "level in the file", "codes", "outcome", "not known there")

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("a code that only one vintage has", "gemeente", "41002 12030", "gemeente@2018", ""),
    ("a code that came in 2019 and went in 2025", "gemeente", "12041 11007", "gemeente@2024", ""),
    (
        "codes that two vintages have",
        "gemeente",
        "11002 11007",
        "any: gemeente@2024, gemeente@2018",
        "",
    ),
    (
        "unchanged areas: asking makes no difference",
        "gemeente",
        "41002",
        "any: gemeente@2025, gemeente@2024, gemeente@2018",
        "",
    ),
    (
        "the same code, other land",
        "gemeente",
        "11002",
        "ask: gemeente@2025, gemeente@2024, gemeente@2018",
        "",
    ),
    ("a name with its year", "gemeente2024", "41002", "gemeente@2024", ""),
    ("the other spelling of it", "gemeente_2024", "41002", "gemeente@2024", ""),
    ("our own id", "gemeente@2018", "41002", "gemeente@2018", ""),
    ("upper and lower case are the same", "Gemeente", "41002 12030", "gemeente@2018", ""),
    ("codes of two vintages mixed", "gemeente", "12030 12034 12041", "gemeente@2018", "12041"),
    ("a code that no vintage has", "gemeente", "12030 99", "gemeente@2018", "99"),
    ("nothing but strange codes", "gemeente", "98 99", "none", "98 99"),
    ("a level nobody knows", "kanton", "41002", "none", "41002"),
    ("no codes at all", "gemeente", "", "none", ""),
)
