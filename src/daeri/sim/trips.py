"""Trip files: CSV or Parquet with one wanted trip a row, whatever the columns are called."""

import csv
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from random import Random
from types import MappingProxyType

from daeri.kernel.geo import Point, distance_m
from daeri.kernel.time import KST
from daeri.sim.city import draw_trip

# Our name of a column → the names that files in the wild use for it.
ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "o_lat": ("origin_lat", "origin_latitude", "pickup_lat", "pickup_latitude", "start_lat", "from_lat"),
        "o_lon": ("origin_lon", "origin_lng", "origin_longitude", "pickup_lon", "pickup_longitude", "start_lng",
                  "start_lon", "from_lon"),
        "d_lat": ("destination_lat", "dest_lat", "dropoff_lat", "dropoff_latitude", "end_lat", "to_lat"),
        "d_lon": ("destination_lon", "dest_lon", "destination_lng", "dropoff_lon", "dropoff_longitude", "end_lng",
                  "end_lon", "to_lon"),
        "departure_time": ("pickup_datetime", "tpep_pickup_datetime", "requested_at", "request_time", "started_at",
                           "start_time", "timestamp", "time"),
    }
)  # fmt: skip
HEADER = ("request_id", "o_lat", "o_lon", "d_lat", "d_lon", "departure_time", "passengers")
SAME_PLACE_M = 10.0  # the service takes two points nearer than this for one place
_COORDINATES = ("o_lat", "o_lon", "d_lat", "d_lon")
# Share of a day's calls by local hour: quiet days, busy nights. Made up for the generator.
_HOURLY = (9, 7, 5, 3, 1.5, 0.8, 0.5, 0.6, 0.8, 0.8, 0.9, 1, 1.2, 1.2, 1.2, 1.3, 1.5, 2, 3, 5, 8, 12, 14, 12)


class TripFileError(Exception):
    """The file as a whole cannot be used; the message says why."""


class RejectReason(StrEnum):
    UNREADABLE_ROW = "unreadable_row"
    MISSING_VALUE = "missing_value"
    BAD_COORDINATE = "bad_coordinate"
    BAD_TIME = "bad_time"
    ROUND_TRIP = "round_trip"


@dataclass(frozen=True, slots=True)
class PlannedTrip:
    """`line` is the row's line in its file (for Parquet: its number from 1), `at` the departure in UTC."""

    line: int
    at: datetime
    origin: Point
    destination: Point


@dataclass(frozen=True, slots=True)
class RejectedRow:
    line: int
    reason: RejectReason
    row: str


@dataclass(frozen=True, slots=True)
class TripFile:
    """Trips by departure and the rows that are none; `zone` is the zone in which the report counts hours."""

    trips: Sequence[PlannedTrip]
    rejected: Sequence[RejectedRow]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file.

    `zone` holds for times without an offset. `shift_to` moves the first departure to that local date, all others
    along with it, at the same times of day. A trip that ends where it began is rejected unless `allow_round_trips`.
    `columns` maps our names (o_lat, o_lon, d_lat, d_lon, departure_time) to the file's.
    """

    zone: tzinfo = KST
    shift_to: date | None = None
    allow_round_trips: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)


class _Reject(Exception):
    def __init__(self, reason: RejectReason) -> None:
        self.reason = reason


_Row = Sequence[object]
_Numbered = tuple[int, _Row | None]


def read_trips(path: Path, reading: Reading) -> TripFile:
    """Every row is a trip or is rejected with a reason. Raises TripFileError when nothing can be read at all."""
    header, rows = _parquet_rows(path) if path.suffix in (".parquet", ".pq") else _csv_rows(path)
    places = _places_of_columns(header, reading.columns)
    trips: list[PlannedTrip] = []
    rejected: list[RejectedRow] = []
    for line, row in rows:
        try:
            trips.append(_trip(line, row, places, reading))
        except _Reject as reject:
            rejected.append(RejectedRow(line, reject.reason, ",".join(map(str, row or ()))))
    if not trips:
        raise TripFileError(f"{path} has no usable trip ({len(rejected)} rows rejected)")
    trips.sort(key=lambda trip: (trip.at, trip.line))
    return TripFile(_shifted(trips, reading), rejected, reading.zone)


def write_rejects(path: Path, rejected: Iterable[RejectedRow]) -> None:
    """A CSV file of line, reason and the row as it was read."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "reason", "row"))
        writer.writerows((reject.line, reject.reason.value, reject.row) for reject in rejected)


def parse_columns(pairs: Iterable[str]) -> dict[str, str]:
    """`["o_lat=Start Lat", …]` as a mapping of our names to the file's. Raises TripFileError."""
    columns = {}
    for pair in pairs:
        ours, separator, theirs = pair.partition("=")
        if not separator or ours not in ALIASES:
            raise TripFileError(f"{pair!r}: expected NAME=COLUMN with NAME one of {', '.join(ALIASES)}")
        columns[ours] = theirs
    return columns


