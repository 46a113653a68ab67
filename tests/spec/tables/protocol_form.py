"""What the review form refuses, and where it points: a fragment laid over the usual protocol."""

TITLE = "Faults in a protocol file"
COLUMNS = ("fault", "fragment", "message", "field")

ROWS: tuple[tuple[str, str, str, str], ...] = (
    ("a field nobody knows", "doel: [beleid]", "PROTOCOL_FIELD_UNKNOWN", "doel"),
    ("a nested one", "data: {column: [x]}", "PROTOCOL_FIELD_UNKNOWN", "data.column"),
    ("another schema", "schema: 2", "PROTOCOL_FIELD", "schema"),
    ("a version in quotes", "version: '3'", "PROTOCOL_FIELD", "version"),
    ("a number with a point", "version: 3.0", "PROTOCOL_FIELD", "version"),
    ("a version of nought", "version: 0", "PROTOCOL_FIELD", "version"),
    ("an id of another shape", "id: gent-7", "PROTOCOL_FIELD", "id"),
    ("a purpose outside the list", "purposes: [reclame]", "PROTOCOL_FIELD", "purposes.0"),
    ("an action outside the list", "actions: [write]", "PROTOCOL_FIELD", "actions.0"),
    ("a format outside the list", "data: {formats: [docx]}", "PROTOCOL_FIELD", "data.formats.0"),
    (
        "a measure outside the list",
        "terms: {measures: [pgp]}",
        "PROTOCOL_FIELD",
        "terms.measures.0",
    ),
    ("a word for a list", "data: {datasets: bevolking}", "PROTOCOL_FIELD", "data.datasets"),
    ("an area without its level", "data: {areas: ['41002']}", "PROTOCOL_FIELD", "data.areas.0"),
    (
        "a period nobody can spell",
        "data: {periods: {from: ooit, until: open}}",
        "PROTOCOL_FIELD",
        "data.periods.PeriodRange.from",
    ),
    (
        "a range in other words",
        "data: {periods: {tot: 2018}}",
        "PROTOCOL_FIELD_UNKNOWN",
        "data.periods.PeriodRange.tot",
    ),
    ("a day that does not exist", "valid: {from: 2026-02-30}", "PROTOCOL_FIELD", "valid.from"),
    ("an end before the start", "valid: {from: 2029-01-01}", "PROTOCOL_VALIDITY", "-"),
    (
        "a group below nought",
        "terms: {group_size_min: -1}",
        "PROTOCOL_FIELD",
        "terms.group_size_min",
    ),
    ("a retention in words", "terms: {retention: vijf jaar}", "PROTOCOL_FIELD", "terms.retention"),
    ("no retention", "terms: {retention: ''}", "PROTOCOL_RETENTION", "-"),
    ("no parties", "parties: []", "PROTOCOL_FIELD", "parties"),
    (
        "no supplier",
        "parties: [{role: recipient, client_id: a, bearer: true}, "
        "{role: recipient, client_id: b, bearer: true}]",
        "PROTOCOL_SUPPLIER",
        "-",
    ),
    (
        "no recipient",
        "parties: [{role: supplier, kbo: '0207451227'}, {role: supplier, kbo: '0207451227'}]",
        "PROTOCOL_RECIPIENT",
        "-",
    ),
    (
        "a recipient without a client",
        "parties: [{role: supplier, kbo: '0207451227'}, {role: recipient}]",
        "PROTOCOL_RECIPIENT",
        "-",
    ),
    (
        "a recipient without a key",
        "{data: {areas: all}, parties: [{role: supplier, "
        "kbo: '0207451227'}, {role: recipient, client_id: a, kbo: '0207725597'}]}",
        "PROTOCOL_KEYS",
        "-",
    ),
    (
        "a recipient that cannot sign",
        "{data: {areas: all}, parties: [{role: supplier, "
        "kbo: '0207451227'}, {role: recipient, client_id: a, bearer: true}]}",
        "PROTOCOL_SIGNATORY",
        "-",
    ),
    (
        "a supplier that receives its own figures",
        "{data: {areas: all}, parties: [{role: supplier, kbo: '0207451227'}, "
        "{role: recipient, client_id: a, kbo: '0207451227', bearer: true}]}",
        "PROTOCOL_SIGNATORY",
        "-",
    ),
    (
        "proof of the key both promised and waived",
        "{data: {areas: all}, terms: {measures: [dpop]}, parties: [{role: supplier, kbo: "
        "'0207451227'}, {role: recipient, client_id: a, kbo: '0207725597', bearer: true}]}",
        "PROTOCOL_PROOF",
        "-",
    ),
    ("an authorisation with no number", "requires: ['']", "PROTOCOL_FIELD", "requires.0"),
    (
        "own territory of nobody",
        "parties: [{role: supplier, kbo: '0207451227'}, "
        "{role: recipient, client_id: a, kbo: '0207725597', bearer: true}]",
        "PROTOCOL_TERRITORY",
        "-",
    ),
    (
        "everybody without an open licence",
        "{data: {areas: all}, parties: [{role: supplier, "
        "kbo: '0207451227'}, {role: recipient, everybody: true}]}",
        "PROTOCOL_EVERYBODY",
        "-",
    ),
    ("every purpose without an open licence", "purposes: all", "PROTOCOL_EVERYBODY", "-"),
    ("every dataset without an open licence", "data: {datasets: all}", "PROTOCOL_EVERYBODY", "-"),
    ("any profile without an open licence", "terms: {profile: all}", "PROTOCOL_EVERYBODY", "-"),
    ("an open licence for one", "basis: {kind: open_licence}", "PROTOCOL_EVERYBODY", "-"),
    (
        "the end of a range by another name",
        "valid: {start: 2026-01-01}",
        "PROTOCOL_FIELD_UNKNOWN",
        "valid.start",
    ),
    (
        "a year that is a truth",
        "data: {periods: {from: true, until: open}}",
        "PROTOCOL_FIELD",
        "data.periods.PeriodRange.from",
    ),
    ("a version over the limit", "version: 100001", "PROTOCOL_FIELD", "version"),
    (
        "a group over the limit",
        "terms: {group_size_min: 1001}",
        "PROTOCOL_FIELD",
        "terms.group_size_min",
    ),
    ("two rules for levels", "data: {level_ceiling: wijk}", "PROTOCOL_LEVELS", "-"),
)
