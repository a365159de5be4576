"""Pure: which record speaks, for whom and when."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from daeri.kernel.terms import Service
from daeri.policies.model import EVERYONE, Policy, PolicyRecord, PolicyT, Scope, Versioned


def scopes(region_chain: Sequence[str], service: Service | None) -> Iterator[Scope]:
    """The scopes that may speak, most specific first; `region_chain` runs from the smallest region outwards.

    A region weighs more than a service: what holds for this district goes before what holds for all VIP calls.
    """
    for region in region_chain:
        if service is not None:
            yield Scope(region, service)
        yield Scope(region)
    if service is not None:
        yield Scope(service=service)
    yield EVERYONE


class PolicyBook:
    """All records of one company, read without a query; load a new one when `policies.changed` is heard."""

    def __init__(self, records: Iterable[PolicyRecord] = ()) -> None:
        self._records: dict[str, dict[Scope, list[PolicyRecord]]] = {}
        for record in sorted(records, key=lambda record: (record.effective_from, record.version)):
            self._records.setdefault(record.name, {}).setdefault(record.scope, []).append(record)
        self._decoded: dict[UUID, Policy] = {}  # a memo: records never change

    def read(
        self,
        kind: type[PolicyT],
        *,
        at: datetime,
        region_chain: Sequence[str] = (),
        service: Service | None = None,
    ) -> Versioned[PolicyT]:
        """The policy in force at `at` for the most specific scope that has one, else the built-in default."""
        own = self._records.get(kind.name)
        if own is None:
            return Versioned(kind(), version=0)
        for scope in scopes(region_chain, service):
            record = _in_force(own.get(scope, []), at)
            if record is not None and record.value is not None:
                return Versioned(self._decode(kind, record), record.version, record.id)
        return Versioned(kind(), version=0)

    def _decode(self, kind: type[PolicyT], record: PolicyRecord) -> PolicyT:
        known = self._decoded.get(record.id)
        if known is None:
            known = self._decoded[record.id] = msgspec.convert(record.value, kind)
        return cast("PolicyT", known)


def _in_force(records: Sequence[PolicyRecord], at: datetime) -> PolicyRecord | None:
    """The last of one scope's records whose time has come; of two for one instant, the later written."""
    index = bisect_right(records, at, key=lambda record: record.effective_from)
    return records[index - 1] if index else None
