"""Words of others that a description points to: EU authority tables, Belgian and Flemish lists."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

EU: Final = "http://publications.europa.eu/resource/authority"
BELGIF: Final = "http://vocab.belgif.be/auth"
DCAT_AP: Final = "https://semiceu.github.io/DCAT-AP/releases/3.0.1/"
REGIONS: Final = "REGI"
"""The EU theme "regions and cities": true of every dataset of a city."""

THEMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "demografie": "SOCI",
        "onderwijs": "EDUC",
        "werk": "SOCI",
        "economie": "ECON",
        "gezondheid": "HEAL",
        "energie": "ENER",
        "landbouw": "AGRI",
        "handel": "ECON",
        "wonen": "SOCI",
        "welzijn": "SOCI",
        "inkomen": "SOCI",
        "gezin": "SOCI",
        "milieu": "ENVI",
        "mobiliteit": "TRAN",
        "cultuur": "EDUC",
        "bestuur": "GOVE",
        "veiligheid": "JUST",
    }
)
"""Our own themes in the EU list of data themes."""

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"nl": f"{EU}/language/NLD", "en": f"{EU}/language/ENG", "fr": f"{EU}/language/FRA"}
)

FREQUENCIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "A": f"{EU}/frequency/ANNUAL",
        "S": f"{EU}/frequency/ANNUAL_2",
        "Q": f"{EU}/frequency/QUARTERLY",
        "M": f"{EU}/frequency/MONTHLY",
    }
)

LICENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CC-BY-4.0": f"{EU}/licence/CC_BY_4_0",
        "CC0-1.0": f"{EU}/licence/CC0",
        "CC-BY-SA-4.0": f"{EU}/licence/CC_BYSA_4_0",
        "MGH": "https://data.vlaanderen.be/id/licentie/modellicentie-gratis-hergebruik/v1.0",
    }
)
FLEMISH_LICENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        LICENCES["CC0-1.0"]: (
            "https://data.vlaanderen.be/id/licentie/creative-commons-zero-verklaring/v1.0"
        )
    }
)

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "published": f"{EU}/dataset-status/COMPLETED",
        "planned": f"{EU}/dataset-status/DEVELOP",
        "withdrawn": f"{EU}/dataset-status/WITHDRAWN",
    }
)

PUBLIC: Final = f"{EU}/access-right/PUBLIC"
RESTRICTED: Final = f"{EU}/access-right/RESTRICTED"
NON_PUBLIC: Final = f"{EU}/access-right/NON_PUBLIC"
STABLE: Final = f"{EU}/planned-availability/STABLE"
DATA_THEMES: Final = f"{EU}/data-theme"
OPEN_IN_FLANDERS: Final = "https://metadata.vlaanderen.be/id/GDI-Vlaanderen-Trefwoorden/VLOPENDATA"
TEXT_TABLE: Final = (
    "http://inspire.ec.europa.eu/metadata-codelist/SpatialRepresentationType/textTable"
)
DOWNLOAD: Final = "http://inspire.ec.europa.eu/metadata-codelist/SpatialDataServiceType/download"
LOCAL_AUTHORITY: Final = "http://purl.org/adms/publishertype/LocalAuthority"
SDMX_CSV: Final = "https://sdmx.org/?page_id=5008"

SDMX_DIMENSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "FREQ": "http://purl.org/linked-data/sdmx/2009/dimension#freq",
        "REF_AREA": "http://purl.org/linked-data/sdmx/2009/dimension#refArea",
        "TIME_PERIOD": "http://purl.org/linked-data/sdmx/2009/dimension#timePeriod",
        "SEX": "http://purl.org/linked-data/sdmx/2009/dimension#sex",
        "AGE": "http://purl.org/linked-data/sdmx/2009/dimension#age",
    }
)
SDMX_ATTRIBUTES: Final = (
    "http://purl.org/linked-data/sdmx/2009/attribute#obsStatus",
    "http://purl.org/linked-data/sdmx/2009/attribute#confStatus",
)


def theme(own: str) -> str:
    """Return the code in the EU list of data themes for a theme of ours."""
    return THEMES.get(own.lower(), REGIONS)


def licence(name: str) -> str:
    """Return a licence's URI; one that no list has keeps its own address, else its name."""
    known = LICENCES.get(name)
    if known:
        return known
    is_address = name.startswith(("https://", "http://"))
    return (
        quote(name, safe=":/?#@!$&'()*+,;=%~")
        if is_address
        else f"urn:licence:{quote(name, safe='')}"
    )


def place(agency: str) -> str:
    """Return the URI of a Belgian publisher's own area by its NIS code; "" for others."""
    code = agency.removeprefix("NIS")
    is_code = agency.startswith("NIS") and code.isascii() and code.isdecimal() and len(code) == 5
    return f"{BELGIF}/refnis2025/{int(code)}" if is_code else ""
