"""A caller of the API that believes nothing: every answer is held against the OpenAPI document before a test sees it."""
import itertools
import json
import random
import re
import time
import uuid
from urllib.parse import quote, urlsplit

import requests

import openapi

TIMEOUT_S = 10
ROOT_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")
REQUEST_ID = re.compile("[A-Za-z0-9_-]{8,64}")
_serial = itertools.count(random.SystemRandom().randrange(10**8))


def fresh_mobile():
    """A mobile nobody used before in this stack: limits are per mobile."""
    return f"7{next(_serial) % 10**9:09d}"


def fresh_key():
    return uuid.uuid4().hex


def address(path):
    """The path as the server sees it: of the API, unless it says otherwise."""
    return path if path.startswith(ROOT_PATHS) else openapi.API + path


class Answer:
    """One checked answer. `data` is the decoded body, `body` its bytes."""

    def __init__(self, method, url, status, headers, body, seconds=0.0, sent_id=None):
        self.method, self.url, self.status = method, url, status
        self.headers, self.body, self.seconds = headers, body, seconds
        self.sent_id = sent_id.decode("utf-8", "replace") if isinstance(sent_id, bytes) else sent_id
        try:
            self.data = openapi.check_answer(method, url, status, headers, body)
            self._check_conventions()
        except AssertionError as bad:
            raise openapi.Misfit(f"{bad}\n{method} {url[:300]} -> {status} {dict(headers)}\n{body[:800]!r}") from None

    def _check_conventions(self):
        path = urlsplit(self.url).path
        there = self.headers.get("X-Request-Id", "")
        assert REQUEST_ID.fullmatch(there), f"X-Request-Id {there!r}"
        if self.sent_id and REQUEST_ID.fullmatch(self.sent_id):
            assert there == self.sent_id, f"X-Request-Id {there!r} is not the one sent, {self.sent_id!r}"
        assert "Set-Cookie" not in self.headers or self.status in (201, 204), "a cookie where nobody logs in or out"
        if not path.startswith("/api"):
            return
        assert "html" not in self.headers.get("Content-Type", "").lower(), "HTML under /api"
        cache = {d.strip().split("=")[0].lower() for d in self.headers.get("Cache-Control", "").split(",")}
        op = openapi.match(self.method, path)
        if self.status >= 400:
            assert cache & {"no-store", "no-cache"}, f"a refusal may be cached: {cache}"
        elif op and not op.public:
            assert "no-store" in cache or {"private", "no-cache"} <= cache, f"Cache-Control {cache} on a private answer"
        if self.status >= 400 and self.method != "HEAD":
            problem = self.data
            assert problem["status"] == self.status
            assert problem["type"] == f"/problems/{problem['code']}"
            assert problem["request_id"] == there, "the problem names another request"

    @property
    def code(self):
        return self.data["code"]

    def pointers(self, code=None):
        """The pointers of all field errors, or of those with this code."""
        return sorted(e["pointer"] for e in self.data.get("errors", []) if code in (None, e["code"]))

    def __repr__(self):
        return f"<{self.method} {self.url} -> {self.status} {self.body[:500]!r}>"


