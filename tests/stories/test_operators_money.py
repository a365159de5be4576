"""An agent and money: a ride is settled by hand, adjusted up and down, and the queue of what is to be done empties."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import LOOKS, look_at
from tests.stories.operators import Desk, sit_down
from tests.web.api.conftest import start_running
from tests.web.api.running import Person, Running
from tests.web.api.tills import Counter, Ride

from daeri.payments.lifecycle import Answer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.xdist_group("stories-operators-money")]


@pytest.fixture(scope="module")
def running(server_dsn: str, template: str) -> Iterator[Running]:
    with start_running(server_dsn, template, "operators_money") as server:
        yield server


@pytest.fixture(scope="module")
def counter(running: Running) -> Counter:
    return Counter(running, running.ours)


@pytest.fixture(scope="module")
def staff(running: Running) -> Person:
    return running.staff()


@pytest.fixture(scope="module")
def desk(running: Running, browser: Browser) -> Iterator[Desk]:
    desk = sit_down(running, browser)
    yield desk
    assert desk.problems == []


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with desk.page() as page:
        yield page


def won(amount: int) -> str:
    return f"{amount:,}원"


def fare_of(staff: Person, ride: Ride) -> int:
    bill = staff.get(f"/console/calls/{ride.id}/payment").json()["bill"]
    return int(bill["amount"])


def driven_after_a_slip(counter: Counter) -> Ride:
    """A ride that was cancelled by mistake, reconnected and driven: to be settled by an agent."""
    ride = counter.broken_off()
    counter.drive_on(counter.reconnect(ride))
    return ride


def foot(page: Page) -> Locator:
    return page.locator("[data-part=trip] .money-foot")


def task_of(page: Page, ride: Ride) -> Locator:
    return page.locator("tbody tr").filter(has=page.locator(f'a[href="/console/calls/{ride.id}"]'))


def decide(page: Page, yes: str, **fields: str) -> None:
    """Fill the question that is open and go on; it closes once it was done."""
    dialog = page.get_by_role("dialog")
    for name, text in fields.items():
        dialog.locator(f"[name={name}]").fill(text)
    dialog.locator(".sheet-actions").get_by_role("button", name=yes, exact=True).click()
    expect(dialog).to_have_count(0)


@pytest.mark.rule("R-112", "R-115", "R-116", "I-016", "I-020")
def test_an_agent_settles_adjusts_up_and_down_and_the_queue_empties_itself(
    running: Running, counter: Counter, staff: Person, desk: Desk
) -> None:
    ride = driven_after_a_slip(counter)
    fare = fare_of(staff, ride)
    with desk.page() as queue, desk.page() as page:
        queue.goto(f"{running.url}/console/payment-tasks")
        expect(task_of(queue, ride)).to_contain_text("운행강제결제")
        page.goto(f"{running.url}/console/calls/{ride.id}")
        _settle(page, fare)
        counter.answer(ride.id)
        expect(foot(page)).to_contain_text("결제됨")  # read again by itself
        expect(foot(page).get_by_role("progressbar")).to_have_count(0)
        expect(task_of(queue, ride)).to_have_count(0, timeout=15_000)
        for amount, change in ((fare + 6_000, "+6,000원"), (fare - 2_000, "−8,000원")):
            _adjust(page, fare_of(staff, ride), amount, change)
            counter.answer(ride.id)
            expect(foot(page).locator(".money-sum")).to_have_text(won(amount))
            expect(foot(page)).to_contain_text("결제됨")
        charges = page.locator("[data-part=payment] [data-charge]")
        expect(charges).to_have_count(3)
        for place, words in enumerate(("운행강제결제", "요금 조정", "요금 조정")):
            expect(charges.nth(place)).to_contain_text(words)
        expect(charges.nth(2)).to_contain_text(won(fare - 2_000))
        expect(page.locator("[data-part=payment] [data-cancel=done]")).to_have_count(2)
        history = page.locator("[data-part=payment] .timeline")
        for words in ("결제 요청", "결제 취소됨", "요금 변경", "경유지를 들렀음"):
            expect(history).to_contain_text(words)
    assert fare_of(staff, ride) == fare - 2_000


def _settle(page: Page, fare: int) -> None:
    """At the foot of the trip's information, with what will happen said before (R-115)."""
    expect(page.locator("[data-part=trip] > :last-child .money-foot")).to_be_visible()
    foot(page).get_by_role("button", name="운행강제결제").click()
    dialog = page.get_by_role("dialog")
    for words in (won(fare), "Hana Nuri 5123-****-****-0001", "바로 결제합니다", "김민준"):
        expect(dialog).to_contain_text(words)
    yes = dialog.locator(".sheet-actions .primary")
    expect(yes).to_be_disabled()
    dialog.locator("[name=reason]").fill("  ")
    expect(yes).to_be_disabled()
    decide(page, f"{won(fare)} 결제", reason="고객과 통화함")
    expect(foot(page).get_by_role("progressbar")).to_be_visible()
    expect(foot(page)).to_contain_text("응답을 기다리고 있습니다")
    expect(foot(page).get_by_role("button", name="운행강제결제")).to_have_count(0)


