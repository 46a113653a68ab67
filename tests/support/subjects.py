"""Subjects to search for: single ones, and a generated corpus whose right answers are known."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hanse.catalog.search import Record
from hanse.wire import Hit

_STEMS = (
    "jeugd werk zorg energie verbruik bevolking inkomen onderwijs leerling woning bouw huur prijs "
    "grond water lucht kwaliteit verkeer ongeval fiets bus trein afval recht steun sport cultuur "
    "school kind ouder gezin inwoner migratie geboorte sterfte leeftijd handel winkel bedrijf "
    "landbouw natuur milieu klimaat bodem groen veiligheid diefstal brand hulp dokter ziekte"
)
_WORDS = (
    "aantal aandeel evolutie verdeling overzicht toestand totaal gemiddelde stijging daling raming"
)
STEMS = _STEMS.split()
WORDS = _WORDS.split()
THEMES = ("werk", "demografie", "onderwijs", "wonen", "mobiliteit")
LEVELS = ("gemeente@2025", "wijk@2025", "statsec@2024")


def subject(
    subject_id: str,
    nl: str,
    *,
    en: str = "",
    fr: str = "",
    text: str = "",
    theme: str = "werk",
    agencies: Sequence[str] = ("NIS41002",),
    levels: Sequence[str] = ("gemeente@2025",),
    access: Sequence[str] = ("open",),
    states: Sequence[str] = ("published",),
) -> Record:
    """Return the record of a subject."""
    hit = Hit(
        id=subject_id,
        name={"nl": nl, "en": en, "fr": fr},
        description={"nl": text},
        unit="personen",
        concept=False,
        themes=[theme],
        levels=list(levels),
        access=list(access),
        agencies=list(agencies),
        states=list(states),
        first_period="2020",
        last_period="2024",
        definitions=1,
    )
    facets: Mapping[str, frozenset[str]] = {
        "theme": frozenset([theme]),
        "level": frozenset(level.partition("@")[0] for level in levels),
        "access": frozenset(access),
        "agency": frozenset(agencies),
        "state": frozenset(states),
    }
    titles = {"nl": (nl,), "en": (en,) if en else (), "fr": (fr,) if fr else ()}
    return Record(hit, titles, {"nl": (text,)}, (subject_id,), facets, len(agencies))


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated subject and the stems that it is truly about."""

    record: Record
    stems: frozenset[str]


def corpus(count: int, seed: int = 7) -> Iterator[Generated]:
    """Yield subjects whose Dutch names glue stems together in the ways the language allows."""
    dice = random.Random(seed)  # noqa: S311 a fixed seed for a corpus, nothing secret
    for number in range(count):
        about = dice.sample(STEMS, dice.randint(1, 3))
        name = f"{dice.choice(WORDS)} {_glued(about, dice)}"
        text = " ".join(dice.choices(WORDS, k=6))
        yield Generated(
            subject(
                f"g{number:06}",
                name,
                text=text,
                theme=dice.choice(THEMES),
                agencies=[f"NIS{dice.randint(10_000, 10_339)}"],
                levels=dice.sample(LEVELS, dice.randint(1, 2)),
                access=[dice.choice(["open", "protocol"])],
            ),
            frozenset(about),
        )


def _glued(about: list[str], dice: random.Random) -> str:
    """Return stems as one compound or apart: `energieverbruik`, `verbruik van energie`."""
    if len(about) > 1 and dice.random() < 0.6:
        link = dice.choice(["", "s", "en"]) if len(about) == 2 else ""
        return link.join(about) if not about[0].endswith("e") else "".join(about)
    return " van ".join(reversed(about))
