"""Call cards with what a call is worth to its driver: what the fare leaves, and the score."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from daeri.calls import api as calls
from daeri.calls.model import Call
from daeri.dispatch.model import Listed, Offer
from daeri.pricing import api as pricing
from daeri.pricing.model import CommissionPolicy, PremiumKind, PremiumPolicy
from daeri.rewards import api as rewards
from daeri.rewards.model import RewardKind, RewardPolicy
from daeri.web.context import WebContext
from daeri.web.wire import CardOut, NetOut, listed_card, offer_card


@dataclass(frozen=True, slots=True)
class Worth:
    """What a call is worth to its driver, where the reader may know."""

    net: NetOut | None = None
    score: int | None = None


WorthOf = Callable[[Call], Worth]


def worth_of(context: WebContext, call: Call) -> Worth:
    """What a call leaves and counts, told before it is taken (R-015, I-049)."""
    return Worth(_net(context, call), _score(context, call))


def _net(context: WebContext, call: Call) -> NetOut:
    """What the fare leaves, by the policies of this moment."""
    book, at = context.shelf.of(call.company_id), context.clock.now()
    chain = context.region_chain(call.origin.region)
    commission = book.read(CommissionPolicy, at=at, region_chain=chain, service=call.service).value
    premium = book.read(PremiumPolicy, at=at, region_chain=chain, service=call.service).value
    net = pricing.net_of(call.fare.amount, PremiumKind(calls.label(call).kind.value), commission, premium)
    return NetOut(net.fare, net.commission, net.premium, net.net)


def _score(context: WebContext, call: Call) -> int:
    """The score that will be awarded: by the hour and the record of when the call began to look for a driver."""
    chain = context.region_chain(call.origin.region)
    policy = context.shelf.of(call.company_id).read(
        RewardPolicy, at=call.dispatch_at, region_chain=chain, service=call.service
    )
    kind = RewardKind(calls.label(call).kind.value)
    return rewards.score_of(policy.value, kind, wanted_at=call.reserved_for or call.requested_at).score


def offer_cards(offers: Iterable[Offer], found: Mapping[UUID, Call], worth: WorthOf) -> Iterator[CardOut]:
    """The cards of live offers whose calls were found."""
    for offer in offers:
        if (call := found.get(offer.call_id)) is not None:
            known = worth(call)
            yield offer_card(offer, call, known.net, known.score)


def listed_cards(listed: Iterable[Listed], found: Mapping[UUID, Call], worth: WorthOf) -> Iterator[CardOut]:
    """The cards of the open list whose calls were found."""
    for entry in listed:
        if (call := found.get(entry.call_id)) is not None:
            known = worth(call)
            yield listed_card(entry, call, known.net, known.score)


def unknown_worth(_call: Call) -> Worth:
    """For readers who are not drivers."""
    return Worth()
