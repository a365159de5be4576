"""Regions, resolutions and import reports. Pure."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from daeri.kernel.errors import Category, DaeriError, Invalid
from daeri.kernel.geo import Point
from daeri.regions.geometry import Shape

# The shipped table keeps changes since this day; earlier days are answered with the division of this day.
TABLE_SINCE = date(2024, 1, 18)

# A point of Korea without a boundary around it belongs to the nearest representative point, but no farther than this:
# Dokdo lies 87 km from the point of its county.
NEAREST_CAP_M = 100_000

# Published boundaries are simplified: a pier or a beach may lie this far outside of its own region's boundary.
SHORE_TOLERANCE_M = 2_000

# Hint topic: boundaries or the table changed, indexes are to be loaded again.
CHANGED_TOPIC = "regions.changed"


class Level(StrEnum):
    """Province (시·도), municipality (시·군·구 of a province), district (구 of a city that is itself in a province)."""

    PROVINCE = "province"
    MUNICIPALITY = "municipality"
    DISTRICT = "district"


class How(StrEnum):
    """How a point was resolved: inside an imported boundary, by the nearest representative point, or not at all."""

    BOUNDARY = "boundary"
    NEAREST = "nearest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the table. `code` is the legal code cut to its significant digits: 2 for a province, else 5.

    It is in force from `valid_from` (None: since before the table was kept) until the day before `valid_to`.
    `successors` are the codes that took its ground over.
    """

    code: str
    parent: str | None
    level: Level
    name_ko: str
    name_en: str
    point: Point
    valid_from: date | None = None
    valid_to: date | None = None
    successors: tuple[str, ...] = ()

    def in_force(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Boundary:
    """The ground of one region as a file of the day `as_of` drew it."""

    code: str
    as_of: date
    shape: Shape


@dataclass(frozen=True, slots=True)
class Resolution:
    """The region of a point. `code` and the names (with those of its ancestors) are None when it lies in none."""

    how: How
    code: str | None = None
    name_ko: str | None = None
    name_en: str | None = None


NOWHERE = Resolution(How.NONE)


class UnmatchedReason(StrEnum):
    UNKNOWN_NAME = "unknown_name"  # no region of that name under that parent
    AMBIGUOUS_NAME = "ambiguous_name"  # several, and the file does not say under which parent
    NO_NAME = "no_name"
    NO_POLYGON = "no_polygon"


@dataclass(frozen=True, slots=True)
class MatchedFeature:
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class UnmatchedFeature:
    """What of the file was left out: its position (from 0), what it calls itself, and why."""

    position: int
    name: str
    file_code: str
    reason: UnmatchedReason


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Every feature of the file is in exactly one list. `outdated`: a younger drawing of its region was known."""

    as_of: date
    matched: tuple[MatchedFeature, ...] = field(default=())
    unmatched: tuple[UnmatchedFeature, ...] = field(default=())
    outdated: tuple[MatchedFeature, ...] = field(default=())


class BoundaryFileUnreadable(Invalid):
    """Not GeoJSON or TopoJSON, or not in degrees of WGS84."""

    code = "boundary_file_unreadable"


class PlaceKind(StrEnum):
    """What sort of place was found; the screens have a sign for each."""

    STATION = "station"
    TERMINAL = "terminal"
    AIRPORT = "airport"
    UNIVERSITY = "university"
    HOSPITAL = "hospital"
    MARKET = "market"
    PARK = "park"
    OFFICE = "office"
    SIGHT = "sight"
    ADDRESS = "address"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place that people know by `name`; `name_en` where the finder has one."""

    name: str
    address: str
    point: Point
    kind: PlaceKind
    name_en: str | None = None


class PlaceFailure(StrEnum):
    UNREACHABLE = "unreachable"  # no connection, too slow, or the server's own fault
    REFUSED = "refused"  # the key is wrong or has run out
    BUSY = "busy"  # more was asked than the key allows
    BAD_QUESTION = "bad_question"  # the server says that we asked wrongly
    BAD_ANSWER = "bad_answer"  # not the format that the server promises


class PlacesUnavailable(DaeriError):
    """A place finder could not answer; whoever asked may ask another one."""

    code = "places_unavailable"
    category = Category.UNAVAILABLE

    def __init__(self, finder: str, reason: PlaceFailure) -> None:
        super().__init__(finder=finder, reason=reason.value)
        self.reason = reason
