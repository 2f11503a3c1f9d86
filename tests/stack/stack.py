#!/usr/bin/python3
"""The one place that starts servers: `make run` through the command line below, the tests through the class Stack.

usage: stack.py up|down|reset|logs|doctor|status [--dir DIR] [--port N]
       stack.py reload|stop|start UNIT [--dir DIR]"""
import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import conf_files
import demo
import doctor
import mariadb
import nginx_conf
import ports as portlib
import units as unitlib
from control import Control, StackError
from layout import Layout, account, write

READY_S = 60
LOST_CAUSE = 6      # deaths without having been ready once


class Stack:
    """A whole system in a directory: `with Stack(tmp_path, settings={"otp.ttl_s": 2}) as s: requests.get(s.base_url + "/healthz")`.

    settings: "section.key" for every process with that section, "unit:section.key" for one (units with an ini: fcgi, legacy, notify,
    clock, ctl), "nginx.STATUS_PER_MINUTE" (a placeholder of nginx/ekmc.conf.in), "mariadb.max-connections", "redis-server.maxmemory",
    "stack.legacy_profile" (a, b or json).
    Ends with the process that made it, even when that one is killed (tied=False: stays, as `make run` wants it)."""

    def __init__(self, directory=None, settings=None, port=0, root=None, build=None, with_demo=True, tied=True):
        self.temporary = directory is None
        self.layout = Layout(directory or tempfile.mkdtemp(prefix="ekmc-"), root, build or os.environ.get("EKMC_STACK_BUILD"))
        self.control = Control(self.layout.dir, self.layout.sock)
        self.settings = dict(settings or {})
        self.wanted_port = port
        self.with_demo = with_demo
        self.tied = tied
        self.ports = self.layout.read_json("ports.json", {})

    # -- its life

    def up(self):
        """Starts everything, or brings what runs in line with the binaries and files of now. Returns the content of demo.json."""
        layout = self.layout
        with layout.locked():
            layout.prepare()
            spawned = not self.control.running()
            if spawned:
                self.control.sweep()
            try:
                return self._up(spawned)
            except BaseException:
                if spawned:
                    self.control.shutdown(fast=self.temporary)
                raise

    def _up(self, spawned):
        layout, secrets = self.layout, self.layout.secrets()
        self.ports = portlib.assign(layout.read_json("ports.json", {}), self.wanted_port, not spawned)
        write(layout.dir / "ports.json", json.dumps(self.ports) + "\n")
        described = self._describe()
        mariadb.install(layout)
        if spawned:
            unitlib.write_units(layout, [described[n] for n in unitlib.INFRASTRUCTURE])
            self.control.spawn(self.tied)
        else:
            for name, u in self.status().items():
                if u["state"] == "stopped":
                    self.control.ask("start", unit=name)
        self._wait_units(unitlib.INFRASTRUCTURE, 300)
        self._data(secrets)
        unitlib.write_units(layout, described.values())
        self.control.ask("load")
        self.wait_ready()
        found = demo.gather(layout, self.ports, secrets)
        demo.write_all(layout, found)
        return found

    def _describe(self):
        """Writes all configuration; returns the units."""
        own = conf_files.own_settings(self.settings, "stack")
        confs = conf_files.base(self.layout, self.ports, self.layout.secrets(), own.get("legacy_profile", "a"))
        conf_files.apply(confs, self.settings)
        conf_files.write_all(self.layout, confs)
        argv = nginx_conf.write_all(self.layout, self.ports, confs["legacy"].get("legacy.old_page", ""), self.settings)
        return unitlib.describe(self.layout, self.ports, argv, self.settings)

    def _data(self, secrets):
        mariadb.accounts(self.layout, secrets)
        wanted = mariadb.schema_hash(self.layout)
        done = self.layout.dir / "schema"
        if not done.exists() or done.read_text(encoding="ascii") != wanted:
            mariadb.schema(self.layout)
            write(done, wanted)
        if self.with_demo:
            demo.make(self.layout, secrets)

    def _wait_units(self, names, seconds):
        until = time.monotonic() + seconds
        while True:
            states = self.status()
            waiting = [n for n in names if states[n]["state"] != "ready"]
            if not waiting:
                return
            self._give_up_on(states, waiting, time.monotonic() > until)
            time.sleep(0.03)

    def _give_up_on(self, states, waiting, late):
        lost = [n for n in waiting if n in states and states[n]["restarts"] >= LOST_CAUSE]
        if lost or late:
            name = (lost or waiting)[0]
            raise StackError(f"{name} does not become ready; the end of {self.log_path(name)}:\n" + "\n".join(self.log_lines(name)[-25:]))

    def wait_ready(self, seconds=READY_S):
        """Until /readyz answers 200 through nginx."""
        until = time.monotonic() + seconds
        while True:
            code = self._get("/readyz")
            if code == 200:
                return
            states = self.status()
            waiting = [n for n, u in states.items() if u["state"] not in ("ready", "stopped")]
            self._give_up_on(states, waiting or ["fcgi"], time.monotonic() > until)
            time.sleep(0.05)

    def _get(self, path):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            conn.request("GET", path)
            return conn.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            conn.close()

    def down(self, fast=False):
        """Stops everything. fast: databases are killed, for a directory that is thrown away."""
        with self.layout.locked():
            self.control.shutdown(fast)

    def reset(self):
        with self.layout.locked():
            self.control.shutdown(fast=True)
            self.layout.remove()

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.down(fast=True)
        if self.layout.sock.parent != self.layout.dir:
            shutil.rmtree(self.layout.sock, ignore_errors=True)
        if self.temporary:
            shutil.rmtree(self.layout.dir, ignore_errors=True)

    # -- what a test wants to know

    @property
    def port(self):
        return self.ports["http"]

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def redis_port(self):
        return self.ports["redis"]

    @property
    def db_port(self):
        return self.ports["mariadb"]

    def db(self, **more):
        """Parameters of pymysql.connect() for the owner of the server."""
        return {"unix_socket": self.layout.socket("db"), "user": account(), "database": "ekmc", "charset": "utf8mb4",
                "autocommit": True, **more}

    def sim(self, name):
        """The URL of a simulator: ekmc1, sms."""
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def demo(self):
        return self.layout.read_json("demo.json", {})

    @property
    def secrets(self):
        return self.layout.secrets()

    @property
    def sms_file(self):
        return self.layout.dir / "sms.jsonl"

    def status(self):
        """name → {pid, state, restarts, stale, …}; the states: waiting starting ready backoff stopping stopped."""
        return {u["name"]: u for u in self.control.ask("status")["units"]}

    def pid(self, unit):
        return self.status()[unit]["pid"]

    def log_path(self, unit):
        """A unit's output; nginx and MariaDB write files of their own: nginx-error, nginx-access, mariadb-error, also holder, ctl."""
        path = self.layout.log / f"{unit}.log"
        own = self.layout.log / f"{unit}-error.log"
        return own if own.exists() and (not path.exists() or path.stat().st_size == 0) else path

    def log_lines(self, unit):
        try:
            return self.log_path(unit).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def ctl(self, *arguments):
        """Runs ekmc-ctl; returns a CompletedProcess with text."""
        return mariadb.ctl(self.layout, *arguments)

    # -- what a test does to it

    def kill(self, unit, sig=signal.SIGKILL):
        """Returns the pid that got the signal; the holder starts the unit again when it died."""
        return self.control.ask("kill", unit=unit, signal=int(sig))["pid"]

    def stop(self, unit):
        self.control.ask("stop", unit=unit)

    def start(self, unit, wait=True):
        self.control.ask("start", unit=unit)
        if wait:
            self._wait_units([unit], READY_S)

    def reload(self, unit):
        """Without a lost connection for fcgi, legacy and nginx; a restart for the others."""
        self.control.ask("reload", unit=unit)
        self._wait_units([unit], READY_S)

    def conf(self, unit, changes):
        """Changes settings of one unit and has it take them: conf("fcgi", {"otp.ttl_s": 2}), conf("nginx", {"STATUS_PER_MINUTE": 3})."""
        sign = ":" if unit in conf_files.SECTIONS else "."
        self.settings.update({f"{unit if unit != 'redis' else 'redis-server'}{sign}{k}": v for k, v in changes.items()})
        unitlib.write_units(self.layout, self._describe().values())
        if unit != "ctl":
            self.reload(unit)


