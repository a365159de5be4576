"""Who runs the server: ourselves, or a user of the system when we are root (PostgreSQL refuses to be root)."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from daeri.infra.embedded.errors import ServerUserMissing

# A user of our own where the administrator made one; else the database's; else whoever owns nothing.
_CANDIDATES = ("daeri", "postgres", "nobody")


class Credentials(TypedDict, total=False):
    """What subprocess needs to become the user; nothing to stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user with an entry in the passwd file, which initdb insists on."""

    name: str
    uid: int
    gid: int

    def credentials(self) -> Credentials:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_enter(self, folder: Path) -> bool:
        """Whether the user can pass through `folder` and everything above it."""
        entered = subprocess.run(  # noqa: S603 -- test(1) with our own path
            ["/usr/bin/env", "test", "-x", folder], check=False, cwd="/", **self.credentials()
        )
        return entered.returncode == 0


def server_user(cluster: Path) -> ServerUser | None:
    """The user to run the server as, None for ourselves; a cluster that exists keeps its owner."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return _from_entry(pwd.getpwuid(cluster.stat().st_uid))
    for name in _CANDIDATES:
        try:
            return _from_entry(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ServerUserMissing(looked_for=", ".join(_CANDIDATES))


def _from_entry(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
