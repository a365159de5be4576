"""What every CodeSender does, shown on the embedded twin."""

from daeri.accounts.ports import CodeSender
from daeri.adapters.sms.screen import ScreenCodeSender


async def test_the_screen_shows_the_last_codes_newest_first(desk, company):
    screen = ScreenCodeSender(kept=2)
    sender: CodeSender = screen
    asked = [await desk.ask(company, phone=f"010-0000-000{number}") for number in range(3)]
    for request in asked:
        await sender.send_code(request.message)
    assert screen.latest() == [asked[2].message, asked[1].message]
    assert screen.latest(1) == [asked[2].message]
    assert screen.code_for(asked[1].challenge.id) == asked[1].message.code
    assert screen.code_for(asked[0].challenge.id) is None


async def test_the_code_on_the_screen_signs_in(desk, company):
    screen = ScreenCodeSender()
    asked = await desk.ask(company)
    await screen.send_code(asked.message)
    assert await desk.answer(asked.challenge.id, screen.code_for(asked.challenge.id))
