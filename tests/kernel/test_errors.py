"""Refusals carry a stable code, a category and the facts."""

import daeri.calls.model
import daeri.calls.note_model
import daeri.calls.request_model
import daeri.dispatch.model
import daeri.drivers.model
import daeri.drivers.paper_model
from daeri.kernel.errors import Category, DaeriError, NotFound


class NoSuchLamp(NotFound):
    code = "no_such_lamp"


def test_a_refusal_says_its_code_and_facts() -> None:
    refusal = NoSuchLamp(lamp="hall", watts=40)
    assert str(refusal) == "no_such_lamp(lamp=hall, watts=40)"
    assert (refusal.facts, refusal.category) == ({"lamp": "hall", "watts": 40}, Category.NOT_FOUND)


def test_no_two_refusals_of_the_core_share_a_code() -> None:
    rooms = (
        daeri.calls.model,
        daeri.calls.note_model,
        daeri.calls.request_model,
        daeri.drivers.model,
        daeri.drivers.paper_model,
        daeri.dispatch.model,
    )
    refusals = [
        thing
        for room in rooms
        for thing in vars(room).values()
        if isinstance(thing, type) and issubclass(thing, DaeriError) and thing.__module__ == room.__name__
    ]
    codes = [refusal.code for refusal in refusals]
    assert len(codes) > 15
    assert len(set(codes)) == len(codes)
