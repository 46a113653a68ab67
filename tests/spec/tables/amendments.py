"""What changes between two versions of a protocol, and whether that opens more or less.

Both versions are the usual protocol of the clauses' table with what is said laid over it. A change
reads `effect CODE field: what (recipient) < was`; where two texts cannot be compared without a map,
a change counts as widening. The order is the one people are shown: what widens first.
"""

TITLE = "What a new version of a protocol changes"
COLUMNS = ("what", "the earlier version", "the later version", "changes")

KEY = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
OTHER = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"
NO_PERIODS = "no periods"
"""Stands for the usual protocol without its periods."""

_SUPPLIER = "{kbo: '0207451227', role: supplier}"
_PROVINCE = "kbo: '0207725597', role: recipient, client_id: provincie"


def parties(*more: str, supplier: str = _SUPPLIER) -> str:
    """Return the parties of a version: the supplier and these."""
    return f"parties: [{', '.join((supplier, *more))}]"


def province(keys: str = KEY, rest: str = ", territory: 'provincie:40000'") -> str:
    """Return the usual recipient with these keys and the rest as said."""
    return f"{{{_PROVINCE}, keys: [{keys}]{rest}}}"


TOWN = f"{{kbo: '0207500123', role: recipient, client_id: stad, keys: [{OTHER}], territory: 'gemeente:41002'}}"  # noqa: E501 one party
NUMBERED = [f"i{number:02}" for number in range(13)]

Row = tuple[str, str, str, tuple[str, ...]]

LISTS: tuple[Row, ...] = (
    ("nothing", "", "", ()),
    ("a purpose more", "", "purposes: [statistiek, beleid, planning]",
     ("widens DIFF_GAINS purposes: planning",)),
    ("a purpose less", "", "purposes: [statistiek]", ("narrows DIFF_LOSES purposes: beleid",)),
    ("a purpose for another", "", "purposes: [statistiek, planning]",
     ("widens DIFF_GAINS purposes: planning", "narrows DIFF_LOSES purposes: beleid")),
    ("an action", "", "actions: [read, export]", ("widens DIFF_GAINS actions: export",)),
    ("a theme", "", "data: {themes: [werk]}", ("widens DIFF_GAINS data.themes: werk",)),
    ("a dataset", "", "data: {datasets: [bevolking-wijk, inkomens]}",
     ("widens DIFF_GAINS data.datasets: inkomens",)),
    ("an indicator less", "", "data: {indicators: [bevolking]}",
     ("narrows DIFF_LOSES data.indicators: huishoudens",)),
    ("every indicator", "", "data: {indicators: all}",
     ("widens DIFF_BECOMES data.indicators: all < bevolking, huishoudens",)),
    ("no longer every indicator", "data: {indicators: all}", "",
     ("narrows DIFF_BECOMES data.indicators: bevolking, huishoudens < all",)),
    ("no indicator is every one no more", "data: {indicators: all}", "data: {indicators: []}",
     ("narrows DIFF_BECOMES data.indicators: - < all",)),
    ("twelve indicators are told", "data: {indicators: []}",
     f"data: {{indicators: [{', '.join(NUMBERED[:12])}]}}",
     (f"widens DIFF_GAINS data.indicators: {', '.join(NUMBERED[:12])}",)),
    ("of thirteen one is counted", "data: {indicators: []}",
     f"data: {{indicators: [{', '.join(NUMBERED)}]}}",
     (f"widens DIFF_GAINS data.indicators: {', '.join(NUMBERED[:12])} (+1)",)),
    ("a format", "", "data: {formats: [csv, json, xlsx]}",
     ("widens DIFF_GAINS data.formats: xlsx",)),
    ("a breakdown", "", "data: {breakdowns: {SEX: [F, M]}}",
     ("widens DIFF_GAINS data.breakdowns: SEX=F, SEX=M",)),
    ("every breakdown", "", "data: {breakdowns: all}",
     ("widens DIFF_BECOMES data.breakdowns: all < -",)),
    ("no longer every breakdown", "data: {breakdowns: all}", "data: {breakdowns: {SEX: [F]}}",
     ("narrows DIFF_BECOMES data.breakdowns: SEX=F < all",)),
    ("an authorisation to join", "", "requires: [FO 04/2017]",
     ("narrows DIFF_GAINS requires: FO 04/2017",)),
    ("one authorisation for another", "requires: [FO 04/2017]", "requires: [FO 05/2019]",
     ("widens DIFF_LOSES requires: FO 04/2017", "narrows DIFF_GAINS requires: FO 05/2019")),
)  # fmt: skip

