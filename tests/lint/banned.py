"""Functions that must not be used (style, "Flags and gates"), with what to use instead. Looked for in the text and in the symbols:
a macro of a library hides a call from the text, an unused or inlined one is not in the symbols."""
import re
import sys
from pathlib import Path

import layers
import source

INSTEAD = {
    "sprintf vsprintf": "buf_addf or snprintf",
    "strcpy strcat strncpy": "struct buf, or memcpy with a checked length",
    "strtok": "scan_cut",
    "atoi atol atoll atof sscanf vsscanf": "scan_i64 and its like, which know a wrong number from 0",
    "gets": "fgets or getline",
    "localtime gmtime": "localtime_r, gmtime_r: threads share the other's result",
    "rand srand": "libsodium's randombytes",
    "system popen": "nothing: no shell",
    "alloca": "the arena",
}
BANNED = {name: why for names, why in INSTEAD.items() for name in names.split()}
CALL = re.compile(r"(?<![\w.>])(?:__builtin_)?(" + "|".join(sorted(BANNED, key=len, reverse=True)) + r")\s*\(")
SYMBOL = re.compile(r"(?:__isoc\d+_|__)?(" + "|".join(sorted(BANNED, key=len, reverse=True)) + r")(?:_chk)?(?:@.*)?")


def in_text(root):
    wrong = []
    for path in source.product(root):
        for number, line in enumerate(source.bare(source.text(root, path)).splitlines(), 1):
            wrong += [f"{path}:{number}: {name} is banned: {BANNED[name]}" for name in CALL.findall(line)]
    return wrong


def in_symbols(build):
    objects = sorted([*build.glob("fcgi/**/*.o"), *build.glob("bridge/**/*.o")])
    wrong = []
    for where, name in layers.symbols(objects, "--undefined-only"):
        m = SYMBOL.fullmatch(name)
        if m:
            wrong.append(f"{where.removeprefix(f'{build.parent}/')}: uses {m.group(1)}, which is banned: {BANNED[m.group(1)]}")
    return wrong


def check(root=source.ROOT, build=None):
    return in_text(root) + in_symbols(Path(build or Path(root) / "build"))


if __name__ == "__main__":
    found = check()
    print("\n".join(found))
    sys.exit(bool(found))
