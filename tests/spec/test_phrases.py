"""What the lines of a protocol say to a citizen: the code of the text, and the words."""

import pytest

from hanse.node import phrases

NL = [
    ("supplier: * 0207437468", "leverancier: 0207437468"),
    ("recipient: *", "ontvanger: iedereen"),
    ("recipient: Provincie 0207725597", "ontvanger: Provincie 0207725597"),
    ("datasets: all", "datasets: alles"),
    ("datasets: inkomens, zorg", "datasets: inkomens, zorg"),
    ("levels: gemeente, statsec", "gebiedsniveaus: gemeente, statistische sector"),
    ("levels: >= statsec", "gebiedsniveaus: statistische sector en grover"),
    ("periods: 2023 / open", "periodes: van 2023 en later"),
    ("periods: 2020 / 2024", "periodes: van 2020 tot en met 2024"),
    ("periods: open / 2024", "periodes: tot en met 2024"),
    ("periods: all", "periodes: alles"),
    ("onward: none", "doorgeven: niet toegelaten"),
    (
        "measures: audit, tls13",
        "maatregelen: logboek van elke levering, versleuteld verkeer (TLS 1.3)",
    ),
    ("retention: P5Y", "bewaartermijn bij de ontvanger: 5 jaar"),
    ("retention: P1Y6M", "bewaartermijn bij de ontvanger: 1 jaar 6 maanden"),
    ("legal_protocol", "wettelijk protocol"),
    ("legal_protocol: art. 6.1.e AVG", "wettelijk protocol: art. 6.1.e AVG"),
    ("provincie: bearer, 0 keys", "programma provincie, zonder bewijs van een sleutel"),
    ("ovl-1: dpop, 2 keys", "programma ovl-1, met bewijs van een sleutel (2 in het protocol)"),
    ("2026-01-01 / 2029-01-01", "van 1 januari 2026 tot 1 januari 2029"),
    ("2000-01-01 / 9999-12-31", "sinds 1 januari 2000, zonder einddatum"),
    ("Wie vragen heeft: mail de FG.", "Wie vragen heeft: mail de FG."),
    ("opgelet: alles is vrij", "opgelet: alles is vrij"),
]


@pytest.mark.parametrize(("line", "words"), NL, ids=[line for line, _ in NL])
def test_a_line_of_the_text_is_said_in_words(line: str, words: str) -> None:
    assert phrases.clause(line, "nl") == words


@pytest.mark.parametrize(("lang", "words"), [("en", "5 years"), ("fr", "5 ans")])
def test_a_duration_is_said_in_every_language(lang: str, words: str) -> None:
    assert phrases.duration("P5Y", lang) == words
    assert phrases.duration("zolang nodig", lang) == "zolang nodig"
