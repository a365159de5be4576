"""A console with made-up calls and drivers: for the tests of the pages, and to look at them."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
from litestar.datastructures import Cookie

from daeri.insurance.model import CoverSource
from daeri.kernel.ids import check_character
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.web.console.cover_reads import CoverPage, CoverRow, GapRow
from daeri.web.console.door import Credentials, PageRequest, SignedIn, SignInRefused
from daeri.web.console.live import Place, UnmetReason
from daeri.web.console.reads import (
    CallPage,
    CallQuery,
    CallRow,
    CallRows,
    Candidate,
    Decision,
    DecisionReason,
    DriverRow,
    DriverRows,
    DriverState,
    HeldJob,
    OfferOutcome,
    OfferRow,
    TimelineEntry,
    Viewer,
)

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
PASSWORD, TOTP = "correct horse", "123456"
SESSION_COOKIE = "session"
PLACES = [
    Place(37.4979, 127.0276, "강남역"),
    Place(37.5563, 126.9236, "홍대입구역"),
    Place(37.5219, 126.9245, "여의도역"),
    Place(37.5133, 127.1001, "잠실역"),
    Place(37.5702, 126.9830, "종각역"),
    Place(37.5446, 127.0559, "성수역"),
    Place(37.4842, 126.9296, "신림역"),
    Place(37.6542, 127.0568, "노원역"),
    Place(37.6190, 126.9210, "연신내역"),
    Place(37.5407, 127.0702, "건대입구역"),
    Place(37.4770, 126.9816, "사당역"),
    Place(37.5660, 126.8270, "발산역"),
]
FAMILY = "김이박최정강조윤장임"
GIVEN = ["민수", "지훈", "성호", "영철", "동현", "재석", "상우", "태영", "경수", "현우"]


def call_number(seed: int) -> str:
    body = "".join(random.Random(seed).choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=7))
    return body + check_character(body)


def person(seed: int) -> str:
    return FAMILY[seed % 10] + GIVEN[seed // 10 % 10]


def ident(kind: int, seed: int) -> UUID:
    return UUID(int=kind << 96 | 0x7 << 76 | 0x8 << 60 | seed)


VIEWER = Viewer(ident(9, 1), ident(8, 1), "한지원", "달빛 대리")
_STATES = [
    "requested",
    "driving",
    "completed",
    "assigned",
    "completed",
    "cancelled_before_assignment",
    "arrived",
    "completed",
    "cancelled_after_assignment",
    "expired",
    "reserved",
]
_SERVICES = [Service.GENERAL] * 4 + [Service.VIP, Service.DELIVERY, Service.TAILORED]
_SOURCES = [Source.OWN] * 5 + [Source.PHONE, Source.AFFILIATE]
_WITHOUT_DRIVER = {"requested", "reserved", "cancelled_before_assignment", "expired"}


def call_row(seed: int) -> CallRow:
    state = _STATES[seed % len(_STATES)]
    has_driver = state not in _WITHOUT_DRIVER
    requested_at = NOW - timedelta(seconds=73 * seed + 20)
    ended = state in {"completed", "expired"} or state.startswith("cancelled")
    return CallRow(
        id=ident(1, seed),
        number=call_number(seed),
        state=state,
        source=_SOURCES[seed % len(_SOURCES)],
        service=_SERVICES[seed % len(_SERVICES)],
        timing=Timing.RESERVED if state == "reserved" else Timing.NOW,
        origin_name=PLACES[seed % 12].name,
        destination_name=PLACES[(seed * 5 + 3) % 12].name,
        customer=f"010-****-{1000 + seed * 37 % 9000:04d}",
        driver_id=ident(2, seed) if has_driver else None,
        driver_name=person(seed) if has_driver else None,
        requested_at=requested_at,
        ended_at=requested_at + timedelta(minutes=31) if ended else None,
        fare_amount=15_000 + seed * 1000 % 25_000,
    )


def call_page(seed: int) -> CallPage:
    row = call_row(seed)
    at = row.requested_at
    timeline = [
        TimelineEntry(at, "call.requested", ActorKind.CUSTOMER),
        TimelineEntry(at + timedelta(seconds=1), "offer.made", ActorKind.SYSTEM, about=person(41)),
        TimelineEntry(at + timedelta(seconds=16), "offer.made", ActorKind.SYSTEM, about=person(52)),
    ]
    if row.driver_id:
        timeline += [
            TimelineEntry(at + timedelta(seconds=22), "call.assigned", ActorKind.DRIVER, row.driver_name),
            TimelineEntry(at + timedelta(minutes=6), "call.arrived", ActorKind.DRIVER, row.driver_name),
            TimelineEntry(at + timedelta(minutes=9), "call.started", ActorKind.DRIVER, row.driver_name),
        ]
    offers = [
        OfferRow(ident(3, 1), ident(2, 41), person(41), at + timedelta(seconds=1), 420, 150, OfferOutcome.IGNORED,
                 at + timedelta(seconds=16)),
        OfferRow(ident(3, 2), ident(2, 52), person(52), at + timedelta(seconds=16), 1340, 402, OfferOutcome.ACCEPTED,
                 at + timedelta(seconds=22)),
    ]  # fmt: skip
    return CallPage(
        id=row.id,
        number=row.number,
        version=4,
        state=row.state,
        source=row.source,
        service=row.service,
        timing=row.timing,
        options=[Option.BUSINESS],
        origin=PLACES[seed % 12],
        destination=PLACES[(seed * 5 + 3) % 12],
        vias=[PLACES[(seed + 4) % 12]] if seed % 3 == 0 else [],
        payment=Payment.CARD,
        fare_amount=row.fare_amount,
        note="지하 3층 B구역, 흰색 승용차입니다.",
        customer=row.customer,
        driver_id=row.driver_id,
        driver_name=row.driver_name,
        requested_at=at,
        reserved_for=NOW + timedelta(hours=2) if row.state == "reserved" else None,
        assigned_at=at + timedelta(seconds=22) if row.driver_id else None,
        ended_at=row.ended_at,
        ended_by=ActorKind.DRIVER if row.state == "completed" else ActorKind.CUSTOMER if row.ended_at else None,
        timeline=timeline,
        offers=offers,
        cover=cover_page(row) if row.driver_id else None,
    )


def cover_page(row: CallRow) -> CoverPage:
    """A ride that was cut off and went on as another call four minutes later, in the company's own cover."""
    at = row.requested_at + timedelta(minutes=9)
    first = CoverRow(
        call_id=row.id,
        call_number=row.number,
        is_reconnected=False,
        driver=row.driver_name or "–",
        performer=None,
        source=CoverSource.DRIVER,
        insurer="한빛손해보험",
        policy="**********0123",
        policy_until=date(2027, 3, 31),
        injury_won=300_000_000,
        property_won=100_000_000,
        own_car_won=50_000_000,
        deductible_won=300_000,
        policy_version=3,
        starts_at=at,
        ends_at=at + timedelta(minutes=7),
    )
    again = msgspec.structs.replace(
        first,
        call_id=ident(1, 90),
        call_number=call_number(90),
        is_reconnected=True,
        starts_at=at + timedelta(minutes=11),
        ends_at=None,
    )
    return CoverPage(row.id, [first, again], [GapRow(at + timedelta(minutes=7), again.starts_at, 240)])


