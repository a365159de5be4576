"""A driver's sign-up: the application, its papers, and a person's decision. A renewal is another application."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from daeri.accounts import api as accounts
from daeri.drivers import paper_store as papers
from daeri.drivers import policy, store
from daeri.drivers.model import AGGREGATE, Driver, DriverNotFound, EventKind, Paper, SignUp
from daeri.drivers.paper_model import (
    Application,
    ApplicationDecided,
    ApplicationMissing,
    ApplicationState,
    Apply,
    Document,
    DocumentKind,
    DocumentNotFound,
    DocumentsMissing,
    DocumentTypeUnsupported,
    Expiry,
    PaperExpired,
    PapersPolicy,
    Reminder,
)
from daeri.infra import events
from daeri.infra.database import Tx
from daeri.infra.events import Event
from daeri.infra.keys import KeyRing, SealedColumn
from daeri.kernel.ids import AccountId, CompanyId, DriverId, Ids
from daeri.kernel.terms import SYSTEM, Actor, ActorKind, Service
from daeri.policies import api as policies

TOPIC = "driver"  # hints: `driver.<id>` whenever what dispatch must know of a driver has changed
SEALED_COLUMNS: Final = (
    SealedColumn("driver_applications", "licence_sealed", papers.LICENCE_PURPOSE),
    SealedColumn("driver_applications", "policy_number_sealed", papers.POLICY_PURPOSE),
)
# Megabytes each: to be sealed again a few at a time.
SEALED_DOCUMENTS: Final = SealedColumn("driver_documents", "content_sealed", papers.DOCUMENT_PURPOSE)
_HASH_PURPOSE = b"licence.whole"
_TOLD_FOR = timedelta(days=60)


async def submit(
    tx: Tx, ring: KeyRing, driver_id: DriverId, company_id: CompanyId, given: Apply, *, now: datetime, ids: Ids
) -> Application:
    """Hand in an application, or put it in the place of one that nobody has decided on.

    A driver who was refused has applied again; one who is approved renews papers and goes on working by the old ones.
    """
    policy.check_papers(given, now)
    licence = policy.clean_licence(given.licence.number)
    driver = await _lock(tx, company_id, driver_id)
    kept = papers.SealedApplication(
        id=ids.new(),
        name=given.name,
        licence_sealed=ring.seal(licence.encode(), papers.LICENCE_PURPOSE),
        licence_hash=ring.keyed_hash(_HASH_PURPOSE, company_id.bytes + licence.encode()),
        licence_kind=given.licence.kind,
        licence_expires_on=given.licence.expires_on,
        insurer=given.insurance.company,
        policy_number_sealed=ring.seal(given.insurance.policy_number.encode(), papers.POLICY_PURPOSE),
        policy_masked=policy.mask(given.insurance.policy_number),
        insurance_expires_on=given.insurance.expires_on,
        services=given.services,
    )
    await papers.submit(tx, driver_id, company_id, kept, now)
    status = SignUp.APPLIED if driver.status is SignUp.REFUSED else driver.status
    actor = Actor(ActorKind.DRIVER, driver_id)
    await store.change_status(tx, driver, status, EventKind.SUBMITTED, actor, event_id=ids.new(), now=now)
    return (await papers.applications(tx, ring, company_id, driver_id, limit=1))[0]


async def applications(tx: Tx, ring: KeyRing, company_id: UUID, driver_id: UUID) -> list[Application]:
    """The driver's applications, newest first."""
    return await papers.applications(tx, ring, company_id, driver_id)


