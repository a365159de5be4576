"""The bus of one process."""

import logging

import pytest

from daeri.adapters.bus.memory import MemoryBus


def test_a_listener_hears_its_topic_and_its_parts_and_nothing_else():
    bus, heard = MemoryBus(), []
    bus.listen("calls", lambda topic, message: heard.append((topic, message)))
    for topic in ("calls", "calls.17", "callsign", "drivers.17"):
        bus.publish(topic, b"x")
    assert heard == [("calls", b"x"), ("calls.17", b"x")]


def test_a_listener_on_a_part_does_not_hear_the_rest():
    bus, heard = MemoryBus(), []
    bus.listen("calls.17", lambda topic, _: heard.append(topic))
    for topic in ("calls", "calls.18", "calls.17"):
        bus.publish(topic, b"")
    assert heard == ["calls.17"]


def test_stopped_listener_hears_nothing_more_and_stopping_twice_is_fine():
    bus, heard = MemoryBus(), []
    stop = bus.listen("calls", lambda *_: heard.append("stopped"))
    bus.listen("calls", lambda *_: heard.append("other"))
    stop()
    stop()
    bus.publish("calls", b"")
    assert heard == ["other"]


def test_listener_may_stop_itself_while_called():
    bus, heard = MemoryBus(), []

    def once(topic: str, _: bytes) -> None:
        heard.append(topic)
        stop()

    stop = bus.listen("calls", once)
    bus.listen("calls", lambda *_: heard.append("second"))
    bus.publish("calls", b"")
    bus.publish("calls", b"")
    assert heard == ["calls", "second", "second"]


def test_a_failing_listener_is_logged_and_reaches_neither_publisher_nor_others(caplog: pytest.LogCaptureFixture):
    bus, heard = MemoryBus(), []

    def fail(topic: str, message: bytes) -> None:
        raise ValueError("broken listener")

    bus.listen("calls", fail)
    bus.listen("calls", lambda *_: heard.append("reached"))
    with caplog.at_level(logging.ERROR):
        bus.publish("calls", b"")
    assert heard == ["reached"]
    assert "broken listener" in caplog.text
