"""Where a protocol stands after what its parties said, one statement a second from noon on 1 May.

`s` is the supplying party, `r` the receiving one. `advise-` is unfavourable advice, `annex` that of
the supervisory authority. The usual protocol holds from 1 January 2026 up to 1 January 2029; a
later version, where there is one, from the day that is named.
"""

TITLE = "The life of a protocol, statement by statement"
COLUMNS = ("what was said, in order", "seen on", "a later version from", "state", "waits for")

ADVISED = "s:propose s:advise r:advise"
SIGNED = f"{ADVISED} s:accept r:accept"
NOW = "2026-06-01"

ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("", NOW, "", "draft", ""),
    ("s:advise r:advise s:accept r:accept", NOW, "", "draft", ""),
    ("s:propose", NOW, "", "advice", "r s"),
    ("r:propose", NOW, "", "advice", "r s"),
    ("s:propose s:withdraw", NOW, "", "draft", ""),
    ("s:propose s:withdraw s:propose", NOW, "", "advice", "r s"),
    ("s:propose s:advise", NOW, "", "advice", "r"),
    ("s:propose s:advise s:advise", NOW, "", "advice", "r"),
    ("s:propose s:advise- r:advise", NOW, "", "advice", "s"),
    ("s:propose s:advise- r:advise s:advise", NOW, "", "offered", "r s"),
    ("s:propose s:advise s:advise- r:advise", NOW, "", "advice", "s"),
    ("s:propose s:annex r:annex", NOW, "", "advice", "r s"),
    ("s:propose s:accept s:advise r:advise", NOW, "", "offered", "r s"),
    (ADVISED, NOW, "", "offered", "r s"),
    (f"{ADVISED} s:withdraw", NOW, "", "offered", "r s"),
    (f"{ADVISED} s:accept", NOW, "", "offered", "r"),
    (f"{ADVISED} s:accept s:accept", NOW, "", "offered", "r"),
    (f"{ADVISED} s:accept r:reject", NOW, "", "rejected", ""),
    (f"{ADVISED} r:reject r:accept s:accept", NOW, "", "rejected", ""),
    (f"{ADVISED} s:revoke", NOW, "", "offered", "r s"),
    (SIGNED, NOW, "", "active", ""),
    (SIGNED, "2028-12-31", "", "active", ""),
    (SIGNED, "2029-01-01", "", "expired", ""),
    (f"{SIGNED} s:suspend", NOW, "", "suspended", ""),
    (f"{SIGNED} s:suspend", "2029-01-01", "", "expired", ""),
    (f"{SIGNED} s:suspend s:suspend s:resume", NOW, "", "active", ""),
    (f"{SIGNED} s:resume", NOW, "", "active", ""),
    (f"{SIGNED} s:suspend r:revoke s:resume", NOW, "", "revoked", ""),
    (f"{SIGNED} r:revoke", NOW, "", "revoked", ""),
    (f"{SIGNED} s:revoke r:accept s:accept", NOW, "", "revoked", ""),
    (f"{SIGNED} s:reject", NOW, "", "rejected", ""),
    (f"s:revoke {SIGNED}", NOW, "", "revoked", ""),
    (f"s:reject {SIGNED}", NOW, "", "rejected", ""),
    (f"r:reject {ADVISED}", NOW, "", "rejected", ""),
    (f"r:revoke {SIGNED} s:suspend", NOW, "", "revoked", ""),
    (SIGNED, NOW, "2026-07-01", "active", ""),
    (SIGNED, "2026-07-01", "2026-07-01", "superseded", ""),
    (f"{SIGNED} s:suspend", "2026-07-01", "2026-07-01", "superseded", ""),
    (f"{SIGNED} s:suspend s:resume", NOW, "2026-01-01", "superseded", ""),
    (f"{ADVISED} s:accept", "2026-07-01", "2026-07-01", "offered", "r"),
)
