"""What staff keep beside a call: memos (운영메모), calculated fares (요금계산기), and their refusals."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from daeri.calls.model import Place
from daeri.kernel.errors import Invalid
from daeri.kernel.ids import CallId
from daeri.kernel.terms import Service
from daeri.pricing.model import Quote


@dataclass(frozen=True, slots=True)
class MemoLink:
    """Another call that a memo names."""

    call_id: CallId
    number: str


@dataclass(frozen=True, slots=True)
class Memo:
    """What a member of staff wrote down about a call; `call_number` is the call that it was written on."""

    id: UUID
    call_id: CallId
    call_number: str
    author_id: UUID
    at: datetime
    text: str
    links: tuple[MemoLink, ...]


@dataclass(frozen=True, slots=True)
class FareCalculation:
    """A fare that a member of staff had calculated: origin, vias and destination, and the answer (R-109, I-026)."""

    id: UUID
    call_id: CallId
    by_id: UUID
    at: datetime
    way: tuple[Place, ...]
    service: Service
    departure: datetime
    quote: Quote


class MemoLinkUnknown(Invalid):
    """No call of the company has this number. Facts: number."""

    code = "memo_link_unknown"


class MemoLinksItself(Invalid):
    """A memo links to other calls than its own."""

    code = "memo_links_itself"
