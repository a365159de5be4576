"""What the card provider tells by itself: that an order has changed. None of it is believed: the provider is asked."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Router, post
from litestar.params import JSONBody
from msgspec import Meta

from daeri.adapters.cards import webhooks
from daeri.kernel.errors import Forbidden
from daeri.payments import api as payments
from daeri.web.api.documented import ANYBODY
from daeri.web.context import Context
from daeri.web.wire import NO_NUL

LONGEST_BODY: Final = 65_536

Req = Request[Any, Any, Any]
OrderId = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]


class NamedOrder(msgspec.Struct, frozen=True, rename="camel"):
    order_id: OrderId | None = None


class OrderNotice(msgspec.Struct, frozen=True):
    """Which order has changed: `order_id`, or `orderId` within `data`, as each provider says it; no more is read."""

    order_id: OrderId | None = None
    data: NamedOrder | None = None


class HeardOut(msgspec.Struct, frozen=True):
    """The same for an order of ours and for any other: who asks learns nothing."""

    heard: bool = True


class NoticeUnsigned(Forbidden):
    """The notice does not carry the signature of somebody who knows the secret."""

    code = "notice_unsigned"


@post("/webhooks/cards", status_code=200, security=ANYBODY, request_max_body_size=LONGEST_BODY)
async def hear_of_order(request: Req, context: Context, data: JSONBody[OrderNotice]) -> HeardOut:
    """Ask the provider at once about an order that it says has changed; what we do not know is passed over."""
    secret = context.settings.cards_webhook_secret
    if secret is not None:
        now, body = context.wall.wall_now(), await request.body()
        if webhooks.read(secret.get_secret_value(), request.headers, body, now) is None:
            raise NoticeUnsigned()
    named = data.order_id or (None if data.data is None else data.data.order_id)
    if named is not None:
        async with context.database.transaction() as tx:
            await payments.heard_from_provider(tx, named)
    return HeardOut()


router = Router(path="/", route_handlers=[hear_of_order], tags=["provider"])
