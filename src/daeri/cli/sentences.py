"""What a refusal says to who runs the program: a sentence of its own, else the one that the web shows."""

import re
from collections.abc import Mapping
from functools import cache

from daeri.kernel.errors import DaeriError
from daeri.web.words import Language, Words, read_words

_FACT = re.compile(r"\{(\w+)\}")

# By the error's code, where who types needs other words than who clicks, or where the web never refuses so.
_OWN: Mapping[str, str] = {
    "data_folder_in_use": "{folder} is in use by process {process}; end that one, or name another --data-folder",
    "old_server_still_running": "the database server of an earlier run (process {process}) has not ended yet; wait",
    "database_start_failed": "PostgreSQL did not {step} in {folder}: {log}",
    "server_binaries_missing": "PostgreSQL's programs are not installed (looked in {looked_in}); name a --database-url",
    "server_user_missing": "PostgreSQL does not run as root, and there is no user it could run as: {looked_for}",
    "program_failed": "{program} failed: {log}",
    "keys_foreign": "the key file does not belong to this database: put the right one back and make no new one",
    "key_file_missing": "there is no key file {path}; daeri makes it when it first runs",
    "key_file_unsafe": "others may read or write the key file {path}; take that from them (chmod 600)",
    "key_file_damaged": "the key file is damaged ({problem}); put a copy of it back",
    "key_rotation_running": "another rotation is under way or broke off; then remove {path}",
    "port_taken": "{host}:{port} is taken by another program; choose with {option}",
    "ports_equal": "--port and --driver-port are both {port}; they are two listeners and need two ports",
    "database_unreachable": "the database at {address} cannot be used: {problem}",
    "server_too_old": "the database at {address} is PostgreSQL {version}; daeri needs {needed} or newer",
    "database_not_empty": "the database is not empty (it has {objects} tables and the like); name an empty one",
    "backup_failed": "no backup was written to {file}: {log}",
    "backup_unreadable": "{file} is no backup, or is damaged: {log}",
    "backup_missing": "there is no backup {file}",
    "restore_failed": "{file} was not restored, the database is as empty as before: {log}",
    "boundary_file_unreadable": "the file is neither GeoJSON nor TopoJSON in degrees of WGS84 ({reason})",
    "company_not_found": "there is no such company, or there are several: name its slug with --company",
    "company_invalid": "this cannot be a company: check its {problem}",
    "driver_not_found": "no driver has that number or id in this company",
    "driver_ambiguous": "{count} drivers have numbers that end so; give the whole number or the id",
    "customer_not_found": "no customer has that number or id in this company",
    "customer_ambiguous": "{count} customers have numbers that end so; give the whole number or the id",
    "service_unknown": "{given} is no service; there are {known}",
    "policy_unknown": "{given} is no policy; there are {known}",
    "policy_invalid": "{name}: {problem}",
    "region_unknown": "{region} is no code of a region",
    "instant_invalid": "{given} is no instant with its offset, such as 2026-12-01T00:00:00+09:00",
    "zone_unknown": "{given} is no time zone, such as Asia/Seoul",
    "folder_missing": "there is no folder {folder}",
    "variable_unknown": "{name} in the environment is no setting of daeri",
}


def sentence_of(error: DaeriError) -> str:
    """A sentence with the error's facts; its code and facts when nobody wrote one."""
    text = _OWN.get(error.code) or _catalogue().messages.get(f"problem.{error.code}")
    return str(error) if text is None else _FACT.sub(lambda m: str(error.facts.get(m[1], m[0])), text)


@cache
def _catalogue() -> Words:
    return read_words(Language.EN)
