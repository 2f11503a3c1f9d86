"""Starting, asking and ending the holder of a directory, whatever state a crash left it in."""
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from child import boot_id, start_ticks

HERE = Path(__file__).resolve().parent


class StackError(Exception):
    """A failure with a text for the person who asked."""


def alive(pid, ticks=None):
    """True when `pid` runs (a zombie does not) and, with `ticks`, is still the same process."""
    now = start_ticks(pid)
    return now is not None and (ticks is None or now == ticks)


def _number(path):
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


class Control:
    """The holder of one directory, seen from outside."""

    def __init__(self, directory, sockdir):
        self.dir = Path(directory)
        self.sockdir = Path(sockdir)
        self.process = None     # when this process started it: somebody must reap it
        self.lifeline = None

    def running(self):
        """The lock tells, because the kernel drops it with the process; a pid file may be years old."""
        try:
            with open(self.dir / "pids" / "holder.lock", "r", encoding="ascii") as f:
                fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return False
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True

    def ask(self, cmd, timeout=90, **request):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(timeout)
        try:
            s.connect(str(self.sockdir / "holder.sock"))
            s.sendall(json.dumps({"cmd": cmd, **request}).encode() + b"\n")
            with s.makefile("r", encoding="utf-8") as f:
                line = f.readline()
        except OSError as e:
            raise StackError(f"{cmd}: the supervisor of {self.dir} does not answer: {e}") from e
        finally:
            s.close()
        if not line:
            raise StackError(f"{cmd}: the supervisor of {self.dir} ended; see {self.dir}/log/holder.log")
        answer = json.loads(line)
        if not answer.pop("ok"):
            raise StackError(answer["error"])
        return answer

    def spawn(self, tied):
        """Starts the holder on DIR/units.json. `tied`: it ends when this process ends, however that happens."""
        argv = [sys.executable, "-E", "-s", str(HERE / "holder.py"), str(self.dir), str(self.sockdir)]
        fds = []
        if tied:
            end, self.lifeline = os.pipe()
            argv += ["--lifeline", str(end)]
            fds = [end]
        with open(self.dir / "log" / "holder.log", "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=fds,
                                            start_new_session=True, cwd="/")
        for fd in fds:
            os.close(fd)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                self.ask("status", timeout=5)
                return
            except StackError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise StackError(f"the supervisor did not start; see {self.dir}/log/holder.log")

    def shutdown(self, fast=False):
        """Ends everything and proves it: nothing that was started here is left."""
        if self.running():
            pid, ticks = _number(self.dir / "pids" / "holder.pid"), _number(self.dir / "pids" / "holder.ticks")
            try:
                self.ask("shutdown", timeout=120, fast=fast)
            except StackError:
                if pid and ticks and alive(pid, ticks):
                    os.kill(pid, signal.SIGTERM)
            if not self._gone({pid: ticks} if pid and ticks else {}, 30):
                os.kill(pid, signal.SIGKILL)
                self._gone({pid: ticks}, 5)
        if self.process:
            self.process.wait(30)
            self.process = None
        if self.lifeline is not None:
            os.close(self.lifeline)
            self.lifeline = None
        self.sweep()

    def sweep(self):
        """Ends what a killed holder left (they got SIGTERM from the kernel when it died, and may be slow)."""
        record = self.dir / "pids" / "started.json"
        try:
            known = json.loads(record.read_text(encoding="ascii"))
            left = {int(p): ticks for p, ticks in known["pids"].items()} if known["boot"] == boot_id() else {}
        except (OSError, ValueError):
            return
        if not self._gone(left, 10):
            for pid, ticks in left.items():
                if ticks and alive(pid, ticks):
                    os.kill(pid, signal.SIGKILL)
        orphans = self._orphans(left)  # nginx's workers outlive a killed master and keep its port
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        left.update(orphans)
        if not self._gone(left, 5):
            raise StackError(f"still running: {[p for p, t in left.items() if alive(p, t)]}")
        for path in (self.dir / "pids").iterdir():
            if path.name != "holder.lock":
                path.unlink()

    def _orphans(self, leaders):
        """pid → start of what still runs in the sessions of our dead units. It must also write to our logs: a session's number may
        have come to somebody else by now."""
        found = {}
        for path in Path("/proc").iterdir():
            try:
                fields = (path / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if path.name.isdigit() and int(fields[3]) in leaders and fields[0] not in "ZX" \
                        and os.readlink(path / "fd" / "2").startswith(f"{self.dir}/log/"):
                    found[int(path.name)] = int(fields[19])
            except (OSError, IndexError, ValueError):
                continue
        return found

    def _gone(self, pids, seconds):
        until = time.monotonic() + seconds
        while any(ticks and alive(pid, ticks) for pid, ticks in pids.items()):
            if self.process:
                self.process.poll()
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True