def _adjust(page: Page, before: int, amount: int, change: str) -> None:
    foot(page).get_by_role("button", name="요금 조정").click()
    dialog = page.get_by_role("dialog")
    yes = dialog.locator(".sheet-actions .primary")
    dialog.locator("[name=reason]").fill("경유지를 들렀음")
    for wrong in ("0", "999", "1000001", "x", str(before)):
        dialog.locator("[name=amount]").fill(wrong)
        expect(yes).to_be_disabled()
    dialog.locator("[name=amount]").fill(f"{amount:,}")
    expect(dialog.locator(".difference")).to_contain_text(change)
    expect(dialog).to_contain_text(f"지금 결제 {won(before)}을 취소하고 {won(amount)}을 새로 결제합니다")
    decide(page, "조정")
    expect(foot(page)).to_contain_text("결제 취소를 요청했습니다")


@pytest.mark.rule("R-114")
def test_a_reconnected_call_leads_to_its_original(running: Running, counter: Counter, page: Page) -> None:
    ride = counter.broken_off()
    again = counter.reconnect(ride)
    counter.drive_on(again)
    page.goto(f"{running.url}/console/calls/{again}")
    expect(foot(page)).to_contain_text("고객이 호출한 콜에서 합니다")
    expect(foot(page).get_by_role("button")).to_have_count(0)
    expect(page.locator("[data-part=payment]")).to_have_count(0)
    foot(page).get_by_role("link", name=ride.number).click()
    expect(foot(page).get_by_role("button", name="운행강제결제")).to_be_visible()


@pytest.mark.rule("R-029")
def test_a_partners_call_names_the_room_to_ask(running: Running, counter: Counter, page: Page) -> None:
    page.goto(f"{running.url}/console/calls/{counter.partners()}")
    expect(foot(page)).to_contain_text("새벽대리")
    expect(foot(page)).to_contain_text("상황실로 문의하세요")
    expect(foot(page).get_by_role("button")).to_have_count(0)
    expect(page.locator("[data-part=payment]")).to_have_count(0)


@pytest.mark.rule("R-118", "R-122")
def test_a_fare_that_was_agreed_is_said_until_the_ride_costs_it(
    running: Running, counter: Counter, staff: Person, page: Page
) -> None:
    ride = counter.paid()
    again = counter.reconnect(ride)
    page.goto(f"{running.url}/console/calls/{ride.id}")
    foot(page).get_by_role("button", name="합의 요금 남기기").click()
    expect(page.get_by_role("dialog")).to_contain_text("1,000원에서 1,000,000원 사이")
    decide(page, "남기기", amount="31000", reason="목적지가 바뀜")
    expect(foot(page)).to_contain_text("합의 요금은 31,000원입니다")
    counter.drive_on(again)
    page.reload()
    expect(foot(page)).to_contain_text("요금을 조정해 주세요")
    foot(page).get_by_role("button", name="요금 조정").click()
    expect(page.get_by_role("dialog").locator("[name=amount]")).to_have_value("31000")
    decide(page, "조정", reason="합의한 대로")
    counter.answer(ride.id)
    expect(foot(page).locator(".money-sum")).to_have_text("31,000원")


