"""Demo data: one made-up company, approved drivers and customers with tokens, staff who can sign in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.accounts.api import DemoPerson, NewStaff
from daeri.accounts.model import AccountKind, EmailTaken, Moment, Role
from daeri.bootstrap import Parts
from daeri.companies import api as companies
from daeri.companies.model import Company, CompanyNotFound, CreateCompany
from daeri.customers import api as customers
from daeri.customers.model import CarDetails, CustomerLimits, NewPlace, Payer
from daeri.drivers import api as drivers
from daeri.infra.database import Tx
from daeri.kernel.geo import Point
from daeri.kernel.ids import AccountId, CompanyId, CustomerId
from daeri.kernel.terms import SYSTEM
from daeri.policies import api as policies
from daeri.policies.model import DispatchPolicy, PositionPolicy
from daeri.sim.tokens import Holder, TokenHolder, TokensFile

DEMO_SLUG = "dalbit"
DEMO_NAMES = ("달빛대리", "Dalbit Drive")
DEMO_EMAIL = "owner@dalbit.example"
DEMO_PASSWORD = "moonlight-on-the-han"  # noqa: S105 -- made up for the demo and shown on its screen
DEMO_TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
_GIVEN = (
    "민준",
    "서연",
    "도윤",
    "하은",
    "시우",
    "지유",
    "예준",
    "수아",
    "지호",
    "유진",
    "현우",
    "소율",
    "건우",
    "다은",
)
_CHUNK = 5_000
_PAPERS_HOLD = timedelta(days=730)  # licence and insurance of demo drivers
_FURNISHED = 200  # so many demo customers have a car and favourites
_BUSINESS = "한강무역"
_CARS = ("흰색 세단", "검정 SUV", "은색 해치백", "파란 전기차")
_SYLLABLES = "가나다라"
_HOME = NewPlace("집", "서울숲", "서울 성동구 뚝섬로 273", Point(37.5444, 127.0374))
_WORK = NewPlace("회사", "강남역", "서울 강남구 강남대로 396", Point(37.4979, 127.0276))
_CUSTOMER_NUMBERS = 5_000_000  # demo numbers from here on are customers'


@dataclass(frozen=True, slots=True)
class FleetSize:
    """How many demo people to make."""

    drivers: int
    customers: int


async def ensure_company(tx: Tx, parts: Parts, slug: str = DEMO_SLUG) -> Company:
    """The demo company; made when it is not there."""
    try:
        return await companies.by_slug(tx, slug)
    except CompanyNotFound:
        command = CreateCompany(slug, *DEMO_NAMES)
        return await companies.create(tx, command, now=parts.clock.now(), ids=parts.ids)


async def seed_fleet(parts: Parts, size: FleetSize) -> TokensFile:
    """The demo company with that many approved drivers and customers, all with tokens of 30 days."""
    async with parts.database.transaction() as tx:
        company = await ensure_company(tx, parts)
    driver_holders = await _people(parts, company.id, AccountKind.DRIVER, size.drivers)
    customer_holders = await _people(parts, company.id, AccountKind.CUSTOMER, size.customers)
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    await furnish(
        parts, company.id, [CustomerId(AccountId(UUID(holder.id))) for holder in customer_holders[:_FURNISHED]]
    )
    admin_id = await ensure_demo_staff(parts, company)
    async with parts.database.transaction() as tx:
        gateway = await accounts.create_gateway(tx, parts.gate, company.id, "demo gateway", actor=SYSTEM, moment=moment)
        gateway_token, admin_token = await accounts.issue_demo_tokens(
            tx, parts.gate, company.id, [gateway.id, admin_id], moment=moment
        )
    return TokensFile(
        base_company=company.slug,
        drivers=driver_holders,
        customers=customer_holders,
        gateway=TokenHolder(gateway_token.access_token),
        admin=TokenHolder(admin_token.access_token),
    )


async def ensure_demo_staff(parts: Parts, company: Company) -> AccountId:
    """The demo's administrator, whose sign-in the demo prints."""
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    password_hash = await parts.gate.passwords.hash(DEMO_PASSWORD)
    new = NewStaff(company.id, DEMO_EMAIL, "달빛 관제", password_hash, [Role.ADMIN], DEMO_TOTP)
    try:
        async with parts.database.transaction() as tx:
            return (await accounts.create_staff(tx, parts.gate, new, actor=SYSTEM, moment=moment)).account.id
    except EmailTaken:
        async with parts.database.transaction() as tx:
            return await accounts.staff_by_email(tx, company.id, DEMO_EMAIL)