class Client:
    """Somebody who calls. Not to be shared between threads: take a twin() for each."""

    def __init__(self, base_url, phone=None, token=None, headers=None, source=None):
        self.base_url, self.phone, self.token, self.source = base_url.rstrip("/"), phone, token, source
        self.mobile = None
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"Accept-Encoding": "identity", **(headers or {})})
        if source:
            self.http.mount("http://", _From(source))

    def twin(self, **headers):
        other = Client(self.base_url, self.phone, self.token, {**self.http.headers, **headers}, self.source)
        other.mobile = self.mobile
        return other

    def anonymous(self):
        return Client(self.base_url, self.phone, source=self.source)

    # -- calls: expect is a status or several; without it anything but a 5xx that the document describes

    def call(self, method, path, body=None, *, expect=None, raw=None, params=None, headers=None, key=None, auth=True):
        """`body` goes as JSON, `raw` as bytes; the path is sent exactly as it stands."""
        send = dict(headers or {})
        if self.token and auth:
            send.setdefault("Authorization", f"Bearer {self.token}")
        if key:
            send.setdefault("Idempotency-Key", key)
        if body is not None:
            raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if raw is not None and not any(n.lower() == "content-type" for n in send):
            send["Content-Type"] = "application/json"
        send = {n: v for n, v in send.items() if v is not None}
        request = self.http.prepare_request(requests.Request(method, self.base_url + "/", data=raw, params=params, headers=send))
        request.url = self.base_url + address(path) + request.url[len(self.base_url) + 1:]
        begun = time.monotonic()
        got = self.http.send(request, timeout=TIMEOUT_S, allow_redirects=False)
        answer = Answer(method, request.url, got.status_code, got.headers, got.content, time.monotonic() - begun,
                        request.headers.get("X-Request-Id"))
        if expect is None:
            assert answer.status < 500, answer
        else:
            assert answer.status in ((expect,) if isinstance(expect, int) else expect), answer
        return answer

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    # -- what citizens do

    def ask_otp(self, mobile, **more):
        return self.post("/otp", {"mobile": mobile, "language": "en"}, expect=202, **more).data["otp_id"]

    def login(self, mobile=None, cookie=False):
        """A client that is logged in as the citizen of this mobile, or of a fresh one."""
        mobile = mobile or fresh_mobile()
        seen = self.phone.count(mobile)
        otp_id = self.ask_otp(mobile)
        body = {"otp_id": otp_id, "code": self.phone.code(mobile, seen)}
        made = self.post("/sessions", {**body, "cookie": True} if cookie else body, expect=201)
        citizen = self.anonymous()
        citizen.mobile, citizen.session = mobile, made
        citizen.token = made.data.get("token")
        return citizen

    def lodge(self, expect=201, key=None, headers=None, **fields):
        """Lodges a plain complaint in ward 63; a field of None is left out."""
        body = {"subcategory": "DRN-01", "description": "The sewer overflows since morning.", "ward": 63, **fields}
        body = {k: v for k, v in body.items() if v is not None}
        return self.post("/complaints", body, expect=expect, key=key or fresh_key(), headers=headers)

    def upload(self, data, expect=201, headers=None, **more):
        """Sends a file; returns the answer."""
        return self.post("/uploads", raw=data, expect=expect, headers={"Content-Type": "application/octet-stream", **(headers or {})}, **more)

    def withdraw(self, number, version=1, **more):
        return self.post(f"/complaints/{number}/actions", {"action": "withdraw", "version": version}, **{"expect": 200, **more})

    def status(self, number, **more):
        return self.get("/status/" + quote(number, safe=""), **more)

    def mine(self, **params):
        """All my complaints, page by page."""
        rows, cursor = [], None
        while True:
            page = self.get("/complaints", params={**params, **({"cursor": cursor} if cursor else {})}, expect=200).data
            rows += page["items"]
            cursor = page["next"]
            if cursor is None:
                return rows


class _From(requests.adapters.HTTPAdapter):
    """Calls from another loopback address: limits are per address."""

    def __init__(self, source):
        self._source = source
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(self._source, 0), **kwargs)


class Phone:
    """Every citizen's phone: the messages that the `file` profile wrote."""

    def __init__(self, url):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False

    def messages(self, mobile):
        got = self.http.get(self.url, params={"to": mobile}, timeout=TIMEOUT_S)
        got.raise_for_status()
        found = got.json()
        found = found["messages"] if isinstance(found, dict) else found
        return [m for m in found if re.sub("[^0-9]", "", m["to"]).endswith(mobile)]

    def count(self, mobile):
        return len(self.codes(mobile))

    def codes(self, mobile):
        found = [re.search(r"(?<![0-9])[0-9]{6}(?![0-9])", m["text"]) for m in self.messages(mobile)]
        return [m.group() for m in found if m]

    def code(self, mobile, seen=0, seconds=10):
        """The first code beyond those already seen."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            codes = self.codes(mobile)
            if len(codes) > seen:
                return codes[-1]
            time.sleep(0.03)
        raise AssertionError(f"no code for {mobile[:2]}… in {seconds} s")

    def wait_for(self, mobile, text, seconds=10):
        """The message to this mobile that contains `text`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in self.messages(mobile):
                if text in message["text"].replace(" ", ""):
                    return message
            time.sleep(0.05)
        raise AssertionError(f"no message with {text!r} in {seconds} s")


def wrong_code(code):
    return f"{(int(code) + 1) % 10**6:06d}"
