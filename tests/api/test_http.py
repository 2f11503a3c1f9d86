"""The conventions of every call, and requests that no library would send: nginx answers some of them, as problems too."""
import pytest

import openapi
import raw
from client import REQUEST_ID
from watch import log_lines, together, wait_until

PUBLIC = "/api/v1/wards/locate?lat=22.5605&lon=88.3530"


@pytest.mark.parametrize("sent, kept", [("app-7-0f3a9c1e", True), ("a" * 64, True), ("12345678", True), ("short", False), ("a" * 65, False),
                                        ("has space", False), ("semi;colon", False), ("ক" * 8, False), ("<script>x</script>", False)])
def test_a_request_id_is_echoed_when_it_is_well_formed(anyone, sent, kept):
    got = anyone.get("/wards", headers={"X-Request-Id": sent.encode()}, expect=200).headers["X-Request-Id"]
    assert (got == sent) == kept
    assert REQUEST_ID.fullmatch(got)


def test_request_ids_differ_and_are_in_the_log(anyone, stack):
    ids = {anyone.get("/me", expect=401).headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5
    mine = "find-me-in-the-log-1"
    anyone.post("/complaints", raw=b"{", headers={"X-Request-Id": mine}, expect=(400, 401))
    assert any(line.get("request_id") == mine for line in log_lines(stack, "fcgi"))


def test_answers_given_at_once_are_logged_under_their_own_ids(anyone, stack):
    """Several that ended in one turn of a reactor were logged under another's id, or under none."""
    workers = [anyone.login().twin() for _ in range(8)]
    answers = together(8, lambda i: [workers[i].lodge() for _ in range(4)])
    mine = {a.headers["X-Request-Id"] for some in answers for a in some}
    wait_until(lambda: mine <= {line.get("request_id") for line in log_lines(stack, "fcgi") if line["event"] == "answer"}, 3,
               "every answer's id in the log")


@pytest.mark.parametrize("path", ["/nothing", "/status", "/status/", "/complaints/", "/Complaints", "/status/261100000016/x", "/complaints/1/2/3",
                                  "/api/v2/wards", "/api/", "/api/v1", "/api/v1/", "/otp/x", "/%2e%2e/etc/passwd", "/me;x=1",
                                  "/problems", "/legacy", "/legacy/status/", "/openapi.yaml"])
def test_an_address_that_is_none_is_no_route(anyone, path):
    refused = anyone.get(path, expect=404)
    assert refused.code in ("no_route", "not_found")


def methods_of(path):
    return {o.method for o in openapi.operations() if o.path == path}


@pytest.mark.parametrize("op, method", [(o, m) for o in openapi.operations() for m in ("PUT", "PATCH", "DELETE", "POST", "GET", "BREW")
                                        if m not in methods_of(o.path)], ids=str)
def test_a_method_that_the_address_has_not_is_refused_with_what_it_has(anyone, op, method):
    path = op.base + op.path.replace("{number}", "261100000016")
    known = methods_of(op.path)
    refused = anyone.call(method, path, expect=405 if method != "BREW" else (400, 405))
    if refused.status == 405:
        allowed = {m.strip() for m in refused.headers["Allow"].split(",")}
        assert known <= allowed and method not in allowed


def test_head_and_options_do_no_harm(stack):
    for method in ("HEAD", "OPTIONS", "TRACE"):
        data = f"{method} /api/v1/wards HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = raw_status(stack.port, data)
        assert answer in ((200, 204, 405) if method != "TRACE" else (405,)), method


def raw_status(port, data):
    """Only the status: HEAD and OPTIONS are not in the document."""
    import socket
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(data)
        line = s.makefile("rb").readline()
    return int(line.split(b" ")[1])


@pytest.mark.parametrize("name, data, status", [
    ("no host", b"GET " + PUBLIC.encode() + b" HTTP/1.1\r\nConnection: close\r\n\r\n", {400}),
    ("space in path", b"GET /api/v1/status/2611 0000 0016 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 422}),
    ("nul in path", b"GET /api/v1/status/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 422}),
    ("bad escape", b"GET /api/v1/status/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 422}),
    ("not utf-8", b"GET /api/v1/status/%ff%fe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 422}),
    ("raw high bytes", b"GET /api/v1/status/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404, 422}),
    ("long path", b"GET /api/v1/status/" + b"1" * 60000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {414}),
    ("long query", b"GET /api/v1/wards/locate?lat=" + b"1" * 60000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {414}),
    ("long header", b"GET /api/v1/wards HTTP/1.1\r\nHost: x\r\nX-Long: " + b"1" * 60000 + b"\r\nConnection: close\r\n\r\n", {400, 431}),
    ("bad header", b"GET /api/v1/wards HTTP/1.1\r\nHost: x\r\nno colon here\r\nConnection: close\r\n\r\n", {200, 400}),
    ("nul in header", b"GET /api/v1/wards HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\nConnection: close\r\n\r\n", {400}),
    ("two hosts", b"GET /api/v1/wards HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n", {400}),
    ("negative length", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n", {400}),
    ("length and chunks", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", {400}),
    ("two lengths", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}", {400}),
    ("huge length", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n", {413}),
    ("no length", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n", {400}),
    ("bad chunk", b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", {400}),
], ids=lambda v: v if isinstance(v, str) else "")
def test_malformed_requests_get_a_problem_too(stack, name, data, status):
    path = "/api/v1/nothing" if status <= {400, 404, 413, 414, 431} and name != "bad header" else None
    answer = raw.exchange(stack.port, data, method=data.split(b" ")[0].decode(), check_path=path)
    assert answer is not None and answer.status in status


def test_problems_of_nginx_speak_three_languages(stack):
    seen = {}
    for language in ("en", "bn", "hi"):
        answer = raw.exchange(stack.port, b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nAccept-Language: " + language.encode() +
                              b"\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n", "POST")
        assert (answer.status, answer.headers["Content-Language"]) == (413, language)
        seen[language] = answer.data["title"]
    assert len(set(seen.values())) == 3


def test_a_body_in_chunks_is_read_like_any_other(stack):
    body = b'{"nonsense":1}'
    answer = raw.exchange(stack.port, b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                          b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + b"".join(b"1\r\n%c\r\n" % c for c in body) + b"0\r\n\r\n", "POST")
    assert answer.status == 422 and "/nonsense" in answer.pointers("unknown_key")


def test_an_old_client_is_served_too(stack):
    answer = raw.exchange(stack.port, b"GET /api/v1/wards HTTP/1.0\r\n\r\n")
    assert answer.status == 200 and len(answer.data["wards"]) == 144


@pytest.mark.parametrize("path", ["/api/v1/../../etc/passwd", "/api/v1/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
                                  "//etc/passwd", "/js/../../ekmc.conf.in", "/errors/en/404.json", "/_problem/en/404.json", "/.git/config"])
def test_nothing_but_pages_is_served_as_a_file(stack, path):
    assert raw_status(stack.port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()) in (400, 404)


def test_one_connection_serves_many_requests(stack):
    import socket
    one = f"GET {PUBLIC} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = f"GET {PUBLIC} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", stack.port), 10) as s:
        s.settimeout(10)
        s.sendall(one * 20 + last)
        got = b""
        while chunk := s.recv(65536):
            got += chunk
    assert got.count(b"HTTP/1.1 200") == 21


def test_a_client_that_leaves_in_the_middle_does_no_harm(stack, anyone):
    import socket
    for size in (0, 10, 4000):
        with socket.create_connection(("127.0.0.1", stack.port), 10) as s:
            s.sendall(b"POST /api/v1/otp HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + b" " * size)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", stack.port), 10) as s:
            s.sendall(f"GET {PUBLIC} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    anyone.get("/wards", expect=200)


def test_the_probes_answer_at_the_root(anyone):
    anyone.get("/healthz", expect=200)
    ready = anyone.get("/readyz", expect=200).data
    assert ready == {"status": "ready", "migrations": "match", "database": "up", "redis": "up"}


def test_the_counters_count(anyone):
    answer = anyone.get("/metrics", expect=(200, 403, 404))
    if answer.status == 200:    # the monitoring host is this one
        assert "# TYPE ekmc_" in answer.data


def test_no_answer_tells_what_runs_here(anyone):
    for path in ("/wards", "/me", "/nothing"):
        headers = anyone.get(path).headers
        assert not any(c.isdigit() for c in headers.get("Server", "")), "a version in Server"
        assert "X-Powered-By" not in headers
        assert headers.get("X-Content-Type-Options") == "nosniff"
