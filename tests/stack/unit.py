"""A unit of the holder: what should run, what runs, and how it is restarted, replaced and stopped."""
import asyncio
import os
import signal
import time

from child import Child

BACKOFF_MAX_S = 5.0
GOOD_AFTER_S = 10.0     # having run that long, the next death counts as the first one again
STOP_S = 10.0
RELOAD_READY_S = 15.0


class Failure(Exception):
    """Something the one who asked must be told."""


def fingerprint(spec):
    """Changes when the unit would run something else if it were started now: its description, program, configuration."""
    marks = []
    for path in [spec["argv"][0], *(spec.get("watch") or [])]:
        try:
            st = os.stat(path)
            marks.append([path, st.st_ino, st.st_size, st.st_mtime_ns])
        except OSError:
            marks.append([path, None])
    return [spec, marks]


async def within(awaitable, seconds):
    """True when `awaitable` came true within `seconds` (0: however long it takes)."""
    try:
        await asyncio.wait_for(awaitable, seconds or None)
        return True
    except asyncio.TimeoutError:
        return False


class Unit:
    def __init__(self, holder, spec):
        self.holder = holder
        self.spec = spec
        self.name = spec["name"]
        self.child = None
        self.others = set()         # starting ones of a reload, draining ones after it
        self.task = None
        self.lock = asyncio.Lock()  # one start, stop or reload at a time
        self.seen_ready = asyncio.Event()
        self.state = "stopped"
        self.restarts = 0           # deaths nobody asked for
        self.quick_deaths = 0
        self.print = None           # fingerprint of what runs
        self.since = None

    # -- starting and keeping it up

    def launch(self, spec):
        listener = self.holder.listener(spec["socket"]) if spec.get("socket") else None
        number = getattr(signal, spec.get("death_signal", "SIGTERM"))
        child = Child(spec, listener, number)
        self.holder.adopt(self, child)
        self.holder.say(f"{self.name}: pid {child.pid} started")
        return child

    async def until_ready(self, child):
        """Returns True when `child` serves, False when it died first."""
        dead = asyncio.ensure_future(child.exited.wait())
        ready = asyncio.ensure_future(self._ready(child))
        try:
            await asyncio.wait({dead, ready}, return_when=asyncio.FIRST_COMPLETED)
            return child.ready.is_set() and not child.exited.is_set()
        finally:
            dead.cancel()
            ready.cancel()

    async def _ready(self, child):
        if child.notify:
            await child.ready.wait()
            return
        port = child.spec.get("ready_port")
        while port:  # no notification from this one: it serves when its port answers
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 1)
                writer.close()
                break
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.03)
        child.ready.set()

    def start(self):
        if self.task is None:
            self.state = "waiting"
            self.task = asyncio.ensure_future(self._keep())

    async def _keep(self):
        for name in self.spec.get("after") or []:
            if name in self.holder.units:
                await self.holder.units[name].seen_ready.wait()
        await self._watch()

    async def _watch(self):
        while True:
            if self.child is None:
                self.state = "starting"
                self.print = fingerprint(self.spec)
                try:
                    self.child = self.launch(self.spec)
                except OSError as e:
                    self.holder.say(f"{self.name}: cannot start: {e}")
                    await self._pause()
                    continue
            child = self.child
            self.since = time.monotonic()
            if not child.ready.is_set():
                limit = child.spec.get("ready_s", 60)
                if not await within(self.until_ready(child), limit) and not child.exited.is_set():
                    self.holder.say(f"{self.name}: pid {child.pid} not ready within {limit} s, killed")
                    child.signal(signal.SIGKILL)
            if child.ready.is_set() and not child.exited.is_set():
                self.state = "ready"
                self.seen_ready.set()
            await child.exited.wait()
            self.child = None
            self.restarts += 1
            self.holder.say(f"{self.name}: pid {child.pid} died, {describe(child.status)}")
            if child.ready.is_set() and time.monotonic() - self.since > GOOD_AFTER_S:
                self.quick_deaths = 0
            await self._pause()

    async def _pause(self):
        """Immediately the first time, then 0.1 s, doubling, to 5 s; it never gives up."""
        self.quick_deaths += 1
        if self.quick_deaths > 1:
            self.state = "backoff"
            await asyncio.sleep(min(BACKOFF_MAX_S, 0.1 * 2 ** min(self.quick_deaths - 2, 10)))

    # -- what can be asked

    async def stop(self, fast=False):
        async with self.lock:
            if self.task:
                self.task.cancel()
                await asyncio.gather(self.task, return_exceptions=True)
                self.task = None
            self.state = "stopping"
            children = list(self.others) + ([self.child] if self.child else [])
            self.child = None
            await asyncio.gather(*(self._end(c, fast and self.spec.get("disposable")) for c in children))
            self.state = "stopped"
            self.seen_ready.clear()
            self.quick_deaths = 0

    async def _end(self, child, at_once=False):
        child.signal(signal.SIGKILL if at_once else getattr(signal, child.spec.get("stop_signal", "SIGTERM")))
        if not await within(child.exited.wait(), child.spec.get("stop_s", STOP_S)):
            self.holder.say(f"{self.name}: pid {child.pid} did not stop, killed")
            child.signal(signal.SIGKILL)
            await child.exited.wait()
        self.others.discard(child)

    async def reload(self, spec):
        """Takes `spec` into use without a lost connection where the unit can, else by a restart."""
        if self.task is None:
            self.spec = spec
            raise Failure(f"{self.name} does not run ({self.state})")
        if self.child and spec.get("reload_signal") and spec["argv"] == self.spec["argv"]:
            async with self.lock:
                self.spec = spec
                self.print = fingerprint(spec)
                self.child.signal(getattr(signal, spec["reload_signal"]))
            return
        if not (self.child and spec.get("socket") and spec.get("notify")):
            await self.stop()
            self.spec = spec
            self.start()
            return
        async with self.lock:
            await self._swap(spec)

    async def _swap(self, spec):
        mark = fingerprint(spec)
        new = self.launch(spec)
        self.others.add(new)
        ok = await within(self.until_ready(new), RELOAD_READY_S) and new.ready.is_set() and not new.exited.is_set()
        if not ok:
            why = describe(new.status) if new.exited.is_set() else f"not ready within {RELOAD_READY_S:.0f} s"
            await self._end(new, at_once=True)
            raise Failure(f"{self.name}: the new process is no good ({why}), the old one goes on; see {spec['log']}")
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.others.discard(new)
        old, self.child = self.child, new
        self.spec, self.print = spec, mark
        self.task = asyncio.ensure_future(self._watch())
        if old is not None:  # it may have died just now: then the new one is simply its successor
            self.others.add(old)
            await self._end(old)
            self.holder.say(f"{self.name}: pid {old.pid} replaced by {new.pid}")

    def report(self):
        return {"name": self.name, "pid": self.child.pid if self.child else None, "state": self.state,
                "restarts": self.restarts, "log": self.spec["log"],
                "stale": self.child is not None and fingerprint(self.holder.wanted.get(self.name, self.spec)) != self.print,
                "up_s": round(time.monotonic() - self.since, 1) if self.child and self.since else None}


def describe(status):
    if status is None:
        return "still running"
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
