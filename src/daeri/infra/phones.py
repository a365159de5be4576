"""Telephone numbers: normalised to E.164, stored sealed, found by keyed hash, shown masked."""

import re
from dataclasses import dataclass
from typing import NewType

import phonenumbers

from daeri.infra.keys import KeyRing
from daeri.kernel.errors import Invalid
from daeri.kernel.ids import CompanyId

E164 = NewType("E164", str)

PHONE_PURPOSE = b"phone"
_WHOLE = b"phone.whole"
_LAST4 = b"phone.last4"
_LONGEST_TEXT = 40
_KOREAN_MOBILE = re.compile(r"\+8210\d{8}")
_FOUR_DIGITS = re.compile(r"[0-9]{4}")


class PhoneInvalid(Invalid):
    """The text cannot be a telephone number; the text itself is left out of the facts."""

    code = "phone_invalid"


def normalise(text: str, region: str = "KR") -> E164:
    """`text` as a person typed it, in E.164; raises PhoneInvalid.

    Possible is enough, assigned is not asked for: demo numbers come from ranges that are never assigned.
    """
    if len(text) > _LONGEST_TEXT:
        raise PhoneInvalid(problem="too_long")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise PhoneInvalid(problem="not_a_number") from None
    if number.extension is not None:
        raise PhoneInvalid(problem="extension")
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise PhoneInvalid(problem="length")
    return E164(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def mask(e164: str) -> str:
    """What staff see: the first group and the last four digits, `010-****-1234`."""
    if _KOREAN_MOBILE.fullmatch(e164):
        return f"010-****-{e164[-4:]}"
    number = phonenumbers.parse(e164)
    national = number.country_code == 82
    style = phonenumbers.PhoneNumberFormat.NATIONAL if national else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    first, *rest = re.split(r"(?=[- ])", phonenumbers.format_number(number, style), maxsplit=1)
    tail = "".join(rest)
    return first + re.sub(r"\d", "*", tail[:-4]) + tail[-4:]


def last_four(text: str) -> str | None:
    """The four digits that `text` consists of, when a search is for the end of a number."""
    stripped = text.strip()
    return stripped if _FOUR_DIGITS.fullmatch(stripped) else None


@dataclass(frozen=True, slots=True)
class PhoneVault:
    """Seals, opens and hashes numbers. Hashes are scoped by company: equal numbers of two companies do not join."""

    ring: KeyRing

    def normalise(self, text: str, region: str = "KR") -> E164:
        return normalise(text, region)

    def mask(self, e164: str) -> str:
        return mask(e164)

    def seal(self, e164: E164) -> bytes:
        return self.ring.seal(e164.encode(), PHONE_PURPOSE)

    def open(self, sealed: bytes) -> E164:
        """Raises SealBroken."""
        return E164(self.ring.open(sealed, PHONE_PURPOSE).decode())

    def whole_hash(self, company_id: CompanyId, e164: E164) -> bytes:
        """32 bytes that find the whole number within one company."""
        return self.ring.keyed_hash(_WHOLE, company_id.bytes + e164.encode())

    def last4_hash(self, company_id: CompanyId, e164: E164 | str) -> bytes:
        """32 bytes that find the last four digits within one company; takes a number or the four digits alone."""
        return self.ring.keyed_hash(_LAST4, company_id.bytes + e164[-4:].encode())

    def masked(self, sealed: bytes) -> str:
        return mask(self.open(sealed))
