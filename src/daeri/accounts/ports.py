"""What accounts need of the outside."""

from typing import Protocol

from daeri.accounts.model import CodeMessage


class CodeSender(Protocol):
    """Delivers one-time codes; called after the challenge has committed."""

    async def send_code(self, message: CodeMessage) -> None:
        """Hand the code to the network; raises a DaeriError of category unavailable when it cannot be taken."""
