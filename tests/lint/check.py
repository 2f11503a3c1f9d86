#!/usr/bin/python3
"""`make check`: every lint, two at a time, one line each; what failed shows its output. What passed is remembered by content.

usage: check.py [NAME …]     only these: format build build-clang layers banned length docs seed cppcheck tidy analyzer"""
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import banned
import docs
import layers
import length
import source
from source import ROOT, Cache

WORKERS = 2
# NULL is ((void *)0) in C on every platform of ours, so it may end a variadic list
CPPCHECK = ["cppcheck", "--enable=warning,performance,portability", "--std=c11", "--library=posix,gnu", "--inline-suppr", "--quiet",
            "--suppress=missingIncludeSystem", "--suppress=varFuncNullUB", "--error-exitcode=1", "-Ifcgi"]
CHATTER = re.compile(r"(?m)^\d+ warnings?(?: and \d+ errors?)? generated\.\n")  # clang counts what it does not show


def environment():
    """Without what an outer make hands down: its jobserver and its CC= or SAN= are not ours."""
    return {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CC", "BUILD", "SAN")}


def run(argv):
    """(passed, output)"""
    try:
        done = subprocess.run(argv, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    except OSError as e:
        return False, f"{argv[0]}: {e.strerror}; sh tests/stack/deps.sh check installs it\n"
    return done.returncode == 0, CHATTER.sub("", done.stdout)


def make_variable(name, **variables):
    passed, out = run(["make", "-s", f"print-{name}", *(f"{k}={v}" for k, v in variables.items())])
    if not passed:
        raise SystemExit(out)
    return out.split()


class Check:
    """A line of the report: some tasks, each a function without arguments that returns (passed, output)."""

    def __init__(self, name, tasks, note=""):
        self.name, self.tasks, self.note = name, tasks, note
        self.left, self.output, self.failed = len(tasks), [], False
        self.begin = None

    def report(self):
        took = time.monotonic() - self.begin if self.begin else 0.0
        print(f"{'FAILED' if self.failed else 'ok':<7}{took:6.1f} s  {self.name}{f'  ({self.note})' if self.note else ''}", flush=True)
        if self.failed:
            for text in self.output:
                print("\n".join("        " + line for line in text.rstrip().splitlines()), flush=True)


def lint(module, *arguments):
    def task():
        wrong = module.check(ROOT, *arguments)
        return not wrong, "\n".join(wrong)
    return [task]


def per_file(name, command, paths, cache, *configuration):
    """A check that looks at each file by itself, and only at those that changed, with their headers, since they passed."""
    _, version = run([command([])[0], "--version"])
    tasks, remembered = [], 0
    for path in paths:
        key = cache.key(ROOT, [*source.closure(ROOT, path), *configuration], name, version, command(["X"]))
        if cache.passed(key):
            remembered += 1
            continue

        def task(path=path, key=key):
            passed, output = run(command([str(path)]))
            if passed:
                cache.store(key)
            return passed, output

        tasks.append(task)
    return Check(name, tasks, f"{len(paths)} files, {remembered} unchanged")


def first(wanted):
    """What the others need; make uses both cores by itself."""
    builds = {"build": ["make", f"-j{WORKERS}", "bins"],
              "build-clang": ["make", f"-j{WORKERS}", "BUILD=build/clang", "CC=clang", "bins"]}
    return [Check(name, [lambda c=c: run(c)]) for name, c in builds.items() if wanted(name)]


def rest(wanted):
    cache = Cache(ROOT)
    cache.expire(time.time())
    sources = source.product(ROOT, (".c",))
    all_c = [str(p) for p in source.files(ROOT, (".c", ".h"), "fcgi", "bridge", "tests")]
    gcc = ["gcc", *make_variable("CFLAGS", CC="gcc"), *make_variable("INC"), "-fanalyzer", "-c", "-o", "/dev/null"]
    clang = [*make_variable("CFLAGS", CC="clang"), *make_variable("INC")]
    seed = ROOT / "tests" / "lint" / "seed.py"
    made = {
        "format": lambda: Check("format", [lambda: run(["clang-format", "--dry-run", "-Werror", *all_c])] if all_c else [],
                                f"{len(all_c)} files"),
        "layers": lambda: Check("layers", lint(layers)),
        "banned": lambda: Check("banned", lint(banned)),
        "length": lambda: Check("length", lint(length)),
        "docs": lambda: Check("docs", lint(docs)),
        "seed": lambda: Check("seed", [lambda: run(["/usr/bin/python3", str(seed)])] if seed.exists() else [],
                              "" if seed.exists() else "not there"),
        "cppcheck": lambda: per_file("cppcheck", lambda f: [*CPPCHECK, *f], sources, cache),
        "analyzer": lambda: per_file("analyzer", lambda f: [*gcc, *f], sources, cache),
        "tidy": lambda: per_file("tidy", lambda f: ["clang-tidy", "--quiet", "--warnings-as-errors=*", *f, "--", *clang], sources, cache,
                                 Path(".clang-tidy")),
    }
    return [make() for name, make in made.items() if wanted(name)]


def perform(checks):
    lock = threading.Lock()

    def do(check, task):
        with lock:
            check.begin = check.begin or time.monotonic()
        try:
            passed, output = task()
        except Exception as e:  # pylint: disable=broad-except  # a lint that cannot run has not passed
            passed, output = False, f"{type(e).__name__}: {e}"
        with lock:
            check.left -= 1
            if not passed:
                check.failed = True
                check.output.append(output or "no output")
            if check.left == 0:
                check.report()

    with ThreadPoolExecutor(WORKERS) as pool:
        for check in checks:
            if not check.tasks:
                check.report()
            for task in check.tasks:
                pool.submit(do, check, task)
    return [c.name for c in checks if c.failed]


def main(names):
    known = (__doc__ or "").split("only these: ")[1].split()
    unknown = [n for n in names if n not in known]
    if unknown:
        print(__doc__, file=sys.stderr)
        return 2
    begin = time.monotonic()

    def wanted(name):
        return not names or name in names

    failed = []
    for check in first(wanted):
        failed += perform([check])
    failed += perform(rest(wanted))
    print(f"check: {'failed: ' + ' '.join(failed) if failed else 'all passed'} in {time.monotonic() - begin:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
