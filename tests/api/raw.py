"""Requests byte by byte, for what no HTTP library would send."""
import http.client
import socket

from requests.structures import CaseInsensitiveDict

from client import TIMEOUT_S, Answer


def exchange(port, data, method="GET", check_path=None):
    """Sends `data` and returns the checked Answer, or None when the server just closed the connection.

    `check_path`: the path that the OpenAPI document is asked for; the default is the request line's."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as s:
        s.settimeout(TIMEOUT_S)
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass        # refused before all was sent: the answer is there
        response = http.client.HTTPResponse(s, method=method)
        try:
            response.begin()
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return None
        body = response.read()
    headers = CaseInsensitiveDict()
    for name, value in response.getheaders():
        assert name.lower() not in ("x-request-id", "content-type", "etag") or name not in headers, f"{name} twice"
        headers[name] = value
    if check_path is None:
        words = data.split(b"\r\n")[0].split(b" ")
        check_path = words[1].decode("latin-1") if len(words) > 1 else "/"
    return Answer(method, f"http://127.0.0.1:{port}{check_path}", response.status, headers, body)


def request(port, method, path, headers=(), body=b"", **more):
    """`headers` is a list of pairs, so that one may stand there twice."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return exchange(port, "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body, method, **more)
