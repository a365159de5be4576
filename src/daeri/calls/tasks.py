"""Reactions to what happens to calls."""

from daeri.calls import policy, store
from daeri.calls.model import Call
from daeri.drivers import api as drivers
from daeri.drivers.model import Run
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.kernel.ids import CompanyId, DriverId
from daeri.kernel.time import KST
from daeri.policies import api as policies
from daeri.pricing import api as pricing
from daeri.pricing.model import CommissionPolicy, PremiumKind, PremiumPolicy
from daeri.regions import api as regions


async def record_run(tx: Tx, event: Event) -> None:
    """Keep what a completed call left to its driver, by the policies in force when it ended."""
    company_id = CompanyId(event.company_id)
    call = await store.get(tx, company_id, event.aggregate_id)
    if call is None or call.driver_id is None:
        return
    await drivers.record_run(tx, await _run(tx, call, company_id, call.driver_id, event))


async def _run(tx: Tx, call: Call, company_id: CompanyId, driver_id: DriverId, event: Event) -> Run:
    region = call.origin.region
    chain = () if region is None else await regions.lineage(tx, region)
    commission = await policies.read(
        tx, company_id, CommissionPolicy, at=event.at, region_chain=chain, service=call.service
    )
    premium = await policies.read(tx, company_id, PremiumPolicy, at=event.at, region_chain=chain, service=call.service)
    kind = PremiumKind(policy.label_of(call).kind.value)
    fare = call.fare.amount if call.final_amount is None else call.final_amount
    net = pricing.net_of(fare, kind, commission.value, premium.value)
    return Run(
        call_id=call.id,
        driver_id=driver_id,
        company_id=company_id,
        day=event.at.astimezone(KST).date(),
        ended_at=event.at,
        number=call.number,
        kind=kind,
        payment=call.payment,
        fare=net.fare,
        commission=net.commission,
        premium=net.premium,
        net=net.net,
        commission_version=commission.version,
        premium_version=premium.version,
    )
