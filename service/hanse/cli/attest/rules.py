"""The rules that `hanse attest` looks at, by the id it prints; each is said in `RULE_…`.

`T…` are the threats of `docs/threats.md`. The others stand by their subject: `A` the issuer's door,
`F` and `J` forms of credentials and bodies, `L` the log, `V` what is revoked.
"""

from typing import Final

RULES: Final = (
    *("META", "TLS"),
    *("T01", "T02", "T03", "T04", "T06", "T07", "T09", "T17", "T18", "T19", "T20", "T24"),
    *("T26", "T27", "T28", "T29", "T30", "T31", "T33", "T40"),
    *("A4", "A6", "A7", "A8", "A10", "A11", "A18", "A19"),
    *("F30", "J12", "J13"),
    *("L01", "L02", "L03", "L04"),
    *("V01", "V02", "V03", "V04", "V05", "V06"),
)
"""In the order of the reference page; a test runs every one of them."""
