"""The source tree as the lints see it: which files there are, what they include, their text without comments."""
import hashlib
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {"build", "node_modules", "__pycache__", ".git", ".run", ".hypothesis", ".pytest_cache"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
NOISE = re.compile(r'//(?:[^\n\\]|\\.)*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def files(root, suffixes, *tops):
    """The files under `tops` (default: everything) with one of `suffixes`, in a stable order, relative to `root`."""
    found = []
    for top in tops or (".",):
        for here, dirs, names in os.walk(Path(root) / top):
            dirs[:] = sorted(d for d in dirs if d not in SKIPPED)
            found += [Path(here, n).relative_to(root) for n in sorted(names) if Path(n).suffix in suffixes]
    return found


def product(root, suffixes=(".c", ".h")):
    return files(root, suffixes, "fcgi", "bridge")


def text(root, path):
    return (Path(root) / path).read_text(encoding="utf-8", errors="replace")


def bare(code):
    """`code` without comments and the content of strings, lines kept."""
    return NOISE.sub(lambda m: ('""' if m.group(0)[0] == '"' else " ") + "\n" * m.group(0).count("\n"), code)


def includes(root, path):
    """(line, name, resolved path or None for a system header), with the Makefile's -Ifcgi."""
    code = text(root, path)
    for m in INCLUDE.finditer(code):
        name, found = m.group(2), None
        places = [Path("fcgi"), Path(".")]
        if m.group(1) == '"':
            places.insert(0, path.parent)
        for place in places:
            candidate = Path(os.path.normpath(place / name))
            if not candidate.is_absolute() and (Path(root) / candidate).is_file():
                found = candidate
                break
        yield code.count("\n", 0, m.start()) + 1, name, m.group(1) == '"', found


def closure(root, path):
    """`path` and every header of the tree that it includes, however deep."""
    seen, todo = set(), [path]
    while todo:
        p = todo.pop()
        if p not in seen:
            seen.add(p)
            todo += [found for _, _, _, found in includes(root, p) if found]
    return sorted(seen)


class Cache:
    """Remembers what passed, by the hash of all that went into it; what failed is always looked at again."""

    def __init__(self, root):
        self.dir = Path(root) / "build" / "lint-cache"
        self.dir.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def key(root, paths, *more):
        h = hashlib.sha256()
        for part in more:
            h.update(f"{len(str(part))} {part}\n".encode())
        for p in paths:
            data = (Path(root) / p).read_bytes()
            h.update(f"{p} {len(data)}\n".encode() + data)
        return h.hexdigest()

    def passed(self, key):
        path = self.dir / key
        if path.exists():
            os.utime(path)
            return True
        return False

    def store(self, key):
        (self.dir / key).touch()

    def expire(self, now, days=30):
        for path in self.dir.iterdir():
            if now - path.stat().st_mtime > days * 86400:
                path.unlink()
