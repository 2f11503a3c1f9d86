"""nginx/ekmc.conf.in, filled."""
import os
import re
import subprocess

from conf_files import own_settings
from control import StackError
from layout import account, write

NAME = re.compile(r"@([A-Z][A-Z0-9_]*)@")


def values(layout, ports, old_page, settings):
    root = os.getuid() == 0
    found = {
        "PREFIX": layout.dir, "LISTEN": f"127.0.0.1:{ports['http']}", "API_SOCKET": layout.socket("api"),
        "LEGACY_SOCKET": layout.socket("legacy"), "WWW": layout.source("nginx/www"), "ERRORS": layout.source("nginx/errors"),
        "ATTACHMENTS": layout.attachments, "UPLOADS": layout.uploads, "OPENAPI": layout.source("fcgi/api/openapi.json"), "STATUS_PER_MINUTE": 30, "API_PER_SECOND": 100, "LOGINS_PER_MINUTE": 120, "OLD_PAGE": old_page,
        "WORKERS": 2,
        # started by root, nginx would give its workers to www-data, who reaches neither a tree under /root nor our sockets
        "USER": f"user {account()};" if root else "",
    }
    found.update(own_settings(settings, "nginx"))
    return {k: str(v) for k, v in found.items()}


def fill(text, known, name):
    text = re.sub(r"(?m)^#.*\n", "", text)  # the list of names at the top
    unknown = sorted(set(NAME.findall(text)) - set(known))
    if unknown:
        raise StackError(f"{name}: nobody knows {', '.join('@' + u + '@' for u in unknown)}; "
                         f"give it a value in tests/stack/nginx_conf.py")
    text = NAME.sub(lambda m: known[m.group(1)], text)
    return re.sub(r"(?m)^\s*daemon\s+on;", "daemon off;", text)  # the holder must see it end


def write_all(layout, ports, old_page, settings):
    """Writes etc/nginx.conf (and what it includes from beside it) and has nginx check it. Returns nginx's arguments."""
    known = values(layout, ports, old_page, settings)
    main = layout.source("nginx/ekmc.conf.in")
    text = fill(main.read_text(encoding="utf-8"), known, "nginx/ekmc.conf.in")
    write(layout.etc / "nginx.conf", text)
    for path in main.parent.iterdir():
        if path.suffix == ".conf" or path.name.endswith(".conf.in") and path != main:
            name = path.name.removesuffix(".in")
            write(layout.etc / name, fill(path.read_text(encoding="utf-8"), known, f"nginx/{path.name}"))
    argv = ["/usr/sbin/nginx", "-e", str(layout.log / "nginx-error.log"), "-p", f"{layout.dir}/", "-c", str(layout.etc / "nginx.conf")]
    extra = []
    if not re.search(r"(?m)^\s*daemon\s", text):
        extra.append("daemon off;")
    if os.getuid() == 0 and not re.search(r"(?m)^\s*user\s", text):
        extra.append(f"user {account()};")
    if extra:
        argv += ["-g", " ".join(extra)]
    checked = subprocess.run([*argv, "-t", "-q"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        raise StackError(f"nginx refuses its configuration:\n{checked.stderr.strip()}")
    return argv
