"""What a customer keeps with the company: their name, favourites and cars, and the accounts that they may call on."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from daeri.accounts import api as accounts
from daeri.accounts.model import Principal
from daeri.customers import api as customers
from daeri.customers.model import (
    BusinessAccount,
    Car,
    CarDetails,
    CustomerLimits,
    Favourite,
    NewPlace,
    Payer,
    Transmission,
)
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.web.api.documented import Command, answers
from daeri.web.context import Context, WebContext
from daeri.web.principals import WhoAsks, customer_of
from daeri.web.wire import NO_NUL, Latitude, Longitude

Req = Request[Any, Any, Any]
Label = Annotated[str, Meta(min_length=1, max_length=20, pattern=NO_NUL)]
PlaceName = Annotated[str, Meta(min_length=1, max_length=100, pattern=NO_NUL)]
Address = Annotated[str, Meta(max_length=200, pattern=NO_NUL)]


class FavouriteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`label` is the customer's own word for it."""

    label: Label
    name: PlaceName
    lat: Latitude
    lon: Longitude
    address: Address = ""


class FavouriteOut(msgspec.Struct, frozen=True):
    id: UUID
    label: str
    name: str
    address: str
    lat: float
    lon: float


class KeptCarIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`plate` is a Korean number plate, spaces or not."""

    plate: Annotated[str, Meta(min_length=1, max_length=30, pattern=NO_NUL)]
    model: Annotated[str, Meta(max_length=60, pattern=NO_NUL)] = ""
    transmission: Transmission = Transmission.AUTO
    note: Annotated[str, Meta(max_length=200, pattern=NO_NUL)] = ""


class KeptCarOut(msgspec.Struct, frozen=True):
    id: UUID
    plate: str
    model: str
    transmission: Transmission
    note: str


class BusinessAccountOut(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    payer: Payer


class CustomerOut(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    phone_masked: str
    favourites: tuple[FavouriteOut, ...]
    cars: tuple[KeptCarOut, ...]
    business: tuple[BusinessAccountOut, ...]


class CustomerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=NO_NUL)]


@get("/customer")
async def get_customer(context: Context, principal: WhoAsks) -> CustomerOut:
    """Who the customer is to the company, and what they keep there."""
    async with context.database.snapshot() as tx:
        return await _read(tx, context, principal)


@put("/customer", operation_class=Command, responses=answers(200, CustomerOut))
async def rename_customer(
    request: Req, context: Context, principal: WhoAsks, data: JSONBody[CustomerIn]
) -> Response[bytes]:
    """What drivers shall call the customer."""

    async def work(tx: Tx) -> CustomerOut:
        customer_of(principal)
        await accounts.rename(tx, principal.company_id, principal.account_id, data.name.strip())
        return await _read(tx, context, principal)

    return await context.commands.run(request, principal, work)


@post("/customer/places", status_code=201, operation_class=Command, responses=answers(201, FavouriteOut))
async def add_favourite(
    request: Req, context: Context, principal: WhoAsks, data: JSONBody[FavouriteIn]
) -> Response[bytes]:
    """Keep a place to go to again."""
    customer_id = customer_of(principal)
    new = NewPlace(data.label.strip(), data.name.strip(), data.address.strip(), Point(data.lat, data.lon))

    async def work(tx: Tx) -> FavouriteOut:
        limits, now = _limits(context, principal), context.clock.now()
        return _favourite(
            await customers.add_place(tx, customer_id, principal.company_id, new, limits, now=now, ids=context.ids)
        )

    return await context.commands.run(request, principal, work, status=201)


@delete("/customer/places/{place_id:uuid}", status_code=200, operation_class=Command, responses=answers(204, None))
async def drop_favourite(
    request: Req, context: Context, principal: WhoAsks, place_id: FromPath[UUID]
) -> Response[bytes]:
    """Forget a place."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> None:
        await customers.drop_place(tx, customer_id, place_id)

    return await context.commands.run(request, principal, work, status=204)


@post("/customer/cars", status_code=201, operation_class=Command, responses=answers(201, KeptCarOut))
async def add_car(request: Req, context: Context, principal: WhoAsks, data: JSONBody[KeptCarIn]) -> Response[bytes]:
    """Keep a car to be driven home in."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> KeptCarOut:
        limits, now, new = _limits(context, principal), context.clock.now(), _details(data)
        return _car(
            await customers.add_car(tx, customer_id, principal.company_id, new, limits, now=now, ids=context.ids)
        )

    return await context.commands.run(request, principal, work, status=201)


@put("/customer/cars/{car_id:uuid}", operation_class=Command, responses=answers(200, KeptCarOut))
async def change_car(
    request: Req, context: Context, principal: WhoAsks, car_id: FromPath[UUID], data: JSONBody[KeptCarIn]
) -> Response[bytes]:
    """Write a car anew; calls keep the car that they were requested with."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> KeptCarOut:
        return _car(await customers.change_car(tx, customer_id, car_id, _details(data)))

    return await context.commands.run(request, principal, work)


@delete("/customer/cars/{car_id:uuid}", status_code=200, operation_class=Command, responses=answers(204, None))
async def drop_car(request: Req, context: Context, principal: WhoAsks, car_id: FromPath[UUID]) -> Response[bytes]:
    """Forget a car."""
    customer_id = customer_of(principal)

    async def work(tx: Tx) -> None:
        await customers.drop_car(tx, customer_id, car_id)

    return await context.commands.run(request, principal, work, status=204)


async def _read(tx: Tx, context: WebContext, principal: Principal) -> CustomerOut:
    customer_id, company_id, account_id = customer_of(principal), principal.company_id, principal.account_id
    kept = await customers.belongings(tx, customer_id, company_id)
    account = await accounts.get(tx, company_id, account_id)
    phones = await accounts.masked_phones(tx, context.gate, company_id, [account_id])
    return CustomerOut(
        id=customer_id,
        name=account.display_name,
        phone_masked=phones.get(account_id, ""),
        favourites=tuple(map(_favourite, kept.favourites)),
        cars=tuple(map(_car, kept.cars)),
        business=tuple(map(_business, kept.business)),
    )


def _limits(context: WebContext, principal: Principal) -> CustomerLimits:
    return context.shelf.of(principal.company_id).read(CustomerLimits, at=context.clock.now()).value


def _details(data: KeptCarIn) -> CarDetails:
    return CarDetails(data.plate, data.model.strip(), data.transmission, data.note.strip())


def _favourite(kept: Favourite) -> FavouriteOut:
    return FavouriteOut(kept.id, kept.label, kept.name, kept.address, kept.point.lat, kept.point.lon)


def _car(kept: Car) -> KeptCarOut:
    return KeptCarOut(kept.id, kept.plate, kept.model, kept.transmission, kept.note)


def _business(account: BusinessAccount) -> BusinessAccountOut:
    return BusinessAccountOut(account.id, account.name, account.payer)


router = Router(
    path="/",
    route_handlers=[
        get_customer,
        rename_customer,
        add_favourite,
        drop_favourite,
        add_car,
        change_car,
        drop_car,
    ],
    tags=["customer"],
)
