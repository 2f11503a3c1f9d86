"""What the README tells people to type, typed.

Between `<!-- test -->` and `<!-- /test -->` every ```sh block is run, all of one region in one shell, in a directory whose `.run` is
the stack's and whose `tests` are ours. A ```json or ```text block after it is what the reader should see: each of its lines must appear in the output, `…` standing
for anything. The README's address is replaced by the stack's."""
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
ADDRESSES = ("http://127.0.0.1:8080", "http://localhost:8080")


def regions():
    return REGION.findall(README.read_text("utf-8")) if README.exists() else []


def here(text, base_url):
    for address in ADDRESSES:
        text = text.replace(address, base_url)
    return text


def squeezed(text):
    """JSON is printed with and without blanks by the tools of this world."""
    return re.sub(r"\s+", "", text)


def is_in(wanted, output):
    pattern = ".*?".join(re.escape(squeezed(part)) for part in wanted.split("…"))
    return re.search(pattern, squeezed(output), re.S) is not None


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
    directory = new_stack.layout.dir
    os.symlink(directory, tmp_path / ".run")
    os.symlink(openapi.ROOT / "tests", tmp_path / "tests")
    blocks = [(kind, here(block, new_stack.base_url)) for kind, block in BLOCK.findall(region)]
    script, wanted = ["set -eu"], []
    for kind, block in blocks:
        if kind == "sh":
            script.append(re.sub(r"(?m)^\$ ", "", block))
        elif kind in ("json", "text"):
            wanted += [line for line in block.splitlines() if squeezed(line)]
    ran = subprocess.run(["bash", "-c", "\n".join(script)], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
                         env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for line in wanted:
        assert is_in(line, ran.stdout), f"{line!r} is not in the output:\n{ran.stdout}\n{ran.stderr}"


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
