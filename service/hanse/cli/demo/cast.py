"""Who plays in the demo: a catalogue, three cities and a province, with one planted case of each.

Names and NIS codes are real; every figure is generated and marked as example data. Enterprise
numbers are made up with a valid check digit.
"""

from dataclasses import dataclass

HOST = "127.0.0.1"
FIRST_PORT = 8100
YEARS = tuple(range(2018, 2026))
CHANGE_YEAR = 2025
"""From this year on Borsbeek is part of Antwerpen."""

MARK = "voorbeelddata"


def enterprise_number(serial: int) -> str:
    """Return a made-up enterprise number: ten digits, the last two 97 minus the rest modulo 97."""
    stem = 2_990_000 + serial
    return f"0{stem:07d}{97 - stem % 97:02d}"


@dataclass(frozen=True, slots=True)
class City:
    """One city of the demo: its generated size, its districts, and what is odd about it."""

    slug: str
    name: str
    nis: str
    province: str
    inhabitants: int
    districts: tuple[str, ...]
    kbo: str
    definition: str = "3"
    break_in: str = ""

    @property
    def agency(self) -> str:
        """The publishing identifier."""
        return f"NIS{self.nis}"

    def district_codes(self) -> tuple[str, ...]:
        """Return a code per district, in the shape of real ones."""
        return tuple(f"{self.nis}W9{number:02d}" for number in range(1, len(self.districts) + 1))


CITIES = (
    City(
        "antwerpen", "Antwerpen", "11002", "10000", 547_000,
        ("Voorbeeldwijk Haven", "Voorbeeldwijk Kern", "Voorbeeldwijk Park", "Voorbeeldwijk Ring"),
        enterprise_number(1),
    ),
    City(
        "aalst", "Aalst", "41002", "40000", 89_000,
        ("Voorbeeldwijk Dender", "Voorbeeldwijk Markt", "Voorbeeldwijk Veld"),
        enterprise_number(2), break_in="2021",
    ),
    City(
        "turnhout", "Turnhout", "13040", "10000", 46_000,
        ("Voorbeeldwijk Begijnhof", "Voorbeeldwijk Gracht", "Voorbeeldwijk Heide"),
        enterprise_number(3), definition="2",
    ),
)  # fmt: skip

MERGED, MERGED_INTO = ("11007", "Borsbeek", 11_000), "11002"
PROVINCE_CLIENT = "provincie-demo"
PROVINCE_NAME = "Provincie (voorbeeld)"
PROVINCE_KBO = enterprise_number(9)
PURPOSE = "statistiek"
PUBLISHER, CHECKER, OFFICER, SECRETARY = "datamanager", "nazicht", "functionaris", "secretaris"
PROVIDER = "demo"
"""What the nodes call the place where the people of the demo sign in."""


@dataclass(frozen=True, slots=True)
class Someone:
    """Somebody of a city: `subject` at the provider, and their account on the node's machine."""

    subject: str
    name: str
    role: str


PEOPLE = (
    Someone(OFFICER, "Fatima Functionaris (voorbeeld)", "dpo"),
    Someone(SECRETARY, "Sam Secretaris (voorbeeld)", "secretary"),
    Someone(PUBLISHER, "Dina Datamanager (voorbeeld)", "data-manager"),
    Someone(CHECKER, "Noor Nazicht (voorbeeld)", "checker"),
)
"""Who signs in on the pages of every city: the same four, so that one look shows what each may."""


def area_tables() -> dict[str, str]:
    """Return the area tables of the demo, in the shape that the provinces publish theirs."""
    home = {city.nis: city for city in CITIES}
    merged_nis, merged_name, _ = MERGED
    now = [(city.nis, city.name) for city in CITIES]
    before = [*now, (merged_nis, merged_name)]
    districts = [
        (code, name, city.nis)
        for city in CITIES
        for code, name in zip(city.district_codes(), city.districts, strict=True)
    ]
    return {
        "def_gemeente.csv": _definition(now),
        "def_gemeente2024.csv": _definition(before),
        "def_wijk.csv": _definition([(code, name) for code, name, _ in districts]),
        "def_provincie.csv": _definition([("10000", "Antwerpen"), ("40000", "Oost-Vlaanderen")]),
        "def_gewest.csv": _definition([("02000", "Vlaams Gewest")]),
        "def_groep.csv": _definition([("centrumsteden", "Centrumsteden van de demo")]),
        "geolevel_names.csv": "geolevel code,type\ngroep,Cluster\n",
        "agg_wijk_gemeente.csv": _links(
            "wijk", "gemeente", [(each[0], each[2]) for each in districts]
        ),
        "agg_gemeente2024_gemeente.csv": _links(
            "gemeente2024", "gemeente", [*((nis, nis) for nis in home), (merged_nis, MERGED_INTO)]
        ),
        "agg_gemeente_provincie.csv": _links(
            "gemeente", "provincie", [(city.nis, city.province) for city in CITIES]
        ),
        "agg_provincie_gewest.csv": _links(
            "provincie", "gewest", [("10000", "02000"), ("40000", "02000")]
        ),
        "agg_gemeente_groep.csv": _links(
            "gemeente", "groep", [(nis, "centrumsteden") for nis in home]
        ),
    }


def _definition(areas: list[tuple[str, str]]) -> str:
    head = "sequence nr,geoitem code,short name,name\n"
    return head + "".join(f"{n},{code},{name},{name}\n" for n, (code, name) in enumerate(areas, 1))


def _links(child: str, parent: str, rows: list[tuple[str, str]]) -> str:
    return f"{child},{parent}\n" + "".join(f"{low},{high}\n" for low, high in rows)
