"""nginx' own answers, asked with raw sockets: what no HTTP client would send still gets problem+json."""
import json
import re
import socket

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


def ask(stack, raw, wait=15):
    """Sends the bytes as they are and reads until nginx closes or goes quiet after a whole answer."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=wait) as s:
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


@pytest.mark.parametrize("path", ["/", "/lodge", "/s/261100000012", "/style.css", "/nothing-here", "/healthz", "/api/v1/wards"])
def test_every_answer_has_one_request_id(stack, path):
    assert get(stack, path, "X-Request-Id: Caller_id-42").all("x-request-id") == ["Caller_id-42"]


def test_contract_is_served_as_a_file(stack):
    a = get(stack, "/api/v1/openapi.json")
    assert a.status == 200 and a.get("content-type") == "application/json"
    assert json.loads(a.body)["openapi"].startswith("3.1")
    a = get(stack, "/api/v1/openapi.json", "Content-Length: 1", method="POST", body=b"x")
    assert_problem(a, 405, "method_not_allowed")
    assert a.get("allow") == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/s/261100000012", "/s/", "/lodge", "/index.html", "/lodge.html"])
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


@pytest.mark.parametrize("path", ["/_problem/en/404.json", "/_page/404.html", "/../ekmc.conf.in", "/r"])
def test_what_is_not_for_outside_is_not_found(stack, path):
    assert get(stack, path).status in (400, 404)


def test_post_to_a_page_is_refused_with_a_page(stack):
    a = get(stack, "/lodge", "Content-Length: 1", method="POST", body=b"x")
    assert a.status == 405 and a.get("allow") == "GET, HEAD" and b"<!doctype html>" in a.body


def test_head_of_an_error_has_no_body(stack):
    a = get(stack, "/api/v9", method="HEAD")
    assert a.status == 404 and a.body == b"" and a.get("content-type") == "application/problem+json"
