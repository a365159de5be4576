"""What insures a drive: the policy's limits, a period of cover for each drive, and the gaps between them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from daeri.kernel.ids import CallId, CompanyId, DriverId
from daeri.kernel.terms import Service
from daeri.policies.model import Policy

Limit = Annotated[int, Meta(ge=0, le=100_000_000_000)]  # won
PolicyText = Annotated[str, Meta(max_length=60)]


class InsuredBy(StrEnum):
    """Whose insurance covers the drives of a company's own drivers."""

    DRIVER = "driver"
    COMPANY = "company"


class CoverSource(StrEnum):
    """Whose insurance covers one drive."""

    DRIVER = "driver"
    COMPANY = "company"
    PARTNER = "partner"  # the program of the partner whose driver drives


@dataclass(frozen=True, slots=True)
class CoverTerms:
    """What a cover pays at most, and what it leaves to pay for each accident; all in won."""

    injury_won: int
    property_won: int
    own_car_won: int
    deductible_won: int


class CoverPolicy(Policy, frozen=True, kw_only=True):
    """What covers the drives of a company's own drivers, in won.

    The limits are what is paid at most for people who are hurt, for others' property and for the customer's own car;
    `deductible_won` is what is left to pay for each accident. A partner whose cover is below it is not eligible
    (R-027). With `insured_by` company, `insurer` and `policy_number` are those of the company's own policy.
    """

    name: ClassVar[str] = "cover"

    injury_won: Limit = 300_000_000
    property_won: Limit = 100_000_000
    own_car_won: Limit = 50_000_000
    deductible_won: Limit = 300_000
    insured_by: InsuredBy = InsuredBy.DRIVER
    insurer: PolicyText = ""
    policy_number: PolicyText = ""

    def __post_init__(self) -> None:
        if self.insured_by is InsuredBy.COMPANY and not (self.insurer.strip() and self.policy_number.strip()):
            raise ValueError("insurer and policy_number must say by which policy the company insures")

    @property
    def terms(self) -> CoverTerms:
        return CoverTerms(self.injury_won, self.property_won, self.own_car_won, self.deductible_won)


class CoverRefusal(StrEnum):
    """Why a partner's cover is not as good as our own."""

    UNKNOWN = "cover_unknown"
    INJURY = "injury_below"
    PROPERTY = "property_below"
    OWN_CAR = "own_car_below"
    DEDUCTIBLE = "deductible_above"


@dataclass(frozen=True, slots=True)
class Drive:
    """What insurance must know of a drive that begins; `ride_id` is the customer's own call, which it goes on for."""

    call_id: CallId
    ride_id: CallId
    company_id: CompanyId
    driver_id: DriverId
    performer_id: CompanyId
    by_partner: bool  # a partner's driver drives our call
    service: Service
    region: str | None


@dataclass(frozen=True, slots=True)
class Cover:
    """One drive's period of cover; runs while `ends_at` is None.

    `insurer` and `policy_shown` are empty where nobody has said; a driver's number is masked, and `policy_until` is the
    last Korean day on which it holds.
    """

    call_id: CallId
    ride_id: CallId
    driver_id: DriverId
    performer_id: CompanyId
    source: CoverSource
    insurer: str
    policy_shown: str
    policy_until: date | None
    application_id: UUID | None
    terms: CoverTerms
    policy_version: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Break:
    """Where a ride was cut off: its call ended `at`, and it went on as another one, which may have ended too."""

    at: datetime
    again_ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of a ride that nothing covers; it goes on while `until` is None."""

    since: datetime
    until: datetime | None

    @property
    def seconds(self) -> int | None:
        return None if self.until is None else int((self.until - self.since).total_seconds())


@dataclass(frozen=True, slots=True)
class CoverReport:
    """The periods of a ride side by side, oldest first, and what lies uncovered between them (R-030, I-028)."""

    covers: tuple[Cover, ...]
    gaps: tuple[Gap, ...]
