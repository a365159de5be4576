"""The measured side of the positions benchmark: the real listeners over a real database, in a process of its own."""

import asyncio
import time
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from daeri.bootstrap import build_program, open_parts
from daeri.dispatch.fleet import LiveFleet
from daeri.infra.settings import Settings
from daeri.kernel.time import SystemClock, to_millis
from daeri.web.app import build_app
from daeri.web.live.driver_listener import DriverListener
from daeri.web.report_protocol import report_protocol

TICK_S = 0.1


class Mark(msgspec.Struct, frozen=True):
    """What the server has done by now: CPU seconds of its process, points believed, points refused."""

    cpu_s: float
    believed: int
    refused: int

    @property
    def points(self) -> int:
        return self.believed + self.refused


class Ports(msgspec.Struct, frozen=True):
    driver: int
    http: int


class _Absorber:
    """The part of the engine's tick that positions cost."""

    def __init__(self, fleet: LiveFleet) -> None:
        self._fleet = fleet
        self.believed = 0
        self.refused = 0

    async def run(self) -> None:
        clock = SystemClock()
        while True:
            await asyncio.sleep(TICK_S)
            report = self._fleet.absorb(to_millis(clock.now()))
            self.believed += report.believed
            self.refused += sum(report.dropped.values())


def serve(dsn: str, data_folder: Path, line: Connection) -> None:
    """Say the ports on `line`, then answer each word with a Mark until it is `stop`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(dsn, data_folder, line))


async def _serve(dsn: str, data_folder: Path, line: Connection) -> None:
    settings = Settings.model_validate({"data_folder": data_folder, "port": 0, "driver_port": 0})
    async with open_parts(settings, dsn) as parts, build_program(parts) as program:
        listener = DriverListener(program.context)
        await listener.start()
        server = uvicorn.Server(
            uvicorn.Config(
                build_app(program.context),
                port=0,
                http=report_protocol(program.context),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
            )
        )  # fmt: skip -- one server
        web = asyncio.ensure_future(server.serve())
        absorber = _Absorber(parts.fleet)
        absorbing = asyncio.ensure_future(absorber.run())
        while not server.started:  # noqa: ASYNC110 -- uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        line.send(msgspec.json.encode(Ports(listener.port, server.servers[0].sockets[0].getsockname()[1])))
        await _answer(line, absorber)
        absorbing.cancel()
        server.should_exit = True
        await listener.drain(0)
        await web


async def _answer(line: Connection, absorber: _Absorber) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(line.fileno(), asked.set)
    while True:
        await asked.wait()
        asked.clear()
        while line.poll():
            if line.recv() == "stop":
                loop.remove_reader(line.fileno())
                return
            line.send(msgspec.json.encode(Mark(time.process_time(), absorber.believed, absorber.refused)))
