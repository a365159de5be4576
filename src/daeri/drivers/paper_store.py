"""All SQL of applications, documents and reminders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from daeri.drivers.model import Paper
from daeri.drivers.paper_model import Application, ApplicationState, Document, DocumentKind, LicenceKind, Reminder
from daeri.drivers.policy import mask
from daeri.infra.database import Row, Tx
from daeri.infra.keys import KeyRing
from daeri.kernel.ids import DriverId
from daeri.kernel.terms import Service

LICENCE_PURPOSE = b"licence"
POLICY_PURPOSE = b"insurance_policy"
DOCUMENT_PURPOSE = b"driver_document"

_COLUMNS = """
a.id, a.driver_id, a.state, a.name, a.licence_sealed, a.licence_hash, a.licence_kind, a.licence_expires_on, a.insurer,
a.policy_number_sealed, a.insurance_expires_on, a.services, a.submitted_at, a.decided_at, a.reason
"""
# Handed in again before anybody has decided, an application takes the place of the one before.
_SUBMIT = """
INSERT INTO driver_applications (id, driver_id, company_id, state, name, licence_sealed, licence_hash, licence_kind,
    licence_expires_on, insurer, policy_number_sealed, insurance_expires_on, services, submitted_at, policy_masked)
VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (driver_id) WHERE state = 'open' DO UPDATE
SET name = excluded.name, licence_sealed = excluded.licence_sealed, licence_hash = excluded.licence_hash,
    licence_kind = excluded.licence_kind, licence_expires_on = excluded.licence_expires_on,
    insurer = excluded.insurer, policy_number_sealed = excluded.policy_number_sealed,
    insurance_expires_on = excluded.insurance_expires_on, services = excluded.services,
    submitted_at = excluded.submitted_at, policy_masked = excluded.policy_masked
"""
_OF_DRIVER = f"""
SELECT {_COLUMNS}, array(
    SELECT DISTINCT o.driver_id FROM driver_applications o
    WHERE o.company_id = a.company_id AND o.licence_hash = a.licence_hash AND o.driver_id <> a.driver_id) AS same
