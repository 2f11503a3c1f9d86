"""What every simulator needs: a loopback HTTP server, requests and replies as values, and a clean start and end.

A simulator is an object with `answer(request) -> Reply | None`, called in a thread of its own per connection; None
closes the connection without a byte. `run()` turns it into a program with `--port`, `--port-file` and SIGTERM.
Python's standard library only, so that nothing has to be installed to try the system on a laptop.
"""
import argparse
import dataclasses
import http.server
import json
import os
import select
import signal
import socket
import sys
import threading
import typing
import urllib.parse

BODY_BYTES = 1 << 20
IDLE_S = 60


@dataclasses.dataclass
class Request:
    """One parsed request; `conn` is only for Gate and client_left, nobody else may read from it."""
    method: str
    target: str
    headers: typing.Mapping
    body: bytes
    conn: socket.socket

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        """The query's fields, the last of each name, decoded as UTF-8."""
        return _fields(self.target.partition("?")[2])

    @property
    def form(self):
        """The body's fields when it is a form, else nothing."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return _fields(self.body.decode("latin-1")) if kind == "application/x-www-form-urlencoded" else {}

    def json(self):
        """The body as a JSON object. Errors: ValueError, which the server answers with 400."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("the body must be a JSON object")
        return value


@dataclasses.dataclass
class Reply:
    """One answer. `stream`: byte chunks instead of `body`. `cut`: half of `body` under the length of all of it."""
    body: bytes = b""
    kind: str = "text/html"
    status: int = 200
    headers: typing.Mapping = dataclasses.field(default_factory=dict)
    stream: typing.Iterable = None
    cut: bool = False


def json_reply(value, status=200):
    """A Reply with `value` as indented JSON, because people read the control calls with curl."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    # half a surrogate pair leaves as \\udXXX, which is JSON too
    return Reply(text.encode("utf-8", "backslashreplace"), "application/json; charset=utf-8", status)


def _fields(text):
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


class Gate:
    """Holds any number of threads, at no cost, until it opens or their client leaves; it closes again by itself."""

    def __init__(self):
        self._lock = threading.Lock()
        self._pair = socket.socketpair()

    def ticket(self):
        """What `wait` waits for; take it under the lock that guards the decision to wait, else an `open` is missed."""
        with self._lock:
            return self._pair

    def open(self):
        """Lets everybody through who holds a ticket by now."""
        with self._lock:
            old, self._pair = self._pair, socket.socketpair()
        old[1].close()

    @staticmethod
    def wait(ticket, conn):
        """True when the gate opened, False when the client of `conn` left first."""
        poll = select.poll()
        poll.register(ticket[0], select.POLLIN)
        poll.register(conn, select.POLLRDHUP)
        return any(fd == ticket[0].fileno() for fd, _ in poll.poll())


def client_left(conn, wait_s):
    """Waits `wait_s` seconds; True as soon as the client has closed `conn`."""
    poll = select.poll()
    poll.register(conn, select.POLLRDHUP)
    return bool(poll.poll(max(0, int(wait_s * 1000))))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # buffered: the head and the body leave in one segment, else the peer's delayed ACK costs 40 ms
    wbufsize = 1 << 16
    timeout = IDLE_S

    def version_string(self):
        return self.server.sim.banner

    def log_message(self, *args):
        """Silent: the control calls tell what was asked, and a log of bodies would hold OTPs."""

    def _serve(self):
        body = self._body()
        if body is None:
            return
        request = Request(self.command, self.path, self.headers, body, self.connection)
        try:
            reply = self.server.sim.answer(request)
        except ValueError as e:
            reply = json_reply({"error": str(e)}, 400)
        try:
            self._send(reply)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _body(self):
        """The whole body, or None after an error answer."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
        elif int(length) > BODY_BYTES:
            self.send_error(413)
        else:
            return self.rfile.read(int(length))
        self.close_connection = True
        return None

    def _send(self, reply):
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.stream is not None:
            self._send_stream(reply.stream)
            return
        self.send_header("Content-Length", str(len(reply.body)))
        if reply.cut:
            # no "Connection: close": the client must notice from the length alone
            self.close_connection = True
        self.end_headers()
        self.wfile.write(reply.body[:len(reply.body) // 2] if reply.cut else reply.body)

    def _send_stream(self, chunks):
        """Chunked for HTTP/1.1; up to the end of the connection for HTTP/1.0."""
        chunked = self.request_version != "HTTP/1.0"
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Connection", "close")))
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    """`sim` behind 127.0.0.1:`port` (0: a free one, then in `self.port`), serving from construction to `stop()`."""
    request_queue_size = 512
    block_on_close = False

    def __init__(self, sim, port=0):
        self.sim = sim
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def handle_error(self, request, client_address):
        """A client that resets its connection is a test at work; anything else is a bug and shows."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def stop(self):
        """Stops listening; connections in progress die with the process."""
        self.shutdown()
        self.server_close()
        self._thread.join()


def parser(doc):
    """An argument parser with what all simulators share."""
    p = argparse.ArgumentParser(description=doc.partition("\n")[0])
    p.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    p.add_argument("--port-file", help="write the port here once the simulator answers")
    return p


def run(make, args):
    """Serves the simulator that `make()` makes until SIGTERM or SIGINT.

    The port is printed, and written to the port file, only once it can be used."""
    # before any thread exists: they inherit the mask, so the signal can only reach sigwait
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    threading.stack_size(256 * 1024)
    server = Server(make(), args.port)
    if args.port_file:
        part = args.port_file + ".part"
        with open(part, "w", encoding="ascii") as f:
            f.write(f"{server.port}\n")
        os.replace(part, args.port_file)
    print(f"http://127.0.0.1:{server.port}/", flush=True)
    signal.sigwait(stop_signals)
    server.stop()
