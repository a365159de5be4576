"""PURE: "why did I not get this call?" in plain numbers, read off the log of decisions (I-040).

Nothing here tells who else was near, who called, or whom a policy protects; distances are rounded.
"""

from collections.abc import Sequence

from daeri.calls.model import State
from daeri.dispatch.model import OfferState, Passed, Why, WhyOutcome, WhyReason
from daeri.dispatch.plan import Reason
from daeri.kernel.result import Fact

_ROUND_M = 100  # of distances to the customer, so that nobody finds out from where a call came
_ROUND_BY_M = 10  # of how much nearer another driver was


_REASONS = {
    Reason.FARTHER: WhyReason.FARTHER,
    Reason.FARTHER_AFTER_DRIVE: WhyReason.FARTHER_AFTER_DRIVE,
    Reason.BUSY: WhyReason.BUSY,
    Reason.HELD_BY_OTHER_OFFER: WhyReason.ANSWERING_ANOTHER,
    Reason.STALE_POSITION: WhyReason.STALE_POSITION,
    Reason.OUT_OF_RADIUS: WhyReason.OUT_OF_RADIUS,
    Reason.NOT_ELIGIBLE: WhyReason.NOT_ELIGIBLE,
    Reason.ALREADY_DECLINED: WhyReason.DECLINED,
    Reason.ALREADY_IGNORED: WhyReason.IGNORED,
    Reason.NEARER_TO_OTHER_CALL: WhyReason.NEARER_TO_ANOTHER,
    Reason.OTHER_COMPANY: WhyReason.BARRED,
    Reason.NEVER_MEET: WhyReason.BARRED,
    Reason.LISTED: WhyReason.LISTED,
    Reason.LOW_BALANCE: WhyReason.LOW_BALANCE,
}
_ANSWERS = {
    OfferState.LIVE: WhyReason.OFFERED,
    OfferState.ACCEPTED: WhyReason.WITHDRAWN,  # and taken off it again
    OfferState.DECLINED: WhyReason.DECLINED,
    OfferState.IGNORED: WhyReason.IGNORED,
    OfferState.WITHDRAWN: WhyReason.WITHDRAWN,
}
_OUTCOMES = {
    State.REQUESTED: WhyOutcome.WAITING,
    State.RESERVED: WhyOutcome.WAITING,
    State.CANCELLED_BEFORE_ASSIGNMENT: WhyOutcome.CANCELLED,
    State.CANCELLED_AFTER_ASSIGNMENT: WhyOutcome.CANCELLED,
    State.EXPIRED: WhyOutcome.EXPIRED,
}


def explain(passed: Passed) -> Why:
    """What the driver is told of one decision."""
    reason = _reason(passed)
    return Why(
        passed.call_id,
        passed.at,
        passed.region,
        _rounded(passed.metres),
        passed.service,
        passed.fare,
        _OUTCOMES.get(passed.state, WhyOutcome.TAKEN),
        reason,
        _facts(passed, reason),
    )


def newest_of_each(decisions: Sequence[Passed], limit: int) -> list[Why]:
    """The last word about each call, newest first."""
    last = {passed.call_id: passed for passed in sorted(decisions, key=lambda passed: passed.at)}
    found = sorted(last.values(), key=lambda passed: (passed.at, passed.call_id), reverse=True)
    return [explain(passed) for passed in found[:limit]]


def _reason(passed: Passed) -> WhyReason:
    if passed.reason is Reason.CHOSEN:
        return _ANSWERS[passed.answer or OfferState.WITHDRAWN]
    if passed.chosen_m is None and passed.reason in (Reason.FARTHER, Reason.FARTHER_AFTER_DRIVE):
        return WhyReason.NOT_REACHED
    return _REASONS[passed.reason]


def _facts(passed: Passed, reason: WhyReason) -> dict[str, Fact]:
    metres = _rounded(passed.metres)
    match reason:
        case WhyReason.FARTHER | WhyReason.FARTHER_AFTER_DRIVE if passed.chosen_m is not None:
            by_m = max(passed.metres - passed.chosen_m, 0)
            return {"metres": metres, "by_m": max(round(by_m / _ROUND_BY_M) * _ROUND_BY_M, _ROUND_BY_M)}
        case WhyReason.STALE_POSITION:
            return {"age_s": passed.age_s}
        case WhyReason.OUT_OF_RADIUS:
            return {"metres": metres, "radius_m": passed.radius_m}
        case WhyReason.NOT_ELIGIBLE:
            return {"service": passed.service}
        case _:
            return {}


def _rounded(metres: int) -> int:
    return max(round(metres / _ROUND_M) * _ROUND_M, _ROUND_M)
