"""One child process of the holder: fork, exec, readiness, end.

The socket and readiness protocols are systemd's (sd_listen_fds(3), sd_notify(3)), so that the same binary runs under a systemd
unit in production and under the holder everywhere else."""
import array
import asyncio
import ctypes
import os
import signal
import socket
import struct

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LISTEN_FD = 3
_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, value):
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def start_ticks(pid):
    """The kernel's start time of `pid`, or None: with the pid it names one process for ever (until the next boot)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])  # a zombie holds nothing any more


def boot_id():
    """Pids and start times begin anew with every boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        return f.read().strip()


def listen_unix(path, mode=0o660):
    """A listening socket at `path`. The caller must be the only owner of `path`: a stale one is replaced."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    old = os.umask(0o777 & ~mode)
    try:
        s.bind(path)
    finally:
        os.umask(old)
    s.listen(4096)
    return s


class Notify:
    """The datagram socket a child reports to. Abstract, so no path is too long and none is left behind."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.sock.setblocking(False)
        self.sock.bind("")
        self.address = "@" + self.sock.getsockname()[1:].decode()

    def read(self, pid):
        """The lines that `pid` itself sent since the last call; an abstract address is open to everybody."""
        lines = []
        while True:
            try:
                data, ancillary, _, _ = self.sock.recvmsg(4096, socket.CMSG_SPACE(struct.calcsize("3i")) + socket.CMSG_SPACE(64))
            except (BlockingIOError, InterruptedError):
                return lines
            sender = None
            for level, kind, payload in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
                    sender = struct.unpack("3i", payload[:12])[0]
                elif level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    fds = array.array("i")
                    fds.frombytes(payload[:len(payload) - len(payload) % fds.itemsize])
                    for fd in fds:
                        os.close(fd)
            if sender == pid:
                lines += data.decode("utf-8", "replace").splitlines()

    def close(self):
        self.sock.close()


class Child:
    """A running process. `exited` and `ready` are events; `status` is its exit status as subprocess has it."""

    def __init__(self, spec, listener, die_with):
        self.spec = spec
        self.exited = asyncio.Event()
        self.ready = asyncio.Event()
        self.status = None
        self.notify = Notify() if spec.get("notify") else None
        env = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LANG": "C.UTF-8", "TZ": "UTC"}
        env.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        env.update(spec.get("env") or {})
        if self.notify:
            env["NOTIFY_SOCKET"] = self.notify.address
        self.pid = _spawn(spec, env, listener, die_with)
        self.ticks = start_ticks(self.pid)
        if self.notify:
            asyncio.get_running_loop().add_reader(self.notify.sock, self._on_notify)

    def _on_notify(self):
        if "READY=1" in self.notify.read(self.pid):
            self.ready.set()

    def signal(self, number):
        """Safe: a child's pid cannot be another process before we have reaped it, and only we reap it."""
        if not self.exited.is_set():
            os.kill(self.pid, number)

    def end(self):
        """Called once when the process is dead and not reaped yet: ends what it left in its process group, reaps it."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        if self.notify:
            asyncio.get_running_loop().remove_reader(self.notify.sock)
            self.notify.close()
        self.exited.set()


def _spawn(spec, env, listener, die_with):
    """fork + exec by hand: LISTEN_PID must be the child's own pid, which posix_spawn and subprocess cannot know."""
    log = os.open(spec["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    parent = os.getpid()
    every = set(range(1, signal.NSIG)) - {signal.SIGKILL, signal.SIGSTOP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, every)
    try:
        pid = os.fork()
        if pid == 0:
            _become(spec, env, listener, die_with, log, null, parent)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(log)
        os.close(null)
    return pid


def _become(spec, env, listener, die_with, log, null, parent):
    """In the child, between fork and exec. Never returns."""
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, die_with)
        if os.getppid() != parent:  # the holder died before prctl
            os._exit(125)
        for number in range(1, signal.NSIG):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                pass
        os.dup2(null, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if listener is not None:
            fd = listener.fileno()
            if fd == LISTEN_FD:
                os.set_inheritable(fd, True)
            else:
                os.dup2(fd, LISTEN_FD)
            env.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=spec["name"])
        os.chdir(spec.get("cwd") or "/")
        os.umask(0o027)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.execvpe(spec["argv"][0], spec["argv"], env)
    except BaseException as e:  # pylint: disable=broad-except  # whatever it is, this process must not go on as the holder
        os.write(2, f"holder: cannot start {spec['argv'][0]}: {e}\n".encode())
    os._exit(127)
