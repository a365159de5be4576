"""The door of accounts. What it offers stands in four rooms behind it, by subject.

Use cases that answer `… | Denied` have something to keep when they refuse: commit, then call `granted(answer)`,
which gives the answer or raises the refusal.
"""

from daeri.accounts.authenticator import RECHECK, Authenticator
from daeri.accounts.gate import Gate
from daeri.accounts.model import granted
from daeri.accounts.passwords import Passwords
from daeri.accounts.people import (
    SEALED_COLUMNS,
    DemoPerson,
    NewStaff,
    StaffMade,
    audit_trail,
    change_status,
    create_demo_accounts,
    create_driver_account,
    create_gateway,
    create_staff,
    delete_expired,
    demo_phone,
    display_names,
    find_by_phone,
    get,
    grant_roles,
    issue_demo_tokens,
    masked_phones,
    phone_for_delivery,
    record_audit,
    rename,
    roles_of,
    set_password,
    unmask,
    withdraw_role,
)
from daeri.accounts.sessions import IssuedToken, refresh, revoke_all, sign_out
from daeri.accounts.sign_in import (
    AnswerCode,
    RequestCode,
    StaffCredentials,
    request_code,
    sign_in_staff,
    sign_in_with_code,
)
from daeri.accounts.tokens import check_csrf, csrf_token

__all__ = [
    "RECHECK",
    "SEALED_COLUMNS",
    "AnswerCode",
    "Authenticator",
    "DemoPerson",
    "Gate",
    "IssuedToken",
    "NewStaff",
    "Passwords",
    "RequestCode",
    "StaffCredentials",
    "StaffMade",
    "audit_trail",
    "change_status",
    "check_csrf",
    "create_demo_accounts",
    "create_driver_account",
    "create_gateway",
    "create_staff",
    "csrf_token",
    "delete_expired",
    "demo_phone",
    "display_names",
    "find_by_phone",
    "get",
    "grant_roles",
    "granted",
    "issue_demo_tokens",
    "masked_phones",
    "phone_for_delivery",
    "record_audit",
    "refresh",
    "rename",
    "request_code",
    "revoke_all",
    "roles_of",
    "set_password",
    "sign_in_staff",
    "sign_in_with_code",
    "sign_out",
    "unmask",
    "withdraw_role",
]
