"""The door of the customers: who they are, what they keep, whose account they may call on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from daeri.customers import business_store, store
from daeri.customers.cancelling import (
    OwnCancel,
    cancel_limit,
    check_may_request,
    count_cancel,
    forgive,
    lift_restriction,
    restrictions,
    standing,
    standings,
)
from daeri.customers.meeting import (
    NEVER_MEET_TOPIC,
    ask_never_meet,
    has_asked_never_meet,
    lift_never_meet,
    may_meet,
    never_meet_list,
    never_meet_pairs,
    take_back_never_meet,
)
from daeri.customers.model import (
    Belongings,
    BusinessAccount,
    BusinessId,
    BusinessNotFound,
    Car,
    CarDetails,
    CarNotFound,
    Customer,
    CustomerLimits,
    CustomerNotFound,
    Favourite,
    NewPlace,
    Payer,
    PlaceNotFound,
    PlateInvalid,
    PointInvalid,
    TooManyCars,
    TooManyPlaces,
)
from daeri.customers.policy import parse_plate
from daeri.customers.rating import driver_ratings, rate, rating_changeable_until, rating_of, ratings_by
from daeri.infra.database import Tx
from daeri.kernel.ids import AccountId, CompanyId, CustomerId, Ids
from daeri.kernel.terms import Actor

__all__ = [
    "NEVER_MEET_TOPIC",
    "OwnCancel",
    "add_car",
    "add_member",
    "add_place",
    "ask_never_meet",
    "belongings",
    "business_account",
    "business_accounts",
    "business_accounts_by_id",
    "cancel_limit",
    "car",
    "change_car",
    "check_may_request",
    "close_business",
    "count_cancel",
    "driver_ratings",
    "drop_car",
    "drop_member",
    "drop_place",
    "ensure",
    "forgive",
    "get",
    "has_asked_never_meet",
    "lift_never_meet",
    "lift_restriction",
    "may_meet",
    "never_meet_list",
    "never_meet_pairs",
    "open_business",
    "page",
    "plate",
    "rate",
    "rating_changeable_until",
    "rating_of",
    "ratings_by",
    "restrictions",
    "standing",
    "standings",
    "take_back_never_meet",
]


async def ensure(tx: Tx, account_id: AccountId, company_id: CompanyId, *, now: datetime) -> Customer:
    """The customer behind the account, made at their first sign-in; safe to repeat and to race.

    CustomerNotFound when there is no such customer's account in this company.
    """
    customer_id = CustomerId(account_id)
    await store.insert(tx, customer_id, company_id, now=now)
    return await get(tx, customer_id, company_id)


async def get(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> Customer:
    """The company's customer of this id, or CustomerNotFound."""
    customer = await store.by_id(tx, customer_id, company_id)
    if customer is None:
        raise CustomerNotFound()
    return customer


async def page(
    tx: Tx,
    company_id: CompanyId,
    *,
    ids: Sequence[UUID] | None = None,
    restricted_at: datetime | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Customer]:  # fmt: skip -- the signature reads as one sentence
    """The company's customers, newest first: of these ids, and with a restriction that runs then, where given."""
    return await store.page(tx, company_id, ids=ids, restricted_at=restricted_at, before=before, limit=limit)


def plate(text: str) -> str:
    """A Korean number plate in its one spelling, `12가3456`; PlateInvalid. Pure."""
    found = parse_plate(text)
    if found is None:
        raise PlateInvalid()
    return found


