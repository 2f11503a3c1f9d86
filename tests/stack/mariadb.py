"""The private MariaDB: its configuration, its data directory, its accounts.

A migrated and seeded data directory is kept as a template under build/, so that a stack for a test starts in a second or two; the
template goes when sql/ or ekmc-ctl change."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import conf_files
import ports
from conf_files import own_settings
from control import StackError
from layout import Layout, account, write

MARIADBD = "/usr/sbin/mariadbd"

OPTIONS = {
    "skip-name-resolve": None,
    "bind-address": "127.0.0.1",
    "character-set-server": "utf8mb4",
    "collation-server": "utf8mb4_unicode_520_ci",
    "default-time-zone": "+00:00",
    "sql-mode": "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    # every acknowledged complaint is on the disk, and no increment is lost between snapshots
    "innodb-flush-log-at-trx-commit": 1,
    "innodb-snapshot-isolation": "ON",
    # as in a cluster; with 1 an INSERT ... SELECT holds the table's lock of numbers, and two of them may end in a deadlock
    "innodb-autoinc-lock-mode": 2,
    "innodb-buffer-pool-size": "256M",
    "innodb-log-file-size": "32M",
    "max-connections": 200,
    "performance-schema": "OFF",
    "skip-log-bin": None,
    "skip-external-locking": None,
    "skip-slave-start": None,
}


def write_conf(layout, port, settings):
    options = {**OPTIONS, "datadir": layout.db, "socket": layout.socket("db"), "port": port, "pid-file": layout.sock / "db.pid",
               "log-error": layout.log / "mariadb-error.log", "tmpdir": layout.db}
    if os.getuid() == 0:
        options["user"] = "root"  # the user mysql could not reach a directory under /root
    options.update({k.replace("_", "-"): v for k, v in own_settings(settings, "mariadb").items()})
    lines = [k if v is None else f"{k} = {v}" for k, v in options.items()]
    write(layout.etc / "mariadb.cnf", "[mariadbd]\n" + "\n".join(lines) + "\n")


def argv(layout):
    return [MARIADBD, f"--defaults-file={layout.etc / 'mariadb.cnf'}"]


def sql(layout, statements):
    """Runs statements as the owner of the server, over its socket (on stdin: arguments are public, passwords are not)."""
    done = subprocess.run(["mariadb", "--no-defaults", f"--socket={layout.socket('db')}", f"--user={account()}", "--batch"],
                          input=statements, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"MariaDB: {done.stderr.strip()}")
    return done.stdout


def accounts(layout, secrets):
    """The database and its users. Their grants come from sql/grants.sql; a changed secret is taken over."""
    text = "CREATE DATABASE IF NOT EXISTS ekmc CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;\n"
    text += "DELETE FROM mysql.global_priv WHERE User=''; FLUSH PRIVILEGES;\n"  # the nameless one would shadow ours
    for user, password in secrets["db"].items():
        text += f"CREATE USER IF NOT EXISTS {user}; ALTER USER {user} IDENTIFIED BY '{password}';\n"
    text += "GRANT ALL ON ekmc.* TO ekmc_ctl WITH GRANT OPTION;\n"
    sql(layout, text)


def ctl(layout, *arguments):
    """Runs ekmc-ctl with the stack's configuration."""
    done = subprocess.run([layout.binary("ekmc-ctl"), "--conf", str(conf_files.path_of(layout, "ctl")), *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=layout.root)
    with open(layout.log / "ctl.log", "a", encoding="utf-8") as f:
        f.write(f"# {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def must_ctl(layout, *arguments):
    done = ctl(layout, *arguments)
    if done.returncode != 0:
        raise StackError(f"ekmc-ctl {arguments[0]} failed ({done.returncode}):\n{(done.stdout + done.stderr).strip()}")
    return done.stdout


def schema(layout):
    """Brings the schema and the reference data up to date."""
    must_ctl(layout, "migrate", "--sql", layout.source("sql"))
    must_ctl(layout, "seed", "--dir", layout.source("sql/seed"))


def schema_hash(layout):
    """Names what migrate and seed would make."""
    h = hashlib.sha256()
    for path in [*sorted(p for p in layout.source("sql").rglob("*") if p.is_file()), Path(layout.binary("ekmc-ctl")), Path(__file__)]:
        data = path.read_bytes()
        h.update(f"{path.name} {len(data)}\n".encode() + data)
    st = os.stat(MARIADBD)
    h.update(f"{st.st_size} {st.st_mtime_ns}".encode())
    return h.hexdigest()[:20]


def install(layout):
    """Makes DIR/db when there is none, from the template."""
    if layout.db.exists():
        return
    wanted = schema_hash(layout)
    template = layout.build / f"stack-template-{wanted}"
    new = layout.dir / "db.new"
    shutil.rmtree(new, ignore_errors=True)
    with open(layout.build / "stack-template.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            _make_template(layout, template)
        subprocess.run(["cp", "-a", "--reflink=auto", "--sparse=always", str(template), str(new)], check=True)
    new.rename(layout.db)
    write(layout.dir / "schema", wanted)


def _make_template(layout, template):
    for old in layout.build.glob("stack-template-*"):
        shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="ekmc-template-") as tmp:
        t = Layout(tmp, layout.root, layout.build)
        t.prepare()
        _install_db(t)
        numbers = ports.assign({}, 0, False)
        write_conf(t, numbers["mariadb"], {})
        secrets = t.secrets()
        conf_files.write_all(t, {"ctl": conf_files.base(t, numbers, secrets, "a")["ctl"]})
        server = subprocess.Popen(argv(t), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        try:
            _wait(t, server)
            accounts(t, secrets)
            schema(t)
            sql(t, "SET GLOBAL innodb_fast_shutdown=0;")
        finally:
            server.terminate()
            server.wait(60)
        t.db.joinpath("ib_buffer_pool").unlink(missing_ok=True)
        shutil.copytree(t.db, f"{template}.new", symlinks=True, dirs_exist_ok=True)
        os.rename(f"{template}.new", template)


def _install_db(layout):
    done = subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={layout.db}", f"--user={account()}", "--skip-test-db", "--force",
                           "--auth-root-authentication-method=socket", f"--auth-root-socket-user={account()}",
                           f"--innodb-log-file-size={OPTIONS['innodb-log-file-size']}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode != 0:
        raise StackError(f"mariadb-install-db failed:\n{(done.stdout + done.stderr).strip()}")


def _wait(layout, server):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            sql(layout, "SELECT 1;")
            return
        except StackError as e:
            if server.poll() is not None:
                text = (layout.log / "mariadb-error.log").read_text(encoding="utf-8", errors="replace")
                raise StackError(f"mariadbd ended:\n{text[-2000:]}") from e
            time.sleep(0.05)
    raise StackError("mariadbd did not answer within 60 s")
