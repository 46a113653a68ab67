"""Which figures primary protection hides: by kind of indicator, by profile, by what is behind them.

The figure judged is `a`; `n`, `d`, `w`, `t` and `s` are the cells beside it for the same area,
period and breakdown. `x` is hidden by the supplier, `-` empty, `?` unknown, `nvt` not applicable;
a letter that is missing has no cell there. `verborgen` is hidden by us.
"""

TITLE = "Primary protection"
COLUMNS = ("situation", "kind", "profile", "level", "cells", "shown")

HIDDEN = "verborgen"
MUNICIPALITY = "gemeente@2025"
SECTOR = "statsec@2025"

ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("a count at the minimum is shown", "count", "standaard-5", SECTOR, "a=5", "5"),
    ("a count below it is hidden", "count", "standaard-5", SECTOR, "a=4", HIDDEN),
    ("one is hidden", "count", "standaard-5", SECTOR, "a=1", HIDDEN),
    ("half a unit is hidden", "count", "standaard-5", SECTOR, "a=0.5", HIDDEN),
    ("zero is shown", "count", "standaard-5", SECTOR, "a=0", "0"),
    ("a small balance below zero is hidden", "count", "standaard-5", SECTOR, "a=-3", HIDDEN),
    ("a large balance below zero is shown", "count", "standaard-5", SECTOR, "a=-30", "-30"),
    ("nothing is hidden without a threshold", "count", "open-0", SECTOR, "a=1", "1"),
    ("zero is hidden where the profile says so", "count", "zero-hidden", SECTOR, "a=0", HIDDEN),
    ("what the supplier hid stays so", "count", "open-0", SECTOR, "a=x", "x"),
    ("an empty cell is no figure", "count", "standaard-5", SECTOR, "a=-", "-"),
    ("an unknown cell is no figure", "count", "standaard-5", SECTOR, "a=?", "?"),
    ("a cell that cannot be is no figure", "count", "standaard-5", SECTOR, "a=nvt", "nvt"),
    ("an amount says nothing of people", "amount", "standaard-5", SECTOR, "a=2.5", "2.5"),
    ("below the municipality from 21", "count", "fiscaal-21", SECTOR, "a=20", HIDDEN),
    ("at 21 it is shown", "count", "fiscaal-21", SECTOR, "a=21", "21"),
    ("a municipality from 5", "count", "fiscaal-21", MUNICIPALITY, "a=5", "5"),
    ("a municipality below 5", "count", "fiscaal-21", MUNICIPALITY, "a=4", HIDDEN),
    ("the supplier's threshold is stricter", "supplied-21", "standaard-5", SECTOR, "a=20", HIDDEN),
    ("the supplier's threshold is met", "supplied-21", "standaard-5", SECTOR, "a=21", "21"),
    ("no profile loosens the supplier's", "supplied-21", "open-0", SECTOR, "a=20", HIDDEN),
    ("the profile's is stricter", "supplied-3", "standaard-5", SECTOR, "a=4", HIDDEN),
    ("a stricter rule for a source", "from-fod", "source-21", SECTOR, "a=20", HIDDEN),
    ("that rule holds at every level", "from-fod", "source-21", MUNICIPALITY, "a=20", HIDDEN),
    ("another source has the usual rule", "count", "source-21", SECTOR, "a=20", "20"),
    ("an amount goes by its threshold indicator", "on-t", "standaard-5", SECTOR, "a=9 t=5", "9"),
    ("which is too small", "on-t", "standaard-5", SECTOR, "a=9 t=4", HIDDEN),
    ("which the supplier hid", "on-t", "standaard-5", SECTOR, "a=9 t=x", HIDDEN),
    ("which nobody knows", "on-t", "standaard-5", SECTOR, "a=9 t=?", HIDDEN),
    ("which has no cell there", "on-t", "standaard-5", SECTOR, "a=9", HIDDEN),
    ("which is zero", "on-t", "standaard-5", SECTOR, "a=9 t=0", "9"),
    ("hidden behind is hidden in any profile", "on-t", "open-0", SECTOR, "a=9 t=x", HIDDEN),
    ("a threshold indicator goes before the count", "count-on-t", "standaard-5", SECTOR,
     "a=1 t=50", "1"),
    ("a share goes by its numerator", "share", "standaard-5", SECTOR, "a=50 n=5 d=10", "50"),
    ("a small numerator hides it", "share", "standaard-5", SECTOR, "a=4 n=4 d=100", HIDDEN),
    ("a zero numerator does not", "share", "standaard-5", SECTOR, "a=0 n=0 d=100", "0"),
    ("a hidden numerator hides it", "share", "open-0", SECTOR, "a=4 n=x d=100", HIDDEN),
    ("a small denominator hides it", "share", "standaard-5", SECTOR, "a=100 n=0 d=4", HIDDEN),
    ("a hidden denominator hides it", "share", "open-0", SECTOR, "a=10 n=10 d=x", HIDDEN),
    ("a mean goes by its weight", "mean", "standaard-5", SECTOR, "a=1200 w=5", "1200"),
    ("a mean over too few is hidden", "mean", "standaard-5", SECTOR, "a=1200 w=4", HIDDEN),
    ("a mean without any weight is not judged", "bare-mean", "standaard-5", SECTOR, "a=2", "2"),
    ("a survey goes by its answers", "survey", "enquete-79", SECTOR, "a=12 s=79", "12"),
    ("too few answers", "survey", "enquete-79", SECTOR, "a=12 s=78", HIDDEN),
    ("few who said so do not matter", "survey", "enquete-79", SECTOR, "a=1 s=200", "1"),
    ("answers go before the numerator", "survey-share", "enquete-79", SECTOR,
     "a=1 n=1 s=200", "1"),
    ("the threshold goes before the answers", "survey-on-t", "enquete-79", SECTOR,
     "a=1 t=4 s=200", HIDDEN),
    ("a count is rounded", "count", "afronden-5", SECTOR, "a=13", "15"),
    ("half a base goes up", "count", "afronden-5", SECTOR, "a=7.5", "10"),
    ("below half it goes down", "count", "afronden-5", SECTOR, "a=7", "5"),
    ("below zero it is the same", "count", "afronden-5", SECTOR, "a=-13", "-15"),
    ("a small count is hidden, not rounded", "count", "afronden-5", SECTOR, "a=4", HIDDEN),
    ("an amount is not rounded", "amount", "afronden-5", SECTOR, "a=13", "13"),
    ("a share of exact counts would tell them", "share", "afronden-5", SECTOR,
     "a=50 n=50 d=100", HIDDEN),
)  # fmt: skip
