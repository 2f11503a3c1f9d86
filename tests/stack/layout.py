"""Where everything of a stack is, and the secrets that are made once for it."""
import fcntl
import getpass
import hashlib
import json
import os
import secrets
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from control import StackError

ROOT = Path(__file__).resolve().parents[2]
MARKER = ".ekmc-stack"
OURS = (".lock", "shots")  # may stand in a directory that is not a stack yet
SOCKET_PATH_MAX = 107 - len("/legacy.sock.new")
DB_USERS = ("ekmc_ctl", "ekmc_api", "ekmc_notify", "ekmc_clock")
# one person per role of the design; ekmc-ctl demo gives each the rights, this file only the passwords
DEMO_USERS = ("lme", "lme2", "gro", "eo1", "eo2", "desk", "controlling", "commissioner", "mayor", "admin")


def account():
    """The operating system's name of whoever runs this; MariaDB's unix_socket login goes by it."""
    return getpass.getuser() if os.getuid() else "root"


def write(path, text, mode=0o600):
    """Replaces `path` at once, and only when that changes something: a changed time would mean a reload."""
    path = Path(path)
    data = text.encode() if isinstance(text, str) else text
    if path.exists() and path.read_bytes() == data:
        return False
    new = path.with_name(path.name + ".new")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as f:
        f.write(data)
    os.chmod(new, mode)
    os.rename(new, path)
    return True


class Layout:
    """The paths of one stack. `root`: the source tree, `build`: where its binaries are."""

    def __init__(self, directory, root=None, build=None):
        self.dir = Path(directory).resolve()
        self.root = Path(root or ROOT).resolve()
        self.build = Path(build).resolve() if build else self.root / "build"
        self.etc, self.log, self.pids, self.db = (self.dir / n for n in ("etc", "log", "pids", "db"))
        self.attachments, self.uploads = (self.dir / n for n in ("attachments", "uploads"))
        self.sock = self._sockdir()
        for path in (self.dir, self.root):
            if len(str(path).split()) != 1:
                raise StackError(f"{path}: nginx cannot be configured with blanks in a path; use a directory without")

    def _sockdir(self):
        """The kernel takes 107 bytes for the path of a socket, and test directories are long."""
        here = self.dir / "sock"
        if len(os.fsencode(str(here))) <= SOCKET_PATH_MAX:
            return here
        name = hashlib.sha256(os.fsencode(str(self.dir))).hexdigest()[:16]
        return Path("/tmp") / f"ekmc-{os.getuid()}-{name}"

    def prepare(self):
        """Makes the directories; a directory full of somebody's files is not ours to use (and later to remove). The pictures that
        the browser tests leave in .run/shots/ are ours."""
        self.dir.mkdir(parents=True, exist_ok=True)
        marker = self.dir / MARKER
        if not marker.exists() and any(p.name not in OURS for p in self.dir.iterdir()):
            raise StackError(f"{self.dir} holds other files; give an empty or new directory")
        marker.touch()
        for path in (self.etc, self.log, self.pids, self.sock, self.attachments, self.uploads, self.dir / "redis"):
            path.mkdir(mode=0o700, exist_ok=True)
        if self.sock.is_symlink() or self.sock.stat().st_uid != os.getuid():
            raise StackError(f"{self.sock} is not ours")

    def remove(self):
        """What `reset` does after everything has stopped."""
        if not self.dir.exists():
            return
        if not (self.dir / MARKER).exists():
            if any(p.name not in OURS for p in self.dir.iterdir()):
                raise StackError(f"{self.dir} is not the directory of a stack; nothing removed")
            return
        if self.sock.parent != self.dir:
            shutil.rmtree(self.sock, ignore_errors=True)
        for path in sorted(self.dir.iterdir(), key=lambda p: p.name == MARKER):  # the marker last: a second try must work
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != ".lock":
                path.unlink()

    @contextmanager
    def locked(self):
        """One `up`, `down` or `reset` at a time in a directory."""
        self.dir.mkdir(parents=True, exist_ok=True)
        with open(self.dir / ".lock", "w", encoding="ascii") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"another one works on {self.dir}, waiting for it", flush=True)
                fcntl.flock(f, fcntl.LOCK_EX)
            yield

    def socket(self, name):
        return str(self.sock / f"{name}.sock")

    def binary(self, name):
        path = self.build / name
        if not path.exists():
            raise StackError(f"{path} is missing; run: make build")
        return str(path)

    def source(self, name):
        path = self.root / name
        if not path.exists():
            raise StackError(f"{name} is missing in {self.root}")
        return path

    def secrets(self):
        """Made at the first call, the same ever after: data sealed with them must be readable tomorrow. What a newer version needs is
        added."""
        path = self.etc / "secrets.json"
        had = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        made = {"db": {u: secrets.token_hex(16) for u in DB_USERS},
                "seal_keys": f"1:{secrets.token_hex(32)}", "index_key": secrets.token_hex(32),
                "token_key": secrets.token_hex(32), "audit_keys": f"1:{secrets.token_hex(32)}",
                "demo": {u: readable_password() for u in DEMO_USERS},
                "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        both = {k: {**v, **had.get(k, {})} if isinstance(v, dict) else had.get(k, v) for k, v in made.items()}
        if both != had:
            write(path, json.dumps(both, indent=1) + "\n")
        return both

    def read_json(self, name, default=None):
        try:
            return json.loads((self.dir / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return default


def readable_password():
    """About 60 bits that can be typed from paper."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))
