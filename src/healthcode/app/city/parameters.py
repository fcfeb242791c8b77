"""What the made-up city is made with: figures with their sources, rates, and who may say what.

Times are minutes from the first local midnight of the city's days. `docs/reference/city.md` says
what each part is for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from healthcode.kit.clock import SHANGHAI

DAY: Final = 24 * 60
HOUR: Final = 60
FIRST: Final = datetime(2020, 1, 20, tzinfo=SHANGHAI)
NOW: Final = 60 * DAY + 12 * HOUR  # noon of 20 March 2020: the city's now
LAUNCHED: Final = 40  # the day on which the code began, 29 February
WINDOW: Final = 14  # days for which a contact, a stay or a declaration counts


def instant(minute: int) -> datetime:
    """A minute of the city as an instant in UTC."""
    return (FIRST + timedelta(minutes=minute)).astimezone(UTC)


CITY: Final = "12"
PEOPLE_IN_A_BLOCK: Final = 30_000  # a street of a district; the unit of work
FEWEST, MOST = 100, 30_000_000  # people; the made-up document numbers last for that many

# ---------------------------------------------------------------- who lives there

HOUSEHOLD_SIZES: Final = (0.28, 0.33, 0.21, 0.11, 0.05, 0.02)
"""Shares of households of 1 to 6: 2.4 people on average, as in Tianjin's census of 2020."""
MALE: Final = 0.5153  # census of 2020
BANDS: Final = ((0, 15), (15, 60), (60, 96))
"""Ages, the upper one not included."""
HEADS: Final = (0.0, 0.75, 0.25)
OTHERS: Final = (0.231, 0.576, 0.193)
"""Shares of the bands among the first of each household and the rest, which together give the
census: 13.5 % under 15, 64.9 % from 15 to 59, 21.7 % from 60."""
WORKING: Final = 0.75  # of those from 15 to 59
WORKPLACE: Final = 12  # people on average
PEOPLE_TO_A_PLACE: Final = 300
POPULARITY: Final = 0.8  # exponent of the places' visitors by rank
PLACE_KINDS: Final = ("market", "mall", "restaurant", "station", "bank", "bathhouse")
RESIDENCES: Final = (0.70, 0.29, 0.01)
"""How a residence is known: its street, its district only, not at all."""

# ---------------------------------------------------------------- how the illness goes

INCUBATION: Final = (1.621, 0.418)
"""Log-normal, days from infection to onset: Lauer et al. 2020, Annals of Internal Medicine."""
INFECTIOUS: Final = (2.1158, 1 / 0.6899, 2.3)
"""Gamma shape and scale, days, and how long before the onset it begins: He et al. 2020, Nature
Medicine (before their correction, which moves the beginning and hardly the bulk)."""
ASYMPTOMATIC: Final = 0.179  # of infections: Mizumoto et al. 2020, Eurosurveillance
ASYMPTOMATIC_FACTOR: Final = 1 / 7  # of the usual attack rates: Thompson et al. 2021
DISPERSION: Final = 0.58  # k of the number that one person infects: Bi et al. 2020
TO_ISOLATION: Final = {False: 4.6, True: 2.7}
"""Mean days from onset to isolation, found by symptoms or by tracing: Bi et al. 2020, Lancet
Infectious Diseases; gamma distributed with their shape of 2.1."""
TO_ISOLATION_SHAPE: Final = 2.1
TO_CONFIRMATION: Final = 0.9  # mean days from isolation on: onset to confirmation 5.5, Bi et al.
TO_DISCHARGE: Final = (3.04, 0.3)
"""Log-normal, days from onset; the median of 21 is that of Bi et al. 2020."""


class Setting(NamedTuple):
    """Where an infection can happen: attack rate, most others met, share traced, days it takes."""

    name: str
    attack: float
    met: int
    traced: float
    delay: float


