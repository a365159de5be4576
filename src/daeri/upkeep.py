"""What an installation deletes or forgets by itself: which rows of which room are kept for how long."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.accounts.model import Moment
from daeri.calls import api as calls
from daeri.companies import api as companies
from daeri.dispatch import api as dispatch
from daeri.infra import retention
from daeri.infra.database import Database, Tx
from daeri.kernel.ids import CompanyId
from daeri.policies.api import PolicyShelf
from daeri.policies.model import RetentionPolicy


async def retention_rules(
    database: Database, shelf: PolicyShelf, *, now: datetime, wall_now: datetime
) -> list[retention.Rule]:
    """How long each kind of row is kept: a company's rows by its own policy, what is nobody's by the longest."""
    async with database.reading() as tx:
        found = await companies.every(tx)
    kept = {company.id: shelf.of(company.id).read(RetentionPolicy, at=now).value for company in found}

    def longest(days: Callable[[RetentionPolicy], int]) -> timedelta:
        return timedelta(days=max(map(days, kept.values()), default=days(RetentionPolicy())))

    async def drop_days(tx: Tx, before: datetime, _limit: int) -> int:
        return await dispatch.drop_decisions_before(tx, before.date())

    async def end_sign_ins(tx: Tx, before: datetime, _limit: int) -> int:
        moment = Moment(now, wall_now)
        sessions_kept = longest(lambda policy: policy.sessions_days)
        gone = await accounts.delete_expired(tx, moment=moment, kept=wall_now - before, sessions_kept=sessions_kept)
        return sum(gone.values())

    answers_before = wall_now - longest(lambda policy: policy.idempotency_days)
    return [
        *(rule for company_id, policy in kept.items() for rule in _company_rules(company_id, policy, now)),
        retention.Rule("decisions", now - longest(lambda policy: policy.decisions_days), drop_days),
        retention.Rule("sign_ins", wall_now - longest(lambda policy: policy.challenges_days), end_sign_ins),
        retention.Rule("idempotency_keys", answers_before, retention.delete_idempotency_keys_before),
        retention.Rule("handled_events", answers_before, retention.delete_handled_before),
        retention.Rule("job_log", wall_now - retention.JOB_LOG_KEPT, retention.delete_job_log_before),
    ]


def _company_rules(company_id: CompanyId, policy: RetentionPolicy, now: datetime) -> list[retention.Rule]:
    def rule(kind: str, days: int, delete: Callable[[Tx, UUID, datetime, int], Awaitable[int]]) -> retention.Rule:
        return retention.Rule(
            kind, now - timedelta(days=days), lambda tx, before, limit: delete(tx, company_id, before, limit)
        )

    return [
        rule("events", policy.events_days, retention.delete_events_before),
        rule("offers", policy.offers_days, dispatch.delete_offers_before),
        rule("calls", policy.calls_days, calls.forget_before),
        rule("tracks", policy.tracks_days, calls.delete_tracks_before),
    ]
