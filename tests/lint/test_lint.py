"""Every lint is shown to fail: a small tree that passes, then one violation planted in it."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import banned
import docs
import layers
import length
import source

GOOD = {
    "fcgi/core/ids.h": "int ids_next(void);\n",
    "fcgi/core/ids.c": '#include "core/ids.h"\n#include <stdlib.h>\nint ids_next(void)\n{\n\treturn 1;\n}\n',
    "fcgi/domain/complaint.h": "int complaint_lodge(void);\n",
    "fcgi/domain/complaint.c": '#include "domain/complaint.h"\n#include "core/ids.h"\nint complaint_lodge(void)\n{\n\treturn ids_next();\n}\n',
    "fcgi/http/req.h": "int req_read(void);\n",
    "fcgi/http/req.c": '#include "http/req.h"\nint FCGX_Accept_r(void);\nint req_read(void)\n{\n\treturn FCGX_Accept_r();\n}\n',
    "fcgi/api/status.h": "int status_get(void);\n",
    "fcgi/api/status.c": '#include "api/status.h"\n#include "domain/complaint.h"\n#include "http/req.h"\n'
                         "int status_get(void)\n{\n\treturn req_read() + complaint_lodge();\n}\n",
    "bridge/legacy.c": '#include "http/req.h"\nint curl_easy_perform(void);\nint legacy_ask(void);\n'
                       "int legacy_ask(void)\n{\n\treturn curl_easy_perform() + req_read();\n}\n",
    "fcgi/main.c": '#include "api/status.h"\nint main(void)\n{\n\treturn status_get();\n}\n',
    "README.md": "# x\n\n| key | default |\n|---|---|\n| `db.hosts` | 127.0.0.1 |\n| `otp.ttl_s` | 300 |\n",
    "fcgi/api/openapi.json": json.dumps({"paths": {"/status/{number}": {"get": {}}, "/otp": {"post": {}, "parameters": []},
                                                   "/openapi.json": {"get": {}}, "/legacy/status/{number}": {"get": {}},
                                                   "/healthz": {"get": {}, "servers": []}}}),
    "build/ekmc-fcgi": "#!/bin/sh\ncase \"$*\" in\n*--print*) echo 'db.hosts = x'; echo 'otp.ttl_s = 300' ;;\n"
                       "*--routes*) echo 'GET /api/v1/status/{number}'; echo 'POST /api/v1/otp'; echo 'GET /healthz' ;;\nesac\n",
    "build/ekmc-bridge": "#!/bin/sh\ncase \"$*\" in\nlegacy*--routes*) echo 'GET /api/v1/legacy/status/{number}' ;;\nesac\n",
}


class Tree:
    def __init__(self, root):
        self.root = root
        for name, text in GOOD.items():
            self.write(name, text)
        for program in root.glob("build/ekmc-*"):
            program.chmod(0o755)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def build(self):
        for path in source.product(self.root, (".c",)):
            out = self.root / "build" / path.with_suffix(".o")
            out.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-w", "-O0", "-fno-builtin", "-Ifcgi", "-c", str(path), "-o", str(out)], cwd=self.root, check=True)
        for layer in ("core", "domain", "http"):
            archive = self.root / f"build/lib{layer}.a"
            archive.unlink(missing_ok=True)
            subprocess.run(["ar", "rcs", str(archive), *map(str, (self.root / f"build/fcgi/{layer}").glob("*.o"))], check=True)
        return self


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_the_good_tree_passes(tree):
    tree.build()
    shutil.move(tree.root / "build/ekmc-fcgi", tree.root / "program")  # readelf wants a real one
    assert layers.check(tree.root) == banned.check(tree.root) == length.check(tree.root) == []
    shutil.move(tree.root / "program", tree.root / "build/ekmc-fcgi")
    assert docs.check(tree.root) == []


@pytest.mark.parametrize("name, include, told", [
    ("fcgi/core/ids.c", '"domain/complaint.h"', "core must not include domain/complaint.h of domain"),
    ("fcgi/core/ids.c", '"../domain/complaint.h"', "core must not include ../domain/complaint.h of domain"),
    ("fcgi/core/ids.c", "<domain/complaint.h>", "core must not include domain/complaint.h of domain"),
    ("fcgi/core/ids.h", '"http/req.h"', "core must not include http/req.h of http"),
    ("fcgi/core/ids.c", "<fcgiapp.h>", "core must not know <fcgiapp.h>"),
    ("fcgi/domain/complaint.c", "<curl/curl.h>", "domain must not know <curl/curl.h>"),
    ("fcgi/domain/complaint.c", '"http/req.h"', "domain must not include http/req.h of http"),
    ("fcgi/http/req.c", '"api/status.h"', "http must not include api/status.h of api"),
    ("fcgi/api/status.c", "<fcgiapp.h>", "api must not know <fcgiapp.h>"),
    ("fcgi/api/status.c", "<mysql/mysql.h>", "api must not know <mysql/mysql.h>"),
    ("fcgi/api/status.c", '"bridge/legacy.h"', "api must not include bridge/legacy.h of bridge"),
    ("bridge/legacy.c", '"api/status.h"', "bridge must not include api/status.h of api"),
    ("fcgi/main.c", '"bridge/legacy.h"', "main must not include bridge/legacy.h of bridge"),
    ("fcgi/ctl.c", '"http/req.h"', "ctl must not include http/req.h of http"),
    ("fcgi/image.c", '"domain/complaint.h"', "image must not include domain/complaint.h of domain"),
    ("fcgi/image.c", "<curl/curl.h>", "image must not know <curl/curl.h>"),
    ("fcgi/api/status.c", "<gd.h>", "api must not know <gd.h>"),
    ("fcgi/domain/complaint.c", "<magic.h>", "domain must not know <magic.h>"),
    ("bridge/legacy.c", "<gd.h>", "bridge must not know <gd.h>"),
    ("fcgi/api/status.c", '"api/gone.h"', '"api/gone.h" is not in the tree'),
])
def test_layers_by_includes(tree, name, include, told):
    tree.write("bridge/legacy.h", "int legacy_ask(void);\n")
    tree.write(name, GOOD.get(name, "") + f"#include {include}\n")
    found = layers.by_includes(tree.root)
    assert len(found) == 1 and told in found[0] and found[0].startswith(f"{name}:")


def test_a_file_of_no_layer(tree):
    tree.write("fcgi/misc/x.c", "int x;\n")
    assert layers.by_includes(tree.root) == ["fcgi/misc/x.c: belongs to no layer; there are core, domain, http, api, bridge, main, ctl, image"]


@pytest.mark.parametrize("name, called, told", [
    ("fcgi/core/ids.c", "complaint_lodge", "libcore.a[ids.o]: core must not use complaint_lodge of domain"),
    ("fcgi/core/ids.c", "FCGX_GetStr", "libcore.a[ids.o]: core must not use FCGX_GetStr"),
    ("fcgi/domain/complaint.c", "req_read", "libdomain.a[complaint.o]: domain must not use req_read of http"),
    ("fcgi/domain/complaint.c", "curl_easy_init", "libdomain.a[complaint.o]: domain must not use curl_easy_init"),
    ("fcgi/http/req.c", "status_get", "libhttp.a[req.o]: http must not use status_get of api"),
    ("fcgi/http/req.c", "curl_easy_init", "libhttp.a[req.o]: http must not use curl_easy_init"),
    ("fcgi/api/status.c", "legacy_ask", "fcgi/api/status.o: api must not use legacy_ask of bridge"),
    ("fcgi/api/status.c", "mysql_query", "fcgi/api/status.o: api must not use mysql_query"),
    ("bridge/legacy.c", "status_get", "bridge/legacy.o: bridge must not use status_get of api"),
    ("fcgi/main.c", "legacy_ask", "fcgi/main.o: main must not use legacy_ask of bridge"),
])
def test_layers_by_symbols(tree, name, called, told):
    """Without an include: declared by hand."""
    tree.write(name, GOOD[name] + f"int {called}(void);\nint planted(void);\nint planted(void)\n{{\n\treturn {called}();\n}}\n")
    tree.build()
    assert layers.by_includes(tree.root) == []
    found = layers.by_symbols(tree.root, tree.root / "build")
    assert len(found) == 1 and found[0].endswith(told)


def test_layers_want_it_built(tree):
    assert any("libcore.a is missing" in w for w in layers.by_symbols(tree.root, tree.root / "build"))


@pytest.mark.parametrize("name, function", [("libcurl", "curl_easy_init"), ("libgd", "gdImageCreate")])
def test_layers_by_linking(tree, name, function):
    library = tree.root / f"{name}.so.4"
    tree.write("c.c", f"int {function}(void)\n{{\n\treturn 0;\n}}\n")
    subprocess.run(["gcc", "-shared", "-fPIC", f"-Wl,-soname,{name}.so.4", "c.c", "-o", str(library)], cwd=tree.root, check=True)
    tree.write("m.c", f"int {function}(void);\nint main(void)\n{{\n\treturn {function}();\n}}\n")
    subprocess.run(["gcc", "m.c", str(library), "-o", "build/ekmc-fcgi"], cwd=tree.root, check=True)
    assert layers.by_linking(tree.root / "build") == [f"ekmc-fcgi is linked with {name}"]


@pytest.mark.parametrize("call", ["sprintf(b, p)", "strcpy(b, p)", "strcat (b, p)", "strncpy(b, p, 3)", "strtok(b, p)", "atoi(p)", "atol(p)",
                                  "sscanf(p, b)", "gets(b)", "localtime(p)", "gmtime(p)", "rand()", "system(p)", "popen(p, p)",
                                  "alloca(3)", "__builtin_alloca(3)", "vsprintf(b, p, 0)"])
def test_banned_in_text(tree, call):
    tree.write("fcgi/core/bad.c", f"void f(char *b, char *p)\n{{\n\t{call};\n}}\n")
    found = banned.in_text(tree.root)
    assert len(found) == 1 and found[0].startswith("fcgi/core/bad.c:3: ") and "is banned" in found[0]


def test_banned_spares_what_only_looks_like_it(tree):
    tree.write("fcgi/core/fine.c", '/* never system(x) */\n// nor atoi(x)\nchar *s = "gets(b) \\" rand()";\nint n = snprintf(0, 0, "");\n'
                                   "struct tm *t = localtime_r(0, 0);\nint a = x->system(1), b = strtok_r(0, 0, 0), c = my_rand();\n")
    assert banned.in_text(tree.root) == []


@pytest.mark.parametrize("symbol, name", [("strcpy", "strcpy"), ("__sprintf_chk", "sprintf"), ("__isoc99_sscanf", "sscanf"), ("rand", "rand")])
def test_banned_in_symbols(tree, symbol, name):
    tree.write("bridge/bad.c", f"#define HIDDEN {symbol}\nint HIDDEN();\nint f(void)\n{{\n\treturn HIDDEN (0);\n}}\n")
    tree.build()
    found = banned.in_symbols(tree.root / "build")
    assert len(found) == 1 and "bridge/bad.o" in found[0] and f"uses {name}, which is banned" in found[0]


def test_length_of_a_file(tree):
    tree.write("tests/long.py", "x = 1\n" * 600)
    assert length.check(tree.root) == []
    tree.write("tests/long.py", "x = 1\n" * 601)
    assert length.check(tree.root) == ["tests/long.py: 601 lines, at most 600"]


def test_length_of_a_function(tree):
    def function(lines):
        return "static int\nlong_one(void)\n{\n" + "\t;\n" * (lines - 3) + "}\n"
    tree.write("bridge/long.c", function(80))
    assert length.check(tree.root) == []
    tree.write("bridge/long.c", function(81))
    assert length.check(tree.root) == ["bridge/long.c:2: long_one has 81 lines, at most 80"]


@pytest.mark.parametrize("name, old, new, told", [
    ("README.md", "| `otp.ttl_s` | 300 |\n", "", "README.md: no row for the key otp.ttl_s"),
    ("README.md", "otp.ttl_s", "otp.ttl_ms", "README.md: there is no key otp.ttl_ms"),
    ("README.md", "| `otp.ttl_s` | 300 |\n", "| `otp.ttl_s` | 1 |\n| `otp.ttl_s` | 2 |\n", "README.md: otp.ttl_s has two rows"),
    ("build/ekmc-fcgi", "echo 'POST /api/v1/otp'", "echo 'PUT /api/v1/otp'", "fcgi/api/openapi.json: no PUT /otp"),
    ("fcgi/api/openapi.json", '"get": {}, "servers"', '"get": {}, "delete": {}, "servers"', "fcgi/api/openapi.json: DELETE /healthz is not a route"),
    ("build/ekmc-bridge", "status/", "state/", "fcgi/api/openapi.json: GET /legacy/status/{number} is not a route"),
    ("build/ekmc-fcgi", "*--print*)", "*--print*) exit 1;", "printed no list (exit status 1)"),
    ("fcgi/api/openapi.json", "{", "", "fcgi/api/openapi.json: "),
])
def test_docs(tree, name, old, new, told):
    assert old in GOOD[name]
    tree.write(name, GOOD[name].replace(old, new, 1))
    assert any(told in w for w in docs.check(tree.root))


def test_docs_without_a_readme_or_a_program(tree):
    (tree.root / "README.md").unlink()
    assert "README.md: no row for the key db.hosts" in docs.check(tree.root)
    (tree.root / "build/ekmc-fcgi").unlink()
    assert all("is missing" in w for w in docs.check(tree.root))


def test_cache_looks_again_when_a_header_changed(tree):
    cache = source.Cache(tree.root)

    def key():
        return cache.key(tree.root, source.closure(tree.root, Path("fcgi/domain/complaint.c")), "tidy", "flags")

    before = key()
    assert not cache.passed(before)
    cache.store(before)
    assert cache.passed(key())
    tree.write("fcgi/core/ids.h", GOOD["fcgi/core/ids.h"] + "int ids_more(void);\n")
    assert not cache.passed(key())
