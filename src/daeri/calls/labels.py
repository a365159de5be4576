"""PURE: what each audience calls a call, derived from its facts (R-001, R-012, R-021)."""

from dataclasses import dataclass
from enum import StrEnum

from daeri.kernel.ids import CompanyId
from daeri.kernel.terms import Option, Service, Source, Timing


class Kind(StrEnum):
    """The kind of a call by who ordered and who performs; the locale files have its name for each audience."""

    OWN = "own"
    AFFILIATE = "affiliate"
    PHONE = "phone"
    CONSIGNED = "consigned"


class Tag(StrEnum):
    """What else a reader must know about a call."""

    VIP = "vip"
    TAILORED = "tailored"
    DELIVERY = "delivery"
    RESERVED = "reserved"
    MULTI = "multi"
    FOR_ANOTHER = "for_another"
    BUSINESS = "business"
    VIA = "via"


@dataclass(frozen=True, slots=True)
class Label:
    kind: Kind
    tags: tuple[Tag, ...]


_GRADES = {Source.AFFILIATE: Kind.AFFILIATE, Source.PHONE: Kind.PHONE}


def kind_of(source: Source, orderer: CompanyId, performer: CompanyId | None) -> Kind:
    """Consigned is an own call that a partner's driver performs; a partner's order keeps its grade."""
    if source is not Source.OWN:
        return _GRADES[source]
    return Kind.OWN if performer in (None, orderer) else Kind.CONSIGNED


def tags_of(service: Service, timing: Timing, options: tuple[Option, ...], vias: int) -> tuple[Tag, ...]:
    tags = [] if service is Service.GENERAL else [Tag(service)]
    if timing is Timing.RESERVED:
        tags.append(Tag.RESERVED)
    tags.extend(Tag(option) for option in Option if option in options)
    if vias:
        tags.append(Tag.VIA)
    return tuple(tags)
