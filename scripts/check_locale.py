"""Check the catalogues: every key that a template, a script or a table of codes uses has Korean and English.

    python scripts/check_locale.py

It also finds fuzzy entries, empty ones, keys that nobody uses, and facts that stand in one language only.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from babel.messages.pofile import read_po

from daeri.calls.model import EventKind, Kind, State, Tag
from daeri.companies.model import Audience
from daeri.customers.bond_model import LiftedAs, RatingTag, RestrictionReason
from daeri.customers.model import Payer as BusinessPayer
from daeri.customers.model import Transmission
from daeri.dispatch.model import Condition, ShortageReason, WhyOutcome, WhyReason
from daeri.drivers.model import Duty, Paper, SignUp
from daeri.drivers.paper_model import ApplicationState, DocumentKind
from daeri.insurance.model import CoverSource, InsuredBy
from daeri.kernel.terms import ActorKind, Option, Payment, Service, Source
from daeri.payments.charge_model import CancelState, CardRefusal, ChargeState, Purpose
from daeri.payments.model import (
    Account,
    BillKind,
    BillState,
    BusinessAdjust,
    ClaimReason,
    EntryKind,
    Method,
    Payer,
    TaskKind,
)
from daeri.payments.model import EventKind as BillEvent
from daeri.payments.payout_model import BANKS, PayoutOutcome, PayoutState
from daeri.payments.policy import AdjustRefusal, AgreeRefusal, AskRefusal, CashRefusal, RestRefusal, SettleRefusal
from daeri.payments.statements import LineWhat
from daeri.pricing.model import FarePlan, LineKind
from daeri.pricing.plan_model import Chance, ShortageLevel
from daeri.rewards.model import RewardKind
from daeri.support.model import CaseKind, CaseState
from daeri.web.api.console_policies import Standing
from daeri.web.console.live import UnmetReason
from daeri.web.console.queries import CALL_STATES
from daeri.web.console.reads import DecisionReason, DriverState, OfferOutcome
from daeri.web.driver_money_wire import TopUpState
from daeri.web.live.messages import Closing
from daeri.web.money_wire import MoveState
from daeri.web.pages import Theme
from daeri.web.words import LOCALE_FOLDER, Language

WEB = LOCALE_FOLDER.parent
_LITERAL = re.compile(r"""\bt\(\s*(["'])([\w.]+)\1\s*[,)]""")
_SCRIPT = re.compile(r"""\bt\(\s*(["'`])([\w.]+)\1\s*[,)]""")
_FAMILY = re.compile(r"""["'`]([\w.]+\.)(?:["']\s*~|\$\{)""")
_FACT = re.compile(r"\{(\w+)\}")

# Keys that are put together from a prefix and a code. A family is complete when each of its codes has words.
FAMILIES: dict[str, tuple[str, ...]] = {}


def family(prefix: str, codes: type[StrEnum] | Iterable[str]) -> None:
    FAMILIES[prefix] = tuple(str(code) for code in codes)


family("call.state.", CALL_STATES)
family("call.service.", Service)
family("call.source.", Source)
family("call.option.", Option)
family("call.payment.", Payment)
family("call.plan.", FarePlan)
family("actor.", ActorKind)
family("case.kind.", CaseKind)
family("case.state.", CaseState)
family("rating.tag.", RatingTag)
family("restriction.reason.", RestrictionReason)
family("restriction.lifted.", LiftedAs)
family("driver.status.", DriverState)
family("driver.reminder.", ("licence", "licence.body", "insurance", "insurance.body"))
family("offer.outcome.", OfferOutcome)
family("decision.reason.", DecisionReason)
family("unmet.", UnmetReason)
family("why.reason.", WhyReason)
family("why.outcome.", WhyOutcome)
family("closing.", Closing)
family("shortage.", ShortageLevel)
family("shortage.reason.", ShortageReason)
family("weather.", Condition)
family("timeline.", EventKind)
family("shell.theme.", Theme)
family("phone.theme.", Theme)
family("live.", ("connecting", "live", "lost", "signed_out"))
family(
    "room.",
    (
        *("home", "calls", "drivers", "customers", "cases", "policies", "notices", "jobs"),
        *("never_meet", "applications", "appeals", "payments", "payment_tasks", "ledger"),
        *("payouts", "business_accounts"),
    ),
)
family("figure.", ("waiting", "offered", "driving", "on_duty", "finished_today", "assign_p50_s"))
family("sign_in.refused.", ("wrong_credentials", "rate_limited"))
family("phone.app.", ("customer", "customer.short", "driver", "driver.short"))
_DOORS = ("customer", "driver", "console")
family("phone.landing.", ("lead", "where", *_DOORS, *(f"{door}.text" for door in _DOORS)))
family("app.business.pays.", ("company", "customer"))
family("app.call.", State)
family("app.state.", State)
family("app.cancelled.by.", ("customer", "driver", "other"))
family("app.chance.", Chance)
family("app.favourite.", ("home", "work", "other"))
family("app.history.", ("all", "completed", "cancelled", "reserved"))
family("app.line.", LineKind)
family("app.missing.", ("origin", "via", "destination", "riders", "phone", "fare", "card", "claim"))
family("app.money.", ("preparing", "confirming", "with_agent", "not_charged", "given_up"))
_MOVES = ("charged", "given_back")
family("app.move.", ("cash.done", "transferred.done", *(f"{move}.{state}" for move in _MOVES for state in MoveState)))
family("app.owed.", BillKind)
family("app.owed.why.", ClaimReason)
family("app.payment.", Payment)
family("app.plan.", (*FarePlan, "recommended.about", "calculator.about", "meter.about"))
family("app.rating.tag.", RatingTag)
family("app.refusal.", CardRefusal)
_RIDING = ("me", "another", "several")
family("app.riding.", (*_RIDING, *(f"{one}.about" for one in _RIDING)))
family("app.search.", ("origin", "via", "destination"))
family("app.service.", (*Service, *(f"{one}.about" for one in Service)))
family("app.shortage.", ("tight", "short"))
family("app.shortage.why.", ("weather", "volume"))
family("app.slot.", ("origin", "via", "destination"))
family("app.tab.", ("home", "history", "profile"))
family("app.tag.", (*(tag for tag in Tag if tag is not Tag.VIA),))
family("app.transmission.", Transmission)
family("app.typed.", Chance)
family("app.unmet.", ("listed", "beaten_by_call", "all_asked", "all_busy", "none_eligible", "no_driver_in_radius"))
# The driver's app.
family("drive.appeal.", ("waiting", "upheld", "refused"))
_SIGN_UP = ("applied", "open", "approved", "suspended", "refused")
family("drive.application.status.", tuple(f"{code}{more}" for code in _SIGN_UP for more in ("", ".more")))
family("drive.cancel.reason.", ("customer_asked", "cannot_find", "car_trouble", "unwell", "unsafe", "other"))
family("drive.car.", ("auto", "manual"))
family("drive.document.", ("licence", "insurance", "photo", "bank"))
family("drive.document.state.", ("missing", "optional", "sending", "sent", "failed"))
family("drive.work.", SignUp)
family("drive.gps.", ("asking", "denied", "missing"))
family("drive.kind.", Kind)
family("drive.licence.", ("first_large", "first_normal", "second_normal"))
family("drive.link.", ("connecting", "live", "lost", "signed_out"))
_GONE = ("taken", "cancelled", "expired", "withdrawn")
family("drive.lost.", tuple(f"{code}{more}" for code in _GONE for more in ("", ".more")))
family("drive.payment.", Payment)
family("drive.pending.", ("arrive", "start", "complete", "via", "no_show", "cancel"))
family("drive.service.", Service)
family("drive.suspension.", ("in_force", "lifted", "over"))
family("drive.tag.", Tag)
family(
    "drive.trip.",
    ("requested", "assigned", "arrived", "driving", "completed", "cancelled_after_assignment"),
)
family("ops.move.", ("assign", "release", "arrive", "start", "complete", "cancel"))
family("ops.move_text.", ("assign", "release", "arrive", "start", "complete", "cancel"))
family("ops.line.", LineKind)
family("ops.policy.standing.", Standing)
_POLICY_VALUES = ("exclusive", "open_list", "recommended", "calculator", "typed", "meter")
family("ops.policy.value.", (*_POLICY_VALUES, *BusinessAdjust, *InsuredBy))
family("ops.sign_up.", SignUp)
family("ops.duty.", Duty)
family("ops.paper.", Paper)
family("ops.document.", DocumentKind)
family("ops.application.", ApplicationState)
family("ops.audience.", Audience)
family("ops.notice.", ("shown", "planned", "ended", "withdrawn"))
# Money in the console.
family("money.state.", BillState)
family("money.method.", Method)
family("money.payer.", Payer)
family("money.kind.", BillKind)
family("money.charge.", (*ChargeState, "given_back"))
family("money.cancel.", (*CancelState, "of", "then"))
family("money.purpose.", Purpose)
family("money.refusal.", CardRefusal)
family("money.claim.", ClaimReason)
family("money.how.", ("card", "cash", "transfer", "nothing", "cash_received", "cash_not_received"))
family("money.event.", BillEvent)
family("money.said.", ("agreed_before_the_drive", "claim_period_over"))
family(
    "money.why.",
    sorted({*SettleRefusal, *AdjustRefusal, *AgreeRefusal, *RestRefusal, *CashRefusal, *AskRefusal, "not_permitted"}),
)
family("money.task.", TaskKind)
family("money.task.what.", TaskKind)
family("money.cash.", (f"{said}{part}" for said in ("received", "not_received") for part in ("", ".title", ".then")))
family("money.adjust.then.", ("card", "unpaid", "cash", "account"))
family("money.account.", (*Account, *(f"{account}.about" for account in Account)))
family("money.entry.", EntryKind)
_OF_PAYMENTS = ("call", "what", "state", "method", "payer_kind", "payer", "driver", "commission", "premium", "net")
_OF_LEDGER = ("number", "at", "entry", "account", "owner", "amount", "by", "note")
family("money.export.", (*_OF_PAYMENTS, "opened_at", "settled_at", "why", *_OF_LEDGER))
family("cover.source.", CoverSource)
family("reward.kind.", RewardKind)
family("reward.level.", ("basic", "silver", "gold", "platinum"))
family("reward.premium.", ("supported", "free", "charged", "partner"))
family("reward.uncounted.", ("affiliate", "consigned"))
# Drivers' money.
family("money.bank.", BANKS)
family("money.line.", LineWhat)
family("drive.payout.is.", ("requested", "sent"))
family("money.payout.", PayoutOutcome)
family("money.payout.state.", PayoutState)
family("money.business.payer.", BusinessPayer)
family("drive.payout.state.", PayoutState)
family("drive.statement.of.", ("cash", "cash_undone"))
family("drive.topup.refusal.", CardRefusal)
family("drive.topup.state.", TopUpState)
_SHEETS = ("sheet.driver", "sheet.business", "sheet.payouts")
_OF_DRIVER = ("day", "at", "call", "what", "fare", "commission_percent", "commission", "premium", "change", "balance")
_OF_BUSINESS = ("ended_at", "kind", "rider", "origin", "destination", "amount", "state", "total", "due")
_OF_BANK = ("bank_code", "bank", "number", "holder", "payout")
family("export.", (*_SHEETS, *_OF_DRIVER, "note", "opening", "closing", *_OF_BUSINESS, *_OF_BANK))
# Codes that the pages do not know: a template shows the bare code of a reason without words, and refusals
# (`problem.`) have a test of their own.
OPEN_FAMILIES = ("ops.policy.", "drive.suspension.reason.", "reason.", "timeline.", "sign_in.refused.", "problem.")


@dataclass(frozen=True, slots=True)
class Catalogue:
    messages: dict[str, str]
    fuzzy: list[str]


def read(language: Language, folder: Path) -> Catalogue:
    entries = []
    for path in sorted((folder / language.value / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            entries += [entry for entry in read_po(file, locale=language.value) if entry.id]
    return Catalogue({str(e.id): str(e.string) for e in entries}, [str(e.id) for e in entries if e.fuzzy])


def used_keys() -> set[str]:
    """Keys that stand written out in templates and scripts, and every member of the families."""
    keys = {prefix + code for prefix, codes in FAMILIES.items() for code in codes}
    for path, text in sources():
        pattern = _SCRIPT if path.suffix == ".js" else _LITERAL
        keys |= {found[1] for found in pattern.findall(text)}
    return keys


def used_families() -> set[str]:
    return {prefix for _, text in sources() for prefix in _FAMILY.findall(text)}


def sources() -> Iterator[tuple[Path, str]]:
    for path in sorted([*WEB.glob("templates/**/*.html"), *WEB.glob("static/js/**/*.js")]):
        yield path, path.read_text(encoding="utf-8")


def problems(folder: Path = LOCALE_FOLDER) -> Iterator[str]:
    """A line for each thing that is wrong with the catalogues in `folder`."""
    used, known = used_keys(), {language: read(language, folder) for language in Language}
    for prefix in sorted(used_families() - set(FAMILIES) - set(OPEN_FAMILIES)):
        yield f"{prefix}*: used with a code, but this check does not know its codes"
    for language, catalogue in known.items():
        yield from (f"{language}: {key} has no words" for key in sorted(used) if not catalogue.messages.get(key))
        yield from (f"{language}: {key} is fuzzy" for key in catalogue.fuzzy)
        unused = sorted(key for key in catalogue.messages if key not in used and not key.startswith(OPEN_FAMILIES))
        yield from (f"{language}: {key} is used nowhere" for key in unused)
        yield from (f"{language}: {key} is empty" for key, text in catalogue.messages.items() if not text)
    korean, english = (known[language].messages for language in (Language.KO, Language.EN))
    for key in sorted(korean.keys() | english.keys()):
        if set(_FACT.findall(korean.get(key, ""))) != set(_FACT.findall(english.get(key, ""))):
            yield f"{key}: the facts of Korean and English differ"


def main() -> None:
    found = list(problems())
    print("\n".join(found) if found else f"locale: {len(used_keys())} keys in Korean and English")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
