"""core ← domain ← http ← api | bridge, proved from the include lines and from the symbols of what was built (design, section 3).

The includes alone do not prove it: a prototype copied by hand, or a function pointer declared extern, shows only in nm."""
import re
import subprocess
import sys
from pathlib import Path

import source

# layer: what it may use
ALLOWED = {
    "core": {"core"},
    "domain": {"core", "domain"},
    "http": {"core", "domain", "http"},
    "api": {"core", "domain", "http", "api"},
    "bridge": {"core", "domain", "http", "bridge"},
    "main": {"core", "domain", "http", "api", "main"},
    "ctl": {"core", "domain", "ctl"},
    "image": {"core", "image"},
}
# layer: headers and symbols of libraries it must not know. SQL belongs to the domain, FastCGI to http, curl to the bridge.
FCGI, CURL, SQL = r"fcgiapp\.h|fcgi_stdio\.h|fastcgi\.h", r"curl/", r"(mysql|mariadb)(/|\.h)"
# … and decoders to ekmc-image alone
GD = r"gd\w*\.h|magic\.h|seccomp\.h"
HEADERS = {"core": f"{FCGI}|{CURL}|{GD}", "domain": f"{FCGI}|{CURL}|{GD}", "http": f"{CURL}|{SQL}|{GD}", "api": f"{FCGI}|{CURL}|{SQL}|{GD}", "bridge": GD,
           "main": f"{CURL}|{GD}", "ctl": f"{FCGI}|{CURL}|{GD}", "image": f"{FCGI}|{CURL}|{SQL}"}
SYMBOLS = {"core": "FCGX_|FCGI_|curl_", "domain": "FCGX_|FCGI_|curl_", "http": "curl_|mysql_", "api": "FCGX_|FCGI_|curl_|mysql_",
           "main": "curl_", "ctl": "FCGX_|FCGI_|curl_"}
# layer: what its object files are in, below build/
OBJECTS = {"core": "libcore.a", "domain": "libdomain.a", "http": "libhttp.a", "api": "fcgi/api/*.o", "bridge": "bridge/*.o",
           "main": "fcgi/main.o", "ctl": "fcgi/ctl*.o", "image": "fcgi/image*.o"}


def layer_of(path):
    parts = path.parts
    if parts[0] == "bridge":
        return "bridge"
    if len(parts) > 2 and parts[1] in ALLOWED:
        return parts[1]
    if len(parts) == 2 and parts[0] == "fcgi":
        return "main" if path.stem == "main" else next((p for p in ("ctl", "image") if path.stem.startswith(p)), None)
    return None


def by_includes(root):
    wrong = []
    for path in source.product(root):
        layer = layer_of(path)
        if layer is None:
            wrong.append(f"{path}: belongs to no layer; there are {', '.join(ALLOWED)}")
            continue
        for line, name, quoted, found in source.includes(root, path):
            if found:
                used = layer_of(found)
                if used not in ALLOWED[layer]:
                    wrong.append(f"{path}:{line}: {layer} must not include {name} of {used or 'no layer'}")
            elif quoted:
                wrong.append(f'{path}:{line}: "{name}" is not in the tree')
            elif re.match(HEADERS.get(layer, r"(?!)"), name):
                wrong.append(f"{path}:{line}: {layer} must not know <{name}>")
    return wrong


def symbols(files, *flags):
    """[(object file, symbol)] of nm."""
    if not files:
        return []
    out = subprocess.run(["nm", "-A", "-g", "-P", *flags, *map(str, files)], capture_output=True, text=True, check=True).stdout
    found = []
    for line in out.splitlines():
        where, _, rest = line.partition(": ")
        if rest:
            found.append((where, rest.split()[0]))
    return found


def by_symbols(root, build):
    wrong, defined, objects = [], {}, {}
    for layer, pattern in OBJECTS.items():
        objects[layer] = sorted(build.glob(pattern))
        has_sources = any(layer_of(p) == layer for p in source.product(root, (".c",)))
        if has_sources and not objects[layer]:
            wrong.append(f"{build.name}/{pattern} is missing: what is not built cannot be proved")
        for _, name in symbols(objects[layer], "--defined-only"):
            defined.setdefault(name, set()).add(layer)
    for layer, files in objects.items():
        for where, name in symbols(files, "--undefined-only"):
            where = where.removeprefix(f"{build.parent}/")
            homes = defined.get(name)
            if homes and not homes & ALLOWED[layer]:
                wrong.append(f"{where}: {layer} must not use {name} of {', '.join(sorted(homes))}")
            elif not homes and re.match(SYMBOLS.get(layer, r"(?!)"), name):
                wrong.append(f"{where}: {layer} must not use {name}")
    return wrong


def by_linking(build):
    """The API makes no outbound call and decodes no picture: ekmc-fcgi has neither library, not even through another one."""
    program = build / "ekmc-fcgi"
    if not program.exists():
        return []
    needed = subprocess.run(["readelf", "-d", str(program)], capture_output=True, text=True, check=True).stdout
    loaded = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return [f"{program.name} is linked with {library}" for library in ("libcurl", "libgd", "libmagic") if library in needed + loaded]


def check(root=source.ROOT, build=None):
    build = Path(build or Path(root) / "build")
    return by_includes(root) + by_symbols(root, build) + by_linking(build)


if __name__ == "__main__":
    found = check()
    print("\n".join(found))
    sys.exit(bool(found))
