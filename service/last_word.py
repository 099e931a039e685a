"""Bytes sent over TLS to somebody who answers nothing, and whether they were read.

In: a connected socket, a context, bytes. Out: nothing, or an ``OSError`` where they may not have been read. Python's ``SSLSocket``
forgets its session at the farewell, which alone tells whether the other side had let us in.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

_STEP_BYTES = 65536


def say(plain: socket.socket, context: ssl.SSLContext, host: str, content: bytes) -> None:
    """Send all, close first, and wait until the other side has closed too, with or without a word.

    TLS 1.3 judges our certificate after our handshake, and a refusal may come as nothing but the end: there only a ticket
    shows that we were let in (RFC 8446 4.6.1).
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)

    def done(step: Callable[[], object]) -> None:
        while True:
            try:
                step()
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                _fetch(plain, incoming)
            else:
                plain.sendall(outgoing.read())
                return

    done(tls.do_handshake)
    done(lambda: tls.write(content))
    with suppress(ssl.SSLEOFError):
        done(tls.unwrap)
    if tls.version() == "TLSv1.3" and not (tls.session and tls.session.has_ticket):
        raise ConnectionRefusedError


def _fetch(plain: socket.socket, incoming: ssl.MemoryBIO) -> None:
    content = plain.recv(_STEP_BYTES)
    if content:
        incoming.write(content)
    else:
        incoming.write_eof()
