"""What one's own company is run with from the command line: its first staff, its drivers' approval, its policies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from tests.crash.program import daeri

from daeri import rulebook
from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, CodeMessage, Moment
from daeri.bootstrap import Parts, open_parts
from daeri.cli import approving, ruling
from daeri.cli.showing import CodeScreen
from daeri.companies import api as companies
from daeri.companies.model import CompanyNotFound, CreateCompany
from daeri.drivers import api as drivers
from daeri.drivers.model import DriverNotFound, SignUp
from daeri.infra.settings import load_settings
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.terms import Service
from daeri.policies.model import POLICIES, PolicyInThePast, PolicyInvalid, Scope


class Terminal(StringIO):
    """A screen that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
async def parts(dsn: str, scratch_folder: Path) -> AsyncIterator[Parts]:
    async with open_parts(load_settings(data_folder=scratch_folder), dsn) as opened:
        yield opened


@pytest.fixture
async def ours(parts: Parts) -> CompanyId:
    async with parts.database.transaction() as tx:
        command = CreateCompany("hanbit", "한빛대리", "Hanbit")
        return (await companies.create(tx, command, now=parts.clock.now(), ids=parts.ids)).id


async def _applied(parts: Parts, company: CompanyId, phone: str, name: str) -> DriverId:
    moment = Moment(parts.clock.now(), parts.wall.wall_now())
    async with parts.database.transaction() as tx:
        made = await accounts.create_driver_account(tx, parts.gate, company, phone, name, moment=moment)
        await drivers.apply(tx, DriverId(made.id), company, now=moment.now, ids=parts.ids)
    return DriverId(made.id)


async def test_who_has_applied_is_listed_until_they_are_approved(parts: Parts, ours: CompanyId) -> None:
    first = await _applied(parts, ours, "010-0000-1234", "김민준")
    second = await _applied(parts, ours, "010-0001-1234", "이서연")
    waiting = await approving.applicants(parts, None)
    assert [(each.driver.id, each.phone) for each in waiting] == [(first, "010-****-1234"), (second, "010-****-1234")]
    made = await approving.approve(parts, "hanbit", "010-0000-1234", [Service.VIP])
    assert (made.id, made.status, made.services) == (first, SignUp.APPROVED, (Service.VIP,))
    assert [each.driver.id for each in await approving.applicants(parts, None)] == [second]
    assert (await approving.approve(parts, None, str(second), None)).status is SignUp.APPROVED
    assert await approving.applicants(parts, None) == []


async def test_approval_refuses_whom_it_cannot_tell(parts: Parts, ours: CompanyId) -> None:
    for number in ("010-0000-1234", "010-0001-1234"):
        await _applied(parts, ours, number, "김민준")
    with pytest.raises(approving.DriverAmbiguous):
        await approving.approve(parts, None, "1234", None)
    for nobody in ("010-0000-9999", "nonsense", str(UUID(int=7))):
        with pytest.raises(DriverNotFound):
            await approving.approve(parts, None, nobody, None)
    with pytest.raises(CompanyNotFound):
        await approving.applicants(parts, "elsewhere")


def test_services_are_read_with_commas_between() -> None:
    assert approving.parse_services("general, vip") == [Service.GENERAL, Service.VIP]
    for text in ("general,taxi", "", ","):
        with pytest.raises(approving.ServiceUnknown):
            approving.parse_services(text)


async def test_a_policy_that_is_set_is_in_force_and_in_the_history(parts: Parts, ours: CompanyId) -> None:
    assert {name: found.version for name, found in (await ruling.in_force(parts, None)).items()} == dict.fromkeys(
        ruling.KINDS, 0
    )
    assert {*POLICIES, "tariff", "ratings"} <= ruling.KINDS.keys()
    order = ruling.Order(ruling.parse_policy("tariff", '{"base_won": 12000}'), Scope(), None, "spring")
    record = await ruling.write(parts, "hanbit", order)
    assert (await ruling.in_force(parts, None))["tariff"].version == record.version
    scoped = ruling.Order(ruling.parse_policy("tariff", "{}"), Scope("11680", Service.VIP), None, "")
    await ruling.write(parts, None, scoped)
    lines = [ruling.line_of(each) for each in await ruling.history(parts, None, ruling.kind_of("tariff"))]
    assert "spring" in lines[0]
    assert '"base_won":12000' in lines[0]
    assert "for 11680 vip" in lines[1]


async def test_policies_are_refused_by_name(parts: Parts, ours: CompanyId) -> None:
    with pytest.raises(rulebook.PolicyUnknown):
        ruling.parse_policy("weather", "{}")
    for text in ("{", "[]", '{"k": 0}', '{"radius": 1}'):
        with pytest.raises(PolicyInvalid):
            ruling.parse_policy("dispatch", text)
    for text in ("yesterday", "2026-11-22T10:00:00"):
        with pytest.raises(ruling.InstantInvalid):
            ruling.parse_instant(text)
    policy = ruling.parse_policy("dispatch", "{}")
    with pytest.raises(ruling.RegionUnknown):
        await ruling.write(parts, None, ruling.Order(policy, Scope("99999"), None, ""))
    before = parts.clock.now() - timedelta(days=1)
    with pytest.raises(PolicyInThePast):
        await ruling.write(parts, None, ruling.Order(policy, Scope(), before, ""))


def _message(parts: Parts, company: CompanyId) -> CodeMessage:
    expires = parts.clock.now() + timedelta(minutes=3)
    return CodeMessage(parts.ids.new(), company, AccountKind.DRIVER, expires, "+821000001234", "123456")


async def test_codes_are_shown_on_a_terminal_with_one_warning(parts: Parts, ours: CompanyId) -> None:
    screen = Terminal()
    show = CodeScreen(screen)
    show(_message(parts, ours))
    show(_message(parts, ours))
    warning, *codes = screen.getvalue().splitlines()
    assert "trying out" in warning
    assert codes == ["code 123456 for 010-****-1234"] * 2


async def test_codes_are_kept_out_of_what_is_redirected(parts: Parts, ours: CompanyId) -> None:
    screen = StringIO()
    CodeScreen(screen)(_message(parts, ours))
    assert "123456" not in screen.getvalue()
    assert "terminal" in screen.getvalue()


async def test_the_commands_as_they_are_typed(dsn: str, scratch_folder: Path) -> None:
    place = ("--database-url", dsn, "--data-folder", str(scratch_folder))

    async def run(*arguments: str) -> str:
        done = await asyncio.to_thread(daeri, *arguments, *place, cwd=scratch_folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    words = ("--name", "An owner of quite a long name", "--password", "a-long-passphrase-of-nobody")
    made = await run("admin", "create", "owner@hanbit.example", *words)
    _, address, secret = made.splitlines()
    assert address.startswith("otpauth://")
    assert f"secret={secret}" in address
    assert "nobody" in await run("admin", "drivers", "--company", "main")
    assert "version 1" in await run("policies", "set", "positions", '{"cadence_s": 5}', "--note", "why not")
    assert "why not" in await run("policies", "history", "positions")
    assert '"cadence_s":5' in await run("policies", "list")
