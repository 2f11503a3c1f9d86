"""What a person or a test needs to know to try a stack: demo.json, demo-logins.txt and the text that `up` prints."""
import datetime
import json
import sys

import mariadb
from layout import write

_D = "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210".split()
_P = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258".split()


def verhoeff(digits):
    """The check digit of a complaint number (design, section 4: 236 gives 3)."""
    c = 0
    for i, d in enumerate(reversed(digits), 1):
        c = int(_D[c][int(_P[i % 8][int(d)])])
    return "0432156789"[c]


def make(layout, secrets):
    """Lets ekmc-ctl make the demonstration's people and complaints, once in the life of a directory."""
    part = layout.dir / "demo-part.json"
    if part.exists():
        return
    passwords = layout.etc / "demo-passwords.json"
    write(passwords, json.dumps(secrets["demo"], indent=1) + "\n")
    new = layout.dir / "demo-part.json.new"
    mariadb.must_ctl(layout, "demo", "--passwords", passwords, "--out", new)
    new.chmod(0o600)
    new.rename(part)


def old_numbers(layout):
    """(known, unknown) numbers of the simulated eKMC1.0: its own table says."""
    sys.path.insert(0, str(layout.root / "tests" / "sim"))
    try:
        import ekmc1_data
        return [c.number for c in ekmc1_data.NAMED[1:5]], [ekmc1_data.MISSING]
    except (ImportError, AttributeError):
        return [], []
    finally:
        sys.path.pop(0)


def gather(layout, ports, secrets):
    """The content of demo.json."""
    part = layout.read_json("demo-part.json", {})
    new = part.get("numbers", {}).get("new", [])
    old, unknown = old_numbers(layout)
    kolkata = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    digits = datetime.datetime.now(kolkata).strftime("%y%m") + "9999999"
    unknown = [digits + verhoeff(digits), *unknown]
    simulators = {name: f"http://127.0.0.1:{ports[name]}" for name in ("ekmc1", "sms")}
    return {
        "base_url": f"http://127.0.0.1:{ports['http']}",
        "logins": [{"role": x["role"], "user": x["user"], "password": x.get("password")} for x in part.get("logins", [])],
        "numbers": {"new": new, "old": old, "unknown": [n for n in unknown if n not in new]},
        "simulators": simulators,
        "sms_outbox": f"{simulators['sms']}/sms",
    }


def write_all(layout, found):
    write(layout.dir / "demo.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    rows = [("role", "user", "password"), *((x["role"], x["user"], x["password"] or "-") for x in found["logins"])]
    widths = [max(len(str(r[i])) for r in rows) for i in range(3)]
    table = "".join("  ".join(str(c).ljust(w) for c, w in zip(r, widths)).rstrip() + "\n" for r in rows)
    write(layout.dir / "demo-logins.txt", f"Logins of the demonstration at {found['base_url']} (this machine only)\n\n{table}\n"
          f"Citizens log in with any Indian mobile number; the one-time password arrives at {found['simulators']['sms']}/\n")


def shown(number):
    return " ".join(number[i:i + 4] for i in range(0, 12, 4)) if number.isdigit() and len(number) == 12 else number


def text(layout, found, where):
    """What `up` prints. `where`: the directory as the caller named it."""
    url, numbers = found["base_url"], found["numbers"]
    tried = numbers["new"] or numbers["old"] or ["261100000016"]
    path = "status" if numbers["new"] else "legacy/status"
    return f"""
eKMC2.0 runs at {url}

  pages            {url}/
  API              {url}/api/v1/catalogue    its contract: {url}/api/v1/openapi.json
  SMS "phone"      {found['simulators']['sms']}/    one-time passwords arrive here, nothing leaves this machine
  eKMC1.0 (fake)   {found['simulators']['ekmc1']}/
  logins           {where}/demo-logins.txt
  logs             {where}/log/

Numbers to try
  new              {'  '.join(shown(n) for n in numbers['new'][:4]) or '-'}
  of eKMC1.0       {'  '.join(numbers['old'][:4]) or '-'}
  unknown          {'  '.join(shown(n) for n in numbers['unknown'][:4])}

  curl -s {url}/api/v1/{path}/{tried[0]}

make logs  follows the logs    make stop  stops it, the data stays    make reset  throws the data away
"""
