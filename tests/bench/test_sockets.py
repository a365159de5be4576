"""The positions benchmark runs over real sockets and says figures that hold together."""

import asyncio

from daeri.bench import sockets


async def test_a_short_run_measures_all_four_ways(dsn: str) -> None:
    pace = sockets.Pace(frames=400, big_frames=200, bursts=40, requests=100)
    figures = await asyncio.to_thread(sockets.run, dsn, sockets=40, round_s=0.5, pace=pace)
    single, twenty, coalesced, http = figures.rounds
    for each in (single, coalesced, http):
        assert each.sent == each.points > 0, each
    assert twenty.points == twenty.sent * sockets.POINTS_A_FRAME
    assert single.believed > 0.9 * single.points
    assert figures.frames_of_one > 0
    assert figures.points_of_frames_of_twenty > figures.frames_of_one
