"""What every route may ask for: built once by bootstrap and handed to the app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from litestar.di import NamedDependency

from daeri.accounts.api import Authenticator, Gate
from daeri.accounts.model import ChallengeId, Moment
from daeri.accounts.ports import CodeSender
from daeri.calls.request_model import RequestPolicies
from daeri.dispatch.fleet import LiveFleet
from daeri.infra.bus import Bus
from daeri.infra.database import Database
from daeri.infra.metrics import Metrics
from daeri.infra.settings import Settings
from daeri.infra.tracing import Tracer
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, Ids
from daeri.kernel.terms import Service
from daeri.kernel.time import Clock, WallClock
from daeri.payments.ports import Cards
from daeri.policies.api import PolicyShelf
from daeri.policies.model import DispatchPolicy, PositionPolicy, RequestLimits, ReservationPolicy
from daeri.pricing import api as pricing
from daeri.pricing.ports import Router
from daeri.regions.api import RegionIndex
from daeri.regions.ports import PlaceFinder
from daeri.web.commands import Commands
from daeri.web.limits import PersonLimit
from daeri.web.live.gateways import Gateways
from daeri.web.names import NameBook
from daeri.web.problems import Problems


class Stepper(Protocol):
    """Moves business time in replay mode."""

    async def step(self, until: datetime) -> int:
        """Tick until then and wait for the jobs; how many ticks there were."""

    async def messages(self) -> list[dict[str, Any]]:
        """What people would have been told since the last step, in a fixed order."""


def _hidden(_challenge_id: ChallengeId) -> None:
    """Nobody is shown a code that belongs to a telephone."""


@dataclass(slots=True)
class WebContext:
    """The parts of a running web process; `regions` is replaced when boundaries are imported."""

    settings: Settings
    database: Database
    bus: Bus
    clock: Clock
    wall: WallClock
    ids: Ids
    gate: Gate
    authenticator: Authenticator
    code_sender: CodeSender
    shelf: PolicyShelf
    regions: RegionIndex
    outline: bytes
    router: Router
    fallback_router: Router
    places: PlaceFinder
    fallback_places: PlaceFinder
    place_limit: PersonLimit
    fleet: LiveFleet
    gateways: Gateways
    metrics: Metrics
    tracer: Tracer
    problems: Problems
    commands: Commands
    names: NameBook
    is_ready: Callable[[], bool]
    stepper: Stepper | None
    # The code of a challenge where pages show it themselves: in a demo, and nowhere else.
    shown_code: Callable[[ChallengeId], str | None] = _hidden
    cards: Cards | None = None  # none where no card provider is set
    card_limit: PersonLimit = field(init=False)

    def __post_init__(self) -> None:
        self.card_limit = PersonLimit("cards", self.wall)

    @property
    def is_demo(self) -> bool:
        """Whether this is for trying out: pages then say so."""
        return self.shown_code is not _hidden

    def moment(self) -> Moment:
        """Both times of this request."""
        return Moment(self.clock.now(), self.wall.wall_now())

    def region_of(self, point: Point) -> str | None:
        """The code of the point's region; None outside of all regions."""
        return self.regions.resolve(point).code

    def region_chain(self, code: str | None) -> tuple[str, ...]:
        """The region and what it lies in, smallest first."""
        return () if code is None else (code, *(region.code for region in self.regions.ancestors(code)))

    def request_policies(
        self, company_id: CompanyId, region: str | None, service: Service, at: datetime
    ) -> RequestPolicies:
        """The records that a request from that region is decided by."""
        book, chain = self.shelf.of(company_id), self.region_chain(region)
        return RequestPolicies(
            limits=book.read(RequestLimits, at=at, region_chain=chain, service=service).value,
            reservation=book.read(ReservationPolicy, at=at, region_chain=chain, service=service).value,
            dispatch=book.read(DispatchPolicy, at=at, region_chain=chain, service=service),
            plans=pricing.plan_terms(book, at=at, region_chain=chain, service=service),
        )

    def position_policy(self, company_id: CompanyId) -> PositionPolicy:
        """How often the company's drivers report."""
        return self.shelf.of(company_id).read(PositionPolicy, at=self.clock.now()).value


Context = NamedDependency[WebContext]  # as a handler asks for it