def decisions() -> list[Decision]:
    at = NOW - timedelta(seconds=90)
    reasons = list(DecisionReason)
    nearest = [
        Candidate(
            ident(2, n), person(n), 310 + 140 * n, reason,
            ident(1, 7) if reason is DecisionReason.NEARER_TO_OTHER_CALL else None,
            call_number(7) if reason is DecisionReason.NEARER_TO_OTHER_CALL else None,
        )
        for n, reason in enumerate(reasons)
    ]  # fmt: skip
    rest = {DecisionReason.BUSY: 212, DecisionReason.OUT_OF_RADIUS: 1048, DecisionReason.STALE_POSITION: 9}
    unmet = [Candidate(ident(2, 3), person(3), 1840, DecisionReason.BUSY)]
    return [
        Decision(at + timedelta(seconds=15), 2000, nearest, rest),
        Decision(at, 1000, unmet, {DecisionReason.OUT_OF_RADIUS: 51}, UnmetReason.ALL_BUSY),
    ]


@dataclass
class FakeConsole:
    """Reads and commands over made-up rows; `asked` keeps the queries, so that a test can see what was read."""

    asked: list[CallQuery] = field(default_factory=list)
    held: list[HeldJob] = field(default_factory=list)
    rows: int = 120

    async def calls(self, viewer: Viewer, query: CallQuery) -> CallRows:
        self.asked.append(query)
        start = int(query.cursor or 0)
        rows = [call_row(n) for n in range(self.rows)]
        rows = [r for r in rows if query.state in ("", r.state) and query.service in ("", r.service)]
        rows = [r for r in rows if not query.q or query.q.upper() == r.number or r.customer.endswith(query.q)]
        following = str(start + query.limit) if start + query.limit < len(rows) else None
        return CallRows(rows[start : start + query.limit], following)

    async def call(self, viewer: Viewer, call_id: UUID) -> CallPage | None:
        seed = call_id.int & 0xFFFF
        return call_page(seed) if call_id == ident(1, seed) and seed < self.rows else None

    async def decisions(self, viewer: Viewer, call_id: UUID) -> list[Decision]:
        return decisions()

    async def drivers(self, viewer: Viewer, q: str, state: str, cursor: str | None) -> DriverRows:
        states = list(DriverState)
        rows = [
            DriverRow(
                ident(2, n), person(n), f"010-0000-{n * 37 % 10000:04d}", states[n % 5],
                {"ko": "서울특별시 강남구", "en": "Gangnam-gu, Seoul"},
                NOW - timedelta(seconds=n), ident(1, n) if n % 5 == 3 else None, call_number(n) if n % 5 == 3 else None,
            )
            for n in range(40)
        ]  # fmt: skip
        return DriverRows([r for r in rows if q in r.name + r.phone and state in ("", r.state)])

    async def held_jobs(self, viewer: Viewer) -> list[HeldJob]:
        return list(self.held)

    async def retry_job(self, viewer: Viewer, job_id: str) -> bool:
        before = len(self.held)
        self.held = [job for job in self.held if job.id != job_id]
        return len(self.held) < before


def held_jobs() -> list[HeldJob]:
    error = "OutOfReach: the provider did not answer within 10 s\n  attempt 5 of 5, 2026-11-22 13:41:07Z"
    return [
        HeldJob("81", "notify_customer", "call.assigned", NOW, 5, error, ident(1, 3), call_number(3)),
        HeldJob("97", "close_ledger_day", "day.ended", NOW - timedelta(hours=9), 5, "Conflict: day_already_closed"),
    ]


class FakeDoor:
    """One member of staff, one password; the session cookie is the word `open`."""

    async def viewer(self, request: PageRequest) -> Viewer | None:
        return VIEWER if request.cookies.get(SESSION_COOKIE) == "open" else None

    async def sign_in(self, request: PageRequest, credentials: Credentials) -> SignedIn | SignInRefused:
        if (credentials.password, credentials.totp) != (PASSWORD, TOTP):
            return SignInRefused("wrong_credentials")
        return SignedIn((Cookie(SESSION_COOKIE, value="open", httponly=True),))

    async def sign_out(self, request: PageRequest) -> tuple[Cookie, ...]:
        return (Cookie(SESSION_COOKIE, value="", max_age=0),)

    def csrf_token(self, request: PageRequest) -> str:
        return "token-of-the-form"
