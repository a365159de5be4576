"""Toss Payments' documented error codes that are a no, in our words.

Source: the error codes of its public API reference (billing key issue, billing approval, payment cancel, lookup). What
stands in no table is no answer that can be relied on: keys of ours that it does not accept, contracts that are missing,
maintenance, errors of card companies, orders and idempotency keys that it is still busy with, codes that are new.
"""

from collections.abc import Mapping
from typing import Final

from daeri.payments.charge_model import CardRefusal

NOT_FOUND_PAYMENT: Final = "NOT_FOUND_PAYMENT"

_WORDS: Final[Mapping[CardRefusal, tuple[str, ...]]] = {
    CardRefusal.DECLINED: (
        "REJECT_CARD_COMPANY",
        "INVALID_REJECT_CARD",
        "FDS_ERROR",
    ),
    # Limit or balance: the provider does not say which.
    CardRefusal.INSUFFICIENT: (
        "REJECT_CARD_PAYMENT",
        "REJECT_ACCOUNT_PAYMENT",
    ),
    CardRefusal.CARD_INVALID: (
        "INVALID_CARD",
        "INVALID_CARD_COMPANY",
        "INVALID_CARD_EXPIRATION",
        "INVALID_CARD_IDENTITY",
        "INVALID_CARD_LOST_OR_STOLEN",
        "INVALID_CARD_NUMBER",
        "INVALID_CARD_PASSWORD",
        "INVALID_STOPPED_CARD",
        "NOT_REGISTERED_CARD_COMPANY",
        "NOT_SUPPORTED_CARD_TYPE",
    ),
    CardRefusal.OVER_LIMIT: (
        "EXCEED_MAX_AMOUNT",
        "EXCEED_MAX_AUTH_COUNT",
        "EXCEED_MAX_DAILY_PAYMENT_COUNT",
        "EXCEED_MAX_ONE_DAY_AMOUNT",
        "EXCEED_MAX_PAYMENT_AMOUNT",
        "EXCEED_UNKNOWN_CASE",
    ),
    CardRefusal.KEY_GONE: (
        "ALREADY_REMOVED_BILLING_KEY",
        "BILLING_KEY_NOT_FOUND",
        "INVALID_AUTHORIZE_AUTH",
        "INVALID_BILLING_AUTH",
        "INVALID_BILL_KEY_REQUEST",
        "NOT_FOUND_BILLING",
        "NOT_MATCHES_CUSTOMER_KEY",
    ),
    CardRefusal.AMOUNT_INVALID: (
        "BELOW_MINIMUM_AMOUNT",
        "BELOW_ZERO_AMOUNT",
        "REQUIRED_AMOUNT",
    ),
    CardRefusal.CANCEL_REFUSED: (
        "ALREADY_CANCELED_PAYMENT",
        "ALREADY_REFUND_PAYMENT",
        "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT",
        "EXCEED_MAX_REFUND_AMOUNT",
        "EXCEED_MAX_REFUND_DUE",
        "INVALID_REFUND_AMOUNT",
        "NOT_ALLOWED_PARTIAL_REFUND",
        "NOT_CANCELABLE_AMOUNT",
        "NOT_CANCELABLE_PAYMENT",
        "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER",
        "NOT_MATCHES_REFUNDABLE_AMOUNT",
        "NOT_SUPPORTED_REFUND",
        "REFUND_REJECTED",
    ),
    CardRefusal.REJECTED: (
        "INVALID_CUSTOMER_KEY",
        "INVALID_IDEMPOTENCY_KEY",
        "INVALID_ORDER_ID",
        "INVALID_ORDER_NAME",
        "INVALID_PAYMENT_KEY",
        "INVALID_REQUEST",
        "INVALID_REQUIRED_PARAM",
        NOT_FOUND_PAYMENT,
    ),
}
REFUSALS: Final[Mapping[str, CardRefusal]] = {code: refusal for refusal, codes in _WORDS.items() for code in codes}