SETTINGS: Final = (
    Setting("household", 0.112, 8, 1.0, 0.5),  # attack rate: Bi et al. 2020
    Setting("work", 0.019, 10, 0.9, 1.0),  # this and the following: Thompson et al. 2021, CID
    Setting("family and friends", 0.059, 3, 0.8, 1.5),
    Setting("casual", 0.012, 8, 0.5, 3.0),
)
VISITS_OF_A_CASE: Final = 2.0  # to public places while infectious
SITES: Final = 0.4  # of these visits make the place an exposure site
VISITORS_OF_A_SITE: Final = 10.0  # of whom somebody finds out

# ---------------------------------------------------------------- everyday facts, a person

DECLARATIONS: Final = (0.06, 0.19, 0.35, 0.28, 0.12)
"""Shares of those who declared 0, 1, 2 … times since the code began."""
TEMPERATURES: Final = 0.50
VISITS: Final = 0.46
STAYS: Final = 0.36
STAY_KINDS: Final = (0.56, 0.30, 0.11, 0.03)
"""Shares of stays: in the city, elsewhere, in areas that are or become medium, or high."""
TESTS: Final = 0.155
DOMESTIC_ARRIVALS: Final = 0.03
HONEST: Final = 0.65  # of trips are declared; the rest the networks tell of, later
BY_COMMUNITY: Final = 0.08  # of declarations, for those who have no phone
TAKEN_BACK: Final = 0.003  # of tests, visits, temperatures and trips from the networks


class Story(NamedTuple):
    """Something that happens to few: to how many of a person, and to how many at least."""

    rate: float
    fewest: int


STORIES: Final = {
    "seed": Story(25e-6, 12),
    "suspected": Story(400e-6, 12),
    "screened": Story(30e-6, 12),
    "abroad": Story(1500e-6, 12),
    "high_and_isolated": Story(600e-6, 6),
    "medium_and_cleared": Story(2000e-6, 8),
    "fever_at_a_gate": Story(3000e-6, 12),
    "symptoms": Story(10_000e-6, 24),
    "observed": Story(16_000e-6, 24),
    "declared_contact": Story(4000e-6, 16),
    "ordered": Story(1600e-6, 32),
}

# ---------------------------------------------------------------- who says so, and what


class Source(NamedTuple):
    """A source's class, and the kinds that a feed of it has."""

    source_class: str
    kinds: tuple[str, ...]


SOURCES: Final = {
    "citizens": Source("self", ("declaration", "symptom", "contact", "stay")),
    "gates": Source("gate", ("temperature",)),
    "communities": Source("community", ("declaration", "symptom", "observation", "clearance")),
    "clinics": Source("clinic", ("symptom", "temperature", "test", "clearance")),
    "commission": Source(
        "authority",
        ("diagnosis", "discharge", "clearance", "isolation", "observation", "designation"),
    ),
    "tracing": Source("authority", ("contact", "visit")),
    "border": Source("authority", ("arrival",)),
    "networks": Source("authority", ("stay",)),
    "regions": Source("region", ("isolation",)),
    "command": Source("authority", ("order",)),  # no feed may send orders
}
SOURCE: Final = {name: number for number, name in enumerate(SOURCES)}

SYMPTOMS: Final = (
    "fever", "dry_cough", "fatigue", "sore_throat", "short_of_breath", "diarrhoea",
)  # fmt: skip
RED_REASONS: Final = (
    "quarantine_order", "outbreak_control", "shared_exposure", "contact_of_contact",
    "unexplained_fever",
)  # fmt: skip
ORANGE_REASONS: Final = ("home_observation", "possible_contact", "possible_exposure")
REASONS: Final = RED_REASONS + ORANGE_REASONS
RESULTS: Final = (
    "", "close", "declared", "confirmed", "suspected", "asymptomatic", "negative", "positive",
    "abroad", "domestic", "suspicion_excluded", "asymptomatic_over", "isolation_over", "examined",
    "cleared", "observation_over", "release", *SYMPTOMS, *REASONS,
)  # fmt: skip
RESULT: Final = {word: number for number, word in enumerate(RESULTS)}
