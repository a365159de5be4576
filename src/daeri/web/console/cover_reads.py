"""The shapes of a ride's cover, as the console shows it: the periods side by side and what lies bare between them."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from daeri.insurance.model import CoverSource


class CoverRow(msgspec.Struct, frozen=True):
    """One drive's period of cover; runs while `ends_at` is null. Limits and deductible in won.

    `insurer` and `policy` are empty where nobody has said; `performer` is the partner whose driver drives.
    """

    call_id: UUID
    call_number: str
    is_reconnected: bool
    driver: str
    performer: str | None
    source: CoverSource
    insurer: str
    policy: str
    policy_until: date | None
    injury_won: int
    property_won: int
    own_car_won: int
    deductible_won: int
    policy_version: int
    starts_at: datetime
    ends_at: datetime | None


class GapRow(msgspec.Struct, frozen=True):
    """A time of the ride that nothing covers; it goes on while `until` is null. `seconds` is how long it was."""

    since: datetime
    until: datetime | None
    seconds: int | None


class CoverPage(msgspec.Struct, frozen=True):
    """The ride's periods, oldest first, and its gaps (R-030); `call_id` is the customer's own call."""

    call_id: UUID
    covers: list[CoverRow]
    gaps: list[GapRow]

    @property
    def course(self) -> list[CoverRow | GapRow]:
        """Both in the order of time."""
        return sorted([*self.covers, *self.gaps], key=_begins)


def _begins(part: CoverRow | GapRow) -> datetime:
    return part.starts_at if isinstance(part, CoverRow) else part.since
