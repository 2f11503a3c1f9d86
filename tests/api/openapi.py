"""fcgi/api/openapi.json as the judge of answers: an answer that it does not describe fails the test that got it."""
import json
import pathlib
import posixpath
import re
from urllib.parse import unquote, urlsplit

from jsonschema import Draft202012Validator, RefResolver

ROOT = pathlib.Path(__file__).resolve().parents[2]
API = "/api/v1"


class Misfit(AssertionError):
    """An answer that does not fit the document."""


def strict_json(data):
    """Parses as a careful client does: UTF-8 only, no key twice, no NaN."""
    def pairs(items):
        keys = [k for k, _ in items]
        assert len(keys) == len(set(keys)), f"a key twice in {keys}"
        return dict(items)

    def no_constant(word):
        raise ValueError(f"{word} is not JSON")

    text = data.decode("utf-8", "strict") if isinstance(data, bytes) else data
    return json.loads(text, object_pairs_hook=pairs, parse_constant=no_constant)


DOCUMENT = strict_json((ROOT / "fcgi/api/openapi.json").read_bytes())
_RESOLVER = RefResolver("", DOCUMENT)
_validators = {}


def resolve(node):
    while "$ref" in node:
        ref = node["$ref"]
        target = DOCUMENT
        assert ref.startswith("#/"), ref
        for part in ref[2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def schema_errors(schema, value):
    key = json.dumps(schema, sort_keys=True)
    if key not in _validators:
        _validators[key] = Draft202012Validator(schema, resolver=_RESOLVER)
    return [f"{'/'.join(map(str, e.absolute_path)) or '(root)'}: {e.message[:300]}"
            for e in _validators[key].iter_errors(value)]


class Operation:
    def __init__(self, method, path, item, spec):
        self.method, self.path, self.spec = method.upper(), path, spec
        self.base = API if "servers" not in item else ""
        names = re.split(r"\{\w+\}", path)
        self.pattern = re.compile("[^/]+".join(re.escape(n) for n in names))
        self.public = spec.get("security") == []

    def __str__(self):
        return f"{self.method} {self.path}"

    def parameters(self, where):
        every = [resolve(p) for p in self.spec.get("parameters", [])]
        return [p for p in every if p["in"] == where]

    def body_schema(self):
        """Of a JSON body; None where there is none, or where it is a file."""
        body = self.spec.get("requestBody")
        return body and body["content"].get("application/json", {}).get("schema")

    def body_examples(self):
        return [e["value"] for e in self.spec["requestBody"]["content"]["application/json"]["examples"].values()] if self.body_schema() else []


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, spec in item.items():
            if method != "servers":
                yield Operation(method, path, item, spec)


# what is answered before any route is looked up, or because there is none
ANYWHERE = {400: "Malformed", 404: "NoRoute", 405: "MethodNotAllowed", 408: "RequestTimeout", 413: "TooLarge", 414: "UriTooLong",
            429: "RateLimited", 431: "HeadersTooLarge", 501: "NotImplemented", 503: "Unavailable", 505: "VersionNotSupported"}
_OPERATIONS = list(operations())


def match(method, path):
    """The operation that stands for a request; a literal path takes it from patterns, whatever the method. None: the document has none."""
    fits = [op for op in _OPERATIONS if path.startswith(op.base) and op.pattern.fullmatch(path[len(op.base):])]
    least = min((op.path.count("{") for op in fits), default=0)
    return next((op for op in fits if op.method == method and op.path.count("{") == least), None)


def _as_written(path):
    """False when decoding makes another address of it, as an escaped slash or dots do."""
    plain = unquote(path, errors="replace")
    return plain.count("/") == path.count("/") and posixpath.normpath(plain) == plain


def describe(method, path, status, anywhere=False):
    """The response object of the document for this answer; `anywhere`: of an address that is none."""
    op = None if anywhere else match("GET" if method == "HEAD" else method, path)
    if op is None or status in (501, 505):
        if status not in ANYWHERE:
            raise Misfit(f"{method} {path} is not in the document, yet answers {status}")
        return resolve({"$ref": f"#/components/responses/{ANYWHERE[status]}"})
    if str(status) not in op.spec["responses"]:
        raise Misfit(f"{op} answers {status}, which the document does not know")
    return resolve(op.spec["responses"][str(status)])


def check_answer(method, url, status, headers, body):
    """Raises Misfit unless the document describes this answer. Returns the decoded body (None when there is none)."""
    path = urlsplit(url).path
    try:
        return _check(method, path, status, headers, body, describe(method, path, status))
    except Misfit:
        if _as_written(path):
            raise
        return _check(method, path, status, headers, body, describe(method, path, status, anywhere=True))


def _check(method, path, status, headers, body, response):
    what = f"{method} {path[:120]} -> {status}"
    for name, spec in response.get("headers", {}).items():
        spec = resolve(spec)
        value = headers.get(name)
        if value is None:
            if spec.get("required"):
                raise Misfit(f"{what}: header {name} is missing")
        elif errors := schema_errors(spec["schema"], value):
            raise Misfit(f"{what}: header {name}: {errors}")
    content = response.get("content")
    if not content:
        if body:
            raise Misfit(f"{what}: a body where none is described: {body[:200]!r}")
        return None
    media = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if media not in content:
        raise Misfit(f"{what}: content type {headers.get('Content-Type')!r}, not one of {sorted(content)}; {body[:200]!r}")
    if method == "HEAD":
        if body:
            raise Misfit(f"{what}: HEAD with a body")
        return None
    if not media.endswith("json"):
        return body.decode("utf-8", "strict") if media.startswith("text/") else body
    try:
        value = strict_json(body)
    except (ValueError, AssertionError) as bad:
        raise Misfit(f"{what}: {bad}: {body[:200]!r}") from bad
    if errors := schema_errors(content[media]["schema"], value):
        raise Misfit(f"{what}: {errors}: {body[:500]!r}")
    return value
