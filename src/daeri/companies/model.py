"""A company and its settings: brand, centres, telephone numbers and links, none of which stand in code (I-046)."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from daeri.kernel.errors import Conflict, Invalid, NotFound
from daeri.kernel.ids import CompanyId

SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

Name = Annotated[str, Meta(max_length=100)]
PhoneText = Annotated[str, Meta(max_length=30, pattern=r"^[0-9+\- ]*$")]  # as people shall read it
Link = Annotated[str, Meta(max_length=500, pattern=r"^(https?://\S+)?$")]


class Centre(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place that people may call: its names, number and hours; an empty string is not shown."""

    name_ko: Name = ""
    name_en: Name = ""
    phone: PhoneText = ""
    hours: Annotated[str, Meta(max_length=200)] = ""


class Links(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pages of the company outside this program."""

    home: Link = ""
    terms: Link = ""
    privacy: Link = ""
    help: Link = ""


class BankDetails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account of the company that people send money to, as they shall read it; an empty number is not shown."""

    bank: Name = ""
    number: PhoneText = ""
    holder: Name = ""


class CompanySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people read as this company; every field is text that the company chooses."""

    brand_ko: Name = ""  # empty: the company's own name
    brand_en: Name = ""
    customer_centre: Centre = msgspec.field(default_factory=Centre)
    driver_centre: Centre = msgspec.field(default_factory=Centre)
    links: Links = msgspec.field(default_factory=Links)
    top_up_bank: BankDetails = msgspec.field(default_factory=BankDetails)  # where drivers fill their balance


@dataclass(frozen=True, slots=True)
class Company:
    """One row; `version` counts the changes of its settings."""

    id: CompanyId
    slug: str
    name_ko: str
    name_en: str
    settings: CompanySettings
    version: int
    created_at: datetime

    @property
    def brand_ko(self) -> str:
        return self.settings.brand_ko or self.name_ko

    @property
    def brand_en(self) -> str:
        return self.settings.brand_en or self.name_en


@dataclass(frozen=True, slots=True)
class CreateCompany:
    """`slug` is how addresses name the company: lower-case letters, digits and inner hyphens, at most 63."""

    slug: str
    name_ko: str
    name_en: str
    settings: CompanySettings = field(default_factory=CompanySettings)


class Audience(StrEnum):
    DRIVERS = "drivers"
    CUSTOMERS = "customers"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What shall be told to whom, in both languages, and when; without `until` it stays until it is withdrawn."""

    audience: Audience
    title_ko: str
    title_en: str
    body_ko: str
    body_en: str
    shown_from: datetime
    shown_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    id: UUID
    what: NewNotice
    created_at: datetime
    created_by: UUID | None
    withdrawn_at: datetime | None


class NoticeInvalid(Invalid):
    """It would end before it begins, or before now."""

    code = "notice_invalid"


class NoticeNotFound(NotFound):
    code = "notice_not_found"


class CompanyNotFound(NotFound):
    code = "company_not_found"


class CompanyInvalid(Invalid):
    """`problem` names the field and the bound."""

    code = "company_invalid"


class SlugTaken(Conflict):
    code = "company_slug_taken"


class CompanyChanged(Conflict):
    """Someone else changed the settings since they were read."""

    code = "company_changed"


def parse_settings(value: object) -> CompanySettings:
    """`value` (decoded JSON) as settings; CompanyInvalid names what is wrong or unknown."""
    try:
        return msgspec.convert(value, CompanySettings)
    except msgspec.ValidationError as error:
        raise CompanyInvalid(problem=str(error)) from error
