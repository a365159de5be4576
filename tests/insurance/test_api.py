"""Each drive's period of cover: written with its start and its end, by whom, by which terms, and never over."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from tests.dispatch.factories import make_company
from tests.insurance.factories import UNTIL, Insured

from daeri.calls.model import Call, CallNotFound, IllegalMove
from daeri.insurance import api
from daeri.insurance.model import Break, CoverPolicy, CoverSource, Gap, InsuredBy
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service, Source
from daeri.policies.model import Scope


@pytest.mark.rule("I-028")
async def test_a_drive_is_covered_from_its_start_to_its_end(insured: Insured) -> None:
    call, driver = await insured.assigned()
    await insured.night.arrive(call.id, driver)
    assert await insured.covers(call.id) == []
    begun = insured.night.clock.now()
    await insured.night.start(call.id, driver)
    (running,) = await insured.covers(call.id)
    assert (running.starts_at, running.ends_at) == (begun, None)
    insured.night.later(minutes=21)
    await insured.night.complete(call.id, driver)
    (over,) = await insured.covers(call.id)
    assert (over.starts_at, over.ends_at) == (begun, begun + timedelta(minutes=21))
    assert (over.call_id, over.ride_id, over.driver_id) == (call.id, call.id, driver)
    assert over.performer_id == insured.night.company


@pytest.mark.rule("I-028")
async def test_a_cancel_while_driving_ends_the_cover_and_one_before_leaves_none(insured: Insured) -> None:
    call, driver = await insured.driving()
    insured.night.later(minutes=3)
    await insured.night.cancel_by_driver(call.id, driver)
    (over,) = await insured.covers(call.id)
    assert over.ends_at == insured.night.clock.now()
    waiting, _ = await insured.assigned()
    await insured.night.cancel(waiting.id)
    assert await insured.covers(waiting.id) == []


@pytest.mark.rule("I-028")
async def test_the_cover_names_the_newest_approved_insurance(insured: Insured) -> None:
    call, driver = await insured.assigned()
    insured.night.later(minutes=1)
    await insured.hand_in(driver, "새벽화재", "SB-77")  # renewed, and nobody has looked at it yet
    await _driven(insured, call, driver)
    (cover,) = await insured.covers(call.id)
    assert (cover.source, cover.insurer, cover.policy_shown) == (CoverSource.DRIVER, "한빛손해보험", "**********0123")
    assert cover.policy_until == UNTIL
    assert cover.application_id is not None
    await insured.approve(driver)
    assert (await insured.covers(call.id))[0] == cover  # what has been is not written over
    again = await insured.night.request()
    offer = await insured.night.offer(again.id, driver)
    await insured.night.accept(offer.id, driver)
    await _driven(insured, again, driver)
    (newer,) = await insured.covers(again.id)
    assert (newer.insurer, newer.policy_shown) == ("새벽화재", "***77")


async def test_a_driver_of_whom_nobody_has_said_is_covered_by_no_known_insurer(insured: Insured) -> None:
    call, driver = await insured.night.assigned()
    await insured.drive(call, driver)
    (cover,) = await insured.covers(call.id)
    assert (cover.source, cover.insurer, cover.policy_shown, cover.application_id) == (CoverSource.DRIVER, "", "", None)


@pytest.mark.rule("I-028")
async def test_the_terms_are_those_of_the_record_in_force_when_the_drive_began(insured: Insured) -> None:
    everywhere = await insured.write(CoverPolicy(own_car_won=60_000_000))
    in_gangnam = await insured.write(CoverPolicy(own_car_won=90_000_000), Scope(region="11680"))
    vip = await insured.write(CoverPolicy(own_car_won=95_000_000), Scope(region="11680", service=Service.VIP))
    call, driver = await insured.driving()
    insured.night.later(seconds=1)
    await insured.write(CoverPolicy(own_car_won=0), Scope(region="11680"))
    await insured.night.complete(call.id, driver)
    (cover,) = await insured.covers(call.id)
    assert (cover.terms.own_car_won, cover.policy_version) == (90_000_000, in_gangnam)
    assert len({everywhere, in_gangnam, vip}) == 3


@pytest.mark.rule("R-026")
async def test_the_partner_programs_insurance_covers_a_consigned_drive(insured: Insured) -> None:
    await insured.write(CoverPolicy(insured_by=InsuredBy.COMPANY, insurer="한빛손해보험", policy_number="HB-9"))
    call, driver = await insured.consigned()
    await insured.drive(call, driver)
    (cover,) = await insured.covers(call.id)
    assert (cover.source, cover.insurer, cover.policy_shown) == (CoverSource.PARTNER, "", "")
    assert cover.performer_id == call.performer_id != insured.night.company


@pytest.mark.parametrize("source", [Source.AFFILIATE, Source.PHONE])
async def test_a_partners_order_is_covered_as_our_own_drives_are(insured: Insured, source: Source) -> None:
    await insured.write(CoverPolicy(insured_by=InsuredBy.COMPANY, insurer="한빛손해보험", policy_number="HB-9"))
    call, driver = await insured.ordered(source)
    await insured.drive(call, driver)
    (cover,) = await insured.covers(call.id)
    assert (cover.source, cover.insurer, cover.policy_shown) == (CoverSource.COMPANY, "한빛손해보험", "HB-9")


@pytest.mark.rule("R-030", "I-028")
async def test_the_gap_between_a_cancel_and_the_reconnected_drive_is_proved(insured: Insured) -> None:
    original, driver = await insured.driving()
    insured.night.later(minutes=5)
    cut_at = insured.night.clock.now()
    await insured.night.cancel(original.id)
    insured.night.later(minutes=4)
    again = await insured.reconnect(original)
    insured.night.later(minutes=3)
    await insured.drive(again, driver)
    first, second = await insured.covers(original.id)
    assert (first.call_id, first.ends_at) == (original.id, cut_at)
    assert (second.call_id, second.starts_at) == (again.id, cut_at + timedelta(minutes=7))
    report = api.lay_out([first, second], Break(cut_at))
    assert report.gaps == (Gap(cut_at, cut_at + timedelta(minutes=7)),)


@pytest.mark.rule("I-028")
async def test_nobody_writes_over_what_was_covered(insured: Insured) -> None:
    running, _ = await insured.driving()
    call, driver = await insured.driving()
    await insured.night.complete(call.id, driver)
    for attempt in (
        f"UPDATE covers SET ends_at = ends_at + interval '1 hour' WHERE call_id = '{call.id}'",
        f"UPDATE covers SET ends_at = NULL WHERE call_id = '{call.id}'",
        f"UPDATE covers SET insurer = 'x', ends_at = starts_at WHERE call_id = '{running.id}'",
        f"UPDATE covers SET starts_at = starts_at - interval '1 hour' WHERE call_id = '{running.id}'",
        f"DELETE FROM covers WHERE call_id = '{call.id}'",
        "TRUNCATE covers",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            async with insured.night.transaction() as tx:
                await tx.execute(attempt)


async def _driven(insured: Insured, call: Call, driver: DriverId) -> None:
    for step in (insured.night.arrive, insured.night.start, insured.night.complete):
        await step(call.id, driver)


async def _complete(insured: Insured, call: Call, driver: DriverId) -> bool:
    try:
        await insured.complete(call, driver)
    except (IllegalMove, CallNotFound):
        return False
    return True


@pytest.mark.rule("I-028")
async def test_of_a_completion_and_a_cancel_at_once_one_ends_the_cover(crowd: Insured) -> None:
    for _ in range(6):
        call, driver = await crowd.driving()
        crowd.night.later(seconds=30)
        told = await asyncio.gather(
            _complete(crowd, call, driver),
            _complete(crowd, call, driver),
            crowd.night.cancel(call.id),
            return_exceptions=True,
        )
        assert sum(one is True or isinstance(one, Call) for one in told) == 1
        (cover,) = await crowd.covers(call.id)
        assert cover.ends_at == crowd.night.clock.now()


async def test_a_start_that_is_refused_leaves_no_cover(crowd: Insured) -> None:
    call, driver = await crowd.assigned()
    await crowd.night.arrive(call.id, driver)
    told = await asyncio.gather(*(crowd.night.start(call.id, driver) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, Call) for one in told) == 1
    assert len(await crowd.covers(call.id)) == 1
    early, on_the_way = await crowd.assigned()
    with pytest.raises(IllegalMove):
        await crowd.night.start(early.id, on_the_way)
    assert await crowd.covers(early.id) == []


async def test_a_clock_that_was_put_back_keeps_no_drive_from_ending(insured: Insured) -> None:
    call, driver = await insured.driving()
    (cover,) = await insured.covers(call.id)
    async with insured.night.transaction() as tx:
        await api.end(tx, call.id, now=cover.starts_at - timedelta(minutes=1))
    (over,) = await insured.covers(call.id)
    assert over.ends_at == cover.starts_at
    assert driver == over.driver_id


async def test_another_company_sees_no_cover(insured: Insured) -> None:
    call, _ = await insured.driving()
    async with insured.night.transaction() as tx:
        other = await make_company(tx, insured.night.ids, "saebyeok")
        assert await api.covers_of(tx, other, call.id) == []
