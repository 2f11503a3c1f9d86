"""The processes of a stack, as the holder wants them described."""
import json

import conf_files
import mariadb
from conf_files import own_settings
from layout import write

PYTHON = "/usr/bin/python3"
INFRASTRUCTURE = ("mariadb", "redis", "sim-ekmc1", "sim-sms")


def write_redis_conf(layout, port, settings):
    """Redis holds nothing that may be missed: no persistence, and it forgets the oldest when full."""
    options = {"bind": "127.0.0.1", "port": port, "supervised": "systemd", "daemonize": "no", "save": '""', "appendonly": "no",
               "dir": layout.dir / "redis", "maxmemory": "128mb", "maxmemory-policy": "allkeys-lru", "databases": 1,
               "tcp-backlog": 511, "loglevel": "notice", **own_settings(settings, "redis-server")}
    write(layout.etc / "redis.conf", "".join(f"{k} {v}\n" for k, v in options.items()))


def simulator(layout, name, port, *more):
    script = layout.source(f"tests/sim/{name}.py")
    return {"argv": [PYTHON, str(script), "--port", str(port), "--port-file", str(layout.pids / f"sim-{name}.port"), *more],
            "ready_port": port, "disposable": True, "watch": [str(p) for p in sorted(script.parent.glob("*.py"))]}


def own(layout, binary, unit, *more, socket=None):
    conf = str(conf_files.path_of(layout, unit))
    spec = {"argv": [layout.binary(binary), *more, "--conf", conf], "notify": True, "watch": [conf]}
    if socket:
        spec["socket"] = layout.socket(socket)
    return spec


def describe(layout, ports, nginx_argv, settings):
    """name → what to run, in the order of starting."""
    mariadb.write_conf(layout, ports["mariadb"], settings)
    write_redis_conf(layout, ports["redis"], settings)
    data = ["mariadb", "redis"]
    units = {
        # recovery after a crash takes as long as it takes
        "mariadb": {"argv": mariadb.argv(layout), "notify": True, "ready_s": 0, "stop_s": 60, "disposable": True,
                    "watch": [str(layout.etc / "mariadb.cnf")]},
        "redis": {"argv": ["/usr/bin/redis-server", str(layout.etc / "redis.conf")], "notify": True, "disposable": True,
                  "watch": [str(layout.etc / "redis.conf")]},
        "sim-ekmc1": simulator(layout, "ekmc1", ports["ekmc1"]),
        "sim-sms": simulator(layout, "sms", ports["sms"], "--file", str(layout.dir / "sms.jsonl")),
        "fcgi": {**own(layout, "ekmc-fcgi", "fcgi", socket="api"), "after": data},
        "legacy": {**own(layout, "ekmc-bridge", "legacy", "legacy", socket="legacy"), "after": ["redis"]},
        "notify": {**own(layout, "ekmc-bridge", "notify", "notify"), "after": data},
        "clock": {**own(layout, "ekmc-bridge", "clock", "clock"), "after": data},
        "nginx": {"argv": nginx_argv, "ready_port": ports["http"], "stop_signal": "SIGQUIT", "reload_signal": "SIGHUP",
                  "watch": [str(p) for p in sorted(layout.etc.glob("*.conf")) if p.name not in ("redis.conf",)],
                  "after": ["fcgi", "legacy"]},
    }
    return {name: {"name": name, "log": str(layout.log / f"{name}.log"), **spec} for name, spec in units.items()}


def write_units(layout, units):
    write(layout.dir / "units.json", json.dumps({"units": list(units)}, indent=1) + "\n")