PLACES: tuple[Row, ...] = (
    ("a level", "", "data: {levels: [gemeente, wijk, provincie]}",
     ("widens DIFF_GAINS data.levels: provincie",)),
    ("a list becomes a ceiling", "", "data: {levels: [], level_ceiling: wijk}",
     ("widens DIFF_BECOMES data.levels: >= wijk < gemeente, wijk",)),
    ("a ceiling becomes a list", "data: {levels: [], level_ceiling: wijk}", "",
     ("widens DIFF_BECOMES data.levels: gemeente, wijk < >= wijk",)),
    ("another ceiling", "data: {levels: [], level_ceiling: wijk}",
     "data: {levels: [], level_ceiling: gemeente}",
     ("widens DIFF_BECOMES data.levels: >= gemeente < >= wijk",)),
    ("the same ceiling", "data: {levels: [], level_ceiling: wijk}",
     "data: {levels: [], level_ceiling: wijk}", ()),
    ("own becomes all", "", "data: {areas: all}",
     ("widens DIFF_BECOMES data.areas: all < own",)),
    ("all becomes own", "data: {areas: all}", "",
     ("narrows DIFF_BECOMES data.areas: own < all",)),
    ("own becomes none", "", "data: {areas: []}", ("narrows DIFF_BECOMES data.areas: - < own",)),
    ("own becomes a list", "", "data: {areas: ['gemeente:41002']}",
     ("widens DIFF_BECOMES data.areas: gemeente:41002 < own",)),
    ("a list becomes own", "data: {areas: ['gemeente:41002']}", "",
     ("widens DIFF_BECOMES data.areas: own < gemeente:41002",)),
    ("another area", "data: {areas: ['gemeente:41002']}", "data: {areas: ['gemeente:44021']}",
     ("widens DIFF_GAINS data.areas: gemeente:44021",
      "narrows DIFF_LOSES data.areas: gemeente:41002")),
    ("own at one level only", "", "data: {areas: {gemeente: own}}",
     ("narrows DIFF_BECOMES data.areas: - < own",)),
    ("all of a level, then nothing of it", "data: {areas: {gemeente: own, wijk: all}}",
     "data: {areas: {gemeente: own}}", ("narrows DIFF_BECOMES data.areas: - < all",)),
    ("one vintage goes before all of them", "data: {areas: {gemeente: all}}",
     "data: {areas: {gemeente: all, gemeente@2025: own}}",
     ("narrows DIFF_BECOMES data.areas: gemeente@2025: own < gemeente@2025: all",)),
    ("until a later year", "", "data: {periods: {from: 2018, until: 2026}}",
     ("widens DIFF_BECOMES data.periods: 2018 / 2026 < 2018 / 2025",)),
    ("until an earlier year", "", "data: {periods: {from: 2018, until: 2024}}",
     ("narrows DIFF_BECOMES data.periods: 2018 / 2024 < 2018 / 2025",)),
    ("from an earlier year", "", "data: {periods: {from: 2017, until: 2025}}",
     ("widens DIFF_BECOMES data.periods: 2017 / 2025 < 2018 / 2025",)),
    ("from a later year", "", "data: {periods: {from: 2019, until: 2025}}",
     ("narrows DIFF_BECOMES data.periods: 2019 / 2025 < 2018 / 2025",)),
    ("narrower before, wider after", "", "data: {periods: {from: 2019, until: 2026}}",
     ("widens DIFF_BECOMES data.periods: 2019 / 2026 < 2018 / 2025",)),
    ("open to the future", "", "data: {periods: {from: 2018, until: open}}",
     ("widens DIFF_BECOMES data.periods: 2018 / open < 2018 / 2025",)),
    ("open to the past", "", "data: {periods: {from: open, until: 2025}}",
     ("widens DIFF_BECOMES data.periods: open / 2025 < 2018 / 2025",)),
    ("no longer open to the future", "data: {periods: {from: 2018, until: open}}", "",
     ("narrows DIFF_BECOMES data.periods: 2018 / 2025 < 2018 / open",)),
    ("no longer open to the past", "data: {periods: {from: open, until: 2025}}", "",
     ("narrows DIFF_BECOMES data.periods: 2018 / 2025 < open / 2025",)),
    ("from a quarter: not compared", "", "data: {periods: {from: 2018-Q1, until: 2025}}",
     ("widens DIFF_BECOMES data.periods: 2018-Q1 / 2025 < 2018 / 2025",)),
    ("until a quarter: not compared", "", "data: {periods: {from: 2018, until: 2025-Q1}}",
     ("widens DIFF_BECOMES data.periods: 2018 / 2025-Q1 < 2018 / 2025",)),
    ("from a quarter to its year: not compared", "data: {periods: {from: 2018, until: 2025-Q1}}",
     "", ("widens DIFF_BECOMES data.periods: 2018 / 2025 < 2018 / 2025-Q1",)),
    ("until a quarter, no longer open", "data: {periods: {from: 2018, until: open}}",
     "data: {periods: {from: 2018, until: 2025-Q1}}",
     ("narrows DIFF_BECOMES data.periods: 2018 / 2025-Q1 < 2018 / open",)),
    ("every period", "", "data: {periods: all}",
     ("widens DIFF_BECOMES data.periods: all < 2018 / 2025",)),
    ("no longer every period", "data: {periods: all}", "",
     ("narrows DIFF_BECOMES data.periods: 2018 / 2025 < all",)),
    ("periods at all", NO_PERIODS, "",
     ("widens DIFF_BECOMES data.periods: 2018 / 2025 < -",)),
    ("no periods any more", "", NO_PERIODS,
     ("narrows DIFF_BECOMES data.periods: - < 2018 / 2025",)),
)  # fmt: skip

