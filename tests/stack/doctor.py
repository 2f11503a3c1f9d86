"""`make doctor`: what this machine lacks, which versions it has, and what of the stack runs."""
import re
import subprocess
from pathlib import Path

import ports as portlib
from control import StackError

PROGRAMS = (
    ("gcc", "--version"), ("make", "--version"), ("/usr/sbin/mariadbd", "--version"), ("redis-server", "--version"),
    ("/usr/sbin/nginx", "-v"), ("/usr/bin/python3", "--version"), ("curl", "--version"),
)
BINARIES = ("ekmc-fcgi", "ekmc-image", "ekmc-bridge", "ekmc-ctl")


def version(program, flag):
    try:
        done = subprocess.run([program, flag], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found.group(0) if found else "?"


def packages(goal):
    done = subprocess.run(["sh", str(Path(__file__).with_name("deps.sh")), goal, "--print"], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else ["?"]


def look(stack):
    """Prints all it finds; returns 0 when `make run` can work."""
    layout, good = stack.layout, True
    print("packages")
    for goal in ("run", "test", "check", "bench"):
        missing = packages(goal)
        print(f"  make {goal:<6} {'nothing missing' if not missing else 'missing: ' + ' '.join(missing)}")
        good = good and not (goal == "run" and missing)
    print("programs")
    for program, flag in PROGRAMS:
        found = version(program, flag)
        good = good and found is not None
        print(f"  {program:<20} {found or 'MISSING'}")
    print("built")
    for name in BINARIES:
        print(f"  {name:<20} {'yes' if (layout.build / name).exists() else 'no (make build)'}")
    known = layout.read_json("ports.json", {})
    running = stack.control.running()
    print("ports of 127.0.0.1")
    for name, port in (known or {"http": stack.wanted_port or 8080}).items():
        print(f"  {name:<20} {port} {'ours' if running else 'free' if portlib.free(port) else 'IN USE by another program'}")
    print(f"running in {layout.dir}" if running else f"nothing runs in {layout.dir}")
    if running:
        try:
            print(table(stack.status()))
        except StackError as e:
            print(f"  {e}")
            good = False
    return 0 if good else 1


def table(units):
    return "\n".join(f"  {u['name']:<12} {u['state']:<9} {'pid ' + str(u['pid']) if u['pid'] else '':<12} "
                     f"{'restarts ' + str(u['restarts']) if u['restarts'] else '':<12} "
                     f"{'older than its files: `up` reloads it' if u['stale'] else ''}".rstrip() for u in units.values())
