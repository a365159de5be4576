"""The sandbox's hosted page: a card for each outcome, in Korean and English, and the way back."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.adapters.cards.conftest import BACK, CUSTOMER, Desk

from daeri.adapters.cards.provider.deck import DECK, Outcome
from daeri.adapters.cards.sandbox import open_sandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
VISIT = {"customerKey": CUSTOMER, "returnUrl": BACK}


async def shown(desk: Desk, **headers: str) -> str:
    response = await desk.http.get("/card-window", params=VISIT, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return html.unescape(response.text)


async def test_the_window_leads_to_a_card_for_every_outcome(desk: Desk) -> None:
    async with open_sandbox(desk.address) as cards:
        response = await desk.http.get(cards.window(CUSTOMER, BACK))
    page = html.unescape(response.text)
    assert set(re.findall(r'<button name="card" value="(\w+)"', page)) == {outcome.value for outcome in Outcome}
    for card in DECK.values():
        assert card.issuer in page
        assert card.number_masked in page


async def test_it_speaks_korean_and_english(desk: Desk) -> None:
    korean, english = await shown(desk), await shown(desk, **{"accept-language": "en-GB,en;q=0.9,ko;q=0.1"})
    assert 'lang="ko"' in korean
    assert "카드 없이 돌아가기" in korean
    assert 'lang="en"' in english
    assert "Go back without a card" in english
    chosen = re.search(r'href="([^"]+)"', korean)
    assert chosen is not None
    assert "Go back without a card" in (await desk.http.get(chosen[1])).text


async def test_no_number_is_longer_than_what_is_masked(desk: Desk) -> None:
    assert not re.search(r"\d[\d -]{6,}\d", await shown(desk))


async def test_a_chosen_card_comes_back_to_where_they_came_from(desk: Desk) -> None:
    response = await desk.http.post("/card-window", data={**VISIT, "card": "declined"})
    target = urlsplit(response.headers["location"])
    query = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}{target.path}" == "https://drive.example/app/cards"
    assert (query["from"], query["customerKey"]) == (["menu"], [CUSTOMER])
    assert len(query["authKey"]) == 1


async def test_one_may_leave_without_a_card(desk: Desk) -> None:
    response = await desk.http.post("/card-window", data={**VISIT, "card": ""})
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["code"] == ["PAY_PROCESS_CANCELED"]
    assert "authKey" not in query


@pytest.mark.parametrize(
    "wrong",
    [
        {"returnUrl": "javascript:alert(1)"},
        {"returnUrl": "/app/cards"},
        {"returnUrl": ""},
        {"customerKey": ""},
        {"customerKey": "<script>"},
    ],
)
async def test_who_comes_from_nowhere_is_refused(desk: Desk, wrong: dict[str, str]) -> None:
    visit = {**VISIT, **wrong}
    assert (await desk.http.get("/card-window", params=visit)).status_code == 422
    assert (await desk.http.post("/card-window", data={**visit, "card": "approved"})).status_code == 422


async def test_a_card_that_is_not_there_is_refused(desk: Desk) -> None:
    assert (await desk.http.post("/card-window", data={**VISIT, "card": "golden"})).status_code == 422


async def test_what_is_sent_does_not_become_markup(desk: Desk) -> None:
    visit = {**VISIT, "returnUrl": 'https://drive.example/"><script>alert(1)</script>'}
    response = await desk.http.get("/card-window", params=visit)
    assert "<script" not in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


async def test_it_is_there_while_the_rest_is_down(desk: Desk) -> None:
    await desk.tell("/faults", down_for_s=60)
    assert await desk.typed()
