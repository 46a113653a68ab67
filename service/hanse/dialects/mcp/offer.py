"""The five tools of a house: what an assistant is told about each, and what each takes."""

from typing import Final

from hanse.dialects.mcp.tools import Argument, Tool

HITS: Final = 25
ROWS: Final = 200
ROWS_MAX: Final = 1_000
COMPARED_MAX: Final = 2_000
CODES_SHOWN: Final = 400
INDICATORS_SHOWN: Final = 50
START_MAX: Final = 2_000_000_000

INSTRUCTIONS: Final = (
    "Official figures with their release, status, licence and citation. Search first, describe a "
    "dataset for its codes, then pull or compare. Cite `source.citation` with every figure. A cell "
    "with `hidden: true` has no number: say that it is hidden and why, and never estimate or "
    "reconstruct it from other cells. `more` above 0 means that the answer is a part: go on with "
    "`next` before you add up or conclude. What is not found may exist but not be open to you."
)

_DATASET = Argument("dataset", "text", "The dataset's name, as search gives it.", required=True)
_RELEASE = Argument("release", "text", "A release id; without it the current one.")
_LEVEL = Argument("level", "text", "Area level with its vintage, such as gemeente@2025.")
_AREAS = Argument("areas", "texts", "Area codes of that level, such as 41002.")
_PERIODS = Argument("periods", "text", "A period or a window: 2023, 2018:2023, 2018: or :2023.")
_BREAKDOWN = Argument("breakdown", "breakdown", "Codes per breakdown; without it, all there are.")
_START = Argument("start", "number", "The first row wanted, as `next` says.", most=START_MAX)

SEARCH: Final = Tool(
    "search",
    "Search figures",
    "Find datasets and indicators by words; without words, everything that is open to you.",
    (
        Argument("query", "text", "Words, in any language of the house."),
        Argument("limit", "number", f"How many hits at most ({HITS}).", most=100),
        _START,
    ),
    ("total", "more", "hits"),
)
DESCRIBE: Final = Tool(
    "describe",
    "Describe a dataset",
    "Definitions, units, area levels, codes, periods, licence and release of one dataset.",
    (
        _DATASET,
        Argument("find", "text", "Only areas, codes and indicators with this in code or name."),
        _RELEASE,
    ),
    ("source", "indicators", "levels", "breakdowns", "periods"),
)
PULL: Final = Tool(
    "pull",
    "Pull figures",
    "Cells of one dataset, each with its status; hidden and missing ones say so instead of a "
    "number.",
    (
        _DATASET,
        Argument("indicators", "texts", "Indicator ids; without them, all."),
        _LEVEL,
        _AREAS,
        _PERIODS,
        _BREAKDOWN,
        _RELEASE,
        Argument("limit", "number", f"How many rows at most ({ROWS}).", most=ROWS_MAX),
        _START,
    ),
    ("source", "total", "more", "rows"),
)
COMPARE: Final = Tool(
    "compare",
    "Compare areas and periods",
    "One indicator of one dataset laid side by side over areas and periods, each cell marked for "
    "how far it compares, with the change over time where both ends have a number.",
    (
        _DATASET,
        Argument("indicator", "text", "The indicator id.", required=True),
        _LEVEL,
        _AREAS,
        _PERIODS,
        _BREAKDOWN,
        _RELEASE,
    ),
    ("source", "series"),
)
EXPLAIN: Final = Tool(
    "explain",
    "Explain one cell",
    "Why one cell is hidden, missing or refused; name the whole cell, every breakdown too.",
    (
        _DATASET,
        Argument("indicator", "text", "The indicator id.", required=True),
        Argument("level", "text", "Area level with its vintage.", required=True),
        Argument("area", "text", "The area code.", required=True),
        Argument("period", "text", "The period.", required=True),
        _BREAKDOWN,
        _RELEASE,
    ),
    ("outcome", "sentence"),
)

_CITIES = Argument("cities", "texts", "Names or NIS codes of cities; without them, all.")
_WHERE = (_LEVEL, _AREAS, _PERIODS)

OF_A_READER: Final = (
    Tool(
        "search",
        "Search all cities",
        "Find indicators that any city of the federation publishes.",
        (
            Argument("query", "text", "Words, in any language of the catalogue.", required=True),
            Argument("page", "number", "Which page of hits, from 1.", most=10_000),
        ),
        ("total", "more", "hits"),
    ),
    Tool(
        "describe",
        "Describe an indicator",
        "Who publishes an indicator: dataset, definition, unit, levels, periods, licence, release.",
        (Argument("indicator", "text", "The indicator or concept id.", required=True),),
        ("indicator", "publications"),
    ),
    Tool(
        "pull",
        "Pull figures",
        "Cells of a dataset from the cities that have it, each with its city, release and status.",
        (
            _DATASET,
            Argument("indicators", "texts", "Indicator ids; without them, all."),
            _CITIES,
            *_WHERE,
            _RELEASE,
            Argument("limit", "number", f"How many rows at most ({ROWS}).", most=ROWS_MAX),
            _START,
        ),
        ("sources", "cities", "total", "more", "rows"),
    ),
    Tool(
        "compare",
        "Compare cities",
        "One indicator over cities, each cell marked for how far it compares; every city that did "
        "not answer is named with its reason.",
        (Argument("indicator", "text", "The indicator id.", required=True), _CITIES, *_WHERE),
        ("sources", "cities", "total", "rows", "remarks"),
    ),
    Tool(
        "explain",
        "Explain one cell",
        "Why one cell of a city is hidden, missing or refused.",
        (
            *EXPLAIN.arguments[:-1],
            Argument("city", "text", "Name or NIS code of the city.", required=True),
        ),
        ("outcome", "sentence"),
    ),
)
"""The same five for somebody's own sign-in at a federation."""

OF_A_HOUSE: Final = (SEARCH, DESCRIBE, PULL, COMPARE, EXPLAIN)