@pytest.mark.rule("I-017")
def test_what_nobody_knows_is_said_and_asked_again(running: Running, counter: Counter, page: Page) -> None:
    ride = counter.ride()
    page.goto(f"{running.url}/console/calls/{ride.id}")
    expect(foot(page)).to_contain_text("응답을 기다리고 있습니다")
    expect(foot(page).get_by_role("button")).to_have_count(0)
    counter.answer(ride.id, Answer.LOST)
    expect(foot(page)).to_contain_text("두 번 결제되지 않습니다")
    foot(page).get_by_role("button", name="지금 다시 확인").click()
    expect(page.locator(".toast")).to_contain_text("다시 확인하고 있습니다")
    counter.answer(ride.id)
    expect(foot(page)).to_contain_text("결제됨")
    expect(foot(page).get_by_role("button", name="지금 다시 확인")).to_have_count(0)


def test_two_agents_at_once_and_the_second_reads_why_not(running: Running, counter: Counter, desk: Desk) -> None:
    ride = driven_after_a_slip(counter)
    with desk.page() as first, desk.page() as second:
        for one in (first, second):
            one.goto(f"{running.url}/console/calls/{ride.id}")
            foot(one).get_by_role("button", name="운행강제결제").click()
            one.get_by_role("dialog").locator("[name=reason]").fill("고객과 통화함")
        first.get_by_role("dialog").locator(".sheet-actions .primary").click()
        expect(first.get_by_role("dialog")).to_have_count(0)
        second.get_by_role("dialog").locator(".sheet-actions .primary").click()
        expect(second.get_by_role("dialog").get_by_role("alert")).to_be_visible()
        expect(second.get_by_role("dialog").locator("[name=reason]")).to_have_value("고객과 통화함")
        second.get_by_role("button", name="닫기", exact=True).first.click()
        expect(foot(second)).to_contain_text("응답을 기다리고 있습니다")


@pytest.mark.rule("I-016")
def test_a_task_is_taken_given_back_and_closed_with_a_note(running: Running, counter: Counter, page: Page) -> None:
    ride = counter.ride("cash", cash_received=False)
    page.goto(f"{running.url}/console/payments")
    page.get_by_role("link", name="처리할 일").click()
    row = task_of(page, ride)
    expect(row).to_contain_text("미수")
    expect(row).to_contain_text(re.compile("(29|30)분 남음"))
    row.get_by_role("button", name="맡기").click()
    expect(row).to_contain_text("관제 담당")
    row.get_by_role("button", name="내려놓기").click()
    expect(row.get_by_role("button", name="맡기")).to_be_visible()
    row.get_by_role("button", name="끝내기").click()
    decide(page, "끝내기", reason="고객이 현금으로 냄")
    expect(row).to_have_count(0)
    page.get_by_role("switch", name="끝난 일도 보기").click()
    expect(row).to_contain_text("고객이 현금으로 냄")


def test_a_payment_is_found_and_a_claim_is_taken_in_by_transfer_or_written_off(
    running: Running, counter: Counter, staff: Person, page: Page
) -> None:
    ride, other = counter.ride(), counter.ride("cash", cash_received=False)
    counter.answer(ride.id, Answer.DECLINED)
    page.goto(f"{running.url}/console/payments")
    page.get_by_role("searchbox").fill(ride.number)
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("상태").select_option("paid")
    expect(page.get_by_text("맞는 결제가 없습니다")).to_be_visible()
    page.get_by_label("상태").select_option("claimed")
    page.locator("tbody a").filter(has_text="김민준").first.click()
    claims = page.locator("[data-part=claims]")
    expect(claims).to_contain_text("카드가 거절되었습니다")
    claims.get_by_role("link", name=ride.number).click()
    foot(page).get_by_role("button", name="손실 처리").click()
    expect(page.get_by_role("dialog")).to_contain_text("기사 몫은 그대로입니다")
    decide(page, "손실 처리", reason="연락이 닿지 않음")
    expect(foot(page)).to_contain_text("손실 처리")
    page.goto(f"{running.url}/console/calls/{other.id}")
    foot(page).get_by_role("button", name="입금 확인").click()
    decide(page, "입금으로 처리", reference=f"은행-{other.number}")
    expect(foot(page)).to_contain_text("결제됨")
    assert fare_of(staff, other) > 0