async def with_open_application(tx: Tx, driver_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Whose application waits for a decision, with the name that they gave in it."""
    return await papers.with_open(tx, driver_ids)


async def approve_application(
    tx: Tx,
    ring: KeyRing,
    driver_id: DriverId,
    company_id: CompanyId,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
    services: Sequence[Service] | None = None,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    """Approve what the driver has handed in; its papers hold from now on.

    ApplicationMissing, ApplicationDecided when somebody was faster, DocumentsMissing, PaperExpired.
    """
    await _lock(tx, company_id, driver_id)
    application = await _open(tx, ring, company_id, driver_id)
    await _check_complete(tx, application, company_id, now)
    return await _approve(tx, application, company_id, actor, services=services, now=now, ids=ids)


async def approve(
    tx: Tx,
    driver_id: DriverId,
    company_id: CompanyId,
    actor: Actor,
    *,
    now: datetime,
    ids: Ids,
    services: Sequence[Service] | None = None,
    ring: KeyRing | None = None,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    """Let the driver go on duty on the word of who runs the program, for these services (None keeps those wished).

    With the `ring` an open application is approved with it, whatever it lacks.
    """
    await _lock(tx, company_id, driver_id)
    newest = [] if ring is None else await papers.applications(tx, ring, company_id, driver_id, limit=1)
    if newest and newest[0].state is ApplicationState.OPEN:
        return await _approve(tx, newest[0], company_id, actor, services=services, now=now, ids=ids)
    driver = await store.approve(tx, driver_id, company_id, services, actor, event_id=ids.new(), now=now)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    tx.hint(f"{TOPIC}.{driver_id}")
    return driver


async def refuse(
    tx: Tx,
    ring: KeyRing,
    driver_id: DriverId,
    company_id: CompanyId,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    ids: Ids,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    """Refuse the open application; a driver who already works goes on by the papers that were approved before."""
    driver = await _lock(tx, company_id, driver_id)
    application = await _open(tx, ring, company_id, driver_id)
    await papers.decide(tx, application.id, ApplicationState.REFUSED, by=actor.id, reason=reason, now=now)
    status = SignUp.REFUSED if driver.status is SignUp.APPLIED else driver.status
    changed = await store.change_status(tx, driver, status, EventKind.REFUSED, actor, event_id=ids.new(), now=now)
    tx.hint(f"{TOPIC}.{driver_id}")
    return changed


async def put_document(
    tx: Tx,
    ring: KeyRing,
    driver_id: DriverId,
    company_id: CompanyId,
    kind: DocumentKind,
    *,
    content: bytes,
    said_to_be: str,
    now: datetime,
    ids: Ids,
) -> Document:  # fmt: skip -- the signature reads as one sentence
    """Keep a document, in the place of an earlier one; DocumentTypeUnsupported unless it is what it is said to be."""
    media_type = policy.media_type_of(content)
    if media_type is None or media_type != said_to_be:
        raise DocumentTypeUnsupported()
    await _lock(tx, company_id, driver_id)
    document = Document(kind, media_type, len(content), now)
    sealed = ring.seal(content, papers.DOCUMENT_PURPOSE)
    await papers.put_document(tx, ids.new(), driver_id, company_id, document, content_sealed=sealed)
    return document


async def documents(tx: Tx, company_id: UUID, driver_id: UUID) -> list[Document]:
    return await papers.documents(tx, company_id, driver_id)


async def read_document(
    tx: Tx, ring: KeyRing, company_id: UUID, driver_id: UUID, kind: DocumentKind
) -> tuple[Document, bytes]:
    """A document with its content; DocumentNotFound, for another company's driver too."""
    found = await papers.document(tx, company_id, driver_id, kind)
    if found is None:
        raise DocumentNotFound(kind=kind)
    document, sealed = found
    return document, ring.open(sealed, papers.DOCUMENT_PURPOSE)


async def missing_documents(tx: Tx, company_id: CompanyId, driver_id: UUID, *, now: datetime) -> list[DocumentKind]:
    """What the company asks for and the driver has not handed in."""
    wanted = (await policies.read(tx, company_id, PapersPolicy, at=now)).value.required_documents
    given = {document.kind for document in await papers.documents(tx, company_id, driver_id)}
    return [kind for kind in wanted if kind not in given]


async def expiries(tx: Tx, driver: Driver, *, now: datetime) -> list[Expiry]:
    """The driver's papers that have expired or soon will, the most urgent first."""
    if driver.papers_until is None:
        return []
    wanted = await policies.read(tx, driver.company_id, PapersPolicy, at=now)
    return policy.expiries(driver, wanted.value, now)


async def remind_due(tx: Tx, *, now: datetime, ids: Ids, limit: int = 1_000) -> list[Reminder]:
    """Tell the drivers whose papers will expire, each reminder once."""
    told = await papers.work_off_reminders(tx, now, limit)
    for company_id, reminder in told:
        event_id = ids.new()
        data = {
            "driver_id": str(reminder.driver_id),
            "paper": reminder.paper,
            "expires_on": reminder.expires_on.isoformat(),
            "days": reminder.days,
        }
        await events.emit(
            tx,
            Event(
                event_id, company_id, EventKind.REMINDED, f"{AGGREGATE}_reminder", event_id, 1, now, SYSTEM, None, data
            ),
        )
        tx.hint(f"{TOPIC}.{reminder.driver_id}")
    return [reminder for _, reminder in told]


async def reminded(tx: Tx, company_id: UUID, driver_id: UUID, *, now: datetime) -> list[Reminder]:
    """What the driver was lately told of papers that they still hold, newest first."""
    return await papers.reminded(tx, company_id, driver_id, now - _TOLD_FOR)


async def _approve(
    tx: Tx,
    application: Application,
    company_id: CompanyId,
    actor: Actor,
    *,
    services: Sequence[Service] | None,
    now: datetime,
    ids: Ids,
) -> Driver:  # fmt: skip -- the signature reads as one sentence
    await papers.decide(tx, application.id, ApplicationState.APPROVED, by=actor.id, reason="", now=now)
    driver = await store.approve(
        tx,
        application.driver_id,
        company_id,
        services or application.services,
        actor,
        event_id=ids.new(),
        now=now,
        licence_expires_on=application.licence_expires_on,
        insurance_expires_on=application.insurance_expires_on,
    )
    if driver is None:
        raise DriverNotFound(driver_id=str(application.driver_id))
    wanted = (await policies.read(tx, company_id, PapersPolicy, at=now)).value
    await papers.set_reminders(tx, driver.id, company_id, list(policy.reminders(driver, wanted, now)))
    await accounts.rename(tx, company_id, AccountId(driver.id), application.name)
    tx.hint(f"{TOPIC}.{driver.id}")
    return driver


async def _check_complete(tx: Tx, application: Application, company_id: CompanyId, now: datetime) -> None:
    today = policy.korean_day(now)
    dated = ((Paper.LICENCE, application.licence_expires_on), (Paper.INSURANCE, application.insurance_expires_on))
    for paper, last in dated:
        if last < today:
            raise PaperExpired(paper=paper, expired_on=last.isoformat())
    missing = await missing_documents(tx, company_id, application.driver_id, now=now)
    if missing:
        raise DocumentsMissing(missing=" ".join(missing))


async def _open(tx: Tx, ring: KeyRing, company_id: UUID, driver_id: UUID) -> Application:
    newest = await papers.applications(tx, ring, company_id, driver_id, limit=1)
    if not newest:
        raise ApplicationMissing()
    if newest[0].state is not ApplicationState.OPEN:
        raise ApplicationDecided(state=newest[0].state)
    return newest[0]


async def _lock(tx: Tx, company_id: UUID, driver_id: UUID) -> Driver:
    driver = await store.lock(tx, company_id, driver_id)
    if driver is None:
        raise DriverNotFound(driver_id=str(driver_id))
    return driver
