"""A small reading of the adapter's `[legacy]` profiles, to prove that the ones beside the simulator are right.

It does what a profile says and nothing more: no cache, no breaker. XPath and HTML are libxml2's, through
ctypes, so that an expression means here what it means to the bridge.
"""
import configparser
import ctypes
import datetime
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request

from ekmc1_data import IST, normal

FIELDS = ("number", "status", "department", "category", "ward", "lodged", "closed", "remark")
ANSWER_BYTES = 1 << 20
# HTML_PARSE_RECOVER, NOERROR, NOWARNING, NONET
HTML_OPTIONS = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 11

_xml = ctypes.CDLL("libxml2.so.2")
for _name in ("htmlReadMemory", "xmlXPathNewContext", "xmlXPathEvalExpression", "xmlXPathCastToString"):
    getattr(_xml, _name).restype = ctypes.c_void_p


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


class NotUnderstood(Exception):
    """The portal answered, but nothing the profile knows: a failure, never "not found"."""


class Page:
    """A parsed HTML page; `charset` None: as the page's own meta tag says."""

    def __init__(self, body, charset):
        self._doc = ctypes.c_void_p(_xml.htmlReadMemory(body, len(body), None, (charset or "").encode() or None,
                                                        HTML_OPTIONS))
        self._context = ctypes.c_void_p(_xml.xmlXPathNewContext(self._doc))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _xml.xmlXPathFreeContext(self._context)
        _xml.xmlFreeDoc(self._doc)

    def _eval(self, expression):
        found = _xml.xmlXPathEvalExpression(expression.encode(), self._context)
        if not found:
            raise ValueError(f"bad XPath: {expression}")
        return ctypes.c_void_p(found)

    def true(self, expression):
        found = self._eval(expression)
        truth = _xml.xmlXPathCastToBoolean(found)
        _xml.xmlXPathFreeObject(found)
        return bool(truth)

    def string(self, expression):
        found = self._eval(expression)
        text = ctypes.string_at(_xml.xmlXPathCastToString(found)).decode()
        _xml.xmlXPathFreeObject(found)
        return text


class Profile:
    """One `[legacy]` file, its PORT replaced."""

    def __init__(self, path, port):
        ini = configparser.ConfigParser(delimiters=("=",), inline_comment_prefixes=(";",), interpolation=None)
        ini.read_string(path.read_text(encoding="utf-8").replace("PORT", str(port)))
        self.keys = dict(ini["legacy"])
        pairs = (pair.partition("=") for pair in self.keys["status_map"].split(","))
        self.states = {word.strip(): state.strip() for word, _, state in pairs}

    def fits(self, number):
        return re.search(self.keys["number_pattern"], normal(number)) is not None

    def fetch(self, number, timeout_s=5):
        """(HTTP status, headers, body) of the search for `number`."""
        def filled(key):
            return self.keys[key].replace("{number}", urllib.parse.quote(number, safe=""))
        query = filled("query")
        url = filled("url") + ("?" + query if query else "")
        data = filled("form").encode() if self.keys["method"] == "POST" else None
        try:
            with _opener.open(urllib.request.Request(url, data), timeout=timeout_s) as answer:
                return answer.status, answer.headers, _whole(answer)
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.headers, _whole(e)

    def look_up(self, number):
        """The complaint as a dict of FIELDS, or None when the portal says that there is none. Errors: NotUnderstood."""
        status, headers, body = self.fetch(number)
        raw = self._json(status, body) if self.keys["format"] == "json" else self._html(status, headers, body)
        return raw and self._meant(raw, number)

    def _json(self, status, body):
        if self.keys["not_found"] == f"http:{status}":
            return None
        try:
            answer = json.loads(body)
        except ValueError:
            raise NotUnderstood("no JSON") from None
        return {field: _pointed(answer, self.keys[field]) for field in FIELDS}

    def _html(self, status, headers, body):
        if status != 200 or headers.get_content_type() != "text/html" or not body:
            raise NotUnderstood(f"{status} {headers.get_content_type()}")
        with Page(body, self.keys["charset"] or headers.get_param("charset")) as page:
            if page.true(self.keys["not_found"]):
                return None
            return {field: page.string(self.keys[field]) for field in FIELDS}

    def _meant(self, raw, number):
        if normal(raw["number"]) != normal(number):
            raise NotUnderstood(f"asked for {number}, got {raw['number']!r}")
        if raw["status"] not in self.states:
            raise NotUnderstood(f"status word {raw['status']!r}")
        return {**raw, "state": self.states[raw["status"]], "ward": int(raw["ward"]) if raw["ward"] else None,
                "lodged": self._time(raw["lodged"]), "closed": self._time(raw["closed"]),
                "remark": raw["remark"] or None}

    def _time(self, text):
        if not text:
            return None
        when = datetime.datetime.strptime(text, self.keys["date_format"])
        return when if when.tzinfo else when.replace(tzinfo=IST)


def _whole(answer):
    """The body. Errors: NotUnderstood when it is cut or longer than ANSWER_BYTES."""
    try:
        body = answer.read(ANSWER_BYTES + 1)
        if len(body) > ANSWER_BYTES:
            raise NotUnderstood("too long")
        if answer.length:
            raise NotUnderstood("cut")
        return body
    except http.client.IncompleteRead:
        raise NotUnderstood("cut") from None


def _pointed(value, pointer):
    """What the JSON pointer finds, as text; "" for nothing and for null."""
    for part in pointer.split("/")[1:]:
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)
