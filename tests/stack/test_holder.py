"""The holder under what happens to supervisors: killed units, bad new versions, restarts under load, its own death."""
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from control import Control, StackError, alive

HERE = Path(__file__).resolve().parent

# A unit as the real workers are: the socket on fd 3, READY=1, SIGTERM finishes what has been accepted and exits 0.
WORKER = r'''
import os, select, signal, socket, sys, time
assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid())
mark = sys.argv[1]
if mark == "bad":
    sys.exit(3)
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
s = socket.socket(fileno=3)
s.setblocking(False)
if mark != "mute":
    n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    n.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0"))
    n.send(b"READY=1")
print("up", mark, flush=True)
while not stop:
    if not select.select([s], [], [], 0.05)[0]:
        continue
    try:
        c, _ = s.accept()
    except BlockingIOError:
        continue
    c.settimeout(5)
    q = c.recv(100)
    if q == b"slow": time.sleep(0.5)
    c.sendall(f"{mark} {os.getpid()}".encode()); c.close()
'''


class Rig:
    def __init__(self, path):
        self.dir = path
        for d in ("pids", "log", "sock"):
            (path / d).mkdir(parents=True)
        (path / "worker.py").write_text(WORKER, encoding="utf-8")
        self.socket = str(path / "sock" / "w.sock")
        self.control = Control(path, path / "sock")

    def units(self, *units):
        (self.dir / "units.json").write_text(json.dumps({"units": units}), encoding="utf-8")

    def worker(self, mark="one", **more):
        return {"name": "w", "argv": [sys.executable, str(self.dir / "worker.py"), mark], "socket": self.socket, "notify": True,
                "log": str(self.dir / "log" / "w.log"), **more}

    def sleeper(self, name, *argv, **more):
        return {"name": name, "argv": list(argv) or ["sleep", "1000"], "log": str(self.dir / "log" / f"{name}.log"), **more}

    def up(self, *units):
        self.units(*units)
        self.control.spawn(tied=True)
        self.control.ask("wait")

    def call(self, what=b"x"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.socket)
            s.sendall(what)
            return s.recv(100).decode().split()

    def unit(self, name="w"):
        return next(u for u in self.control.ask("status")["units"] if u["name"] == name)

    def until(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < end, "did not come true"
            time.sleep(0.02)
        return value


@pytest.fixture
def rig(tmp_path):
    r = Rig(tmp_path / "d")
    yield r
    r.control.shutdown(fast=True)


def test_restart_on_kill(rig):
    rig.up(rig.worker())
    mark, pid = rig.call()
    assert mark == "one" and int(pid) == rig.unit()["pid"]
    rig.control.ask("kill", unit="w", signal=9)
    assert rig.call()[1] != pid  # the connection waited in the backlog of a socket that never went away
    assert rig.unit()["restarts"] == 1


def test_backs_off_and_never_gives_up(rig):
    flag = rig.dir / "good"
    rig.up(rig.worker())
    rig.units(rig.worker(), rig.sleeper("f", "/bin/sh", "-c", f"test -e {flag} && exec sleep 1000; exit 7"))
    rig.control.ask("load")
    rig.until(lambda: rig.unit("f")["restarts"] >= 4)
    assert rig.unit("f")["restarts"] < 10 and rig.unit("f")["state"] in ("backoff", "starting", "ready")
    flag.touch()
    rig.until(lambda: rig.unit("f")["pid"] and alive(rig.unit("f")["pid"]) and rig.unit("f")["up_s"] > 0.5)


def test_reload_under_load_loses_nothing(rig):
    rig.up(rig.worker("m0"))
    seen, errors, stop = [], [], threading.Event()

    def client():
        while not stop.is_set():
            try:
                seen.append(rig.call()[0])
            except (OSError, IndexError) as e:
                errors.append(e)

    threads = [threading.Thread(target=client) for _ in range(4)]
    for t in threads:
        t.start()
    for i in range(1, 6):
        rig.units(rig.worker(f"m{i}"))
        rig.control.ask("reload", unit="w")
        time.sleep(0.1)
    stop.set()
    for t in threads:
        t.join()
    assert not errors
    assert {f"m{i}" for i in range(6)} == set(seen) and len(seen) > 100
    assert rig.unit()["restarts"] == 0 and rig.call()[0] == "m5"


def test_reload_lets_the_old_one_finish(rig):
    rig.up(rig.worker("old"))
    answer = []
    t = threading.Thread(target=lambda: answer.extend(rig.call(b"slow")))
    t.start()
    time.sleep(0.15)
    rig.units(rig.worker("new"))
    rig.control.ask("reload", unit="w")
    t.join()
    assert answer[0] == "old" and rig.call()[0] == "new"
    assert not alive(int(answer[1]))


def test_reload_to_a_bad_version_keeps_the_old(rig):
    rig.up(rig.worker("good"))
    pid = rig.unit()["pid"]
    rig.units(rig.worker("bad"))
    with pytest.raises(StackError, match="exit status 3.*old one goes on"):
        rig.control.ask("reload", unit="w")
    assert rig.call() == ["good", str(pid)] and rig.unit()["stale"]
    rig.units(rig.worker("better"))
    rig.control.ask("reload", unit="w")
    assert rig.call()[0] == "better" and not rig.unit()["stale"]


def test_the_new_one_is_kept_up_after_a_reload(rig):
    rig.up(rig.worker("a"))
    rig.units(rig.worker("b"))
    rig.control.ask("reload", unit="w")
    rig.control.ask("kill", unit="w", signal=9)
    assert rig.call()[0] == "b" and rig.unit()["restarts"] == 1


def test_hup_reloads(rig):
    rig.up(rig.worker("a"))
    pid = rig.unit()["pid"]
    os.kill(rig.control.ask("status")["pid"], signal.SIGHUP)
    rig.until(lambda: rig.unit()["pid"] != pid)
    assert rig.call()[0] == "a"


def test_readiness_cannot_be_forged(rig):
    rig.units(rig.worker("mute", ready_s=0), rig.sleeper("env", "/bin/sh", "-c", "env; exec sleep 1000", after=["w"]))
    rig.control.spawn(tied=True)
    pid = rig.until(lambda: rig.unit()["pid"])
    with open(f"/proc/{pid}/environ", encoding="ascii") as f:
        address = dict(v.split("=", 1) for v in f.read().split("\0") if v)["NOTIFY_SOCKET"].replace("@", "\0")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(address)
        s.send(b"READY=1")
    time.sleep(0.2)
    assert rig.unit()["state"] == "starting" and rig.unit("env")["pid"] is None


def test_stop_start_and_after(rig):
    rig.up(rig.worker(), rig.sleeper("later", after=["w"]))
    rig.control.ask("stop", unit="w")
    assert rig.unit()["state"] == "stopped" and rig.unit()["pid"] is None
    rig.control.ask("start", unit="w")
    assert rig.call()[0] == "one"
    with pytest.raises(StackError, match="no unit nothing; there are: w later"):
        rig.control.ask("stop", unit="nothing")


def test_shutdown_leaves_nothing(rig):
    spawn = "sleep 1000 & trap 'exit 0' TERM; echo $!; wait"  # a child of its own, that it forgets about
    rig.up(rig.worker(), rig.sleeper("parent", "/bin/sh", "-c", spawn),
           rig.sleeper("stubborn", "/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait; wait", stop_s=0.3))
    pids = [u["pid"] for u in rig.control.ask("status")["units"]]
    pids.append(int(rig.until(lambda: (rig.dir / "log" / "parent.log").read_text()).split()[0]))
    pids.append(rig.control.ask("status")["pid"])
    assert all(alive(p) for p in pids)
    rig.control.shutdown()
    assert not [p for p in pids if alive(p)]
    assert not list((rig.dir / "sock").iterdir()) and not rig.control.running()


def test_killed_holder_leaves_no_orphans_and_the_next_one_works(rig):
    rig.up(rig.worker(), rig.sleeper("s"))
    pids = [u["pid"] for u in rig.control.ask("status")["units"]]
    os.kill(rig.control.ask("status")["pid"], signal.SIGKILL)
    rig.control.process.wait()
    rig.control.sweep()
    assert not [p for p in pids if alive(p)]
    rig.up(rig.worker("again"))
    assert rig.call()[0] == "again"


def test_ends_with_whoever_started_it(rig, tmp_path):
    rig.units(rig.worker())
    code = (f"import sys,time; sys.path.insert(0,{str(HERE)!r})\nfrom control import Control\n"
            f"c=Control({str(rig.dir)!r},{str(rig.dir / 'sock')!r}); c.spawn(True); c.ask('wait')\nprint('ok',flush=True); time.sleep(1000)")
    import subprocess
    p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"ok\n"
    pid = rig.unit()["pid"]
    p.kill()
    p.wait()
    rig.until(lambda: not rig.control.running())
    assert not alive(pid)


def test_two_holders_cannot_run(rig):
    rig.up(rig.worker())
    with pytest.raises(StackError):
        other = Control(rig.dir, rig.dir / "elsewhere")
        (rig.dir / "elsewhere").mkdir()
        other.spawn(tied=False)
    assert rig.call()[0] == "one"
