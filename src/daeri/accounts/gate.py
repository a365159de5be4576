"""What signing in needs besides a transaction and the time."""

from dataclasses import dataclass, field

from daeri.accounts.model import SignInTerms
from daeri.accounts.passwords import Passwords
from daeri.infra.keys import KeyRing
from daeri.infra.phones import PhoneVault
from daeri.kernel.ids import Ids, RandomBytes


@dataclass(frozen=True, slots=True)
class Gate:
    """Keys, identifiers, randomness (the system's, outside tests) and thresholds; one for a process."""

    ring: KeyRing
    ids: Ids
    random_bytes: RandomBytes
    terms: SignInTerms = field(default_factory=SignInTerms)
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def vault(self) -> PhoneVault:
        return PhoneVault(self.ring)
