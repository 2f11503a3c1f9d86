"""Loopback ports that stay the same over restarts."""
import errno
import random
import socket

from control import StackError

# Below the kernel's ephemeral range, so that no outgoing connection takes a port between our look and the server's bind.
RANGE = range(20000, 32000)


def free(port):
    """True when a server can listen on 127.0.0.1:`port` now."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen(1)
            return True
        except OSError as e:
            if e.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise


def choose(taken=()):
    for _ in range(1000):
        port = random.choice(RANGE)
        if port not in taken and free(port):
            return port
    raise StackError(f"no free port between {RANGE.start} and {RANGE.stop}")


def assign(known, wanted, running):
    """The ports of a stack by name. `known`: those of last time, `wanted`: the one asked for (0: any), `running`: ours hold them."""
    ports = {}
    for name in ("http", "mariadb", "redis", "ekmc1", "sms"):
        before = known.get(name)
        if name == "http" and wanted:
            if not (running and before == wanted) and not free(wanted):
                raise StackError(f"port {wanted} of 127.0.0.1 is in use by another program (or not allowed); "
                                 f"choose another: make run PORT={choose()}")
            ports[name] = wanted
        elif before and (running or free(before)):
            ports[name] = before
        else:
            ports[name] = choose(ports.values())
    return ports
