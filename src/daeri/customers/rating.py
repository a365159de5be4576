"""Ratings: once per completed call by its customer, changeable for a while; a driver's average and count."""

from collections.abc import Sequence
from datetime import datetime

from daeri.customers import policy, rating_store
from daeri.customers.bond_model import (
    DriverRating,
    NotRateable,
    Rating,
    RatingFixed,
    RatingInvalid,
    RatingNotFound,
    RatingPolicy,
    Ride,
    Said,
)
from daeri.infra.database import Tx
from daeri.kernel.ids import CallId, CompanyId, CustomerId, DriverId, Ids
from daeri.kernel.result import Refused
from daeri.kernel.terms import Actor
from daeri.policies import api as policies


async def rate(tx: Tx, ride: Ride, said: Said, actor: Actor, *, now: datetime, ids: Ids) -> Rating:
    """What the customer says of a completed call; said again within the policy's time, it replaces what was said.

    NotRateable before the end of the drive, RatingInvalid, RatingFixed when it is too late for a change.
    """
    if not ride.is_completed or ride.customer_id is None or ride.driver_id is None:
        raise NotRateable()
    match policy.judge_said(said):
        case Refused(reason):
            raise RatingInvalid(field=reason)
    added = await rating_store.add(tx, ride, said, actor, event_id=ids.new(), now=now)
    if added is not None:
        return added
    known = await rating_store.lock(tx, ride.company_id, ride.call_id)
    if known is None:
        raise RatingNotFound()
    rules = (await policies.read(tx, ride.company_id, RatingPolicy, at=now)).value
    match policy.judge_change(known, rules, now):
        case Refused(_, facts):
            raise RatingFixed(**facts)
    if known.said == said:
        return known
    return await rating_store.change(tx, ride.call_id, said, actor, event_id=ids.new(), now=now)


async def rating_of(tx: Tx, company_id: CompanyId, call_id: CallId) -> Rating:
    """What was said of the call, or RatingNotFound."""
    found = await rating_store.get(tx, company_id, call_id)
    if found is None:
        raise RatingNotFound()
    return found


async def rating_changeable_until(tx: Tx, company_id: CompanyId, rating: Rating, *, now: datetime) -> datetime:
    """Until when the customer may say something else, by the policy of now."""
    rules = await policies.read(tx, company_id, RatingPolicy, at=now)
    return policy.changeable_until(rating, rules.value)


async def ratings_by(tx: Tx, customer_id: CustomerId, *, limit: int = 20) -> list[Rating]:
    """What the customer said lately, newest first."""
    return await rating_store.of_customer(tx, customer_id, limit)


async def driver_ratings(tx: Tx, driver_ids: Sequence[DriverId]) -> dict[DriverId, DriverRating]:
    """Average and count of these drivers; who has not been rated is left out."""
    return await rating_store.of_drivers(tx, driver_ids)
