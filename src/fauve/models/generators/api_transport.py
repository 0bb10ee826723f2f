"""The one seam between Fauve and a picture service: a call goes out, a reply or one of three failures comes back.

The three failures tell what a retry may cost: :class:`NotSent` never left this machine; after :class:`AnswerLost` and
:class:`CallTimedOut` the service may have made the picture and may bill it. :class:`HttpTransport` is the standard
library's HTTP with a time limit on the whole call, so that a service that drips one byte a second cannot hold a run up
(a limit on each read, which most clients offer, would not end it). :class:`FakeTransport` answers from a function.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from fauve.errors import ModelError

__all__ = [
    "AnswerLost",
    "Call",
    "CallTimedOut",
    "FakeTransport",
    "HttpTransport",
    "NotSent",
    "Reply",
    "Transport",
    "TransportError",
    "is_loopback",
]

MOST_BYTES = 128_000_000
"""A reply above this is not read to its end: the largest picture in base64 is far below it."""

_CHUNK = 1 << 16
_CONNECT = 20.0


class TransportError(ModelError):
    """A call brought no reply."""


class NotSent(TransportError):
    """No connection: the service has seen nothing of the call."""


class AnswerLost(TransportError):
    """The call went out and the connection broke: what the service made of it is not known."""


class CallTimedOut(TransportError):
    """The call went out and its reply was not complete in time."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. Headers, which hold the key, and body are left out of its ``repr``."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers with names in lower case, the whole body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class Transport(Protocol):
    """Sends a call."""

    def send(self, call: Call, timeout: float) -> Reply:
        """The reply, of any status. Raises NotSent, AnswerLost, CallTimedOut (after ``timeout`` seconds in all)."""
        ...


class FakeTransport:
    """A transport without a network: ``answer`` makes the reply of a call, or raises; ``calls`` keeps what was sent."""

    def __init__(self, answer: Callable[[Call], Reply]) -> None:
        self._answer = answer
        self.calls: list[Call] = []

    def send(self, call: Call, timeout: float) -> Reply:
        """The reply that ``answer`` makes of the call."""
        self.calls.append(call)
        return self._answer(call)


class HttpTransport:
    """HTTP/1.1 over a new connection for each call, so that no call can meet one that has gone stale.

    Certificates are checked against the system's store; a proxy is taken from the environment (``HTTPS_PROXY``,
    ``NO_PROXY``), never for this machine itself. Redirects are not followed: a key goes only where it was meant to.
    """

    def send(self, call: Call, timeout: float) -> Reply:
        """The reply, of any status. Raises NotSent, AnswerLost, CallTimedOut (after ``timeout`` seconds in all)."""
        until = time.monotonic() + timeout
        parts = urlsplit(call.url)
        connection = _connection(parts, min(timeout, _CONNECT))
        try:
            _connect(connection, parts, until)
            return _exchange(connection, parts, call, timeout)
        finally:
            connection.close()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _connection(parts: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    proxy = None if is_loopback(host) or urllib.request.proxy_bypass(host) else _proxy(parts.scheme)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    near, near_port = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(near, near_port, timeout=timeout, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(near, near_port, timeout=timeout)
    if proxy is not None:
        connection.set_tunnel(host, port)
    return connection


def _proxy(scheme: str) -> SplitResult | None:
    address = urllib.request.getproxies().get(scheme)
    return urlsplit(address if "://" in address else f"http://{address}") if address else None


def _connect(connection: http.client.HTTPConnection, parts: SplitResult, until: float) -> None:
    try:
        connection.connect()
    except (OSError, http.client.HTTPException) as error:
        # the text of an error may quote a proxy's address with its password: its type is enough
        what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise NotSent(f"no connection to {parts.hostname} ({what})") from None
    # http.client is typed for sockets, and asks of one only what _Timed has
    connection.sock = _Timed(connection.sock, until)


def _exchange(connection: http.client.HTTPConnection, parts: SplitResult, call: Call, timeout: float) -> Reply:
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        connection.request(call.method, path, call.body, dict(call.headers))
        response = connection.getresponse()
        body = _body(response)
    except TimeoutError:
        raise CallTimedOut(f"no complete answer within {timeout:.3g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise AnswerLost(f"the connection broke before the answer was complete ({type(error).__name__})") from None
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def _body(response: http.client.HTTPResponse) -> bytes:
    held = io.BytesIO()
    while chunk := response.read(_CHUNK):
        held.write(chunk)
        if held.tell() > MOST_BYTES:
            raise http.client.HTTPException("too long")
    # read(n) does not notice by itself that a body ended before its announced length
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return held.getvalue()


class _Timed:
    """A connected socket on which every wait is only for what is left of the whole call's time."""

    def __init__(self, plain: socket.socket, until: float) -> None:
        self._plain, self._until = plain, until

    def makefile(self, mode: str) -> io.BufferedReader:
        """What a response is read from."""
        return io.BufferedReader(_TimedReader(self._plain, self._until), _CHUNK)

    def sendall(self, data: Any) -> None:
        """Send all of ``data``. Raises TimeoutError at the end of the call's time."""
        self._plain.settimeout(_left(self._until))
        self._plain.sendall(data)

    def close(self) -> None:
        """Close the socket."""
        self._plain.close()


class _TimedReader(io.RawIOBase):
    """Reads of a socket that it does not own."""

    def __init__(self, plain: socket.socket, until: float) -> None:
        self._plain, self._until = plain, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._plain.settimeout(_left(self._until))
        return self._plain.recv_into(buffer)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
