"""Every configuration key stands in the README's table and every route in the OpenAPI document, and the other way round.

The program itself is asked (`--print`, `--routes`): its tables are the truth, the text about them must follow."""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import source

KEY_ROW = re.compile(r"^\|\s*`([a-z_]+\.[a-z0-9_]+)`\s*\|")
KEY_LINE = re.compile(r"^([a-z_]+\.[a-z0-9_]+) =")
ROUTE_LINE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE)\s+(/\S*)")
METHODS = ("get", "post", "put", "patch", "delete")
PREFIX = "/api/v1"
# documented, but answered by none of our programs
ELSEWHERE = {
    "GET /openapi.json": "nginx, as a file",
}
# enough to load; made up, and --print masks it anyway
CONF = "[listen]\nsocket = /tmp/x.sock\n[db]\nuser = x\npassword = x\n[seal]\nkeys = 1:{0}\nindex_key = {0}\ntoken_key = {0}\n"


def ask(program, flag, pattern, *role):
    """The matches of `pattern` in the lines that `program role flag` prints, or a text of what went wrong."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("EKMC_")}
    if not program.exists():
        return f"{program} is missing: run make bins"
    with tempfile.TemporaryDirectory() as tmp:
        conf = Path(tmp) / "lint.ini"
        conf.write_text(CONF.format("00" * 32), encoding="ascii")
        conf.chmod(0o600)
        done = subprocess.run([str(program), *role, "--conf", str(conf), flag], capture_output=True, text=True, check=False, timeout=20, env=env,
                              stdin=subprocess.DEVNULL)
    found = [m for m in map(pattern.match, done.stdout.splitlines()) if m]
    if done.returncode != 0 or not found:
        return f"{program.name} {flag} printed no list (exit status {done.returncode}): {done.stderr.strip()[:500]}"
    return found


def keys(root, build):
    printed = ask(build / "ekmc-fcgi", "--print", KEY_LINE)
    if isinstance(printed, str):
        return [printed]
    known = {m.group(1) for m in printed}
    readme = Path(root) / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.exists() else []
    documented = [m.group(1) for m in map(KEY_ROW.match, lines) if m]
    return [f"README.md: no row for the key {k}" for k in sorted(known - set(documented))] + \
           [f"README.md: there is no key {k}" for k in sorted(set(documented) - known)] + \
           [f"README.md: {k} has two rows" for k in sorted({k for k in documented if documented.count(k) > 1})]


def routes(root, build):
    known = set()
    for printed in (ask(build / "ekmc-fcgi", "--routes", ROUTE_LINE), ask(build / "ekmc-bridge", "--routes", ROUTE_LINE, "legacy")):
        if isinstance(printed, str):
            return [printed]
        known |= {f"{m.group(1)} {m.group(2).removeprefix(PREFIX)}" for m in printed}
    try:
        document = json.loads((Path(root) / "fcgi/api/openapi.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        return [f"fcgi/api/openapi.json: {e}"]
    written = {f"{method.upper()} {path.removeprefix(PREFIX)}" for path, item in document["paths"].items()
               for method in item if method in METHODS}
    return [f"fcgi/api/openapi.json: no {r}" for r in sorted(known - written)] + \
           [f"fcgi/api/openapi.json: {r} is not a route" for r in sorted(written - known - set(ELSEWHERE))]


def check(root=source.ROOT, build=None):
    build = Path(build or Path(root) / "build")
    return keys(root, build) + routes(root, build)


if __name__ == "__main__":
    wrong = check()
    print("\n".join(wrong))
    sys.exit(bool(wrong))
