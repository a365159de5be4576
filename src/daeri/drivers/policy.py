"""PURE: whether a driver may work, which papers expire, what a file is."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from daeri.drivers.model import Driver, Paper, SignUp
from daeri.drivers.paper_model import Apply, Expiry, LicenceNumberInvalid, PaperExpired, PapersPolicy, Reminder
from daeri.kernel.result import Allowed, Refused
from daeri.kernel.time import KST

_LICENCE = re.compile(r"[0-9가-힣]{10,16}")
_LICENCE_DIGITS = 6  # at least; the oldest licences begin with the name of a province
_SHOWN = 4
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)


class Bar(StrEnum):
    """Why a driver may not work."""

    NOT_APPROVED = "not_approved"
    SUSPENDED = "suspended"
    LICENCE_EXPIRED = "licence_expired"
    INSURANCE_EXPIRED = "insurance_expired"


_EXPIRED = {Paper.LICENCE: Bar.LICENCE_EXPIRED, Paper.INSURANCE: Bar.INSURANCE_EXPIRED}


def korean_day(instant: datetime) -> date:
    return instant.astimezone(KST).date()


def decide_work(driver: Driver, now: datetime) -> Allowed | Refused[Bar]:
    """Whether the driver may be on duty and take calls at `now`."""
    if driver.status is SignUp.SUSPENDED:
        return Refused(Bar.SUSPENDED)
    if driver.status is not SignUp.APPROVED:
        return Refused(Bar.NOT_APPROVED, {"status": driver.status})
    today = korean_day(now)
    for paper, bar in _EXPIRED.items():
        last = driver.expiry_of(paper)
        if last is not None and last < today:
            return Refused(bar, {"expired_on": last.isoformat()})
    return Allowed()


def expiries(driver: Driver, policy: PapersPolicy, now: datetime) -> list[Expiry]:
    """The papers that have expired or will within the first reminder's days, the most urgent first."""
    horizon, today = max(policy.reminder_days, default=0), korean_day(now)
    dated = ((paper, driver.expiry_of(paper)) for paper in Paper)
    found = (Expiry(paper, last, (last - today).days) for paper, last in dated if last is not None)
    return sorted((expiry for expiry in found if expiry.days <= horizon), key=lambda expiry: expiry.days)


def reminders(driver: Driver, policy: PapersPolicy, now: datetime) -> Iterator[Reminder]:
    """What the driver shall be told of the papers that they hold, and when; times that have passed are left out."""
    for paper in Paper:
        last = driver.expiry_of(paper)
        if last is None:
            continue
        for days in policy.reminder_days:
            at = datetime.combine(last - timedelta(days=days), time(policy.reminder_hour), KST)
            if at > now:
                yield Reminder(driver.id, paper, last, days, at)


def check_papers(given: Apply, now: datetime) -> None:
    """PaperExpired when a paper's last day has passed."""
    today = korean_day(now)
    for paper, last in ((Paper.LICENCE, given.licence.expires_on), (Paper.INSURANCE, given.insurance.expires_on)):
        if last < today:
            raise PaperExpired(paper=paper, expired_on=last.isoformat())


def clean_licence(number: str) -> str:
    """A licence number without spaces and hyphens, as it is compared; LicenceNumberInvalid when it cannot be one."""
    cleaned = re.sub(r"[\s-]", "", number)
    if not _LICENCE.fullmatch(cleaned) or sum(map(str.isdigit, cleaned)) < _LICENCE_DIGITS:
        raise LicenceNumberInvalid()
    return cleaned


def mask(number: str) -> str:
    """All but the last four characters as stars; of a short number fewer are shown."""
    shown = min(_SHOWN, len(number) // 2)
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def media_type_of(content: bytes) -> str | None:
    """The format that the content itself shows: JPEG, PNG, WebP or PDF; None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC if content.startswith(magic)), None)
