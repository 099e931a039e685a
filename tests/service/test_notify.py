"""An address is told of each wanted change once, in order, also when it was away; never of a patient."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service.notify import tellers
from service.rows import CaseState
from service.settings import Notification
from service.store import NewInstance, Store


class Listener:
    """A web server that hears notifications, or refuses them."""

    def __init__(self) -> None:
        self.heard: list[dict[str, object]] = []
        self.authorizations: list[str | None] = []
        self.status = 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if outer.status == 204:
                    outer.heard.append(body)
                outer.authorizations.append(self.headers["Authorization"])
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def listener():
    opened = Listener()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "rows.db")
    opened.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "1", "CT1"), 0.0)
    yield opened
    opened.close()


def test_wanted_changes_are_told_once_and_in_order_across_a_restart(listener, store, tmp_path):
    def teller():
        return tellers([Notification(url=listener.url)], store, tmp_path)[0]

    first = teller()
    store.move(1, CaseState.READY, "complete", 1.0)
    store.move(1, CaseState.PLANNED, "3 paths of L4", 2.0)
    assert first.tell_due(3.0) == 1
    store.move(1, CaseState.PUBLISHED, "", 4.0)
    again = teller()
    assert (again.tell_due(5.0), again.tell_due(6.0)) == (1, 0)
    assert [(one["case"], one["state"]) for one in listener.heard] == [(1, "planned"), (1, "published")]
    assert all(set(one) == {"line", "case", "state", "at"} for one in listener.heard)


def test_an_address_that_is_away_is_told_later_with_growing_pauses(listener, store, tmp_path):
    (teller,) = tellers([Notification(url=listener.url)], store, tmp_path)
    store.move(1, CaseState.FAILED, "", 1.0)
    listener.status = 500
    assert [teller.tell_due(now_s) for now_s in (10.0, 14.0, 16.0, 24.0)] == [0, 0, 0, 0]
    assert len(listener.authorizations) == 2, "asked at 10 and 16 s alone"
    listener.status = 204
    assert teller.tell_due(27.0) == 1


def test_a_secret_is_sent_over_tls_alone(tmp_path):
    with pytest.raises(ValueError, match="https"):
        Notification(url="http://hooks.example", authorization_file=tmp_path / "secret")


def test_what_happened_before_the_address_was_named_is_not_told(listener, store, tmp_path):
    store.move(1, CaseState.FAILED, "", 1.0)
    (teller,) = tellers([Notification(url=listener.url)], store, tmp_path)
    assert teller.tell_due(2.0) == 0
