"""What people must see to about money: the tasks, whose they are, and what came of them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from daeri.accounts.model import Permission, Principal
from daeri.infra.database import Tx
from daeri.kernel.result import Fact
from daeri.payments import api as payments
from daeri.payments.model import Task, TaskKind
from daeri.web.api.documented import Command, answers
from daeri.web.api.filters import refuse_unknown
from daeri.web.console.money_reads import PaymentTask, PaymentTasks
from daeri.web.console_rows import payment_page, payment_rows, shown_names
from daeri.web.console_rows.viewers import viewer_of
from daeri.web.context import Context, WebContext
from daeri.web.money import Why, audit
from daeri.web.principals import WhoAsks, require_staff

Req = Request[Any, Any, Any]
Facts = dict[str, Fact]
_FIELDS = ("kind", "mine", "done")


class TakeTaskIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`instead_of` is whose it is, as the asker knows it; nobody's where it is left out."""

    instead_of: UUID | None = None


class TaskDoneIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of it."""

    note: Why


@get("/console/payment-tasks")
async def list_payment_tasks(
    request: Req,
    context: Context,
    principal: WhoAsks,
    *,
    kind: FromQuery[TaskKind | None] = None,
    mine: FromQuery[bool] = False,
    done: FromQuery[bool] = False,
) -> PaymentTasks:
    """What people must see to, most urgent first, with whose it is and when it is due (I-016); `done` adds the past."""
    refuse_unknown(request, _FIELDS)
    return await payment_rows.tasks(context, viewer_of(principal), kind=kind, is_mine=mine, with_done=done)


@post(
    "/console/payment-tasks/{task_id:uuid}/take",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentTask),
)
async def take_payment_task(
    request: Req,
    context: Context,
    principal: WhoAsks,
    task_id: FromPath[UUID],
    data: JSONBody[TakeTaskIn | None] = None,
) -> Response[bytes]:
    """See to a task oneself; of two who take it at once the second hears that it is taken."""

    async def take(tx: Tx) -> Task:
        instead_of = None if data is None else data.instead_of
        me = principal.account_id
        return await payments.take_task(tx, principal.company_id, task_id, me, instead_of=instead_of)

    return await _do_task(request, context, principal, "payment_task.taken", take)


@post(
    "/console/payment-tasks/{task_id:uuid}/release",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentTask),
)
async def release_payment_task(
    request: Req, context: Context, principal: WhoAsks, task_id: FromPath[UUID]
) -> Response[bytes]:  # fmt: skip -- the signature reads as one sentence
    """Give a task of one's own back to everybody."""

    async def release(tx: Tx) -> Task:
        return await payments.take_task(tx, principal.company_id, task_id, None, instead_of=principal.account_id)

    return await _do_task(request, context, principal, "payment_task.released", release)


@post(
    "/console/payment-tasks/{task_id:uuid}/done",
    status_code=200,
    operation_class=Command,
    responses=answers(200, PaymentTask),
)
async def finish_payment_task(
    request: Req, context: Context, principal: WhoAsks, task_id: FromPath[UUID], data: JSONBody[TaskDoneIn]
) -> Response[bytes]:
    """Close a task by hand, with what came of it."""

    async def finish(tx: Tx) -> Task:
        now = context.clock.now()
        return await payments.finish_task(tx, principal.company_id, task_id, principal.account_id, data.note, now=now)

    return await _do_task(request, context, principal, "payment_task.done", finish)


async def _do_task(
    request: Req, context: WebContext, principal: Principal, action: str, deed: Callable[[Tx], Awaitable[Task]]
) -> Response[bytes]:
    require_staff(principal)
    principal.require(Permission.PAYMENTS_SETTLE)

    async def work(tx: Tx) -> PaymentTask:
        task = await deed(tx)
        facts: Facts = {"kind": task.kind, "number": task.number}
        await audit(
            tx,
            request,
            context,
            principal,
            action=action,
            subject_kind="payment_task",
            subject_id=task.id,
            facts=facts,
        )
        names = await shown_names.people(tx, context, principal.company_id, [task.owner_id])
        return payment_page.task_row(task, names)

    return await context.commands.run(request, principal, work)


router = Router(
    path="/",
    route_handlers=[list_payment_tasks, take_payment_task, release_payment_task, finish_payment_task],
    tags=["console"],
)
