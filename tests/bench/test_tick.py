"""The benchmark runs, on a tiny night; its figures are for `daeri bench`, not for a test."""

import msgspec

from daeri.bench import tick


def test_it_measures_the_tick_and_agrees_with_its_references() -> None:
    report = tick.run(rounds=2, drivers=3_000, positions=100, calls=40, match_drivers=200)

    assert report.rounds == 2
    assert 0 < report.offers <= 40
    assert report.considered_pairs > report.offers
    assert report.tick.p50_ms > 0
    assert len(report.comparisons) >= 3
    assert all(comparison.same_answer for comparison in report.comparisons)
    assert msgspec.json.decode(msgspec.json.encode(report), type=tick.TickReport) == report