FROM driver_applications a WHERE a.driver_id = $1 AND a.company_id = $2 ORDER BY a.id DESC LIMIT $3
"""
_OPEN = "SELECT driver_id, name FROM driver_applications WHERE driver_id = ANY($1) AND state = 'open'"
_DECIDE = """
UPDATE driver_applications SET state = $2, decided_at = $3, decided_by = $4, reason = $5
WHERE id = $1 AND state = 'open'
"""
_PUT_DOCUMENT = """
INSERT INTO driver_documents (id, driver_id, company_id, kind, media_type, size, content_sealed, uploaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (driver_id, kind) DO UPDATE
SET media_type = excluded.media_type, size = excluded.size, content_sealed = excluded.content_sealed,
    uploaded_at = excluded.uploaded_at
"""
_DOCUMENTS = """
SELECT kind, media_type, size, uploaded_at FROM driver_documents WHERE driver_id = $1 AND company_id = $2 ORDER BY kind
"""
_DOCUMENT = """
SELECT kind, media_type, size, uploaded_at, content_sealed FROM driver_documents
WHERE driver_id = $1 AND company_id = $2 AND kind = $3
"""
_DROP_REMINDERS = "DELETE FROM driver_reminders WHERE driver_id = $1 AND done_at IS NULL"
_REMIND = """
INSERT INTO driver_reminders (driver_id, company_id, paper, expires_on, days, due_at)
SELECT $1, $2, r.paper, r.expires_on, r.days, r.due_at
FROM unnest($3::text[], $4::date[], $5::integer[], $6::timestamptz[]) AS r (paper, expires_on, days, due_at)
ON CONFLICT DO NOTHING
"""
# The event is the reminder's own: a driver's version must not wait for it.
_WORK_OFF = """
WITH due AS (
    SELECT ctid FROM driver_reminders WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2
    FOR UPDATE SKIP LOCKED
), done AS (
    UPDATE driver_reminders r SET done_at = $1 FROM due WHERE r.ctid = due.ctid
    RETURNING r.driver_id, r.company_id, r.paper, r.expires_on, r.days, r.due_at
)
SELECT * FROM done ORDER BY driver_id, paper, days
"""
_REMINDED = """
SELECT r.driver_id, r.paper, r.expires_on, r.days, r.due_at
FROM driver_reminders r JOIN drivers d ON d.id = r.driver_id
WHERE r.driver_id = $1 AND r.company_id = $2 AND r.done_at IS NOT NULL AND r.due_at >= $3
  AND r.expires_on = CASE r.paper WHEN 'licence' THEN d.licence_expires_on ELSE d.insurance_expires_on END
ORDER BY r.due_at DESC
"""


@dataclass(frozen=True, slots=True)
class SealedApplication:
    """What `submit` keeps; numbers are sealed by the caller."""

    id: UUID
    name: str
    licence_sealed: bytes = field(repr=False)
    licence_hash: bytes = field(repr=False)
    licence_kind: LicenceKind
    licence_expires_on: date
    insurer: str
    policy_number_sealed: bytes = field(repr=False)
    policy_masked: str
    insurance_expires_on: date
    services: Sequence[Service]


async def submit(tx: Tx, driver_id: UUID, company_id: UUID, given: SealedApplication, now: datetime) -> None:
    await tx.execute(
        _SUBMIT,
        given.id,
        driver_id,
        company_id,
        given.name,
        given.licence_sealed,
        given.licence_hash,
        given.licence_kind,
        given.licence_expires_on,
        given.insurer,
        given.policy_number_sealed,
        given.insurance_expires_on,
        list(given.services),
        now,
        given.policy_masked,
    )


async def applications(
    tx: Tx, ring: KeyRing, company_id: UUID, driver_id: UUID, *, limit: int = 20
) -> list[Application]:
    """The driver's applications with masked numbers, newest first."""
    return [_application(row, ring) for row in await tx.rows(_OF_DRIVER, driver_id, company_id, limit)]


async def with_open(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Whose application waits, with the name that they gave."""
    return {row["driver_id"]: row["name"] for row in await tx.rows(_OPEN, list(driver_ids))}


async def decide(
    tx: Tx, application_id: UUID, state: ApplicationState, *, by: UUID | None, reason: str, now: datetime
) -> bool:
    """Close an open application; whether it was open."""
    return await tx.execute(_DECIDE, application_id, state, now, by, reason) == 1


async def put_document(
    tx: Tx, document_id: UUID, driver_id: UUID, company_id: UUID, document: Document, *, content_sealed: bytes
) -> None:
    await tx.execute(
        _PUT_DOCUMENT,
        document_id,
        driver_id,
        company_id,
        document.kind,
        document.media_type,
        document.size,
        content_sealed,
        document.uploaded_at,
    )


async def documents(tx: Tx, company_id: UUID, driver_id: UUID) -> list[Document]:
    return [_document(row) for row in await tx.rows(_DOCUMENTS, driver_id, company_id)]


async def document(tx: Tx, company_id: UUID, driver_id: UUID, kind: DocumentKind) -> tuple[Document, bytes] | None:
    """A document and its sealed content."""
    row = await tx.row(_DOCUMENT, driver_id, company_id, kind)
    return None if row is None else (_document(row), row["content_sealed"])


async def set_reminders(tx: Tx, driver_id: UUID, company_id: UUID, reminders: Sequence[Reminder]) -> None:
    """These take the place of what the driver has not been told yet."""
    await tx.execute(_DROP_REMINDERS, driver_id)
    await tx.execute(
        _REMIND,
        driver_id,
        company_id,
        [each.paper for each in reminders],
        [each.expires_on for each in reminders],
        [each.days for each in reminders],
        [each.at for each in reminders],
    )


async def work_off_reminders(tx: Tx, now: datetime, limit: int) -> list[tuple[UUID, Reminder]]:
    """(company, reminder) of those whose time has come, each once."""
    return [(row["company_id"], _reminder(row)) for row in await tx.rows(_WORK_OFF, now, limit)]


async def reminded(tx: Tx, company_id: UUID, driver_id: UUID, since: datetime) -> list[Reminder]:
    """What the driver has been told of papers that they still hold, newest first."""
    return [_reminder(row) for row in await tx.rows(_REMINDED, driver_id, company_id, since)]


def _application(row: Row, ring: KeyRing) -> Application:
    return Application(
        id=row["id"],
        driver_id=DriverId(row["driver_id"]),
        state=ApplicationState(row["state"]),
        name=row["name"],
        licence_masked=mask(ring.open(row["licence_sealed"], LICENCE_PURPOSE).decode()),
        licence_kind=LicenceKind(row["licence_kind"]),
        licence_expires_on=row["licence_expires_on"],
        insurer=row["insurer"],
        policy_masked=mask(ring.open(row["policy_number_sealed"], POLICY_PURPOSE).decode()),
        insurance_expires_on=row["insurance_expires_on"],
        services=tuple(map(Service, row["services"])),
        submitted_at=row["submitted_at"],
        decided_at=row["decided_at"],
        reason=row["reason"],
        same_licence=tuple(DriverId(each) for each in row["same"]),
    )


def _document(row: Row) -> Document:
    return Document(DocumentKind(row["kind"]), row["media_type"], row["size"], row["uploaded_at"])


def _reminder(row: Row) -> Reminder:
    return Reminder(
        DriverId(row["driver_id"]), Paper(row["paper"]), row["expires_on"], row["days"], row["due_at"]
    )  # fmt: skip -- one line of facts
