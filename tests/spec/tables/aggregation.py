"""What becomes of parts in a whole, by the rule of the indicator.

Parts are written `area=cell`, and `area=value*weight` where the rule needs a weight. A link
`a→P` says that a lies in P; `a→P:0.25` that a quarter of it does; `∅→Q` that Q is new land. An area
with two links and no shares is split, and nobody says how.
"""

TITLE = "Aggregation"
COLUMNS = ("situation", "rule", "parts", "links", "loaded for the whole", "wholes")

ROWS: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("a sum adds its parts", "sum", "a=3 b=4", "a→P b→P", "", "P=7"),
    ("several wholes at once", "sum", "a=3 b=4 c=5", "a→P b→P c→Q", "", "P=7 Q=5"),
    ("a hidden part hides its whole only", "sum", "a=3 b=x c=5", "a→P b→P c→Q", "", "P=x Q=5"),
    ("an unknown part makes its whole unknown", "sum", "a=3 b=?", "a→P b→P", "", "P=?"),
    ("empty parts are passed over", "sum", "a=3 b=- c=nvt", "a→P b→P c→P", "", "P=3"),
    ("a part without a row is passed over", "sum", "a=3", "a→P b→P", "", "P=3"),
    ("a part that lies nowhere stays out", "sum", "a=3 b=4", "a→P b→", "", "P=3"),
    ("what was loaded goes before what is computed", "sum", "a=3 b=4", "a→P b→P", "P=8", "P=8"),
    ("a loaded hidden cell stays hidden", "sum", "a=3 b=4", "a→P b→P", "P=x", "P=x"),
    ("a loaded number stands though a part is hidden", "sum", "a=3 b=x", "a→P b→P", "P=9", "P=9"),
    ("new land has no figure", "sum", "a=3", "a→P ∅→Q", "", "P=3 Q=?"),
    ("a split without shares cannot be divided", "sum", "a=8", "a→P a→Q", "", "P=? Q=?"),
    ("a zero is zero however it is split", "sum", "a=0", "a→P a→Q", "", "P=0 Q=0"),
    ("a split with published shares", "sum", "a=8", "a→P:0.25 a→Q:0.75", "", "P=2 Q=6"),
    ("a hidden part is hidden on both sides of a split", "sum", "a=x", "a→P a→Q", "", "P=x Q=x"),
    ("a part of a split spoils the rest", "sum", "a=8 b=2", "a→P a→Q b→Q", "", "P=? Q=?"),
    ("the area that keeps its code keeps its figure", "sum", "a=8", "a→a a→Q", "", "a=8 Q=?"),
    ("a mean weighs its parts", "weighted", "a=50*10 b=20*30", "a→P b→P", "", "P=27.5"),
    ("a mean of one part is that part", "weighted", "a=50*10", "a→P", "", "P=50"),
    (
        "a part without weight counts for nothing",
        "weighted",
        "a=50*10 b=9*0",
        "a→P b→P",
        "",
        "P=50",
    ),
    ("without any weight there is no mean", "weighted", "a=50*0", "a→P", "", "P=nvt"),
    ("a hidden value hides the mean", "weighted", "a=x*10 b=20*30", "a→P b→P", "", "P=x"),
    ("a hidden weight hides the mean", "weighted", "a=50*x b=20*30", "a→P b→P", "", "P=x"),
    ("an unknown weight makes it unknown", "weighted", "a=50*? b=20*30", "a→P b→P", "", "P=?"),
    ("a weight without a value: unknown", "weighted", "a=-*10 b=20*30", "a→P b→P", "", "P=?"),
    ("no value and no weight: passed over", "weighted", "a=-*0 b=20*30", "a→P b→P", "", "P=20"),
    ("not applicable: its weight neither", "weighted", "a=nvt*10 b=20*30", "a→P b→P", "", "P=20"),
    ("a value without a weight: unknown", "weighted", "a=50*- b=20*30", "a→P b→P", "", "P=?"),
    ("a share adds numerator and denominator", "share", "a=1*10 b=8*20", "a→P b→P", "", "P=30"),
    ("a share with a hidden numerator is hidden", "share", "a=x*10 b=8*20", "a→P b→P", "", "P=x"),
    ("a share of nobody does not exist", "share", "a=0*0", "a→P", "", "P=nvt"),
    (
        "a median is kept where the land is the same",
        "none",
        "a=12 b=30",
        "a→P b→Q",
        "",
        "P=12 Q=30",
    ),
    ("a median is never made of medians", "none", "a=12 b=30", "a→P b→P", "", "P=?"),
    ("a hidden median stays hidden", "none", "a=x", "a→P", "", "P=x"),
    ("of hidden medians nothing is known", "none", "a=x b=12", "a→P b→P", "", "P=?"),
    ("a median of new land is unknown", "none", "a=12", "a→P ∅→Q", "", "P=12 Q=?"),
    ("the supplier's own median goes first", "none", "a=12 b=30", "a→P b→P", "P=21", "P=21"),
)
