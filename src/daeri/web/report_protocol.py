"""Answers a report of positions while its bytes are being read: no task, no scope for the application, one write.

Every driver without a socket sends one in seconds, and a web server's machinery around a request costs twice what the
report does. Only the plain case is answered here: known token, whole body, nothing before it unanswered. Whatever else
there is to say, and every refusal, goes the common way through the application with the same request.
"""

import time
from typing import ClassVar

from litestar.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daeri.infra.metrics import Part
from daeri.kernel.errors import DaeriError
from daeri.web.api import positions
from daeri.web.context import WebContext
from daeri.web.edge import Headers

_PATH = positions.PATH.encode()
_POST = b"POST"
_SHORT_BYTES = 4_096  # a longer body goes the common way, which refuses it unread when it is too long
_ANSWER = b"HTTP/1.1 202 Accepted\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class ReportDesk:
    """Takes reports in and counts them as the application does."""

    def __init__(self, context: WebContext) -> None:
        metrics = context.metrics
        self._context = context
        self._taken = metrics.requests.labels("POST", positions.PATH, "202")
        self._took = metrics.request_seconds.labels("POST", positions.PATH)
        self._cpu_seconds = metrics.cpu_seconds.labels(Part.HTTP)

    def take(self, headers: Headers, body: bytes) -> bytes | None:
        """The body of the answer; None where the common way has to see the request."""
        started, cpu = time.perf_counter(), time.thread_time()
        try:
            count = positions.take_at_once(headers, body, self._context)
        except (DaeriError, HTTPException):
            return None
        if count is None:
            return None
        self._taken.inc()
        self._took.observe(time.perf_counter() - started)
        self._cpu_seconds.inc(time.thread_time() - cpu)
        return positions.ACCEPTED % count


class ReportProtocol(HttpToolsProtocol):
    """One connection of the web server."""

    desk: ClassVar[ReportDesk]
    _report: bytearray | None = None  # the body so far of a report that may be answered here

    def on_headers_complete(self) -> None:
        if self.url == _PATH and self.parser.get_method() == _POST and self._is_plain():
            self._report = bytearray()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._report is None:
            super().on_body(body)
        else:
            self._report += body

    def on_message_complete(self) -> None:
        if self._report is None:
            super().on_message_complete()
            return
        report, self._report = bytes(self._report), None
        answer = self.desk.take(self.headers, report)
        if answer is None:
            super().on_headers_complete()
            super().on_body(report)
            super().on_message_complete()
        else:
            self._answer(answer)

    def _is_plain(self) -> bool:
        """True when nothing is unanswered on this connection, which stays open, and the body is short."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and self.parser.get_http_version() == "1.1"
            and any(_is_short(name, value) for name, value in self.headers)
        )

    def _answer(self, body: bytes) -> None:
        headers = b"".join(b"%b: %b\r\n" % header for header in self.server_state.default_headers)
        self.transport.write(_ANSWER % (headers, len(body), body))
        self.on_response_complete()


def report_protocol(context: WebContext) -> type[HttpToolsProtocol]:
    """The class of the connections of this process's web server."""

    class _OfThisProcess(ReportProtocol):
        desk = ReportDesk(context)

    return _OfThisProcess


def _is_short(name: bytes, value: bytes) -> bool:
    return name == b"content-length" and value.isdigit() and int(value) <= _SHORT_BYTES
