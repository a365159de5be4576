"""A customer, what they keep (places, cars), and the business accounts that they may call on.

A customer's id is the id of the account that they sign in with.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, NewType
from uuid import UUID

from msgspec import Meta

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, CustomerId
from daeri.policies.model import Policy

BusinessId = NewType("BusinessId", UUID)
BUSINESS_AGGREGATE = "business"


class Transmission(StrEnum):
    AUTO = "auto"
    MANUAL = "manual"


class Payer(StrEnum):
    """Who pays for calls on a business account."""

    COMPANY = "company"  # the business, later and all together
    CUSTOMER = "customer"  # the person, who is paid back by the business


class BusinessEvent(StrEnum):
    OPENED = "business.opened"
    CLOSED = "business.closed"
    JOINED = "business.member_joined"
    LEFT = "business.member_left"


class CustomerLimits(Policy, frozen=True, kw_only=True):
    """How much a customer may keep, and how often they may look for a place."""

    name: ClassVar[str] = "customer_limits"

    max_places: Annotated[int, Meta(ge=0, le=200)] = 20
    max_cars: Annotated[int, Meta(ge=0, le=50)] = 5
    place_searches_per_minute: Annotated[int, Meta(ge=1, le=10_000)] = 120  # somebody types, and every pause asks


@dataclass(frozen=True, slots=True)
class Customer:
    id: CustomerId
    company_id: CompanyId
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A favourite as it is written: `label` is the customer's own word (home, work), `name` the place's."""

    label: str
    name: str
    address: str
    point: Point


@dataclass(frozen=True, slots=True)
class Favourite:
    id: UUID
    label: str
    name: str
    address: str
    point: Point


@dataclass(frozen=True, slots=True)
class CarDetails:
    """A car as it is written; `plate` is a Korean number plate."""

    plate: str
    model: str = ""
    transmission: Transmission = Transmission.AUTO
    note: str = ""


@dataclass(frozen=True, slots=True)
class Car:
    id: UUID
    plate: str
    model: str
    transmission: Transmission
    note: str


@dataclass(frozen=True, slots=True)
class BusinessAccount:
    """An account of a business with the company; its members may call on it."""

    id: BusinessId
    company_id: CompanyId
    version: int
    name: str
    payer: Payer
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Belongings:
    """What the customer's app keeps for them."""

    favourites: tuple[Favourite, ...]
    cars: tuple[Car, ...]
    business: tuple[BusinessAccount, ...]


class CustomerNotFound(NotFound):
    """No such customer in this company."""

    code = "customer_not_found"


class PlaceNotFound(NotFound):
    """The customer keeps no such place."""

    code = "favourite_not_found"


class CarNotFound(NotFound):
    """The customer keeps no such car."""

    code = "car_not_found"


class BusinessNotFound(NotFound):
    """No such open business account of this company, or the customer is no member of it."""

    code = "business_account_not_found"


class BusinessNameTaken(Conflict):
    """Another open business account of the company has this name."""

    code = "business_name_taken"


class PlateInvalid(Invalid):
    """Not a Korean number plate."""

    code = "plate_invalid"


class PlateTaken(Conflict):
    """The customer has a car with this plate already."""

    code = "plate_taken"


class PointInvalid(Invalid):
    """A favourite that is no place on earth."""

    code = "point_invalid"


class TooManyPlaces(Conflict):
    """Facts: most."""

    code = "too_many_favourites"


class TooManyCars(Conflict):
    """Facts: most."""

    code = "too_many_cars"