TERMS: tuple[Row, ...] = (
    ("another protection", "", "terms: {profile: fijn}",
     ("widens DIFF_BECOMES terms.profile: fijn < standaard-5",)),
    ("smaller groups", "", "terms: {group_size_min: 3}",
     ("widens DIFF_BECOMES terms.group_size_min: 3 < 5",)),
    ("larger groups", "", "terms: {group_size_min: 10}",
     ("narrows DIFF_BECOMES terms.group_size_min: 10 < 5",)),
    ("may be passed on", "", "terms: {onward: named}",
     ("widens DIFF_BECOMES terms.onward: named < none",)),
    ("no longer under a licence", "terms: {onward: open_licence}", "terms: {onward: named}",
     ("narrows DIFF_BECOMES terms.onward: named < open_licence",)),
    ("kept longer", "", "terms: {retention: P6Y}",
     ("widens DIFF_BECOMES terms.retention: P6Y < P5Y",)),
    ("kept shorter", "", "terms: {retention: P1Y6M}",
     ("narrows DIFF_BECOMES terms.retention: P1Y6M < P5Y",)),
    ("in months that may be longer", "", "terms: {retention: P60M}",
     ("widens DIFF_BECOMES terms.retention: P60M < P5Y",)),
    ("in weeks that are shorter", "", "terms: {retention: P260W}",
     ("narrows DIFF_BECOMES terms.retention: P260W < P5Y",)),
    ("as many days in other words", "terms: {retention: P1Y}", "terms: {retention: P366D}",
     ("widens DIFF_BECOMES terms.retention: P366D < P1Y",)),
    ("a day less in other words", "terms: {retention: P1Y}", "terms: {retention: P365D}",
     ("narrows DIFF_BECOMES terms.retention: P365D < P1Y",)),
    ("as many days as a month", "terms: {retention: P1M}", "terms: {retention: P31D}",
     ("widens DIFF_BECOMES terms.retention: P31D < P1M",)),
    ("a day less than a month", "terms: {retention: P1M}", "terms: {retention: P30D}",
     ("narrows DIFF_BECOMES terms.retention: P30D < P1M",)),
    ("a measure more", "", "terms: {measures: [audit]}",
     ("narrows DIFF_GAINS terms.measures: audit",)),
    ("one measure for another", "terms: {measures: [tls12]}", "terms: {measures: [tls13]}",
     ("widens DIFF_LOSES terms.measures: tls12", "narrows DIFF_GAINS terms.measures: tls13")),
    ("to a later day", "", "valid: {from: '2026-01-01', until: '2030-01-01'}",
     ("widens DIFF_BECOMES valid: 2026-01-01 / 2030-01-01 < 2026-01-01 / 2029-01-01",)),
    ("to an earlier day", "", "valid: {from: '2026-01-01', until: '2028-01-01'}",
     ("narrows DIFF_BECOMES valid: 2026-01-01 / 2028-01-01 < 2026-01-01 / 2029-01-01",)),
    ("from an earlier day", "", "valid: {from: '2025-01-01', until: '2028-01-01'}",
     ("widens DIFF_BECOMES valid: 2025-01-01 / 2028-01-01 < 2026-01-01 / 2029-01-01",)),
    ("from a later day", "", "valid: {from: '2027-01-01', until: '2029-01-01'}",
     ("narrows DIFF_BECOMES valid: 2027-01-01 / 2029-01-01 < 2026-01-01 / 2029-01-01",)),
    ("another ground", "", "basis: {kind: bilateral}",
     ("neutral DIFF_BECOMES basis.kind: bilateral < legal_protocol",)),
)  # fmt: skip