async def belongings(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> Belongings:
    """Favourites, cars and business accounts of the company's customer; CustomerNotFound."""
    await get(tx, customer_id, company_id)
    return Belongings(
        tuple(await store.places(tx, customer_id)),
        tuple(await store.cars(tx, customer_id)),
        tuple(await business_store.of_customer(tx, company_id, customer_id)),
    )


async def add_place(
    tx: Tx,
    customer_id: CustomerId,
    company_id: CompanyId,
    new: NewPlace,
    limits: CustomerLimits,
    *,
    now: datetime,
    ids: Ids,
) -> Favourite:
    """Keep a place; PointInvalid, TooManyPlaces."""
    if not new.point.is_valid():
        raise PointInvalid()
    await _lock(tx, customer_id, company_id)
    if await store.count_places(tx, customer_id) >= limits.max_places:
        raise TooManyPlaces(most=limits.max_places)
    place_id = ids.new()
    await store.add_place(tx, place_id, company_id, customer_id, new, now=now)
    return Favourite(place_id, new.label, new.name, new.address, new.point)


async def drop_place(tx: Tx, customer_id: CustomerId, place_id: UUID) -> None:
    """Forget a place; PlaceNotFound."""
    if not await store.drop_place(tx, customer_id, place_id):
        raise PlaceNotFound()


async def add_car(
    tx: Tx,
    customer_id: CustomerId,
    company_id: CompanyId,
    new: CarDetails,
    limits: CustomerLimits,
    *,
    now: datetime,
    ids: Ids,
) -> Car:
    """Keep a car; PlateInvalid, PlateTaken, TooManyCars."""
    details = replace(new, plate=plate(new.plate))
    await _lock(tx, customer_id, company_id)
    if await store.count_cars(tx, customer_id) >= limits.max_cars:
        raise TooManyCars(most=limits.max_cars)
    car_id = ids.new()
    await store.add_car(tx, car_id, company_id, customer_id, details, now=now)
    return Car(car_id, details.plate, details.model, details.transmission, details.note)


async def change_car(tx: Tx, customer_id: CustomerId, car_id: UUID, new: CarDetails) -> Car:
    """Write a car anew; PlateInvalid, PlateTaken, CarNotFound. Calls keep the car that they were requested with."""
    details = replace(new, plate=plate(new.plate))
    if not await store.change_car(tx, customer_id, car_id, details):
        raise CarNotFound()
    return Car(car_id, details.plate, details.model, details.transmission, details.note)


async def drop_car(tx: Tx, customer_id: CustomerId, car_id: UUID) -> None:
    """Forget a car; CarNotFound."""
    if not await store.drop_car(tx, customer_id, car_id):
        raise CarNotFound()


async def car(tx: Tx, customer_id: CustomerId, car_id: UUID) -> Car:
    """The customer's own car; CarNotFound also when it is somebody else's."""
    found = await store.get_car(tx, customer_id, car_id)
    if found is None:
        raise CarNotFound()
    return found


async def business_account(tx: Tx, company_id: CompanyId, customer_id: CustomerId, account_id: UUID) -> BusinessAccount:
    """The open account that this customer may call on; BusinessNotFound also when they are no member (R-005)."""
    found = await business_store.of_customer(tx, company_id, customer_id, account_id)
    if not found:
        raise BusinessNotFound()
    return found[0]


async def business_accounts(tx: Tx, company_id: CompanyId) -> list[BusinessAccount]:
    """All accounts of the company by name, closed ones too: for staff."""
    return await business_store.every(tx, company_id)


async def business_accounts_by_id(
    tx: Tx, company_id: CompanyId, account_ids: Sequence[UUID]
) -> dict[UUID, BusinessAccount]:
    """Accounts that calls name, closed ones too."""
    return {account.id: account for account in await business_store.by_ids(tx, company_id, list(account_ids))}


async def open_business(
    tx: Tx, company_id: CompanyId, name: str, payer: Payer, actor: Actor, *, now: datetime, ids: Ids
) -> BusinessAccount:
    """A new account; BusinessNameTaken when an open one has the name."""
    account_id, event_id = BusinessId(ids.new()), ids.new()
    return await business_store.open_account(
        tx, account_id, company_id, name=name.strip(), payer=payer, actor=actor, event_id=event_id, now=now
    )


async def close_business(
    tx: Tx, company_id: CompanyId, account_id: BusinessId, actor: Actor, *, now: datetime, ids: Ids
) -> BusinessAccount:
    """Nobody calls on it any more; calls that did keep it. BusinessNotFound."""
    closed = await business_store.close(tx, account_id, company_id, actor, event_id=ids.new(), now=now)
    if closed is None:
        raise BusinessNotFound()
    return closed


async def add_member(
    tx: Tx,
    company_id: CompanyId,
    account_id: BusinessId,
    customer_id: CustomerId,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
) -> None:
    """Let the customer call on the account; repeating it changes nothing. BusinessNotFound, CustomerNotFound."""
    await _lock_business(tx, company_id, account_id)
    joined = await business_store.join(tx, account_id, company_id, customer_id, actor, event_id=ids.new(), now=now)
    if not joined and not await business_store.is_member(tx, account_id, customer_id):
        raise CustomerNotFound()


async def drop_member(
    tx: Tx,
    company_id: CompanyId,
    account_id: BusinessId,
    customer_id: CustomerId,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
) -> None:
    """The customer may not call on the account any more. BusinessNotFound, CustomerNotFound."""
    await _lock_business(tx, company_id, account_id)
    if not await business_store.leave(tx, account_id, company_id, customer_id, actor, event_id=ids.new(), now=now):
        raise CustomerNotFound()


async def _lock(tx: Tx, customer_id: CustomerId, company_id: CompanyId) -> None:
    if not await store.lock(tx, customer_id, company_id):
        raise CustomerNotFound()


async def _lock_business(tx: Tx, company_id: CompanyId, account_id: BusinessId) -> BusinessAccount:
    found = await business_store.lock(tx, account_id, company_id)
    if found is None:
        raise BusinessNotFound()
    return found
