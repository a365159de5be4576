"""A small night of the national benchmark: every card arrives, every position is believed, and it stays as it is."""

import msgspec
import pytest

from daeri.bench import korea
from daeri.bench.counters import parse_counters

_TEXT = """
# TYPE daeri_loop_lag_seconds histogram
daeri_loop_lag_seconds_bucket{le="0.001"} %d
daeri_loop_lag_seconds_bucket{le="0.01"} %d
daeri_loop_lag_seconds_bucket{le="+Inf"} %d
# TYPE daeri_cpu_seconds counter
daeri_cpu_seconds_total{part="tick"} %f
daeri_cpu_seconds_total{part="http"} 1.0
"""


@pytest.mark.timeout(120)
def test_a_small_night_loses_nothing() -> None:
    report = korea.run(korea.Plan(drivers=400, sockets=40, calls_per_s=2.0, seconds=4.0, warm_up_s=4.0))
    heard = report.messages
    assert report.errors == {}
    assert (heard.lost_offers, heard.calls_without_card, heard.sockets_lost) == (0, 0, 0)
    assert heard.calls > 0
    assert heard.offers > 0
    assert heard.positions_dropped == {}
    assert heard.positions_believed == pytest.approx(heard.positions_sent, rel=0.3)
    assert report.request_to_card.count == heard.calls
    assert report.latencies["complete"].count > 0
    assert report.cost.program_cpu > 0
    assert report.cost.postgres_cpu > 0
    assert msgspec.json.decode(msgspec.json.encode(report), type=korea.KoreaReport) == report


def test_counters_tell_what_was_added() -> None:
    before, after = parse_counters(_TEXT % (5, 5, 5, 2.0)), parse_counters(_TEXT % (55, 104, 105, 3.5))
    added = after.since(before)
    assert added.by("daeri_cpu_seconds_total", "part") == {"tick": 1.5, "http": 0.0}
    assert added.percentile_ms("daeri_loop_lag_seconds", 0.5) == 1.0
    assert added.percentile_ms("daeri_loop_lag_seconds", 0.99) == 10.0
    assert after.since(after).percentile_ms("daeri_loop_lag_seconds", 0.5) == 0.0
    assert parse_counters(_TEXT % (0, 0, 9, 0.0)).percentile_ms("daeri_loop_lag_seconds", 0.5) == 10.0
    assert added.total("daeri_cpu_seconds_total") == 1.5


@pytest.mark.parametrize("sockets", [0, 11])
def test_a_night_has_no_more_sockets_than_drivers(sockets: int) -> None:
    with pytest.raises(ValueError, match="at least one socket"):
        korea.Plan(drivers=10, sockets=sockets)
