"""Which of several protocols an answer rests on, and whose explanation a refusal gives.

Each protocol is the usual one with what is said laid over it; `everybody` is one for open data. The
state stands before the colon where it is not active.
"""

TITLE = "Decisions over several protocols"
COLUMNS = ("what", "the protocols", "the question", "outcome")

A = "id: 'urn:protocol:gent:a'"
B = "id: 'urn:protocol:gent:b'"

ROWS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("nothing registered refuses", (), "", "DECISION_RECIPIENT -"),
    ("nobody without open data is refused", ("{}",), "client: ''", "DECISION_RECIPIENT -"),
    ("a protocol never speaks of another's", ("{}",), "client: turnhout", "DECISION_RECIPIENT -"),
    (
        "fewest datasets first",
        (f"{{{A}, data: {{datasets: [bevolking-wijk, x]}}}}", f"{{{B}}}"),
        "",
        "urn:protocol:gent:b",
    ),
    (
        "then fewest indicators",
        (f"{{{A}, data: {{indicators: all}}}}", f"{{{B}}}"),
        "",
        "urn:protocol:gent:b",
    ),
    ("then the id", (f"{{{B}}}", f"{{{A}}}"), "", "urn:protocol:gent:a"),
    (
        "the one that the token names, and no other",
        (f"{{{A}}}", f"{{{B}}}"),
        "protocol: urn:protocol:gent:b",
        "urn:protocol:gent:b",
    ),
    (
        "the one that the token names, though another would permit",
        (f"{{{A}}}", f"{{{B}, purposes: [planning]}}"),
        "protocol: urn:protocol:gent:b",
        "DECISION_PURPOSE urn:protocol:gent:b",
    ),
    (
        "two protocols are never added up",
        (
            f"{{{A}, data: {{indicators: [bevolking]}}}}",
            f"{{{B}, data: {{indicators: [inkomen]}}}}",
        ),
        "indicators: [bevolking, inkomen]",
        "DECISION_INDICATOR urn:protocol:gent:a",
    ),
    (
        "the nearest one explains",
        (f"{{{A}, purposes: [planning], actions: []}}", f"{{{B}, purposes: [planning]}}"),
        "",
        "DECISION_PURPOSE urn:protocol:gent:b",
    ),
    (
        "of equally near ones, the one that names the client explains",
        ("everybody: {actions: []}", "{actions: []}"),
        "access: open",
        "DECISION_ACTION urn:protocol:gent:2026-007",
    ),
    (
        "what is not active permits nothing",
        ("suspended: {}",),
        "",
        "DECISION_SUSPENDED urn:protocol:gent:2026-007",
    ),
    (
        "what is revoked permits nothing",
        ("revoked: {}",),
        "",
        "DECISION_REVOKED urn:protocol:gent:2026-007",
    ),
    (
        "what was revoked explains, not the earlier text it had replaced",
        ("superseded: {}", "revoked: {version: 2, purposes: [planning]}"),
        "",
        "DECISION_REVOKED urn:protocol:gent:2026-007",
    ),
    (
        "a suspended one leaves the other",
        (f"suspended: {{{A}}}", f"{{{B}}}"),
        "",
        "urn:protocol:gent:b",
    ),
    (
        "by dataset and theme it is still one",
        ("data: {themes: [demografie]}",),
        "",
        "urn:protocol:gent:2026-007",
    ),
    (
        "open data needs no client, scope or purpose",
        ("everybody",),
        "{client: '', thumbprint: '', scopes: [], purpose: '', access: open}",
        "urn:protocol:gent:open-data",
    ),
    (
        "open data is open to a client too",
        ("everybody",),
        "{client: turnhout, access: open}",
        "urn:protocol:gent:open-data",
    ),
    (
        "an open licence does not open governed data",
        ("everybody",),
        "client: turnhout",
        "DECISION_RECIPIENT -",
    ),
    (
        "what names the client goes before what is open",
        ("everybody", "{}"),
        "access: open",
        "urn:protocol:gent:2026-007",
    ),
    (
        "what names the client goes first, however little is open to everybody",
        (
            "everybody: {data: {datasets: [bevolking-wijk], indicators: [bevolking], "
            "formats: [json, csv]}}",
            "{}",
        ),
        "access: open",
        "urn:protocol:gent:2026-007",
    ),
    (
        "open data says itself why not",
        ("everybody",),
        "{client: '', access: open, format: parquet}",
        "DECISION_FORMAT -",
    ),
    (
        "what is open helps where the client's own does not",
        ("everybody", "{}"),
        "{access: open, purpose: reclame}",
        "urn:protocol:gent:open-data",
    ),
    (
        "the client's own explains before what is open",
        ("everybody", "{}"),
        "purpose: reclame",
        "DECISION_PURPOSE urn:protocol:gent:2026-007",
    ),
)
