"""How a call comes to a driver: by an offer, from the open list, or by hand."""

from datetime import datetime

from daeri.calls import api as calls
from daeri.calls.model import Call, Change, IllegalMove
from daeri.customers import api as customers
from daeri.dispatch import engagement_store, listing_store, offer_store
from daeri.dispatch.announcing import OFFER_ENDED_TOPIC, announce, announce_closed
from daeri.dispatch.freeing import unlist
from daeri.dispatch.model import (
    AlreadyTaken,
    BalanceTooLow,
    CallBarred,
    DriverEngaged,
    DriverOffDuty,
    NotEligible,
    NotListed,
    Offer,
    OfferClosed,
    OfferNotFound,
    OfferState,
    PairBarred,
    Slot,
)
from daeri.dispatch.plan import Mode
from daeri.drivers import api as drivers
from daeri.drivers.model import Duty
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, DriverId, Ids, OfferId


async def accept(
    tx: Tx, offer_id: OfferId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids
) -> Call:
    """Take the offered call, for after the drive where one is under way.

    OfferClosed when it is too late, AlreadyTaken when the call is gone, CallBarred where they shall not meet (I-006),
    BalanceTooLow.
    """
    offer = await _live_offer(tx, offer_id, driver_id, now)
    try:
        call = await _assign(tx, offer.call_id, driver_id, company_id, now=now, ids=ids)
    except AlreadyTaken:
        mine = await offer_store.get_offer(tx, offer_id, driver_id)
        if mine is not None and mine.state is OfferState.ACCEPTED:  # on another telephone, this instant
            raise OfferClosed(state=mine.state) from None
        raise
    saw = await offer_store.accept(tx, offer_id, driver_id, now)
    if saw is None:
        if not await customers.may_meet(tx, call.customer_id, driver_id):
            raise CallBarred()
        raise await _closed(tx, offer_id, driver_id)
    tx.hint(OFFER_ENDED_TOPIC, OfferState.ACCEPTED.encode())
    announce(tx, saw)
    return call


async def decline(tx: Tx, offer_id: OfferId, driver_id: DriverId, *, now: datetime) -> Offer:
    """Say no; the call goes to the next driver."""
    offer = await offer_store.close(tx, offer_id, driver_id, OfferState.DECLINED, now)
    if offer is None:
        raise await _closed(tx, offer_id, driver_id)
    announce_closed(tx, [offer])
    return offer


async def take(tx: Tx, call_id: CallId, driver_id: DriverId, company_id: CompanyId, *, now: datetime, ids: Ids) -> Call:
    """Take a call of the open list; the first wins, the others hear AlreadyTaken."""
    listed = await listing_store.listed(tx, company_id, driver_id, call_id)
    call = await _assign(tx, call_id, driver_id, company_id, now=now, ids=ids)
    if listed is None:
        raise NotListed(call_id=str(call_id))
    if listed.is_barred:
        raise CallBarred()
    await engagement_store.engage(
        tx,
        ids.new(),
        company_id,
        call_id=call_id,
        driver_id=driver_id,
        metres=listed.metres,
        mode=Mode.OPEN_LIST,
        slot=None,
        now=now,
    )
    announce_closed(tx, await offer_store.withdraw_beside(tx, call_id, driver_id, now))
    await unlist(tx, call_id)
    return call


async def assign_by_hand(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    change: Change,
    *,
    now: datetime,
    ids: Ids,
) -> Call:  # fmt: skip -- the signature reads as one sentence
    """Staff give a waiting call to a driver of their choice; live offers of both are withdrawn.

    AlreadyTaken, DriverOffDuty, BalanceTooLow, NotEligible, PairBarred or DriverEngaged when it cannot be.
    """
    call = await _assign(tx, call_id, driver_id, company_id, now=now, ids=ids, change=change)
    driver = await drivers.get(tx, company_id, driver_id)
    if call.service not in driver.services:
        raise NotEligible(service=call.service)
    if not await customers.may_meet(tx, call.customer_id, driver_id):
        raise PairBarred()
    announce_closed(tx, await offer_store.withdraw_beside(tx, call_id, driver_id, now))
    if await engagement_store.engaged(tx, [driver_id]):
        raise DriverEngaged()
    await engagement_store.engage(
        tx,
        ids.new(),
        company_id,
        call_id=call_id,
        driver_id=driver_id,
        metres=0,
        mode=Mode.BY_HAND,
        slot=Slot.NOW,
        now=now,
    )
    await unlist(tx, call_id)
    return call


async def _assign(
    tx: Tx,
    call_id: CallId,
    driver_id: DriverId,
    company_id: CompanyId,
    *,
    now: datetime,
    ids: Ids,
    change: Change | None = None,
) -> Call:
    try:
        call = await calls.assign(
            tx, call_id, company_id, driver_id=driver_id, performer_id=company_id, now=now, ids=ids, change=change
        )
    except IllegalMove as refusal:
        raise AlreadyTaken(state=refusal.facts.get("state")) from refusal
    driver = await drivers.lock_for_work(tx, company_id, driver_id, now=now)
    if driver.duty is Duty.OFF:
        raise DriverOffDuty()
    if driver.is_short:
        raise BalanceTooLow()
    announce(tx, [driver_id])
    return call


async def _live_offer(tx: Tx, offer_id: OfferId, driver_id: DriverId, now: datetime) -> Offer:
    offer = await offer_store.get_offer(tx, offer_id, driver_id)
    if offer is None:
        raise OfferNotFound(offer_id=str(offer_id))
    if offer.state is not OfferState.LIVE:
        raise OfferClosed(state=offer.state)
    if offer.expires_at <= now:
        raise OfferClosed(state=OfferState.IGNORED)
    return offer


async def _closed(tx: Tx, offer_id: OfferId, driver_id: DriverId) -> OfferClosed | OfferNotFound:
    offer = await offer_store.get_offer(tx, offer_id, driver_id)
    return OfferNotFound(offer_id=str(offer_id)) if offer is None else OfferClosed(state=offer.state)