def command_line(argv):
    p = argparse.ArgumentParser(description="starts and stops eKMC2.0 with everything it needs, on 127.0.0.1 only")
    p.add_argument("command", choices="up down reset logs doctor status reload stop start".split())
    p.add_argument("unit", nargs="?")
    p.add_argument("--dir", default=".run")
    p.add_argument("--port", type=int, default=0, help="of the pages and the API; 0: the one of last time, or any free one")
    p.add_argument("--root", help=argparse.SUPPRESS)
    p.add_argument("--build", help="where the binaries are (build)")
    args = p.parse_args(argv)
    if (args.unit is not None) != (args.command in ("reload", "stop", "start")):
        p.error(f"{args.command}: " + ("no more arguments, please" if args.unit else "which unit?"))
    return args


def main(argv=None):
    args = command_line(argv)
    try:
        stack = Stack(args.dir, port=args.port, root=args.root, build=args.build, tied=False)
        return run(stack, args)
    except StackError as e:
        print(f"{args.command}: {e}", file=sys.stderr)
        return 1


def run(stack, args):
    if args.command == "up":
        print(demo.text(stack.layout, stack.up(), args.dir), flush=True)
    elif args.command == "down":
        was = stack.layout.dir.exists() and stack.control.running()
        if stack.layout.dir.exists():
            stack.down()
        print("stopped; the data stays" if was else "nothing was running")
    elif args.command == "reset":
        stack.reset()
        print(f"stopped, {args.dir} emptied")
    elif args.command == "doctor":
        return doctor.look(stack)
    elif args.command == "logs":
        files = sorted(str(f) for f in stack.layout.log.glob("*.log")) if stack.layout.log.is_dir() else []
        if not files:
            raise StackError(f"no logs in {args.dir}; start with: make run")
        os.execvp("tail", ["tail", "-n", "20", "-F", *files])
    elif not stack.control.running():
        raise StackError(f"nothing runs in {args.dir}")
    elif args.command == "status":
        print(doctor.table(stack.status()))
    else:
        getattr(stack, args.command)(args.unit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
