"""The configuration files of our own processes: each gets what it needs and only the secrets it needs."""
import configparser
import re

from control import StackError
from layout import write

# The sections a process may be given; the legacy role has no database and no keys.
SECTIONS = {
    "ctl": {"system", "log", "db", "redis", "seal", "otp", "session", "sms", "attachments"},
    "fcgi": {"system", "log", "listen", "worker", "db", "redis", "seal", "otp", "session", "status", "attachments", "legacy"},
    "legacy": {"system", "log", "listen", "worker", "redis", "status", "legacy"},
    "notify": {"system", "log", "db", "redis", "seal", "sms"},
    "clock": {"system", "log", "db", "redis", "seal", "attachments", "clock"},
}
OWN = ("nginx", "mariadb", "redis-server", "stack")     # sections of settings that are not of our processes
INI_LINE_MAX = 8000      # fcgi/core/conf.c takes 8192; libinih would cut what is longer, silently


def path_of(layout, unit):
    return layout.etc / f"ekmc-{unit}.ini"


def legacy_profile(layout, name, port):
    """The [legacy] section that reads the simulated eKMC1.0's pages."""
    path = layout.source(f"tests/sim/ekmc1_profiles/{name}.ini")
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=(";", "#"), strict=True)
    parser.optionxform = str
    parser.read_string(path.read_text(encoding="utf-8"))
    return {k: re.sub(r"\bPORT\b", str(port), v) for k, v in parser["legacy"].items()}


def base(layout, ports, secrets, profile):
    """unit → {section.key: value}, before anybody's settings."""
    legacy = legacy_profile(layout, profile, ports["ekmc1"])
    common = {"system.mode": "demo", "system.go_live": "2024-07-13T00:00:00+05:30",
              "system.base_url": f"http://127.0.0.1:{ports['http']}", "log.level": "info",
              "redis.address": f"127.0.0.1:{ports['redis']}"}

    def db(user):
        return {"db.hosts": f"127.0.0.1:{ports['mariadb']}", "db.user": user, "db.password": secrets["db"][user], "db.name": "ekmc"}

    keys = {"seal.keys": secrets["seal_keys"], "seal.index_key": secrets["index_key"]}
    tokens = {"seal.token_key": secrets["token_key"]}
    signing = {"seal.audit_keys": secrets["audit_keys"]}    # not for those who answer requests
    return {
        "ctl": {**common, "system.sql_dir": str(layout.root / "sql"), **db("ekmc_ctl"), **keys, **tokens, **signing,
                "attachments.dir": str(layout.attachments)},
        "fcgi": {**common, "listen.socket": layout.socket("api"), **db("ekmc_api"), **keys, **tokens,
                 "attachments.dir": str(layout.attachments), "attachments.uploads": str(layout.uploads),
                 "legacy.number_pattern": legacy["number_pattern"]},
        "legacy": {**common, "listen.socket": layout.socket("legacy"), **{f"legacy.{k}": v for k, v in legacy.items()}},
        "notify": {**common, **db("ekmc_notify"), "seal.keys": secrets["seal_keys"],
                   "sms.profile": "file", "sms.file": str(layout.dir / "sms.jsonl")},
        "clock": {**common, **db("ekmc_clock"), "attachments.dir": str(layout.attachments), "seal.keys": secrets["seal_keys"], **signing},
    }


def apply(confs, settings):
    """`settings`: "section.key" for every process that has the section, "unit:section.key" for one."""
    for name, value in settings.items():
        unit, _, key = name.rpartition(":")
        section = key.partition(".")[0]
        if not unit and section in OWN:
            continue
        hit = [u for u in confs if (u == unit if unit else section in SECTIONS[u])]
        if not hit or "." not in key:
            raise StackError(f"setting {name}: no such unit or section; units: {' '.join(confs)}")
        for u in hit:
            confs[u][key] = value
    return confs


def render(conf, name):
    sections = {}
    for key, value in conf.items():
        section, _, option = key.partition(".")
        line = f"{option} = {value}"
        if len(line.encode()) > INI_LINE_MAX or "\n" in line:
            raise StackError(f"{name}: {key} is longer than {INI_LINE_MAX} bytes")
        sections.setdefault(section, []).append(line)
    text = f"; {name}: made by tests/stack, overwritten at the next start\n"
    return text + "".join(f"\n[{s}]\n" + "\n".join(lines) + "\n" for s, lines in sections.items())


def write_all(layout, confs):
    for unit, conf in confs.items():
        path = path_of(layout, unit)
        write(path, render(conf, path.name))


def own_settings(settings, section):
    """The settings of one of OWN, without the section's name."""
    return {k[len(section) + 1:]: v for k, v in settings.items() if k.startswith(section + ".")}
