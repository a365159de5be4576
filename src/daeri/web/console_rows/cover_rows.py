"""What a ride's periods of cover prove, read for the console (R-030, I-028)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.companies import api as companies
from daeri.infra.database import Tx
from daeri.insurance import api as insurance
from daeri.insurance.model import Break, Cover, CoverSource, Gap
from daeri.kernel.ids import CompanyId
from daeri.web.console.cover_reads import CoverPage, CoverRow, GapRow
from daeri.web.context import WebContext

_NAMELESS = "–"


async def read_cover(tx: Tx, context: WebContext, company_id: CompanyId, call: Call) -> CoverPage:
    """The report of the ride that the call belongs to, asked for by any of its calls."""
    original = call if call.reconnects_call_id is None else await calls.get(tx, company_id, call.reconnects_call_id)
    again = await calls.reconnection(tx, company_id, original.id)
    found = await insurance.covers_of(tx, company_id, original.id)
    report = insurance.lay_out(found, _cut(original, again))
    numbers: dict[UUID, str] = {each.id: each.number for each in (original, again) if each is not None}
    names = await context.names.of(tx, company_id, [cover.driver_id for cover in found])
    partners = await _partners(tx, found)
    return CoverPage(
        original.id,
        [_cover(cover, numbers, names, partners) for cover in report.covers],
        [_gap(gap) for gap in report.gaps],
    )


def _cut(original: Call, again: Call | None) -> Break | None:
    if again is None or original.ended_at is None:
        return None
    return Break(original.ended_at, again.ended_at)


async def _partners(tx: Tx, found: Sequence[Cover]) -> dict[CompanyId, str]:
    """The names of those whose drivers drive for us."""
    ids = {cover.performer_id for cover in found if cover.source is CoverSource.PARTNER}
    return {each: (await companies.get(tx, each)).name_ko for each in sorted(ids)}


def _cover(
    cover: Cover, numbers: Mapping[UUID, str], names: Mapping[UUID, str], partners: Mapping[CompanyId, str]
) -> CoverRow:
    return CoverRow(
        call_id=cover.call_id,
        call_number=numbers.get(cover.call_id, ""),
        is_reconnected=cover.call_id != cover.ride_id,
        driver=names.get(cover.driver_id) or _NAMELESS,
        performer=partners.get(cover.performer_id),
        source=cover.source,
        insurer=cover.insurer,
        policy=cover.policy_shown,
        policy_until=cover.policy_until,
        injury_won=cover.terms.injury_won,
        property_won=cover.terms.property_won,
        own_car_won=cover.terms.own_car_won,
        deductible_won=cover.terms.deductible_won,
        policy_version=cover.policy_version,
        starts_at=cover.starts_at,
        ends_at=cover.ends_at,
    )


def _gap(gap: Gap) -> GapRow:
    return GapRow(gap.since, gap.until, gap.seconds)
