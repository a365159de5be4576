"""The hosted page of the sandbox provider, where a person "types" a card by choosing one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, StrictUndefined

from daeri.adapters.cards.provider.books import Books
from daeri.adapters.cards.provider.deck import DECK, Outcome
from daeri.adapters.cards.provider.native import refuse
from daeri.adapters.cards.provider.protocol import Problem, Refused
from daeri.adapters.cards.provider.wire import Reply, Request, Route

_PATH: Final = "/card-window"
_CUSTOMER_KEY: Final = re.compile(r"[A-Za-z0-9_=.@-]{2,50}")
_CLOSED: Final = "PAY_PROCESS_CANCELED"  # the window was left without a card
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Visit:
    """Who comes, where they go back to, and the language that they read."""

    customer_key: str
    return_url: str
    language: str


class CardPage:
    def __init__(self, books: Books) -> None:
        self._books = books
        source = files(__package__).joinpath("window.html").read_text(encoding="utf-8")
        self._template = Environment(autoescape=True, undefined=StrictUndefined).from_string(source)

    def routes(self) -> Sequence[Route]:
        pattern = re.compile(_PATH)
        return (
            Route("GET", pattern, self.show, refuse, can_fail=False),
            Route("POST", pattern, self.choose, refuse, can_fail=False),
        )

    def show(self, request: Request) -> Reply:
        visit = _visit(request.query, request.headers)
        html = self._template.render(visit=visit, cards=list(DECK.values()), path=_PATH)
        headers = (("content-security-policy", _POLICY), ("cache-control", "no-store"))
        return Reply(200, html.encode(), _HTML, headers)

    def choose(self, request: Request) -> Reply:
        """Back to where they came from: with what the card can be registered by, or without a card."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        visit = _visit(form, request.headers)
        if not form.get("card"):
            return _back(visit, {"code": _CLOSED, "customerKey": visit.customer_key})
        try:
            outcome = Outcome(form["card"])
        except ValueError:
            raise Refused(Problem.BAD_REQUEST) from None
        auth_key = self._books.type_card(visit.customer_key, outcome)
        return _back(visit, {"authKey": auth_key, "customerKey": visit.customer_key})


def _visit(fields: dict[str, str], headers: dict[str, str]) -> _Visit:
    customer_key, return_url = fields.get("customerKey", ""), fields.get("returnUrl", "")
    target = urlsplit(return_url)
    if not _CUSTOMER_KEY.fullmatch(customer_key) or target.scheme not in {"http", "https"} or not target.netloc:
        raise Refused(Problem.BAD_REQUEST)
    return _Visit(customer_key, return_url, _language(fields.get("lang", ""), headers.get("accept-language", "")))


def _language(chosen: str, accepted: str) -> str:
    """Korean, unless English was chosen or is what the browser asks for first."""
    first = chosen or accepted.strip().lower()
    return "en" if first.startswith("en") else "ko"


def _back(visit: _Visit, found: dict[str, str]) -> Reply:
    parts = urlsplit(visit.return_url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *found.items()])
    return Reply(303, headers=(("location", urlunsplit(parts._replace(query=query))),))
