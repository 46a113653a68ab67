"""What a new release changes against the one before, and how much that asks of its readers.

The release before holds `inw` (a count) of municipalities 11002 and 41002 for 2023 and 2024, by sex
(`_T`, `F`, `M`). A row says what is different in the new one: `cell area/period=…` sets, adds or
(`gone`) removes the cell of the total, a field of the indicator after `indicator`, one of the
contract after `contract`. `weight` is semver's step; `major` breaks what readers have.
"""

TITLE = "Differences between releases"
COLUMNS = ("situation", "what is different", "weight", "added", "changed", "removed", "rules")

ROWS: tuple[tuple[str, str, str, int, int, int, str], ...] = (
    ("nothing", "", "none", 0, 0, 0, ""),
    ("a figure was revised", "cell 11002/2024=101", "none", 0, 1, 0, ""),
    ("a figure was revised by little", "cell 11002/2024=100.000000001", "none", 0, 1, 0, ""),
    ("a figure was hidden", "cell 11002/2024=x", "none", 0, 1, 0, ""),
    ("a hidden figure is shown", "cell 41002/2023=7", "none", 0, 1, 0, ""),
    ("a figure became provisional", "cell 11002/2024=100p", "none", 0, 1, 0, ""),
    ("a new year", "cell 11002/2025=120", "none", 1, 0, 0, ""),
    ("a new area", "cell 44021/2024=9", "none", 1, 0, 0, ""),
    ("a cell is gone", "cell 11002/2024=gone", "none", 0, 0, 1, ""),
    ("another unit", "indicator unit=huishoudens", "major", 0, 0, 0, "inw.unit"),
    ("another definition", "indicator definition_version=2.0.0", "major", 0, 0, 0,
     "inw.definition_version"),
    ("another concept", "indicator concept=inwoners", "major", 0, 0, 0, "inw.concept"),
    ("another reference date", "indicator reference_point=P1D@12-31", "major", 0, 0, 0,
     "inw.reference_point"),
    ("another population", "indicator population=studenten", "major", 0, 0, 0, "inw.population"),
    ("another method", "indicator method=register", "minor", 0, 0, 0, "inw.method"),
    ("phasing out", "indicator state=phasing-out", "minor", 0, 0, 0, "inw.state"),
    ("a better text", "indicator footnote=nl", "patch", 0, 0, 0, "inw.footnote"),
    ("a new indicator", "contract +indicator", "minor", 0, 0, 0, "indicator-added new"),
    ("an indicator less", "contract -indicator", "major", 0, 0, 0, "indicator-removed inw"),
    ("a level more", "contract +level", "minor", 0, 0, 0, "level-added statsec@2025"),
    ("a level less", "contract -level", "major", 0, 0, 0, "level-removed gemeente@2025"),
    ("a code more", "contract +code", "minor", 0, 0, 0, "code-added SEX:X"),
    ("a code less", "contract -code", "major", 0, 0, 0, "code-removed SEX:M"),
    ("a breakdown less", "contract -dimension", "major", 0, 0, 0, "dimension-removed SEX"),
    ("opened to all", "contract access=open", "minor", 0, 0, 0, "access-widened bevolking"),
    ("closed to outsiders", "contract access=internal", "major", 0, 0, 0,
     "access-narrowed bevolking"),
    ("another licence", "contract licence=other", "major", 0, 0, 0, "licence-changed bevolking"),
    ("another profile", "contract profile=open-0", "minor", 0, 0, 0, "profile-changed bevolking"),
    ("another title", "contract theme=wonen", "patch", 0, 0, 0, "described-anew bevolking"),
)  # fmt: skip
