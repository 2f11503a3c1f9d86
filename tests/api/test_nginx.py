"""nginx' own answers, asked with raw sockets: what no HTTP client would send still gets problem+json."""
import json
import os
import pwd
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import types
from pathlib import Path

import pytest

ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")


class Answer:
    def __init__(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, self.reason = (lines[0].split(" ", 2) + [""])[:3]
        self.status = int(status)
        self.fields = [tuple(x.strip() for x in line.split(":", 1)) for line in lines[1:]]
        self.body = unchunk(body) if self.get("transfer-encoding") == "chunked" else body

    def all(self, name):
        return [v for k, v in self.fields if k.lower() == name]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None


def unchunk(data):
    out = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        n = int(size, 16)
        if n == 0:
            break
        out, data = out + data[:n], data[n + 2:]
    return out


def ask(stack, raw, wait=15, source=None):
    """Sends the bytes as they are and reads until nginx closes or goes quiet after a whole answer."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=wait, source_address=source) as s:
        try:
            s.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end of what we sent: the answer is waiting
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
    return Answer(got)


def get(stack, path, *fields, method="GET", body=b""):
    head = [f"{method} {path} HTTP/1.1", "Host: t", "Connection: close", *fields]
    return ask(stack, "\r\n".join(head).encode() + b"\r\n\r\n" + body)


def assert_problem(a, status, code, language="en"):
    assert a.status == status
    assert a.get("content-type") == "application/problem+json"
    assert a.get("content-language") == language
    assert a.get("cache-control") == "no-store"
    assert a.get("x-content-type-options") == "nosniff"
    assert a.all("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
    p = json.loads(a.body)
    assert set(p) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (p["status"], p["code"], p["type"]) == (status, code, "/problems/" + code)
    assert p["title"] and p["detail"]
    assert a.all("x-request-id") == [p["request_id"]]
    assert ID.match(p["request_id"])
    return p


MALFORMED = {
    "noise": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", 400, "malformed"),
    "no path": (b"GET\r\n\r\n", 400, "malformed"),
    "bad escape": (b"GET /api/v1/%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400, "malformed"),
    "bad escape elsewhere": (b"GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400, "malformed"),
    "nul": (b"GET /api/v1/a%00b HTTP/1.1\r\nHost: t\r\n\r\n", 400, "malformed"),
    "above the root": (b"GET /../../etc/passwd HTTP/1.1\r\nHost: t\r\n\r\n", 400, "malformed"),
    "no host": (b"GET /api/v1/wards HTTP/1.1\r\n\r\n", 400, "malformed"),
    "two hosts": (b"GET /api/v1/wards HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed"),
    "two lengths": (b"POST /api/v1/otp HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "malformed"),
    "length and chunks": (b"POST /api/v1/otp HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                          400, "malformed"),
    "bad length": (b"POST /api/v1/otp HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n", 400, "malformed"),
    "bad chunk": (b"POST /api/v1/otp HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "malformed"),
    "unknown coding": (b"POST /api/v1/otp HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: br\r\n\r\n", 501, "not_implemented"),
    "version 3": (b"GET /api/v1/wards HTTP/3.0\r\nHost: t\r\n\r\n", 505, "version_not_supported"),
    "long line": (b"GET /api/v1/status/" + b"1" * 9000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", 414, "uri_too_long"),
    "long field": (b"GET /api/v1/wards HTTP/1.1\r\nHost: t\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers_too_large"),
    "many fields": (b"GET /api/v1/wards HTTP/1.1\r\nHost: t\r\n" + b"X-A: " + b"a" * 4000 + b"\r\n" +
                    b"".join(b"X-%d: " % i + b"a" * 4000 + b"\r\n" for i in range(12)) + b"\r\n", 431, "headers_too_large"),
    "trace": (b"TRACE /api/v1/wards HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
    "connect": (b"CONNECT /api/v1/wards HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 405, "method_not_allowed"),
    "large body": (b"POST /api/v1/complaints HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 65537\r\n\r\n" + b"a" * 65537,
                   413, "too_large"),
    "large body with a key": (b"POST /api/v1/complaints HTTP/1.1\r\nHost: t\r\nIdempotency-Key: k1\r\nConnection: close\r\n"
                              b"Content-Length: 65537\r\n\r\n" + b"a" * 65537, 413, "too_large"),
    "large chunks with a key": (b"POST /api/v1/complaints HTTP/1.1\r\nHost: t\r\nIdempotency-Key: k1\r\nConnection: close\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n11000\r\n" + b"a" * 0x11000 + b"\r\n0\r\n\r\n", 413, "too_large"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_answered_with_a_problem(stack, name):
    raw, status, code = MALFORMED[name]
    assert_problem(ask(stack, raw), status, code)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/status/1", "/%61pi/v9", "//api//v9", "/open311"])
def test_unknown_path_under_the_api_is_a_problem(stack, path):
    assert_problem(get(stack, path), 404, "no_route")


@pytest.mark.parametrize("header,language", [
    ("", "en"), ("fr", "en"), ("bn", "bn"), ("hi", "hi"), ("bn-IN,en;q=0.5,bn;q=0.3", "bn"), ("en-GB,bn;q=0.9", "en"),
    ("fr-FR, hi;q=0.7, bn;q=0.2", "hi"), ("BN", "bn"), ("bnx,ghi,en", "en"), ("*", "en"), (",,;;,bn", "bn")])
def test_language_of_a_problem(stack, header, language):
    assert_problem(get(stack, "/api/v9", f"Accept-Language: {header}"), 404, "no_route", language)


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v9"])
def test_request_id_is_the_callers_when_it_is_a_good_one(stack, path):
    assert get(stack, path, "X-Request-Id: Caller_id-42").all("x-request-id") == ["Caller_id-42"]
    for bad in ("short", "a" * 65, "with blank1", "<script>x</script>", 'quote"quote', "জন্ম-১২৩৪"):
        made = get(stack, path, f"X-Request-Id: {bad}").all("x-request-id")
        assert len(made) == 1 and made[0] != bad and ID.match(made[0])


@pytest.mark.parametrize("path", ["/", "/lodge", "/r", "/s/261100000012", "/style.css", "/nothing-here", "/healthz", "/api/v1/wards"])
def test_every_answer_has_one_request_id(stack, path):
    assert get(stack, path, "X-Request-Id: Caller_id-42").all("x-request-id") == ["Caller_id-42"]


def test_contract_is_served_as_a_file(stack):
    a = get(stack, "/api/v1/openapi.json")
    assert a.status == 200 and a.get("content-type") == "application/json"
    assert json.loads(a.body)["openapi"].startswith("3.1")
    a = get(stack, "/api/v1/openapi.json", "Content-Length: 1", method="POST", body=b"x")
    assert_problem(a, 405, "method_not_allowed")
    assert a.get("allow") == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/s/261100000012", "/s/", "/lodge", "/r", "/index.html", "/lodge.html", "/r.html"])
def test_page(stack, path):
    a = get(stack, path)
    assert a.status == 200 and a.get("content-type") == "text/html; charset=utf-8"
    assert a.get("cache-control") == "no-cache" and a.get("etag")
    policy = a.get("content-security-policy")
    for part in ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert a.get("referrer-policy") == "no-referrer" and a.get("cross-origin-opener-policy") == "same-origin"
    assert "geolocation=(self)" in a.get("permissions-policy")
    assert a.get("server") == "nginx"


def test_page_holds_nothing_of_the_address(stack):
    assert get(stack, "/s/%3Cscript%3E261100000012").body == get(stack, "/").body


def test_page_is_not_sent_twice(stack):
    a = get(stack, "/")
    assert get(stack, "/", f"If-None-Match: {a.get('etag')}").status == 304


@pytest.mark.parametrize("path", ["/", "/style.css", "/js/lodge.js", "/i18n/bn.json", "/emblem.svg"])
def test_page_is_compressed(stack, path):
    a = get(stack, path, "Accept-Encoding: gzip")
    assert a.get("content-encoding") == "gzip"


def test_page_error_is_one_page_in_three_languages(stack):
    a = get(stack, "/nothing-here", "X-Request-Id: Caller_id-42")
    assert a.status == 404 and a.get("content-type") == "text/html; charset=utf-8"
    assert a.get("cache-control") == "no-store"
    text = a.body.decode()
    assert 'lang="bn"' in text and 'lang="hi"' in text and "Caller_id-42" in text and "nginx" not in text


@pytest.mark.parametrize("path", ["/_problem/en/404.json", "/_page/404.html", "/../ekmc.conf.in", "/r/", "/r/x"])
def test_what_is_not_for_outside_is_not_found(stack, path):
    assert get(stack, path).status in (400, 404)


def test_post_to_a_page_is_refused_with_a_page(stack):
    a = get(stack, "/lodge", "Content-Length: 1", method="POST", body=b"x")
    assert a.status == 405 and a.get("allow") == "GET, HEAD" and b"<!doctype html>" in a.body


def test_head_of_an_error_has_no_body(stack):
    a = get(stack, "/api/v9", method="HEAD")
    assert a.status == 404 and a.body == b"" and a.get("content-type") == "application/problem+json"


# -- faults of the workers: an nginx of its own, with workers that obey -----------------------------------------------------

class Workers:
    """A FastCGI server on a unix socket; behaviours by path: /api/v1/hang says nothing, /api/v1/die hangs up, else 200."""

    def __init__(self, path):
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            params = b""
            while head := stream.read(8):
                _, kind, request, size, padding = struct.unpack(">BBHHBx", head)
                data = stream.read(size + padding)[:size]
                if kind == 4:
                    params += data
                if kind == 5 and size == 0:
                    self.requests.append(params)
                    if b"/api/v1/hang" in params:
                        stream.read(1)
                        return
                    if b"/api/v1/die" in params:
                        return
                    body = b"Status: 200\r\nContent-Type: application/json\r\nX-Request-Id: theirs-theirs\r\n\r\n{}"
                    connection.sendall(struct.pack(">BBHHBx", 1, 6, request, len(body), 0) + body +
                                       struct.pack(">BBHHBx", 1, 3, request, 8, 0) + bytes(8))
                    params = b""


@pytest.fixture(scope="module")
def lonely(tmp_path_factory):
    """nginx with two obedient API workers, a bridge that is not there, and a log to read."""
    top = Path(__file__).resolve().parents[2]
    prefix = tmp_path_factory.mktemp("nginx")
    for name in ("etc", "log", "pids"):
        (prefix / name).mkdir()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    workers = [Workers(f"{prefix}/api{i}.sock") for i in (0, 1)]
    words = {"PREFIX": prefix, "USER": f"user {pwd.getpwuid(os.getuid()).pw_name};" if os.getuid() == 0 else "", "WORKERS": 1,
             "LISTEN": f"127.0.0.1:{port}", "API_SOCKET": f"{prefix}/api0.sock", "LEGACY_SOCKET": f"{prefix}/none.sock",
             "WWW": top / "nginx/www", "ERRORS": top / "nginx/errors", "OPENAPI": prefix / "none.json",
             "STATUS_PER_MINUTE": 30, "API_PER_SECOND": 100, "LOGINS_PER_MINUTE": 120, "OLD_PAGE": "https://old.example/search?a=b"}
    conf = re.sub(r"@([A-Z_]+)@", lambda m: str(words.get(m[1], m[0])), (top / "nginx/ekmc.conf.in").read_text())
    first = f"server unix:{prefix}/api0.sock max_fails=0;"
    assert first in conf
    (prefix / "etc/nginx.conf").write_text(conf.replace(first, first + f" server unix:{prefix}/api1.sock max_fails=0;"))
    command = ["nginx", "-e", f"{prefix}/log/nginx-error.log", "-p", str(prefix), "-c", f"{prefix}/etc/nginx.conf"]
    subprocess.run(command, check=True, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
    yield types.SimpleNamespace(port=port, workers=workers, log=prefix / "log/nginx-access.log")
    os.kill(int((prefix / "pids/nginx.pid").read_text()), signal.SIGTERM)
    for w in workers:
        w.listener.close()


def count(lonely, word):
    return sum(word in r for w in lonely.workers for r in w.requests)


def test_every_placeholder_is_named_at_the_top():
    text = (Path(__file__).resolve().parents[2] / "nginx/ekmc.conf.in").read_text()
    top, rest = text.split("\n\n@USER@\n", 1)
    assert set(re.findall(r"@[A-Z_]+@", rest)) | {"@USER@"} == set(re.findall(r"@[A-Z_]+@", top))


def test_bridge_that_is_down_tells_the_old_page(lonely):
    a = get(lonely, "/api/v1/legacy/status/W0712345", "Accept-Language: bn")
    assert_problem(a, 503, "unavailable", "bn")
    assert a.get("retry-after") == "5"
    assert a.get("link") == '<https://old.example/search?a=b>; rel="related"'
    assert get(lonely, "/api/v1/die").all("link") == []


@pytest.mark.parametrize("path,free,address", [("/api/v1/status/261199999999", 200, "127.0.0.77"),
                                               ("/api/v1/legacy/status/261199999999", 503, "127.0.0.78")])
def test_status_is_limited_by_address(lonely, path, free, address):
    raw = f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept-Language: hi\r\n\r\n".encode()
    got = [ask(lonely, raw, source=(address, 0)) for _ in range(40)]
    assert [a.status for a in got[:30]] == [free] * 30
    assert got[-1].status == 429
    p = assert_problem(got[-1], 429, "rate_limited", "hi")
    assert got[-1].get("retry-after") == "30" and "रुककर" in p["detail"]
    assert get(lonely, path).status == free, "another address is free"


def test_logins_are_limited_by_address(lonely):
    """One password tried on many accounts meets no account's lock-out."""
    def ask_from(address, method):
        raw = f"{method} /api/v1/sessions HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode()
        time.sleep(0.01)  # below the limit of all calls together
        return ask(lonely, raw, source=(address, 0))
    got = [ask_from("127.0.0.79", "POST") for _ in range(150)]
    first = [a.status for a in got].index(429)
    assert 120 <= first <= 145
    assert_problem(got[first], 429, "rate_limited")
    assert 1 <= int(got[first].get("retry-after")) <= 60
    assert ask_from("127.0.0.79", "GET").status == 200, "only logins count"
    assert ask_from("127.0.0.80", "POST").status == 200, "another address is free"


@pytest.mark.parametrize("path", ["otp", "sessions", "me/password", "users", "users/gro.drn/password"])
def test_what_keeps_no_answer_is_not_sent_again_even_with_a_key(lonely, path):
    """A second account or password would be made, and the first answer was the only one that showed the first."""
    mark = f"/api/v1/die/{path.replace('/', '-')}"
    assert_problem(get(lonely, f"/api/v1/{path}?{mark}", "Idempotency-Key: k-1", "Content-Length: 2", method="POST", body=b"{}"),
                   503, "unavailable")
    assert count(lonely, mark.encode()) == 1


def test_worker_that_hangs_is_given_up_after_six_seconds(lonely):
    start = time.monotonic()
    assert_problem(get(lonely, "/api/v1/hang/1", "Content-Length: 2", method="POST", body=b"{}"), 503, "unavailable")
    assert 5.5 < time.monotonic() - start < 8
    assert count(lonely, b"/hang/1") == 1


def test_post_is_sent_again_only_with_a_key(lonely):
    assert_problem(get(lonely, "/api/v1/die/plain", "Content-Length: 2", method="POST", body=b"{}"), 503, "unavailable")
    assert count(lonely, b"/die/plain") == 1
    assert_problem(get(lonely, "/api/v1/die/keyed", "Idempotency-Key: k-1", "Content-Length: 2", method="POST", body=b"{}"), 503, "unavailable")
    assert count(lonely, b"/die/keyed") == 2
    assert_problem(get(lonely, "/api/v1/die/read"), 503, "unavailable")
    assert count(lonely, b"/die/read") == 2


def test_worker_gets_one_request_id_and_every_copy_of_a_key(lonely):
    a = get(lonely, "/api/v1/twice?q=1", "X-Request-Id: Caller_id-42", "X-Request-Id: Other_id-43", "Authorization: Bearer a",
            "Idempotency-Key: a", "Idempotency-Key: b")
    assert a.all("x-request-id") == ["theirs-theirs"]
    assert a.all("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
    params = next(r for w in lonely.workers for r in w.requests if b"/twice" in r)
    assert params.count(b"HTTP_X_REQUEST_ID") == 1 and b"Caller_id-42" in params and b"Other_id-43" not in params
    assert b"HTTP_AUTHORIZATIONBearer a" in params and params.count(b"HTTP_IDEMPOTENCY_KEY") == 2
    assert b"REQUEST_URI/api/v1/twice?q=1" in params


def test_second_authorization_is_refused(stack):
    assert_problem(get(stack, "/api/v1/me", "Authorization: Bearer a", "Authorization: Bearer b"), 400, "malformed")


def test_log_has_no_query_and_no_mobile(lonely):
    for path in ("/api/v1/wards/locate?lat=22.5605&lon=88.3530", "/api/v1/status/9830012345", "/s/+91%2098300%2012345",
                 "/s/261100000012", "/api/v1/legacy/status/919830012345?x=9830012345"):
        get(lonely, path, "X-Request-Id: log-test-1")
    for _ in range(30):
        lines = [json.loads(x) for x in lonely.log.read_text().splitlines()]
        ours = [x for x in lines if x["id"] == "log-test-1"]
        if len(ours) == 5:
            break
        time.sleep(0.1)  # written once a second
    assert [x["path"] for x in ours] == ["/api/v1/wards/locate", "/api/v1/status/*", "/s/*", "/s/261100000012", "/api/v1/legacy/status/*"]
    assert [x["status"] for x in ours] == ["200", "200", "200", "200", "503"]
    assert "98300" not in lonely.log.read_text() and "22.56" not in lonely.log.read_text()
