"""Score and cover in browsers: a card that promises, a day that explains, a level that grows, a gap that is proved."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import LOOKS, look_at
from tests.stories.driver_phones import DriverPhone, call_of, phones
from tests.stories.operators import Desk, sit_down
from tests.web.api.conftest import start_running
from tests.web.api.running import Running

from daeri.bootstrap import Program
from daeri.calls import api as calls
from daeri.calls.model import Change
from daeri.infra.settings import Role
from daeri.kernel.ids import CallId
from daeri.kernel.terms import Actor, ActorKind
from daeri.policies import api as policies
from daeri.pricing.model import PremiumPolicy
from daeri.rewards.model import RewardLevel, RewardPolicy, RewardSlot

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories-rewards")]
OpenPhone = Callable[..., DriverPhone]
ALWAYS = RewardSlot(days=(1, 2, 3, 4, 5, 6, 7), from_hour=0, until_hour=24, score=3)
LEVELS = (RewardLevel(name="basic", from_score=0), RewardLevel(name="gold", from_score=5))
POLICIES = ("cover", "rewards", "payment", "claims", "driver_balance")


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    roles = frozenset({Role.WEB, Role.WORKER})
    with start_running(server_dsn, template, "rewards", roles=roles) as server:
        server.ask(lambda program: _write(program, server))
        yield server


@pytest.fixture(scope="module")
def desk(running: Running, browser: Browser) -> Iterator[Desk]:
    desk = sit_down(running, browser)
    yield desk
    assert desk.problems == []


@pytest.fixture
def open_phone(running: Running, browser: Browser) -> Iterator[OpenPhone]:
    with phones(running, browser) as opener:
        yield opener


async def _write(program: Program, running: Running) -> None:
    parts = program.parts
    async with parts.database.transaction() as tx:
        for policy in (RewardPolicy(slots=(ALWAYS,), levels=LEVELS), PremiumPolicy(own_won=300)):
            await policies.write(tx, running.ours, policy, now=parts.clock.now(), ids=parts.ids)
        await parts.shelf.refresh(tx)


def in_look(language: str, theme: str, running: Running) -> list[Any]:
    return [
        {"name": name, "value": value, "url": running.url} for name, value in (("lang", language), ("theme", theme))
    ]


@pytest.mark.rule("R-015", "R-024", "I-049")
@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_a_driver_follows_a_score_from_the_card_to_their_level(
    language: str, theme: str, width: int, running: Running, open_phone: OpenPhone
) -> None:
    phone = open_phone(viewport={"width": width, "height": 740}, locale=f"{language}-KR", color_scheme=theme)
    phone.context.add_cookies(in_look(language, theme, running))
    page, seen = phone.open(), f"{language}-{theme}-{width}"
    phone.go_on_duty()
    for ride in (1, 2):
        _drive(phone, running, f"card-{seen}" if ride == 1 else "")
    page.goto(f"{running.url}/drive/earnings")
    expect(page.locator(".drive-standing")).to_contain_text("6")
    look_at(page, f"earnings-{seen}")
    page.locator("a.drive-row").first.click()
    counted = page.locator(".drive-counted").first
    expect(counted).to_contain_text("+3")
    expect(counted).to_contain_text("0–24" if language == "ko" else "0:00–24:00")
    look_at(page, f"earnings-day-{seen}")
    page.goto(f"{running.url}/drive/standing")
    expect(page.locator(".level strong")).to_have_text("골드" if language == "ko" else "Gold")
    expect(page.locator("[data-reward]")).to_have_count(2)
    look_at(page, f"standing-{seen}")


def _drive(phone: DriverPhone, running: Running, shot: str) -> None:
    page, call = phone.page, call_of(running.customer(has_card=True))["id"]
    phone.offer(call)
    page.locator("[data-accept]").wait_for()
    expect(page.locator("dialog [data-score]")).to_have_attribute("data-score", "3")
    expect(page.locator("dialog [data-premium]")).to_have_attribute("data-premium", "300")
    if shot:
        look_at(page, shot)
    page.locator("[data-accept]").click()
    for step in ("arrive", "start", "complete"):
        page.locator(f".drive-foot [data-do={step}]").click()
    page.locator("[data-yes]").click()
    page.locator("[data-put-away]").wait_for()
    expect(page.locator(".drive-ended .drive-lines").first).to_contain_text("300")
    page.locator("[data-put-away]").click()


@pytest.mark.rule("R-030", "I-028")
@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_staff_see_the_gap_of_a_ride_and_the_rewards_of_its_driver(
    language: str, theme: str, width: int, running: Running, desk: Desk
) -> None:
    driver, customer = running.driver(), running.customer()
    for _ in range(11):
        call_id, offer_id = running.offered(customer, driver)
        assert driver.command(f"/driver/offers/{offer_id}/accept").is_success
        for step in ("arrive", "start", "complete"):
            assert driver.command(f"/driver/calls/{call_id}/{step}").is_success
    running.ask(lambda program: program.worker.work_off())
    running.ask(lambda program: _reconnected(program, running, call_id))
    seen = f"{language}-{theme}-{width}"
    with desk.page(lang=language, viewport={"width": width, "height": 900}, color_scheme=theme) as page:
        page.context.add_cookies(in_look(language, theme, running))
        page.goto(f"{running.url}/console/calls/{call_id}")
        cover = page.locator("[data-part=cover]")
        expect(cover.locator("[data-kind=gap]")).to_contain_text("9:00")
        expect(cover.locator("[data-kind=cover]")).to_have_count(2)
        look_at(page, f"cover-{seen}")
        page.goto(f"{running.url}/console/drivers/{driver.id}")
        rewards = page.locator("[data-part=rewards]")
        expect(rewards.locator("[data-reward]")).to_have_count(10)
        look_at(page, f"file-{seen}")
        rewards.get_by_role("button").click()
        expect(rewards.locator("[data-reward]")).to_have_count(11)
        expect(rewards.get_by_role("button")).to_have_count(0)


async def _reconnected(program: Program, running: Running, call_id: str) -> None:
    """The customer was driven on nine minutes after the call had ended by mistake."""
    parts, ids, company = program.parts, program.parts.ids, running.ours
    async with parts.database.transaction() as tx:
        original = await calls.get(tx, company, CallId(UUID(call_id)))
        assert original.ended_at is not None
        assert original.driver_id is not None
        at, change = original.ended_at + timedelta(minutes=9), Change(Actor(ActorKind.STAFF, None), "ended by mistake")
        again = await calls.reopen_for(tx, original.id, company, change, now=at, ids=ids)
        await calls.arrive(tx, again.id, company, original.driver_id, now=at, ids=ids)
        await calls.start(tx, again.id, company, original.driver_id, now=at, ids=ids)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_of_money_can_be_written_as_it_stands(name: str, running: Running, desk: Desk) -> None:
    with desk.page() as page:
        page.goto(f"{running.url}/console/policies/{name}")
        page.get_by_label("지역").fill("11")
        look_at(page, f"policy-{name}")
        page.get_by_role("button", name="기록하기").click()
        expect(page.locator("details.record").first).to_contain_text("적용 중")


def test_what_a_policy_holds_is_read_in_words(running: Running, desk: Desk) -> None:
    with desk.page(viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{running.url}/console/policies/tariff")
        expect(page.locator(".operators-columns section").first).to_contain_text(
            "VIP 150%; 맞춤 120%; 탁송 100% + 10,000원"
        )
        look_at(page, "policy-tariff", widths=(360,))
        page.goto(f"{running.url}/console/policies/rewards")
        expect(page.locator(".operators-columns section").first).to_contain_text("매일 0–24시 3점")


def test_a_policy_says_what_is_wrong_with_it_and_keeps_what_was_typed(running: Running, desk: Desk) -> None:
    with desk.page() as page:
        page.goto(f"{running.url}/console/policies/cover")
        page.get_by_label("보험 가입").select_option("company")
        page.get_by_role("button", name="기록하기").click()
        expect(page.get_by_role("alert")).to_contain_text(re.compile("insurer"))
        page.get_by_label("보험사").fill("한빛손해보험")
        page.get_by_label("증권번호").fill("HB-9")
        page.get_by_role("button", name="기록하기").click()
        expect(page.locator("details.record").first).to_contain_text("적용 중")


def test_a_level_is_written_as_a_list_and_a_minimum_may_be_left_out(running: Running, desk: Desk) -> None:
    with desk.page() as page:
        page.goto(f"{running.url}/console/policies/rewards")
        _write_it(
            page,
            "등급과 필요한 점수",
            _with_a_star(),
            "일반 0점부터; 골드 5점부터; 별 999점부터",
        )
        page.goto(f"{running.url}/console/policies/driver_balance")
        _write_it(page, "최소 예치금", "50000", "50,000")
        _write_it(page, "최소 예치금", "", "–")


def _with_a_star() -> str:
    """The levels that the other tests go by, and one that a company has named itself."""
    return msgspec.json.encode([*LEVELS, RewardLevel(name="별", from_score=999)]).decode()


def _write_it(page: Page, field: str, typed: str, shown: str) -> None:
    """The field is written, and what holds now shows it."""
    page.get_by_label(field).fill(typed)
    page.get_by_role("button", name="기록하기").click()
    holds = page.locator(".operators-columns section").first
    expect(holds.locator("div").filter(has_text=field).locator("dd")).to_have_text(shown)