async def furnish(parts: Parts, company_id: CompanyId, people: Sequence[CustomerId]) -> None:
    """A car and two favourites for each who has none yet, and a business account for the first."""
    now, limits = parts.clock.now(), CustomerLimits()
    async with parts.database.transaction() as tx:
        for number, customer_id in enumerate(people):
            if (await customers.belongings(tx, customer_id, company_id)).cars:
                continue
            car = CarDetails(f"{100 + number}{_SYLLABLES[number % 4]}{1_000 + 7 * number}", _CARS[number % len(_CARS)])
            await customers.add_car(tx, customer_id, company_id, car, limits, now=now, ids=parts.ids)
            for place in (_HOME, _WORK):
                await customers.add_place(tx, customer_id, company_id, place, limits, now=now, ids=parts.ids)
        if people and not await customers.business_accounts(tx, company_id):
            business = await customers.open_business(
                tx, company_id, _BUSINESS, Payer.COMPANY, SYSTEM, now=now, ids=parts.ids
            )
            await customers.add_member(tx, company_id, business.id, people[0], SYSTEM, now=now, ids=parts.ids)


async def write_replay_policies(parts: Parts, company_id: CompanyId, cadence: timedelta) -> None:
    """A replay reports positions in larger steps than telephones do, so they stay fresh for longer."""
    cadence_s = max(1, round(cadence.total_seconds()))
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        await policies.write(
            tx, company_id, DispatchPolicy(position_max_age_s=3 * cadence_s), now=now, ids=parts.ids, note="replay"
        )
        await policies.write(tx, company_id, PositionPolicy(cadence_s=cadence_s), now=now, ids=parts.ids, note="replay")


async def _people(parts: Parts, company_id: CompanyId, kind: AccountKind, count: int) -> list[Holder]:
    holders: list[Holder] = []
    for first in range(0, count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, count))
        holders.extend(await _chunk(parts, company_id, kind, numbers))
    return holders


async def _chunk(parts: Parts, company_id: CompanyId, kind: AccountKind, numbers: Sequence[int]) -> list[Holder]:
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    offset = _CUSTOMER_NUMBERS if kind is AccountKind.CUSTOMER else 0
    people = [DemoPerson(name_of(number), accounts.demo_phone(offset + number)) for number in numbers]
    async with parts.database.transaction() as tx:
        made = await accounts.create_demo_accounts(tx, parts.gate, company_id, kind, people, moment=moment)
        await _enrol(tx, company_id, kind, made, moment.now)
        tokens = await accounts.issue_demo_tokens(tx, parts.gate, company_id, made, moment=moment)
    return [Holder(str(token.account_id), token.access_token) for token in tokens]


async def _enrol(tx: Tx, company_id: CompanyId, kind: AccountKind, made: Sequence[AccountId], now: datetime) -> None:
    if kind is AccountKind.DRIVER:
        await drivers.enrol(tx, made, company_id, now=now, papers_expire_on=(now + _PAPERS_HOLD).date())
        return
    for account_id in made:
        await customers.ensure(tx, account_id, company_id, now=now)


def name_of(number: int) -> str:
    """A made-up Korean name."""
    return _FAMILY[number % len(_FAMILY)] + _GIVEN[number // len(_FAMILY) % len(_GIVEN)]
