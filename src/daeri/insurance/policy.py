"""PURE: whose insurance covers a drive, whether a partner's is good enough, and where a ride has gaps."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from daeri.insurance.model import (
    Break,
    Cover,
    CoverPolicy,
    CoverRefusal,
    CoverReport,
    CoverSource,
    CoverTerms,
    Gap,
)
from daeri.kernel.result import Allowed, Refused


def source_of(policy: CoverPolicy, *, by_partner: bool) -> CoverSource:
    """A partner's driver is covered by the partner's program (R-026), our own as the record says."""
    return CoverSource.PARTNER if by_partner else CoverSource(policy.insured_by.value)


def decide_partner(own: CoverTerms, partner: CoverTerms | None) -> Allowed | Refused[CoverRefusal]:
    """Whether customers are as well covered by that partner's drivers as by our own (R-027).

    None is a partner who has not said what their cover is: not eligible. The facts name both amounts in won.
    """
    if partner is None:
        return Refused(CoverRefusal.UNKNOWN)
    limits = (
        (CoverRefusal.INJURY, own.injury_won, partner.injury_won),
        (CoverRefusal.PROPERTY, own.property_won, partner.property_won),
        (CoverRefusal.OWN_CAR, own.own_car_won, partner.own_car_won),
    )
    for reason, ours, theirs in limits:
        if theirs < ours:
            return Refused(reason, {"own_won": ours, "partner_won": theirs})
    if partner.deductible_won > own.deductible_won:
        facts = {"own_won": own.deductible_won, "partner_won": partner.deductible_won}
        return Refused(CoverRefusal.DEDUCTIBLE, facts)
    return Allowed()


def lay_out(covers: Sequence[Cover], cut: Break | None = None) -> CoverReport:
    """The periods of one ride and the gaps between them (R-030, I-028).

    `cut` is where the ride's own call ended although the ride went on: from then on nothing covers it until the next
    period begins, also where that never does, or where no period came before.
    """
    ordered = tuple(sorted(covers, key=lambda cover: (cover.starts_at, cover.call_id)))
    return CoverReport(ordered, tuple(_gaps(ordered, cut)))


def _gaps(ordered: Sequence[Cover], cut: Break | None) -> Iterator[Gap]:
    bare_since = None if cut is None or _covered_by(ordered, cut.at) else cut.at
    for cover in ordered:
        if bare_since is not None and cover.starts_at > bare_since:
            yield Gap(bare_since, cover.starts_at)
        if cover.ends_at is None:
            return
        bare_since = cover.ends_at if bare_since is None else max(bare_since, cover.ends_at)
    if cut is not None and bare_since is not None and bare_since <= cut.at:
        yield Gap(bare_since, cut.again_ended_at)


def _covered_by(ordered: Sequence[Cover], instant: datetime) -> bool:
    """Whether a period had begun by then."""
    return bool(ordered) and ordered[0].starts_at <= instant
