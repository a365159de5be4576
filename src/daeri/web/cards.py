"""Call cards with what the fare leaves to the driver."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.dispatch.model import Listed, Offer
from daeri.pricing import api as pricing
from daeri.pricing.model import CommissionPolicy, PremiumKind, PremiumPolicy
from daeri.web.context import WebContext
from daeri.web.wire import CardOut, NetOut, listed_card, offer_card

NetOf = Callable[[Call], NetOut | None]


def net_of(context: WebContext, call: Call) -> NetOut:
    """What the fare leaves to a driver, by the policies of this moment."""
    book, at = context.shelf.of(call.company_id), context.clock.now()
    chain = context.region_chain(call.origin.region)
    commission = book.read(CommissionPolicy, at=at, region_chain=chain, service=call.service).value
    premium = book.read(PremiumPolicy, at=at, region_chain=chain, service=call.service).value
    net = pricing.net_of(call.fare.amount, PremiumKind(calls.label(call).kind.value), commission, premium)
    return NetOut(net.fare, net.commission, net.premium, net.net)


def offer_cards(offers: Iterable[Offer], found: Mapping[UUID, Call], net: NetOf) -> Iterator[CardOut]:
    """The cards of live offers whose calls were found."""
    for offer in offers:
        if (call := found.get(offer.call_id)) is not None:
            yield offer_card(offer, call, net(call))


def listed_cards(listed: Iterable[Listed], found: Mapping[UUID, Call], net: NetOf) -> Iterator[CardOut]:
    """The cards of the open list whose calls were found."""
    for entry in listed:
        if (call := found.get(entry.call_id)) is not None:
            yield listed_card(entry, call, net(call))


def unknown_net(_call: Call) -> None:
    """For readers who are not drivers."""
    return
