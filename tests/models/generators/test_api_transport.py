"""The seam itself: what each failure is called, that time limits hold, that nothing is followed or cut silently."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fauve.models.generators import api_transport
from fauve.models.generators.api_line import retry_after
from fauve.models.generators.api_transport import (
    AnswerLost,
    Call,
    CallTimedOut,
    FakeTransport,
    HttpTransport,
    NotSent,
    Reply,
    is_loopback,
)

Serve = Callable[[socket.socket], None]


@pytest.fixture
def listen() -> Iterator[Callable[[Serve], str]]:
    """Answers one connection with a function of the raw socket."""
    opened: list[socket.socket] = []

    def start(serve: Serve) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def run() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                got = b""
                # head and body come apart; closing with bytes unread would reset the connection
                while not got.endswith(b"{}") and not got.startswith((b"\x16", b"CONNECT")):
                    chunk = connection.recv(1 << 16)
                    if not chunk:
                        return
                    got += chunk
                with contextlib.suppress(OSError):
                    serve(connection)

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/path?q=1"

    yield start
    for listener in opened:
        listener.close()


def send(url: str, timeout: float = 5.0) -> Reply:
    return HttpTransport().send(Call("POST", url, {"A": "b"}, b"{}"), timeout)


def test_a_reply_is_status_headers_and_the_whole_body(listen: Callable[[Serve], str]) -> None:
    body = bytes(range(256)) * 1000
    head = f"HTTP/1.1 207 OK\r\nContent-Length: {len(body)}\r\nX-Request-Id: 7\r\n\r\n".encode()
    reply = send(listen(lambda c: c.sendall(head + body)))
    assert (reply.status, reply.headers["x-request-id"], reply.body) == (207, "7", body)


def test_a_chunked_reply_is_put_together(listen: Callable[[Serve], str]) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert send(listen(lambda c: c.sendall(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))).body == b"abcde"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"no http at all\r\n\r\n",
    ],
)
def test_a_reply_that_breaks_off_is_lost_and_never_half_a_picture(sent: bytes, listen: Callable[[Serve], str]) -> None:
    with pytest.raises(AnswerLost, match="broke before the answer was complete"):
        send(listen(lambda c: c.sendall(sent)))


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b""])
def test_dripping_headers_and_bodies_and_silence_end_in_time(head: bytes, listen: Callable[[Serve], str]) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            time.sleep(0.05)
            connection.sendall(b"a" if head else b"")

    url = listen(drip)
    started = time.monotonic()
    with pytest.raises(CallTimedOut, match=r"within 0\.4 s"):
        send(url, timeout=0.4)
    assert 0.35 < time.monotonic() - started < 3


def test_nobody_there_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent, match=r"no connection to 127\.0\.0\.1"):
        send(f"http://127.0.0.1:{port}/")


def test_a_certificate_that_is_none_means_not_sent(listen: Callable[[Serve], str]) -> None:
    url = listen(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")).replace("http:", "https:")
    with pytest.raises(NotSent):
        send(url)


def test_a_redirect_is_an_answer_and_not_followed(listen: Callable[[Serve], str]) -> None:
    reply = send(listen(lambda c: c.sendall(b"HTTP/1.1 302 F\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n")))
    assert reply.status == 302


def test_a_reply_without_end_is_given_up(listen: Callable[[Serve], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_transport, "MOST_BYTES", 1 << 20)
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + bytes(4 << 20)
    with pytest.raises(AnswerLost):
        send(listen(lambda c: c.sendall(endless)))


def test_a_proxy_is_asked_for_other_machines_and_never_for_this_one(
    listen: Callable[[Serve], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = listen(lambda c: c.sendall(b"HTTP/1.1 403 no\r\n\r\n")).removesuffix("/path?q=1")
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(NotSent):
        send("https://models.invalid/v1")
    direct = listen(lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    assert send(direct).body == b"hi"


@pytest.mark.parametrize(
    ("host", "own"),
    [("localhost", True), ("127.8.9.1", True), ("::1", True), ("10.0.0.1", False), ("localhost.example", False)],
)
def test_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_the_fake_keeps_what_was_sent() -> None:
    fake = FakeTransport(lambda call: Reply(204))
    assert fake.send(Call("GET", "https://h/"), 1.0).status == 204
    assert [call.url for call in fake.calls] == ["https://h/"]


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("3", 3, 3),
        ("0.25", 0.25, 0.25),
        ("-5", 0, 0),
        ("nan", 0, 0),
        ("inf", 0, 0),
        ("soon", 0, 0),
        ("", 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 2199 23:59:59 GMT", 1e9, 1e10),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, low: float, high: float) -> None:
    assert low <= retry_after({"retry-after": value}) <= high


def test_no_retry_after() -> None:
    assert retry_after({}) == 0.0
