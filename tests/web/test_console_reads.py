"""The console's rows, its door and its JSON: found by number and telephone, whole, and of one company only."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.dispatch.factories import Night, make_company
from tests.web.live.stage import PASSWORD, Staff, cookie_of, hire, hire_people, make_context, serving, token_of

from daeri.accounts import api as accounts
from daeri.accounts.model import AccountKind, NotPermitted, Role
from daeri.adapters.bus.memory import MemoryBus
from daeri.calls.model import State
from daeri.dispatch.fleet import Duty as FleetDuty
from daeri.dispatch.model import Considered, Decision
from daeri.dispatch.plan import Outcome, Reason
from daeri.drivers.model import Duty
from daeri.infra.database import Database
from daeri.kernel.ids import CompanyId, CustomerId, DriverId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import SteppedClock, to_millis
from daeri.web.app import build_app
from daeri.web.console.live import UnmetReason
from daeri.web.console.reads import CallQuery, DecisionReason, DriverState, OfferOutcome, Viewer
from daeri.web.console.routes import ConsoleRoom, console_router
from daeri.web.console_rows.rows import ConsoleRows
from daeri.web.console_rows.staff_door import CookieDoor
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import WebContext
from daeri.web.pages import build_pages
from daeri.web.principals import COOKIE


@pytest.fixture
async def context(database: Database, bus: MemoryBus, clock: SteppedClock, ids: Ids) -> WebContext:
    return await make_context(database, bus, clock, ids)


@pytest.fixture
def night(database: Database, company: CompanyId, clock: SteppedClock, ids: Ids) -> Night:
    return Night(database, company, clock, ids)


@pytest.fixture
async def other_night(database: Database, clock: SteppedClock, ids: Ids) -> Night:
    async with database.transaction() as tx:
        return Night(database, await make_company(tx, ids, "dalbit"), clock, ids)


@pytest.fixture
async def staff(context: WebContext, company: CompanyId) -> Staff:
    return await hire(context, company)


@pytest.fixture
async def viewer(context: WebContext, company: CompanyId, staff: Staff) -> Viewer:
    token = await token_of(context, company, staff.account_id)
    return viewer_of(await context.authenticator.authenticate(token))


@pytest.fixture
def rows(context: WebContext) -> ConsoleRows:
    return ConsoleRows(context)


async def customers(context: WebContext, night: Night, *names: str, first: int = 0) -> list[CustomerId]:
    return [CustomerId(each) for each in await hire_people(context, night, AccountKind.CUSTOMER, *names, first=first)]


async def drivers(context: WebContext, night: Night, *names: str, first: int = 50) -> list[DriverId]:
    made = [DriverId(each) for each in await hire_people(context, night, AccountKind.DRIVER, *names, first=first)]
    for driver in made:
        await night.set_duty(driver, Duty.ON)
    return made


async def test_calls_are_found_by_number_telephone_state_service_and_time(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night
) -> None:
    one, two = await customers(context, night, "", "손님")
    first = await night.request(one)
    night.later(minutes=5)
    second = await night.request(two, service=Service.VIP)
    await night.cancel(second.id, two)

    async def found(**asked: Any) -> list[str]:
        return [row.number for row in (await rows.calls(viewer, CallQuery(**asked))).items]

    assert await found() == [second.number, first.number]
    assert await found(q=f"{first.number[:4].lower()}-{first.number[4:]}") == [first.number]
    assert await found(q="010-0000-0000") == [first.number]
    assert await found(q="0001") == [second.number]
    assert await found(q="9999") == []
    assert await found(q="nonsense") == []
    assert await found(state="requested") == [first.number]
    assert await found(service="vip") == [second.number]
    assert await found(since=second.requested_at) == [second.number]
    assert await found(until=second.requested_at) == [first.number]
    shown = (await rows.calls(viewer, CallQuery())).items
    assert [row.customer for row in shown] == ["손님", "010-****-0000"]


async def test_the_list_goes_on_from_its_cursor(rows: ConsoleRows, viewer: Viewer, night: Night) -> None:
    people = await customers(rows._context, night, "가")
    numbers = []
    for _ in range(5):
        night.later(seconds=1)
        numbers.append((await night.request(people[0])).number)
    page = await rows.calls(viewer, CallQuery(limit=3))
    rest = await rows.calls(viewer, CallQuery(limit=3, cursor=page.next_cursor))
    assert [row.number for row in (*page.items, *rest.items)] == numbers[::-1]
    assert rest.next_cursor is None
    assert len((await rows.calls(viewer, CallQuery(cursor="no id"))).items) == 5


async def test_the_page_of_a_call_tells_its_story(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night
) -> None:
    (customer,) = await customers(context, night, "손님")
    one, two = await drivers(context, night, "김하나", "이둘")
    call = await night.request(customer)
    night.later(seconds=1)
    declined = await night.offer(call.id, one)
    night.later(seconds=4)
    await night.decline(declined.id, one)
    offer = await night.offer(call.id, two)
    night.later(seconds=2)
    await night.accept(offer.id, two)
    night.later(seconds=9)
    await night.release(call.id, "driver_too_far")
    page = await rows.call(viewer, call.id)
    assert page is not None
    assert (page.number, page.state, page.customer, page.driver_name) == (call.number, "requested", "손님", None)
    assert [(entry.kind, entry.actor_name, entry.about, entry.reason) for entry in page.timeline] == [
        ("call.requested", None, None, None),
        ("offer.made", None, "김하나", None),
        ("offer.made", None, "이둘", None),
        ("call.assigned", "이둘", None, None),
        ("call.released", None, "이둘", "driver_too_far"),
    ]
    assert [(row.driver_name, row.outcome) for row in page.offers] == [
        ("김하나", OfferOutcome.DECLINED),
        ("이둘", OfferOutcome.ACCEPTED),
    ]


async def test_decisions_name_drivers_and_other_calls(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night
) -> None:
    one, two = await drivers(context, night, "김하나", "이둘")
    (customer,) = await customers(context, night, "손님")
    call, beaten_by = await night.request(customer), await night.request(customer)
    decided = Decision(
        call.id, night.company, night.clock.now(), Outcome.BEATEN_BY_CALL, 1_500, beaten_by.id,
        (Considered(one, 400, Reason.NEARER_TO_OTHER_CALL, beaten_by.id), Considered(two, 900, Reason.BUSY, None)),
        {Reason.STALE_POSITION: 7}, 0,
    )  # fmt: skip
    later = replace(decided, decided_at=decided.decided_at + timedelta(seconds=1), outcome=Outcome.OFFERED)
    await night.apply(decisions=[decided, later])
    newest, oldest = await rows.decisions(viewer, call.id)
    assert (newest.unmet, oldest.unmet) == (None, UnmetReason.BEATEN_BY_CALL)
    assert [(each.driver_name, each.reason, each.other_call_number) for each in oldest.candidates] == [
        ("김하나", DecisionReason.NEARER_TO_OTHER_CALL, beaten_by.number),
        ("이둘", DecisionReason.BUSY, None),
    ]
    assert oldest.rest == {DecisionReason.STALE_POSITION: 7}


async def test_drivers_are_listed_with_what_they_do(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night
) -> None:
    idle, engaged, off = await drivers(context, night, "김하나", "이둘", "박셋")
    (customer,) = await customers(context, night, "손님")
    call = await night.request(customer)
    await night.accept((await night.offer(call.id, engaged)).id, engaged)
    await night.set_duty(off, Duty.OFF)
    slot = context.fleet.set_duty(idle, company_id=night.company, capabilities=1, duty=FleetDuty.ON, version=1)
    context.fleet.place(slot, at_ms=to_millis(night.clock.now()), lat=37.4979, lon=127.0276)
    found = {row.name: row for row in (await rows.drivers(viewer, "", "", None)).items}
    assert {name: row.state for name, row in found.items()} == {
        "김하나": DriverState.IDLE,
        "이둘": DriverState.STALE,  # the fleet has not heard of them
        "박셋": DriverState.OFF_DUTY,
    }
    assert found["김하나"].phone == "010-****-0050"
    assert found["김하나"].region_names == {"ko": "서울특별시 서초구", "en": "Seocho-gu, Seoul"}
    assert found["김하나"].seen_at == night.clock.now()
    assert found["이둘"].call_number == call.number
    assert [row.name for row in (await rows.drivers(viewer, "0052", "", None)).items] == ["박셋"]
    assert [row.name for row in (await rows.drivers(viewer, "하나", "", None)).items] == ["김하나"]
    assert [row.name for row in (await rows.drivers(viewer, "", "off_duty", None)).items] == ["박셋"]
    first = sorted(found.values(), key=lambda row: row.id)[0]
    assert len((await rows.drivers(viewer, "", "", str(first.id))).items) == 2


_HOLD = """
INSERT INTO pgqueuer (priority, status, entrypoint, payload, attempts)
SELECT 0, 'failed', 'driver_days', convert_to(id::text, 'UTF8'), 5 FROM events WHERE aggregate_id = $1 RETURNING id
"""


async def test_held_jobs_are_shown_and_tried_again(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night
) -> None:
    (customer,) = await customers(context, night, "손님")
    call = await night.request(customer)
    async with context.database.transaction() as tx:
        job_id = await tx.value(_HOLD, call.id)
    (job,) = await rows.held_jobs(viewer)
    assert (job.id, job.handler, job.event, job.call_number) == (
        str(job_id),
        "driver_days",
        "call.requested",
        call.number,
    )
    assert not await rows.retry_job(viewer, "seven")
    assert not await rows.retry_job(viewer, "9" * 30)
    assert await rows.retry_job(viewer, job.id)
    assert not await rows.retry_job(viewer, job.id)
    assert await rows.held_jobs(viewer) == []


async def test_nothing_of_another_company_is_there(
    context: WebContext, rows: ConsoleRows, viewer: Viewer, night: Night, other_night: Night
) -> None:
    (customer,) = await customers(context, other_night, "남의 손님")
    (driver,) = await drivers(context, other_night, "남의 기사")
    call = await other_night.request(customer)
    await other_night.offer(call.id, driver)
    decided = Decision(call.id, other_night.company, night.clock.now(), Outcome.OFFERED, 1_500, None, (), {}, 0)
    await other_night.apply(decisions=[decided])
    async with context.database.transaction() as tx:
        job_id = await tx.value(_HOLD, call.id)
    assert (await rows.calls(viewer, CallQuery())).items == []
    assert (await rows.calls(viewer, CallQuery(q=call.number))).items == []
    assert (await rows.calls(viewer, CallQuery(q="010-0000-0000"))).items == []
    assert await rows.call(viewer, call.id) is None
    assert await rows.decisions(viewer, call.id) == []
    assert (await rows.drivers(viewer, "", "", None)).items == []
    assert await rows.held_jobs(viewer) == []
    assert not await rows.retry_job(viewer, str(job_id))


async def test_each_read_needs_its_permission(context: WebContext, rows: ConsoleRows, company: CompanyId) -> None:
    async with context.database.transaction() as tx:
        await tx.execute("DELETE FROM role_permissions WHERE role = 'operator'")
    nobody = await hire(context, company, Role.OPERATOR, email="two@hanbit.example")
    token = await token_of(context, company, nobody.account_id)
    weak = viewer_of(await context.authenticator.authenticate(token))
    anybody = Viewer(weak.account_id, weak.company_id, "", "")
    for who in (weak, anybody):
        for read in (
            rows.calls(who, CallQuery()),
            rows.call(who, company),
            rows.decisions(who, company),
            rows.drivers(who, "", "", None),
            rows.held_jobs(who),
            rows.retry_job(who, "1"),
        ):
            with pytest.raises(NotPermitted):
                await read


# --- over HTTP


@pytest.fixture
async def client(context: WebContext, rows: ConsoleRows) -> AsyncIterator[httpx.AsyncClient]:
    """The API and the pages on a free port."""
    pages = console_router(ConsoleRoom(build_pages(), rows, rows, CookieDoor(context), secure_cookies=False))
    async with serving(build_app(context, [pages])) as address, httpx.AsyncClient(base_url=address) as opened:
        yield opened


async def test_staff_sign_in_with_a_cookie_and_out_again(client: httpx.AsyncClient, staff: Staff) -> None:
    form = {"email": staff.email, "password": PASSWORD, "totp": staff.totp()}
    wrong = await client.post("/console/sign-in", data={**form, "password": "no"})
    assert wrong.status_code == 401
    elsewhere = await client.post("/console/sign-in", data=form, headers={"sec-fetch-site": "cross-site"})
    assert (elsewhere.status_code, COOKIE in client.cookies) == (403, False)
    answer = await client.post("/console/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE)]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    page = await client.get("/console/calls")
    assert page.status_code == 200
    assert "한빛대리" in page.text
    (token,) = set(re.findall(r'"_csrf_token" value="([^"]+)"', page.text)) or set(
        re.findall(r'"csrf": "([^"]+)"', page.text)
    )
    assert (await client.get("/console/session")).status_code == 204
    assert (await client.post("/console/sign-out")).status_code == 403
    assert (await client.post("/console/sign-out", data={"_csrf_token": "made-up"})).status_code == 403
    gone = await client.post("/console/sign-out", data={"_csrf_token": token})
    assert gone.status_code == 303
    assert (await client.get("/console/session")).status_code == 401


async def test_a_page_command_needs_its_token_and_the_cookie_works_for_json(
    context: WebContext, client: httpx.AsyncClient, staff: Staff
) -> None:
    cookie = await cookie_of(context, staff)
    principal = await context.authenticator.authenticate(cookie)
    client.cookies.set(COOKIE, cookie)
    assert (await client.get("/api/v1/console/calls")).json() == {"items": [], "next_cursor": None}
    assert (await client.post("/console/jobs/7/retry")).status_code == 403
    token = accounts.csrf_token(context.gate.ring, principal.session_id)
    answer = await client.post("/console/jobs/7/retry", headers={"x-csrftoken": token})
    assert answer.status_code == 200


async def test_a_bearer_token_opens_no_page(context: WebContext, client: httpx.AsyncClient, staff: Staff) -> None:
    principal = await context.authenticator.authenticate(await cookie_of(context, staff))
    token = await token_of(context, principal.company_id, staff.account_id)
    client.cookies.set(COOKIE, token)
    assert (await client.get("/console/session")).status_code == 401


def test_the_cookie_is_secure_where_the_web_is(context: WebContext) -> None:
    assert not CookieDoor(context).is_secure
    context.settings = context.settings.model_copy(update={"public_url": "https://daeri.example"})
    assert CookieDoor(context).is_secure


async def test_staff_cancel_and_release_calls_over_json(
    context: WebContext, client: httpx.AsyncClient, night: Night, staff: Staff
) -> None:
    (customer,), (driver,) = await customers(context, night, "손님"), await drivers(context, night, "김하나")
    call = await night.request(customer)
    await night.accept((await night.offer(call.id, driver)).id, driver)
    token = await token_of(context, night.company, staff.account_id)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "first-of-all"}
    path = f"/api/v1/console/calls/{call.id}"
    released = await client.post(f"{path}/release", json={"reason": "driver_too_far"}, headers=headers)
    assert (released.status_code, released.json()["state"]) == (200, "requested")
    again = await client.post(f"{path}/release", json={"reason": "driver_too_far"}, headers=headers)
    assert again.content == released.content
    headers["idempotency-key"] = "second-of-all"
    cancelled = await client.post(f"{path}/cancel", headers=headers)
    assert cancelled.json()["state"] == State.CANCELLED_BEFORE_ASSIGNMENT
    page = (await client.get(path, headers=headers)).json()
    assert [entry["kind"] for entry in page["timeline"]][-2:] == ["call.released", "call.cancelled"]
    assert page["timeline"][-1]["actor_name"] == "민지"
    assert (await client.get("/api/v1/console/calls?state=requested", headers=headers)).json()["items"] == []
    assert (await client.get(f"{path}/decisions", headers=headers)).json() == {"items": []}
    assert (await client.get("/api/v1/console/jobs/held", headers=headers)).json() == {"items": []}
    headers["idempotency-key"] = "third-of-all"
    missing = await client.post("/api/v1/console/jobs/held/12/retry", headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "job_not_held")


async def test_only_staff_use_the_console(
    context: WebContext, client: httpx.AsyncClient, night: Night, other_night: Night
) -> None:
    call = await night.request()
    theirs = await hire(context, other_night.company, email="three@dalbit.example")
    stranger = await token_of(context, other_night.company, theirs.account_id)
    customer = await token_of(context, night.company, await night.customer())
    for token, status in ((customer, 403), (stranger, 404)):
        headers = {"authorization": f"Bearer {token}", "idempotency-key": "try-it-once"}
        assert (await client.get(f"/api/v1/console/calls/{call.id}", headers=headers)).status_code == status
        answer = await client.post(f"/api/v1/console/calls/{call.id}/cancel", headers=headers)
        assert answer.status_code == status
    assert (await night.get(call.id)).state is State.REQUESTED