PARTIES: tuple[Row, ...] = (
    ("a recipient more", parties(province()), parties(province(), TOWN),
     ("widens DIFF_RECIPIENT_NEW parties: stad (stad)",
      "neutral DIFF_REWORDED parties.others: parties.others")),
    ("a recipient less", parties(province(), TOWN), parties(TOWN),
     ("narrows DIFF_RECIPIENT_GONE parties: provincie (provincie)",
      "neutral DIFF_REWORDED parties.others: parties.others")),
    ("a key more", "", parties(province(f"{KEY}, {OTHER}")),
     (f"widens DIFF_GAINS parties.keys: {OTHER} (provincie)",)),
    ("one key for another", "", parties(province(OTHER)),
     (f"widens DIFF_GAINS parties.keys: {OTHER} (provincie)",
      f"narrows DIFF_LOSES parties.keys: {KEY} (provincie)")),
    ("without proof of its key", "",
     parties(province(rest=", bearer: true, territory: 'provincie:40000'")),
     ("widens DIFF_BEARER parties.bearer: provincie (provincie)",)),
    ("with proof of its key again",
     parties(province(rest=", bearer: true, territory: 'provincie:40000'")), "",
     ("narrows DIFF_BOUND parties.bearer: provincie (provincie)",)),
    ("another territory", "", parties(province(rest=", territory: 'gemeente:41002'")),
     ("widens DIFF_BECOMES parties.territory: 0207725597 gemeente:41002 (provincie)"
      " < 0207725597 provincie:40000",)),
    ("no territory any more", "data: {areas: all}",
     f"{{data: {{areas: all}}, {parties(province(rest=''))}}}",
     ("widens DIFF_BECOMES parties.territory: 0207725597 - (provincie)"
      " < 0207725597 provincie:40000",)),
    ("the name of the supplier", "",
     parties(province(), supplier="{kbo: '0207451227', role: supplier, name: Stad Gent}"),
     ("neutral DIFF_REWORDED parties.others: parties.others",)),
    ("another supplier", "",
     parties(province(), supplier="{kbo: '0207500123', role: supplier}"),
     ("neutral DIFF_REWORDED parties.others: parties.others",)),
    ("the officer of the recipient", "",
     parties(province(rest=", dpo: dpo@provincie.example, territory: 'provincie:40000'")),
     ("neutral DIFF_REWORDED parties.others: parties.others",)),
)  # fmt: skip

WORDS: tuple[Row, ...] = tuple(
    (f"the words of {field}", "", fragment, (f"neutral DIFF_REWORDED {field}: {field}",))
    for field, fragment in (
        ("terms.licence", "terms: {licence: eigen}"),
        ("terms.recipients", "terms: {recipients: de dienst}"),
        ("terms.communication", "terms: {communication: per lijn}"),
        ("terms.proportionality", "terms: {proportionality: niet meer dan nodig}"),
        ("terms.periodicity", "terms: {periodicity: elk jaar}"),
        ("terms.limits", "terms: {limits: geen}"),
        ("terms.rights", "terms: {rights: bij de gever}"),
        ("terms.sanctions", "terms: {sanctions: stopzetting}"),
        ("title", "title: Cijfers per wijk"),
        ("basis.text", "basis: {kind: legal_protocol, text: art. 8}"),
        ("basis.text", "basis: {kind: legal_protocol, regulation: [KB van 2021]}"),
        ("advice", f"advice: [{{party: '0207451227', document_hash: 'sha-256:{'0' * 64}'}}]"),
        ("publication", "publication: {url: 'https://stad.example/protocol'}"),
    )
)

ROWS: tuple[Row, ...] = (*LISTS, *PLACES, *TERMS, *PARTIES, *WORDS)
