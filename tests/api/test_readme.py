"""What the README tells people to type, typed.

Between `<!-- test -->` and `<!-- /test -->` every ```sh block is run, all of one region in one shell, in a directory whose `.run` is
the stack's and whose `build` and `tests` are ours. A ```json or ```text block after it is what the reader should see: its lines must
appear in the output of that ```sh block, in this order, `…` standing for anything within a line. The README's address is replaced by
the stack's."""
import json
import os
import re
import subprocess

import pytest

import openapi
from watch import LogWatch, wait_ready

README = openapi.ROOT / "README.md"
REGION = re.compile(r"<!-- test -->(.*?)<!-- /test -->", re.S)
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.S | re.M)
BETWEEN = "-- the next block"
ADDRESSES = ("http://127.0.0.1:8080", "http://localhost:8080")


def regions():
    return REGION.findall(README.read_text("utf-8")) if README.exists() else []


def here(text, base_url):
    for address in ADDRESSES:
        text = text.replace(address, base_url)
    return text


def squeezed(text):
    """JSON is printed with and without blanks by the tools of this world."""
    return re.sub(r"[^\S\n]+", "", text)


def missing(wanted, output):
    """The first of these lines that does not stand in the output after the one before it, or None."""
    output, at = squeezed(output), 0
    for line in wanted:
        pattern = "[^\n]*?".join(re.escape(squeezed(part)) for part in line.split("…"))
        found = re.compile(pattern).search(output, at)
        if not found:
            return line
        at = found.end()
    return None


def steps(region, base_url):
    """[(commands, lines of output that the reader should see)]"""
    found = []
    for kind, block in BLOCK.findall(here(region, base_url)):
        if kind == "sh":
            found.append((re.sub(r"(?m)^\$ ", "", block), []))
        elif kind in ("json", "text"):
            found[-1][1].extend(line for line in block.splitlines() if line.strip())
    return found


@pytest.mark.parametrize("output, line", [
    ('{"level": 1}\nother\n{"level": 2}', None),
    ('{"level":2}\n{"level":1}', '"level":2'),             # the other way round
    ('{"level":1}', '"level":2'),
    ('{"level":\n1}\n{"level":2}', '"level":…1'),          # in two lines
])
def test_what_is_missing_is_noticed(output, line):
    assert missing(['"level":…1', '"level":2'], output) == line


@pytest.fixture(scope="module")
def new_stack(tmp_path_factory):
    """As a newcomer has it, not as other tests leave theirs."""
    from stack import Stack
    with Stack(tmp_path_factory.mktemp("readme")) as s:
        wait_ready(s)
        s.watch = LogWatch(s)
        yield s


def test_the_readme_has_commands_to_try():
    assert any(kind == "sh" for region in regions() for kind, _ in BLOCK.findall(region)), "README.md has no ```sh block between the marks"


def test_every_curl_of_the_readme_is_tested():
    text = README.read_text("utf-8")
    tested = "".join(regions())
    for kind, block in BLOCK.findall(text):
        if "curl" in block:
            assert block in tested, f"not between the marks:\n{block}"


@pytest.mark.parametrize("region", regions(), ids=range(len(regions())))
def test_the_readme_is_true(new_stack, tmp_path, region):
    os.symlink(new_stack.layout.dir, tmp_path / ".run")
    os.symlink(new_stack.layout.build, tmp_path / "build")
    os.symlink(openapi.ROOT / "tests", tmp_path / "tests")
    played = steps(region, new_stack.base_url)
    script = ["set -eu", *(f"{commands}\nprintf '\\n{BETWEEN}\\n'" for commands, _ in played)]
    ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
                         env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for (commands, wanted), output in zip(played, ran.stdout.split(BETWEEN)):
        line = missing(wanted, output)
        assert line is None, f"{line!r} is not in the output, or not where it should be, of\n{commands}\n{output}\n{ran.stderr}"


def test_the_demo_is_described_for_scripts(stack):
    directory = stack.layout.dir
    demo = json.loads((directory / "demo.json").read_text("utf-8"))
    assert {"base_url", "logins", "numbers", "simulators", "sms_outbox"} <= set(demo)
    assert demo["base_url"] == stack.base_url
    assert demo["numbers"]["new"] and demo["numbers"]["old"] and demo["numbers"]["unknown"]


@pytest.mark.parametrize("kind", ["new", "old", "unknown"])
def test_the_numbers_to_try_are_what_they_are_called(stack, anyone, kind):
    directory = stack.layout.dir
    for number in json.loads((directory / "demo.json").read_text("utf-8"))["numbers"][kind]:
        new = anyone.get(f"/status/{number}", expect=(200, 404, 422))
        old = anyone.get(f"/legacy/status/{number}", expect=(200, 404, 422))
        assert (new.status == 200, old.status == 200) == (kind == "new", kind == "old"), number