@pytest.mark.rule("I-019")
def test_what_a_driver_said_of_the_cash_is_put_right_and_back(
    running: Running, counter: Counter, staff: Person, page: Page
) -> None:
    ride = counter.ride("cash")
    amount = won(fare_of(staff, ride))
    page.goto(f"{running.url}/console/calls/{ride.id}")
    foot(page).get_by_role("button", name="현금 못 받음으로 정정").click()
    expect(page.get_by_role("dialog")).to_contain_text("고객에게 미수로 청구합니다")
    look_at(page, "cash-not-received", widths=(360, 1440))
    decide(page, "현금 못 받음으로 정정", reason="기사와 통화함")
    expect(foot(page)).to_contain_text("현금을 받지 못했습니다")
    history = page.locator("[data-part=payment] .timeline")
    expect(history).to_contain_text(f"현금 수령 정정 {amount} · 현금 못 받음 · 기사와 통화함")
    foot(page).get_by_role("button", name="현금 받음으로 정정").click()
    decide(page, "현금 받음으로 정정", reason="고객이 나중에 냄")
    expect(foot(page)).to_contain_text("결제됨")
    expect(history).to_contain_text("현금 받음 · 고객이 나중에 냄")


def test_the_ledger_is_searched_and_both_beams_of_its_balance_are_equally_long(
    running: Running, counter: Counter, page: Page
) -> None:
    counter.paid()
    ride = counter.paid()
    page.goto(f"{running.url}/console/ledger")
    totals = page.locator("[data-part=totals]")
    expect(totals).to_contain_text("합계 0원")
    above, below = totals.locator("figcaption strong").all_inner_texts()
    assert above == below
    page.get_by_role("searchbox").fill(ride.number)
    entries = page.locator("[data-entry]")
    expect(entries).to_have_count(2)
    expect(entries.last).to_contain_text("요금 청구")
    page.get_by_role("searchbox").fill("")
    expect(entries.nth(2)).to_be_visible()
    page.locator("[data-entry=fare_due]").first.get_by_role("button", name="김민준").first.click()
    expect(page.locator(".chosen")).to_contain_text("김민준의 기록만")
    expect(entries).to_have_count(2)
    page.get_by_role("button", name="모두 보기").click()
    expect(entries.nth(2)).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Excel로 저장").click()
    assert saved.value.suggested_filename.endswith(".xlsx")


@pytest.fixture(scope="module")
def shown(running: Running, counter: Counter, staff: Person) -> dict[str, str]:
    """Addresses of pages with something of everything."""
    why = {"reason": "경유지를 들렀음"}
    adjusted, waiting, claimed = counter.paid(), counter.paid(), counter.ride()
    assert staff.command(f"/console/calls/{adjusted.id}/payment/adjust", {"amount": 30_000, **why}).is_success
    counter.answer(adjusted.id)
    assert staff.command(f"/console/calls/{waiting.id}/payment/adjust", {"amount": 9_000, **why}).is_success
    counter.answer(claimed.id, Answer.DECLINED)
    to_settle = driven_after_a_slip(counter)
    return {
        "adjusted": f"calls/{adjusted.id}",
        "waiting": f"calls/{waiting.id}",
        "claimed": f"calls/{claimed.id}",
        "to-settle": f"calls/{to_settle.id}",
        "partner": f"calls/{counter.partners()}",
        "payments": "payments",
        "payment-tasks": "payment-tasks",
        "ledger": "ledger",
        "customer": f"customers/{claimed.customer.id}",
    }


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_of_money_can_be_read(
    running: Running, desk: Desk, shown: dict[str, str], look: tuple[str, Any, int]
) -> None:
    lang, scheme, width = look
    with desk.page(lang=lang, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        for name, path in shown.items():
            page.goto(f"{running.url}/console/{path}")
            expect(page.locator(".money-foot, [data-part=claims], [data-entry], tbody td.key").first).to_be_visible()
            expect(page.locator(".skeleton")).to_have_count(0)
            look_at(page, f"{name}-{lang}-{scheme}-{width}")
        page.goto(f"{running.url}/console/{shown['to-settle']}")
        for name, words in {"settle": "운행강제결제|Settle by agent", "adjust": "요금 조정|Adjust the fare"}.items():
            foot(page).get_by_role("button", name=re.compile(words)).click()
            look_at(page, f"{name}-{lang}-{scheme}-{width}")
            page.keyboard.press("Escape")
