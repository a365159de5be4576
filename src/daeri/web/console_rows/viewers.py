"""A viewer with the permissions that their session proved."""

from dataclasses import dataclass

from daeri.accounts.model import NotPermitted, Permission, Principal
from daeri.kernel.ids import CompanyId
from daeri.web.console.reads import Viewer
from daeri.web.principals import require_staff


@dataclass(frozen=True, slots=True)
class StaffViewer(Viewer):
    """What the door gives to the pages, and the JSON routes to the reads."""

    principal: Principal


def viewer_of(principal: Principal) -> StaffViewer:
    """The viewer behind a JSON request, which shows no names of its own; WrongKind for anybody but staff."""
    require_staff(principal)
    return StaffViewer(principal.account_id, principal.company_id, "", "", principal)


def permitted(viewer: Viewer, permission: Permission) -> CompanyId:
    """The company that the viewer may see so much of; raises NotPermitted."""
    if not isinstance(viewer, StaffViewer):
        raise NotPermitted(permission=permission)
    viewer.principal.require(permission)
    return viewer.principal.company_id
