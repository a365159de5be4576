"""A call's row: its columns as every statement of the domain returns them, and the call that they make."""

import msgspec

from daeri.calls.model import Business, Call, Fare, Group, GroupMember, Place, Rider, State
from daeri.customers.model import CarDetails, Payer
from daeri.infra.database import Row
from daeri.kernel.geo import Point
from daeri.kernel.ids import CustomerId, DriverId
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source, Timing
from daeri.pricing.model import FarePlan, Quote, WaitingPolicy

COLUMNS = """
id, company_id, number, version, state, source, orderer_id, performer_id, driver_id, customer_id, service, timing,
options, payment, fare_amount, fare_plan, tariff_version, origin_lat, origin_lon, origin_name, origin_region,
destination_lat, destination_lon, destination_name, destination_region, vias, note, requested_at, reserved_for,
dispatch_at, expires_at, assigned_at, arrived_at, started_at, ended_at, ended_by, cancelled_from, end_reason,
releases, policy_version, quote, final_amount, rider_name, rider_phone_masked, car, business_account_id, business_name,
business_payer, group_id, group_size, group_place, call_group(group_id) AS group_members, waiting, waiting_won,
no_show_fee_won, cash_received, vias_reached, reconnects_call_id
"""


class KeptVia(msgspec.Struct, frozen=True):
    """A via as its column keeps it."""

    lat: float
    lon: float
    name: str
    region: str | None


def _group(row: Row) -> Group | None:
    """The group as it stands; this call itself as its row says, which a statement of its own change may not show."""
    if row["group_id"] is None:
        return None
    stored = msgspec.convert(row["group_members"] or (), tuple[GroupMember, ...])
    mine = GroupMember(row["group_place"], row["id"], row["number"], State(row["state"]))
    members = {member.place: member for member in stored} | {mine.place: mine}
    return Group(row["group_id"], row["group_size"], tuple(members[place] for place in sorted(members)))


def _rider_of(row: Row) -> Rider | None:
    masked = row["rider_phone_masked"]
    return None if masked is None else Rider(row["rider_name"], masked)


def _business_of(row: Row) -> Business | None:
    account_id = row["business_account_id"]
    if account_id is None:
        return None
    return Business(account_id, row["business_name"], Payer(row["business_payer"]))


def _place(row: Row, which: str) -> Place:
    point = Point(row[f"{which}_lat"], row[f"{which}_lon"])
    return Place(point, row[f"{which}_name"], row[f"{which}_region"])


def _vias(stored: object) -> tuple[Place, ...]:
    return tuple(Place(Point(via.lat, via.lon), via.name, via.region) for via in msgspec.convert(stored, list[KeptVia]))


def call_of(row: Row) -> Call:
    return Call(
        id=row["id"],
        company_id=row["company_id"],
        number=row["number"],
        version=row["version"],
        state=State(row["state"]),
        source=Source(row["source"]),
        orderer_id=row["orderer_id"],
        performer_id=row["performer_id"],
        driver_id=None if row["driver_id"] is None else DriverId(row["driver_id"]),
        customer_id=None if row["customer_id"] is None else CustomerId(row["customer_id"]),
        service=Service(row["service"]),
        timing=Timing(row["timing"]),
        options=tuple(map(Option, row["options"])),
        payment=Payment(row["payment"]),
        fare=Fare(row["fare_amount"], FarePlan(row["fare_plan"]), row["tariff_version"]),
        origin=_place(row, "origin"),
        destination=_place(row, "destination"),
        vias=_vias(row["vias"]),
        note=row["note"],
        requested_at=row["requested_at"],
        reserved_for=row["reserved_for"],
        dispatch_at=row["dispatch_at"],
        expires_at=row["expires_at"],
        assigned_at=row["assigned_at"],
        arrived_at=row["arrived_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        ended_by=None if row["ended_by"] is None else ActorKind(row["ended_by"]),
        cancelled_from=None if row["cancelled_from"] is None else State(row["cancelled_from"]),
        end_reason=row["end_reason"],
        releases=row["releases"],
        policy_version=row["policy_version"],
        quote=None if row["quote"] is None else msgspec.convert(row["quote"], Quote),
        rider=_rider_of(row),
        car=None if row["car"] is None else msgspec.convert(row["car"], CarDetails),
        business=_business_of(row),
        group=_group(row),
        final_amount=row["final_amount"],
        waiting=None if row["waiting"] is None else msgspec.convert(row["waiting"], WaitingPolicy),
        waiting_won=row["waiting_won"],
        no_show_fee_won=row["no_show_fee_won"],
        cash_received=row["cash_received"],
        vias_reached=tuple(row["vias_reached"]),
        reconnects_call_id=row["reconnects_call_id"],
    )  # fmt: skip -- forty lines for forty columns would be a wall
