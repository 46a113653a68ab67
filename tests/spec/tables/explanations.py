"""What a decision says of each of its checks: what was wanted, what the protocol had, and where.

The usual protocol and question of the clauses' table; open data asked by nobody; and a protocol
whose lists are all empty, for a tool without a key that asks for what it never got.
"""

TITLE = "Every check of a decision in words"
COLUMNS = ("question", "check", "holds", "wanted", "had", "field of the form")

Told = tuple[str, bool, str, str, str]

KEY = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
OTHER = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"
DIGEST = "<digest>"
"""Stands for the digest of the protocol's text."""

USUAL: tuple[Told, ...] = (
    ("scope", True, "dataset:read, theme:demografie:read", "-", "actions"),
    ("recipient", True, "provincie", "provincie", "parties"),
    ("key", True, KEY, KEY, "parties.keys"),
    ("status", True, "active", f"active {DIGEST}", "version"),
    ("valid", True, "2026-06-01", "2026-01-01/2029-01-01", "valid"),
    ("action", True, "read", "read", "actions"),
    ("purpose", True, "statistiek", "beleid, statistiek", "purposes"),
    ("dataset", True, "bevolking-wijk", "bevolking-wijk", "data.datasets"),
    ("access", True, "protocol", "open, protocol", "basis.kind"),
    ("accession", True, "-", "-", "requires"),
    ("profile", True, "standaard-5", "standaard-5", "terms.profile"),
    ("indicator", True, "-", "bevolking, huishoudens", "data.indicators"),
    ("level", True, "-", "gemeente, wijk", "data.levels"),
    ("area", True, "-", "provincie:40000", "data.areas"),
    ("period", True, "2020:2024", "2018:2025", "data.periods"),
    ("breakdown", True, "-", "-", "data.breakdowns"),
    ("format", True, "json", "csv, json", "data.formats"),
)

NOBODY = "{client: '', thumbprint: '', scopes: [], purpose: '', access: open}"
EVERYBODY: tuple[Told, ...] = (
    ("scope", True, "dataset:read, theme:demografie:read", "-", "actions"),
    ("recipient", True, "-", "everybody", "parties"),
    ("key", True, "-", "everybody", "parties"),
    ("status", True, "active", f"active {DIGEST}", "version"),
    ("valid", True, "2026-06-01", "2026-01-01/2029-01-01", "valid"),
    ("action", True, "read", "read", "actions"),
    ("purpose", True, "-", "all", "purposes"),
    ("dataset", True, "bevolking-wijk", "all", "data.datasets"),
    ("access", True, "open", "open", "basis.kind"),
    ("accession", True, "-", "-", "requires"),
    ("profile", True, "standaard-5", "all", "terms.profile"),
    ("indicator", True, "bevolking", "all", "data.indicators"),
    ("level", True, "-", "all", "data.levels"),
    ("area", True, "-", "all", "data.areas"),
    ("period", True, "2020:2024", "..:..", "data.periods"),
    ("breakdown", True, "-", "all", "data.breakdowns"),
    ("format", True, "json", "json", "data.formats"),
)

EMPTY = f"""
requires: ["FO 04/2017", "FO 05/2019"]
purposes: []
actions: []
data:
  {{datasets: [], indicators: [], levels: [], areas: [], breakdowns: {{SEX: [F, M]}}, formats: []}}
parties:
  - {{kbo: "0207451227", role: supplier}}
  - kbo: "0207725597"
    role: recipient
    client_id: provincie
    keys: [{KEY}, {OTHER}]
    bearer: true
"""
BEYOND = "{thumbprint: '', periods: ['2020', ''], breakdowns: {SEX: [F, X]}, profile: fijn}"
REFUSED: tuple[Told, ...] = (
    ("scope", True, "dataset:read, theme:demografie:read", "-", "actions"),
    ("recipient", True, "provincie", "provincie", "parties"),
    ("key", True, "bearer", f"{OTHER}, {KEY}, bearer", "parties.keys"),
    ("status", True, "active", f"active {DIGEST}", "version"),
    ("valid", True, "2026-06-01", "2026-01-01/2029-01-01", "valid"),
    ("action", False, "read", "-", "actions"),
    ("purpose", False, "statistiek", "-", "purposes"),
    ("dataset", False, "bevolking-wijk", "-", "data.datasets"),
    ("access", True, "protocol", "open, protocol", "basis.kind"),
    ("accession", False, "FO 04/2017, FO 05/2019", "FO 04/2017", "requires"),
    ("profile", False, "fijn", "standaard-5", "terms.profile"),
    ("indicator", False, "bevolking", "-", "data.indicators"),
    ("level", False, "gemeente@2025", "-", "data.levels"),
    ("area", False, "gemeente@2025:41002", "-", "data.areas"),
    ("period", False, "2020:..", "-", "data.periods"),
    ("breakdown", False, "SEX=X", "SEX=F, SEX=M", "data.breakdowns"),
    ("format", False, "json", "-", "data.formats"),
)

ROWS = tuple(
    (question, *each)
    for question, rows in (
        ("the usual one", USUAL),
        ("open data, asked by nobody", EVERYBODY),
        ("empty lists, and a tool without a key", REFUSED),
    )
    for each in rows
)
