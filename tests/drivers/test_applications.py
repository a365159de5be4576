"""Sign-up with papers, a person's decision, and what expires."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.dispatch.factories import Night, make_company
from tests.drivers.factories import JPEG, PDF, Desk, wish

from daeri.dispatch.model import OfferState
from daeri.drivers import api
from daeri.drivers.model import Duty, InsuranceExpired, LicenceExpired, NotApproved, Paper, SignUp
from daeri.drivers.paper_model import (
    ApplicationDecided,
    ApplicationMissing,
    ApplicationState,
    DocumentKind,
    DocumentNotFound,
    DocumentsMissing,
    DocumentTypeUnsupported,
    Expiry,
    LicenceNumberInvalid,
    PaperExpired,
    PapersPolicy,
)
from daeri.drivers.policy import mask, media_type_of
from daeri.kernel.terms import Service
from daeri.policies import api as policies

TODAY = date(2026, 11, 22)  # in Korea, at the clock's start


async def test_an_application_is_shown_masked_and_kept_sealed(desk: Desk) -> None:
    driver = await desk.applicant()
    given = await desk.submit(driver)
    assert (given.state, given.name) == (ApplicationState.OPEN, "김민준")
    assert (given.licence_masked, given.policy_masked) == ("********5566", "**********0123")
    async with desk.night.database.reading() as tx:
        sealed = await tx.value("SELECT licence_sealed FROM driver_applications WHERE driver_id = $1", driver)
    assert b"112233445566" not in sealed


async def test_handed_in_again_it_takes_the_place_of_the_first(desk: Desk) -> None:
    driver = await desk.applicant()
    await desk.submit(driver)
    await desk.submit(driver, wish(number="서울 99-123456-78"))
    async with desk.night.database.reading() as tx:
        (only,) = await api.applications(tx, desk.ring, desk.company, driver)
    assert only.licence_masked.endswith("5678")


async def test_approval_gives_services_papers_and_a_name(desk: Desk) -> None:
    driver = await desk.applicant()
    await desk.submit(driver, wish(date(2027, 5, 1), date(2027, 3, 1)))
    await desk.hand_in(driver)
    approved = await desk.approve(driver)
    assert (approved.status, approved.services) == (SignUp.APPROVED, (Service.GENERAL, Service.VIP))
    assert (approved.licence_expires_on, approved.insurance_expires_on) == (date(2027, 5, 1), date(2027, 3, 1))
    assert approved.papers_until == datetime(2027, 3, 1, 15, tzinfo=UTC)  # midnight in Korea, after the last day
    async with desk.night.database.reading() as tx:
        assert await tx.value("SELECT display_name FROM accounts WHERE id = $1", driver) == "김민준"


async def test_nothing_incomplete_or_expired_is_approved(desk: Desk) -> None:
    driver = await desk.applicant()
    with pytest.raises(ApplicationMissing):
        await desk.approve(driver)
    await desk.submit(driver, wish(licence=TODAY + timedelta(days=1)))
    await desk.hand_in(driver, DocumentKind.LICENCE)
    with pytest.raises(DocumentsMissing) as refusal:
        await desk.approve(driver)
    assert refusal.value.facts == {"missing": "insurance"}
    await desk.hand_in(driver)
    desk.night.later(days=2)
    with pytest.raises(PaperExpired):
        await desk.approve(driver)
    assert (await desk.get(driver)).status is SignUp.APPLIED


async def test_a_refused_driver_may_apply_again(desk: Desk) -> None:
    driver = await desk.applicant()
    await desk.submit(driver)
    assert (await desk.refuse(driver, "사진이 흐려요")).status is SignUp.REFUSED
    with pytest.raises(NotApproved) as refusal:
        await desk.night.set_duty(driver, Duty.ON)
    assert refusal.value.facts == {"status": SignUp.REFUSED}
    with pytest.raises(ApplicationDecided):
        await desk.approve(driver)
    desk.night.later(minutes=1)
    await desk.submit(driver)
    assert (await desk.get(driver)).status is SignUp.APPLIED
    await desk.hand_in(driver)
    assert (await desk.approve(driver)).status is SignUp.APPROVED
    async with desk.night.database.reading() as tx:
        newest, oldest = await api.applications(tx, desk.ring, desk.company, driver)
    assert (newest.state, oldest.state) == (ApplicationState.APPROVED, ApplicationState.REFUSED)
    assert oldest.reason == "사진이 흐려요"


async def test_a_renewal_changes_nothing_until_it_is_approved(desk: Desk) -> None:
    driver = await desk.driver(licence=date(2026, 12, 1))
    desk.night.later(minutes=1)
    await desk.submit(driver, wish(date(2031, 12, 1), date(2027, 1, 1)))
    assert (await desk.get(driver)).licence_expires_on == date(2026, 12, 1)
    await desk.refuse(driver)
    assert ((await desk.get(driver)).status, (await desk.get(driver)).duty) == (SignUp.APPROVED, Duty.ON)
    desk.night.later(minutes=1)
    await desk.submit(driver, wish(date(2031, 12, 1), date(2027, 1, 1)))
    assert (await desk.approve(driver)).licence_expires_on == date(2031, 12, 1)


async def test_a_licence_that_another_driver_gave_is_told_to_staff(desk: Desk) -> None:
    first, second = await desk.applicant(), await desk.applicant()
    await desk.submit(first)
    assert (await desk.submit(second, wish(number="112233445566"))).same_licence == (first,)


@pytest.mark.parametrize("number", ["", "123", "11-22-3344", "abcdefghijkl", "1" * 30])
async def test_what_is_no_licence_number(desk: Desk, number: str) -> None:
    driver = await desk.applicant()
    with pytest.raises(LicenceNumberInvalid):
        await desk.submit(driver, wish(number=number))


async def test_an_expired_paper_is_not_taken(desk: Desk) -> None:
    driver = await desk.applicant()
    await desk.submit(driver, wish(licence=TODAY))
    with pytest.raises(PaperExpired) as refusal:
        await desk.submit(driver, wish(insurance=TODAY - timedelta(days=1)))
    assert refusal.value.facts == {"paper": Paper.INSURANCE, "expired_on": "2026-11-21"}


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (JPEG, "image/jpeg"),
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"<html><script>alert(1)</script>", None),
        (b"MZ\x90", None),
        (b"", None),
    ],
)
def test_a_format_is_told_by_its_content(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type


@pytest.mark.parametrize(("content", "said"), [(b"<html>", "image/png"), (PDF, "image/jpeg"), (JPEG, "text/html")])
async def test_a_document_must_be_what_it_is_said_to_be(desk: Desk, content: bytes, said: str) -> None:
    driver = await desk.applicant()
    with pytest.raises(DocumentTypeUnsupported):
        async with desk.night.transaction() as tx:
            await api.put_document(
                tx,
                desk.ring,
                driver,
                desk.company,
                DocumentKind.LICENCE,
                content=content,
                said_to_be=said,
                now=desk.now,
                ids=desk.night.ids,
            )


async def test_a_document_is_kept_sealed_and_read_within_the_company(desk: Desk) -> None:
    driver = await desk.applicant()
    await desk.hand_in(driver, DocumentKind.PHOTO)
    async with desk.night.transaction() as tx:
        sealed = await tx.value("SELECT content_sealed FROM driver_documents WHERE driver_id = $1", driver)
        assert JPEG not in sealed
        document, content = await api.read_document(tx, desk.ring, desk.company, driver, DocumentKind.PHOTO)
        assert (content, document.size, document.media_type) == (JPEG, len(JPEG), "image/jpeg")
        theirs = await make_company(tx, desk.night.ids, "dalbit")
        for company, kind in ((theirs, DocumentKind.PHOTO), (desk.company, DocumentKind.BANK)):
            with pytest.raises(DocumentNotFound):
                await api.read_document(tx, desk.ring, company, driver, kind)


def test_no_mask_shows_more_than_half() -> None:
    assert [mask(text) for text in ("", "1", "1234", "12345678901")] == ["", "*", "**34", "*******8901"]


@pytest.mark.parametrize(("paper", "refusal"), [(Paper.LICENCE, LicenceExpired), (Paper.INSURANCE, InsuranceExpired)])
async def test_an_expired_paper_forces_off_duty(
    desk: Desk, night: Night, paper: Paper, refusal: type[Exception]
) -> None:
    """Through the last Korean day a paper holds; the next midnight ends duty, once."""
    driver = await desk.driver(**{paper.value: TODAY})
    call = await night.request()
    await night.offer(call.id, driver)
    night.later(minutes=59, seconds=59)
    assert await desk.attend() == []
    night.later(seconds=1)
    assert await desk.attend() == [driver]
    assert await desk.attend() == []
    assert ((await desk.get(driver)).status, (await desk.get(driver)).duty) == (SignUp.APPROVED, Duty.OFF)
    assert [offer.state for offer in await night.offers_of(call.id)] == [OfferState.WITHDRAWN]
    with pytest.raises(refusal) as caught:
        await night.set_duty(driver, Duty.ON)
    assert caught.value.facts == {"expired_on": TODAY.isoformat()}


async def test_a_call_under_way_is_finished_after_the_paper_has_expired(desk: Desk, night: Night) -> None:
    driver, call, second = await desk.driver(licence=TODAY), await night.request(), await night.request()
    offer = await night.offer(call.id, driver)
    await night.accept(offer.id, driver)
    night.later(hours=2)
    assert await desk.attend() == []
    assert await night.apply([night.planned(second.id, driver)]) == []
    await night.arrive(call.id, driver)
    await night.start(call.id, driver)
    await night.complete(call.id, driver)
    assert (await desk.get(driver)).duty is Duty.OFF


async def test_a_driver_whose_paper_has_just_expired_cannot_accept(desk: Desk, night: Night) -> None:
    driver, call = await desk.driver(licence=TODAY), await night.request()
    night.later(minutes=59, seconds=55)
    offer = await night.offer(call.id, driver)
    night.later(seconds=5)
    with pytest.raises(LicenceExpired):
        await night.accept(offer.id, driver)


async def test_reminders_are_told_once_each_at_their_time(desk: Desk) -> None:
    last = TODAY + timedelta(days=8)
    driver = await desk.driver(licence=last, duty=Duty.OFF)

    async def told() -> list[int]:
        await desk.attend()
        async with desk.night.database.reading() as tx:
            return [each.days for each in await api.reminded(tx, desk.company, driver, now=desk.now)]

    assert await told() == []
    desk.night.clock.advance_to(datetime(2026, 11, 23, 0, 59, tzinfo=UTC))  # 09:59 in Korea
    assert await told() == []
    desk.night.later(minutes=1)
    assert await told() == [7]
    assert await told() == [7]
    desk.night.clock.advance_to(datetime(2026, 11, 29, 1, 0, tzinfo=UTC))
    assert await told() == [1, 7]
    async with desk.night.database.reading() as tx:
        count = await tx.value("SELECT count(*) FROM events WHERE kind = 'driver.reminded'")
    assert count == 2


async def test_a_renewal_takes_old_reminders_away(desk: Desk) -> None:
    driver = await desk.driver(licence=TODAY + timedelta(days=8))
    desk.night.later(minutes=1)
    await desk.submit(driver)
    await desk.approve(driver)
    desk.night.later(days=7, hours=13)
    await desk.attend()
    async with desk.night.database.reading() as tx:
        assert await api.reminded(tx, desk.company, driver, now=desk.now) == []
        assert await api.expiries(tx, await api.get(tx, desk.company, driver), now=desk.now) == []


async def test_what_will_expire_is_read_by_the_companys_own_days(desk: Desk) -> None:
    driver = await desk.driver(licence=TODAY + timedelta(days=40), insurance=TODAY + timedelta(days=3))
    async with desk.night.transaction() as tx:
        known = await api.get(tx, desk.company, driver)
        soon = Expiry(Paper.INSURANCE, TODAY + timedelta(days=3), 3)
        assert await api.expiries(tx, known, now=desk.now) == [soon]
        longer = PapersPolicy(reminder_days=(60,))
        await policies.write(tx, desk.company, longer, now=desk.now, ids=desk.night.ids)
        both = [soon, Expiry(Paper.LICENCE, TODAY + timedelta(days=40), 40)]
        assert await api.expiries(tx, known, now=desk.now) == both


async def test_the_next_due_time_is_the_soonest(desk: Desk) -> None:
    async with desk.night.database.reading() as tx:
        assert await api.next_due(tx) is None
    driver = await desk.driver(licence=TODAY + timedelta(days=8), insurance=TODAY + timedelta(days=3))
    async with desk.night.database.reading() as tx:
        assert await api.next_due(tx) == datetime(2026, 11, 23, 1, tzinfo=UTC)  # the licence's seventh day before
    soon = desk.now + timedelta(hours=1)
    await desk.suspend(driver, ends_at=soon)
    async with desk.night.database.reading() as tx:
        assert await api.next_due(tx) == soon


async def test_staff_may_approve_without_papers_on_their_own_word(desk: Desk) -> None:
    driver = await desk.night.driver(Duty.ON)
    assert (await desk.get(driver)).papers_until is None
    desk.night.later(days=4_000)
    assert await desk.attend() == []
    async with desk.night.database.reading() as tx:
        assert await api.expiries(tx, await api.get(tx, desk.company, driver), now=desk.now) == []