def generate_trips(path: Path, *, trips: int, seed: int, day: date) -> None:
    """A CSV file of `trips` made-up trips through one day and night in Seoul; the same seed, the same bytes."""
    random = Random(seed)
    hours = random.choices(range(24), weights=_HOURLY, k=trips)
    seconds = sorted(hour * 3600 + random.randrange(3600) for hour in hours)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number, second in enumerate(seconds):
            trip = draw_trip(random)
            at = datetime(day.year, day.month, day.day) + timedelta(seconds=second)  # noqa: DTZ001 -- local time, as such files have it
            ends = (trip.origin.lat, trip.origin.lon, trip.destination.lat, trip.destination.lon)
            writer.writerow((number, *ends, at.isoformat(sep=" "), random.choice((1, 1, 1, 2, 2, 3))))


def _csv_rows(path: Path) -> tuple[Sequence[str], Iterator[_Numbered]]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise TripFileError(f"cannot read {path}: {error.strerror}") from error
    rows = _numbered(text)
    _, header = next(rows, (0, None))
    if not header:
        raise TripFileError(f"{path} has no header")
    return [str(name) for name in header], rows


def _numbered(text: str) -> Iterator[_Numbered]:
    """Every row that is not empty, with the number of its (last) line; None for one that cannot be read."""
    reader = csv.reader(text.splitlines(keepends=True))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield reader.line_num, None
        else:
            if row:
                yield reader.line_num, row


def _parquet_rows(path: Path) -> tuple[Sequence[str], Iterator[_Numbered]]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise TripFileError("Parquet files need pyarrow: pip install 'daeri[parquet]'") from error
    try:
        table = parquet.read_table(path)
    except (OSError, ValueError) as error:
        raise TripFileError(f"cannot read {path}: {error}") from error
    columns = [column.to_pylist() for column in table.columns]
    return table.column_names, enumerate(zip(*columns, strict=True), start=1)


def _places_of_columns(header: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    names = {name.strip().lower(): place for place, name in reversed(list(enumerate(header)))}
    places = {}
    for ours, aliases in ALIASES.items():
        wanted = (columns[ours],) if ours in columns else (ours, *aliases)
        found = next((names[name.strip().lower()] for name in wanted if name.strip().lower() in names), None)
        if found is None:
            raise TripFileError(f"no column {' or '.join(wanted)}; name it with --map {ours}=COLUMN. Found: {header}")
        places[ours] = found
    return places


def is_round_trip(origin: Point, destination: Point) -> bool:
    """Whether a drive ends where it began: two points of one kerb are one place, to the service too."""
    return distance_m(origin, destination) < SAME_PLACE_M


def _trip(line: int, row: _Row | None, places: Mapping[str, int], reading: Reading) -> PlannedTrip:
    if row is None:
        raise _Reject(RejectReason.UNREADABLE_ROW)
    o_lat, o_lon, d_lat, d_lon = (_degrees(_cell(row, places[name])) for name in _COORDINATES)
    origin, destination = Point(o_lat, o_lon), Point(d_lat, d_lon)
    if not origin.is_valid() or not destination.is_valid():
        raise _Reject(RejectReason.BAD_COORDINATE)
    at = _instant(_cell(row, places["departure_time"]), reading.zone)
    if is_round_trip(origin, destination) and not reading.allow_round_trips:
        raise _Reject(RejectReason.ROUND_TRIP)
    return PlannedTrip(line, at, origin, destination)


def _cell(row: _Row, place: int) -> object:
    value = row[place] if place < len(row) else None
    if value is None or (isinstance(value, str) and not value.strip()):
        raise _Reject(RejectReason.MISSING_VALUE)
    return value


def _degrees(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise _Reject(RejectReason.BAD_COORDINATE) from None


def _instant(value: object, zone: tzinfo) -> datetime:
    try:
        local = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Reject(RejectReason.BAD_TIME) from None


def _shifted(trips: Sequence[PlannedTrip], reading: Reading) -> Sequence[PlannedTrip]:
    first = trips[0].at.astimezone(reading.zone).date()
    days = 0 if reading.shift_to is None else (reading.shift_to - first).days
    return [
        PlannedTrip(trip.line, _same_time(trip.at, days, reading.zone), trip.origin, trip.destination) for trip in trips
    ]


def _same_time(at: datetime, days: int, zone: tzinfo) -> datetime:
    """The same local time of day, `days` later, in UTC."""
    return (at.astimezone(zone) + timedelta(days=days)).astimezone(UTC)
