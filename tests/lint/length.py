"""No file over 600 lines, no function over 80 (style, "Shape")."""
import re
import subprocess
import sys

import source

FILE_LINES = 600
FUNCTION_LINES = 80
SUFFIXES = (".c", ".h", ".py", ".js", ".mjs", ".css", ".html", ".sql", ".sh", ".in")


def of_files(root):
    wrong = []
    for path in source.files(root, SUFFIXES):
        lines = source.text(root, path).count("\n")
        if lines > FILE_LINES:
            wrong.append(f"{path}: {lines} lines, at most {FILE_LINES}")
    return wrong


def of_functions(root):
    paths = [str(p) for p in source.files(root, (".c", ".h"), "fcgi", "bridge", "tests")]
    if not paths:
        return []
    out = subprocess.run(["ctags", "-f", "-", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne", *paths],
                         cwd=root, capture_output=True, text=True, check=True).stdout
    wrong = []
    for line in out.splitlines():
        begin, end = re.search(r"\tline:(\d+)", line), re.search(r"\tend:(\d+)", line)
        if begin and end:
            lines = int(end.group(1)) - int(begin.group(1)) + 1
            if lines > FUNCTION_LINES:
                name, path = line.split("\t")[:2]
                wrong.append(f"{path}:{begin.group(1)}: {name} has {lines} lines, at most {FUNCTION_LINES}")
    return wrong


def check(root=source.ROOT):
    return of_files(root) + of_functions(root)


if __name__ == "__main__":
    found = check()
    print("\n".join(found))
    sys.exit(bool(found))
