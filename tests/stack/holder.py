#!/usr/bin/python3
"""The supervisor of a stack: owns the listening sockets, keeps the units of DIR/units.json running, obeys DIR/sock/holder.sock.

Because the sockets are the holder's, a worker can die or be replaced while connections wait in the backlog: nobody is refused.
usage: holder.py DIR SOCKDIR [--lifeline FD]     (FD: end of file on it means that whoever wanted this stack is gone)"""
import asyncio
import fcntl
import json
import os
import signal
import sys
import time

from child import PR_SET_CHILD_SUBREAPER, boot_id, listen_unix, prctl, start_ticks
from unit import Failure, Unit


class Holder:
    def __init__(self, directory, sockdir):
        self.dir = directory
        self.control = os.path.join(sockdir, "holder.sock")
        self.listeners = {}
        self.units = {}
        self.wanted = {}        # name → spec, as units.json has it now
        self.children = {}      # pid → Child, until reaped
        self.lock_file = None
        self.ending = None
        self.done = asyncio.Event()

    # -- what units need

    @staticmethod
    def say(text):
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)

    def listener(self, path):
        if path not in self.listeners:
            self.listeners[path] = listen_unix(path)
        return self.listeners[path]

    def adopt(self, unit, child):
        self.children[child.pid] = child
        self._write(f"{unit.name}.pid", f"{child.pid}\n")
        self._record()

    def _record(self):
        """What `stack.py` looks at when this process was killed and could not end its children."""
        ours = {"boot": boot_id(), "pids": {str(pid): c.ticks for pid, c in self.children.items()}}
        self._write("started.json", json.dumps(ours) + "\n")

    def _write(self, name, text):
        path = os.path.join(self.dir, "pids", name)
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def reap(self):
        """Every dead child, and the orphans that fell to us because we are their subreaper."""
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                break
            if info is None:
                break
            child = self.children.pop(info.si_pid, None)
            if child:
                child.end()
            else:
                os.waitpid(info.si_pid, 0)
        if self.ending is None:
            self._record()

    # -- units.json

    def read(self):
        with open(os.path.join(self.dir, "units.json"), encoding="utf-8") as f:
            self.wanted = {u["name"]: u for u in json.load(f)["units"]}
        for spec in self.wanted.values():  # before any unit runs: nginx must never see a missing socket
            if spec.get("socket"):
                self.listener(spec["socket"])

    def find(self, name):
        if name not in self.units:
            raise Failure(f"no unit {name}; there are: {' '.join(self.units)}")
        return self.units[name]

    async def load(self):
        """Brings what runs in line with units.json: starts the new, stops the gone, reloads what changed."""
        self.read()
        gone = [u for n, u in self.units.items() if n not in self.wanted]
        await asyncio.gather(*(u.stop() for u in gone))
        for u in gone:
            del self.units[u.name]
        changed = [u for u in self.units.values() if u.report()["stale"]]
        for name, spec in self.wanted.items():
            if name not in self.units:
                self.units[name] = Unit(self, spec)
                self.units[name].start()
        for u in changed:
            await u.reload(self.wanted[u.name])
        return {"changed": [u.name for u in changed]}

    # -- requests

    async def answer(self, request):
        command, name = request.get("cmd"), request.get("unit")
        if command == "status":
            return {"pid": os.getpid(), "units": [u.report() for u in self.units.values()]}
        if command == "load":
            return await self.load()
        if command == "wait":
            names = request.get("units") or list(self.units)
            await asyncio.wait_for(asyncio.gather(*(self.find(n).seen_ready.wait() for n in names)), request.get("seconds", 60))
            return {}
        if command == "shutdown":
            await self.shutdown(bool(request.get("fast")))
            return {}
        unit = self.find(name)
        if command == "start":
            unit.spec = self.wanted.get(name, unit.spec)
            unit.start()
        elif command == "stop":
            await unit.stop()
        elif command == "reload":
            self.read()
            await unit.reload(self.wanted.get(name, unit.spec))
        elif command == "kill":
            if unit.child is None:
                raise Failure(f"{name} does not run ({unit.state})")
            unit.child.signal(int(request.get("signal", signal.SIGKILL)))
            return {"pid": unit.child.pid}
        else:
            raise Failure(f"no command {command}")
        return {}

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                try:
                    result = {"ok": True, **await self.answer(json.loads(line))}
                except asyncio.TimeoutError:
                    result = {"ok": False, "error": "not ready in time"}
                except Exception as e:  # pylint: disable=broad-except  # a bad request must not end the supervisor
                    result = {"ok": False, "error": str(e) or repr(e)}
                    self.say(f"request {line.decode(errors='replace').strip()}: {result['error']}")
                writer.write(json.dumps(result).encode() + b"\n")
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    # -- life

    async def shutdown(self, fast=False):
        """In reverse order: a unit stops when all that need it have stopped."""
        if self.ending is None:
            self.ending = asyncio.ensure_future(self._stop_all(fast))
        await asyncio.shield(self.ending)

    async def _stop_all(self, fast):
        self.say("shutting down")
        tasks = {}

        async def stop(unit):
            need_it = [tasks[u.name] for u in self.units.values() if unit.name in (u.spec.get("after") or [])]
            await asyncio.gather(*need_it, return_exceptions=True)
            await unit.stop(fast)

        for u in self.units.values():
            tasks[u.name] = asyncio.ensure_future(self._soon(stop, u))
        results = await asyncio.gather(*tasks.values(), return_exceptions=True)
        for r in results:
            if isinstance(r, BaseException):
                self.say(f"stop: {r!r}")
        for path, s in self.listeners.items():
            s.close()
            os.unlink(path)
        for name in os.listdir(os.path.join(self.dir, "pids")):
            if name.endswith(".pid") or name == "started.json":
                os.unlink(os.path.join(self.dir, "pids", name))
        asyncio.get_running_loop().call_later(0.05, self.done.set)  # the one who asked gets its answer first

    @staticmethod
    async def _soon(function, unit):
        await asyncio.sleep(0)  # until all tasks are in the table
        await function(unit)

    async def hup(self):
        self.read()
        for u in list(self.units.values()):
            spec = self.wanted.get(u.name, u.spec)
            if u.task and spec.get("socket") and spec.get("notify"):
                try:
                    await u.reload(spec)
                except (Failure, OSError) as e:
                    self.say(str(e))

    async def run(self, lifeline):
        loop = asyncio.get_running_loop()
        self.lock_file = open(os.path.join(self.dir, "pids", "holder.lock"), "w", encoding="ascii")
        if not await self._lock():
            self.say("another holder runs here")
            return 1
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._write("holder.pid", f"{os.getpid()}\n")
        self._write("holder.ticks", f"{start_ticks(os.getpid())}\n")
        loop.add_signal_handler(signal.SIGCHLD, self.reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: asyncio.ensure_future(self.shutdown()))
        loop.add_signal_handler(signal.SIGHUP, lambda: asyncio.ensure_future(self.hup()))
        if lifeline is not None:
            os.set_inheritable(lifeline, False)
            loop.add_reader(lifeline, self._orphaned, lifeline)
        server = await asyncio.start_unix_server(self.serve, sock=listen_unix(self.control, 0o600))
        await self.load()
        self.say(f"holder {os.getpid()} ready")
        await self.done.wait()
        server.close()
        os.unlink(self.control)
        self.say("nothing runs any more")
        return 0

    async def _lock(self):
        for _ in range(40):  # somebody may be looking whether we run, which takes the lock for a moment
            try:
                fcntl.flock(self.lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                await asyncio.sleep(0.05)
        return False

    def _orphaned(self, fd):
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)
        asyncio.ensure_future(self.shutdown(fast=True))


def main(argv):
    lifeline = int(argv[argv.index("--lifeline") + 1]) if "--lifeline" in argv else None
    return asyncio.run(Holder(os.path.abspath(argv[1]), argv[2]).run(lifeline))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
