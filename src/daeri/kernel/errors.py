"""The base of every refusal: a stable code, a category and the facts behind it.

A domain subclasses the category that fits; the web maps categories to HTTP statuses and codes to sentences.
"""

from enum import StrEnum
from typing import ClassVar

from daeri.kernel.result import Fact


class Category(StrEnum):
    INVALID = "invalid"  # 422: the command can never be right
    UNAUTHENTICATED = "unauthenticated"  # 401
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404: it does not exist, or not for you
    CONFLICT = "conflict"  # 409: not now, in this state
    GONE = "gone"  # 410: too late for good
    TOO_MANY = "too_many"  # 429
    UNAVAILABLE = "unavailable"  # 503: try again


class DaeriError(Exception):
    """A named refusal. `code` is stable and public; `facts` hold no personal data."""

    code: ClassVar[str] = "error"
    category: ClassVar[Category] = Category.CONFLICT

    def __init__(self, **facts: Fact) -> None:
        self.facts = facts
        details = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{self.code}({details})")


class Invalid(DaeriError):
    code = "invalid"
    category = Category.INVALID


class NotFound(DaeriError):
    code = "not_found"
    category = Category.NOT_FOUND


class Conflict(DaeriError):
    code = "conflict"
    category = Category.CONFLICT


class Forbidden(DaeriError):
    code = "forbidden"
    category = Category.FORBIDDEN
