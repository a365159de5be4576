"""What a driver is to dispatch, and the refusals."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from daeri.kernel.errors import Conflict, NotFound
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.money import Won
from daeri.kernel.terms import Service

AGGREGATE = "driver"
DEFAULT_SERVICES = (Service.GENERAL, Service.TAILORED, Service.DELIVERY)


class SignUp(StrEnum):
    """How far a driver's sign-up has come."""

    APPLIED = "applied"
    APPROVED = "approved"
    SUSPENDED = "suspended"


class Duty(StrEnum):
    ON = "on"
    OFF = "off"


class EventKind(StrEnum):
    APPLIED = "driver.applied"
    APPROVED = "driver.approved"
    ON_DUTY = "driver.on_duty"
    OFF_DUTY = "driver.off_duty"


@dataclass(frozen=True, slots=True)
class Driver:
    """One driver; `revision` orders what the live fleet reads."""

    id: DriverId
    company_id: CompanyId
    status: SignUp
    duty: Duty
    duty_changed_at: datetime
    services: tuple[Service, ...]
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class LastPosition:
    """Where a driver was at `at` (the phone's time, UTC); accuracy in metres."""

    driver_id: DriverId
    point: Point
    at: datetime
    accuracy_m: float


@dataclass(frozen=True, slots=True)
class DriverDay:
    """What a driver drove on one Korean day; `fares` in won before any deduction."""

    day: date
    runs: int
    fares: Won


class DriverNotFound(NotFound):
    code = "driver_not_found"


class NotApproved(Conflict):
    """The driver's sign-up has not been approved, or is suspended; facts: status."""

    code = "driver_not_approved"
