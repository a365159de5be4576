"""Trip files: every row is a trip or is rejected with its line and a reason."""

import csv
import importlib
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daeri.sim.trips import (
    Reading,
    RejectReason,
    TripFileError,
    generate_trips,
    parse_columns,
    read_trips,
    write_rejects,
)

HEADER = "request_id,o_lat,o_lon,d_lat,d_lon,departure_time,passengers\n"
GOOD = "1,37.5,127.0,37.6,127.1,2026-11-20 22:00:00,1\n"
NYC = Path(__file__).parents[3] / "shared/data/trips-nyc-2014-12-21.csv"


def _file(tmp_path, text):
    path = tmp_path / "trips.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_times_without_an_offset_are_local(tmp_path):
    trips = read_trips(_file(tmp_path, HEADER + GOOD), Reading()).trips
    assert trips[0].at == datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
    assert trips[0].line == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2,37.5,127.0,37.6,127.1\n", RejectReason.MISSING_VALUE),
        ("2,37.5,,37.6,127.1,2026-11-20 22:00:00,1\n", RejectReason.MISSING_VALUE),
        ("2,x,127.0,37.6,127.1,2026-11-20 22:00:00,1\n", RejectReason.BAD_COORDINATE),
        ("2,nan,127.0,37.6,127.1,2026-11-20 22:00:00,1\n", RejectReason.BAD_COORDINATE),
        ("2,127.0,37.5,37.6,127.1,2026-11-20 22:00:00,1\n", RejectReason.BAD_COORDINATE),
        ("2,0,0,37.6,127.1,2026-11-20 22:00:00,1\n", RejectReason.BAD_COORDINATE),
        ("2,37.5,127.0,37.6,127.1,yesterday,1\n", RejectReason.BAD_TIME),
        ("2,37.5,127.0,37.6,127.1,0001-01-01 00:00:00,1\n", RejectReason.BAD_TIME),
        ("2,37.5,127.0,37.5,127.0,2026-11-20 22:00:00,1\n", RejectReason.ROUND_TRIP),
    ],
)
def test_a_bad_row_is_rejected_and_the_rest_goes_on(tmp_path, row, reason):
    read = read_trips(_file(tmp_path, HEADER + row + GOOD), Reading())
    assert [(reject.line, reject.reason) for reject in read.rejected] == [(2, reason)]
    assert len(read.trips) == 1


def test_a_field_beyond_the_csv_limit_is_one_bad_row(tmp_path):
    read = read_trips(_file(tmp_path, HEADER + "x" * 200_000 + "\n" + GOOD), Reading())
    assert [reject.reason for reject in read.rejected] == [RejectReason.UNREADABLE_ROW]
    assert len(read.trips) == 1


def test_rejects_are_written_with_line_and_reason(tmp_path):
    read = read_trips(_file(tmp_path, HEADER + GOOD + "2,a,b,c,d,e,f\n"), Reading())
    write_rejects(tmp_path / "rejects.csv", read.rejected)
    with (tmp_path / "rejects.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "reason", "row"],
            ["3", "bad_coordinate", "2,a,b,c,d,e,f"],
        ]


def test_round_trips_are_trips_when_allowed(tmp_path):
    text = HEADER + GOOD.replace("37.6,127.1", "37.5,127.0")
    assert len(read_trips(_file(tmp_path, text), Reading(allow_round_trips=True)).trips) == 1


def test_columns_are_found_by_other_names_and_by_map(tmp_path):
    text = "Pickup_Latitude,pickup_longitude,dropoff_latitude,dropoff_longitude,When\n37.5,127,37.6,127.1,2026-11-20\n"
    path = _file(tmp_path, text)
    assert len(read_trips(path, Reading(columns=parse_columns(["departure_time=when"]))).trips) == 1
    with pytest.raises(TripFileError, match="--map departure_time=COLUMN"):
        read_trips(path, Reading())
    with pytest.raises(TripFileError, match="expected NAME=COLUMN"):
        parse_columns(["when=departure_time"])


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "1,a,b,c,d,e,f\n"])
def test_a_file_without_any_trip_is_an_error(tmp_path, text):
    with pytest.raises(TripFileError):
        read_trips(_file(tmp_path, text), Reading())


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(TripFileError, match="cannot read"):
        read_trips(tmp_path / "none.csv", Reading())


def test_shifting_keeps_the_time_of_day_across_a_change_of_offset(tmp_path):
    zone = ZoneInfo("America/New_York")
    text = HEADER + GOOD + GOOD.replace("2026-11-20 22", "2026-11-21 01")
    read = read_trips(_file(tmp_path, text), Reading(zone=zone, shift_to=date(2026, 7, 1)))
    local = [trip.at.astimezone(zone).replace(tzinfo=None) for trip in read.trips]
    assert local == [datetime(2026, 7, 1, 22), datetime(2026, 7, 2, 1)]  # noqa: DTZ001 -- local times


def test_the_generator_is_deterministic_and_its_file_is_read_whole(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        generate_trips(path, trips=200, seed=seed, day=date(2026, 11, 20))
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    read = read_trips(paths[0], Reading())
    assert (len(read.trips), len(read.rejected)) == (200, 0)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    # What Python itself does for a module that is not there.
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(TripFileError, match="pyarrow"):
        read_trips(tmp_path / "trips.parquet", Reading())


def test_parquet_is_read_like_csv(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = importlib.import_module("pyarrow.parquet")
    columns = {"o_lat": [37.5, None], "o_lon": [127.0, 127.0], "d_lat": [37.6, 37.6], "d_lon": [127.1, 127.1]}
    columns["time"] = [datetime(2026, 11, 20, 22), datetime(2026, 11, 20, 23)]  # noqa: DTZ001 -- local times
    parquet.write_table(pyarrow.table(columns), tmp_path / "trips.parquet")
    read = read_trips(tmp_path / "trips.parquet", Reading())
    assert [trip.at for trip in read.trips] == [datetime(2026, 11, 20, 13, tzinfo=UTC)]
    assert [(reject.line, reject.reason) for reject in read.rejected] == [(2, RejectReason.MISSING_VALUE)]
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(TripFileError, match="cannot read"):
        read_trips(tmp_path / "broken.parquet", Reading())


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n")), max_size=12))
def test_no_row_is_ever_unaccounted_for(tmp_path_factory, rows):
    text = HEADER + GOOD + "".join(f"{row.replace(chr(34), '')}\n" for row in rows)
    read = read_trips(_file(tmp_path_factory.mktemp("rows"), text), Reading())
    assert len(read.trips) >= 1
    assert len(read.trips) + len(read.rejected) <= 1 + len(rows) * 20


@pytest.mark.shared
@pytest.mark.skipif(not NYC.exists(), reason="the data beside the checkout is not there")
def test_every_row_of_a_real_day_is_a_trip():
    zone = ZoneInfo("America/New_York")
    read = read_trips(NYC, Reading(zone=zone, allow_round_trips=True))
    assert (len(read.trips), len(read.rejected)) == (19_979, 0)
    assert read.trips[0].at.astimezone(zone).date() == date(2014, 12, 21)
    strict = read_trips(NYC, Reading(zone=zone))
    assert {reject.reason for reject in strict.rejected} == {RejectReason.ROUND_TRIP}
    assert len(strict.rejected) == 152  # 136 to the very point, 16 within ten metres
