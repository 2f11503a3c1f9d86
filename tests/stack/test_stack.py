"""`up`, `down` and `reset` under what people and machines do to them. On a source tree in small (fake_tree.py)."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

import demo
import fake_tree
import layout
from control import StackError, alive
from stack import Stack

STACK_PY = Path(__file__).resolve().parent / "stack.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return fake_tree.make(tmp_path_factory.mktemp("tree"))


@pytest.fixture
def cli(tree, tmp_path):
    def run(command, *more, code=0):
        done = subprocess.run([sys.executable, str(STACK_PY), command, *more, "--dir", str(tmp_path / "run"), "--root", str(tree)],
                              capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    run.dir = tmp_path / "run"
    run.demo = lambda: json.loads((run.dir / "demo.json").read_text())
    run.pids = lambda: [int(p.read_text()) for p in (run.dir / "pids").glob("*.pid")]
    yield run
    run("down")


@pytest.fixture(scope="module")
def stack(tree, tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack") / "s", root=tree) as s:
        yield s


def get(url):
    with urllib.request.urlopen(url, timeout=10) as r:
        return r.read().decode().strip()


def test_verhoeff():
    assert [demo.verhoeff(d) for d in ("236", "12345", "54321", "142857")] == list("3170")


def test_up_prints_and_writes_what_one_needs(cli):
    text = cli("up")
    found = cli.demo()
    assert found["base_url"] in text and "2611 0000 0012" in text and f"curl -s {found['base_url']}/api/v1/status/261100000012" in text
    assert set(found) == {"base_url", "logins", "numbers", "simulators", "sms_outbox"}
    assert all(x["password"] and x["user"] in (cli.dir / "demo-logins.txt").read_text() for x in found["logins"])
    assert get(found["base_url"] + "/readyz").isdigit()
    assert cli("up") == text  # a second one: the same, nothing restarted
    assert "restarts" not in cli("status")
    for name in ("secrets.json", "ekmc-fcgi.ini", "ekmc-ctl.ini"):
        assert (cli.dir / "etc" / name).stat().st_mode & 0o777 == 0o600
    ini = (cli.dir / "etc" / "ekmc-legacy.ini").read_text()
    assert "password" not in ini and "[seal]" not in ini  # the legacy role has no database and no keys
    pids = cli.pids()
    assert len(pids) == 10 and all(alive(p) for p in pids)
    cli("down")
    assert not [p for p in pids if alive(p)]
    assert cli("down") == "nothing was running\n"


def test_data_survives_down_and_a_crash(cli):
    cli("up")
    before, pids = cli.demo(), cli.pids()
    secrets = (cli.dir / "etc" / "secrets.json").read_text()
    for p in pids:
        os.kill(p, signal.SIGKILL)  # as at a loss of power, the supervisor too
    cli("up")
    assert cli.demo() == before and (cli.dir / "etc" / "secrets.json").read_text() == secrets
    assert not [p for p in pids if alive(p)]


def test_killed_supervisor_only(cli):
    cli("up")
    pids = cli.pids()
    os.kill(int((cli.dir / "pids" / "holder.pid").read_text()), signal.SIGKILL)
    cli("up")
    assert not [p for p in pids if alive(p)]
    assert get(cli.demo()["base_url"] + "/readyz")


def test_busy_port(cli):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        text = cli("up", "--port", str(port), code=1)
        assert f"port {port} of 127.0.0.1 is in use by another program" in text and "make run PORT=" in text
        assert not list((cli.dir / "pids").glob("*.pid"))
    cli("up", "--port", str(port))
    assert cli.demo()["base_url"].endswith(f":{port}")


def test_two_ups_at_once(cli):
    texts = []
    threads = [threading.Thread(target=lambda: texts.append(cli("up"))) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(texts) == 2 and all(cli.demo()["base_url"] in t for t in texts)


def test_up_takes_a_new_binary_and_refuses_a_bad_one(cli, tree):
    cli("up")
    url = cli.demo()["base_url"] + "/x"
    pid = get(url)
    worker = tree / "build" / "ekmc-fcgi"
    try:
        worker.write_text(fake_tree.WORKER + "\n# newer\n")
        assert "older than its files" in cli("status")
        cli("up")
        assert get(url) != pid
        pid = get(url)
        (tree / "build" / "mood").write_text("bad")
        worker.write_text(fake_tree.WORKER + "\n# newer still\n")
        assert "the new process is no good" in cli("up", code=1)
        assert get(url) == pid  # the old one goes on
        cli("down")
        assert "this version is bad" in cli("up", code=1)  # the tail of the log
        assert not list((cli.dir / "pids").glob("*.pid"))
    finally:
        (tree / "build" / "mood").write_text("good")


def test_reset(cli):
    cli("up")
    pids = cli.pids()
    cli("reset")
    assert not [p for p in pids if alive(p)] and [p.name for p in cli.dir.iterdir()] == [".lock"]
    cli("up")


def test_up_takes_a_directory_in_which_only_the_browser_tests_left_pictures(cli):
    (cli.dir / "shots").mkdir(parents=True)
    (cli.dir / "shots" / "status.png").touch()
    cli("reset")
    cli("up")
    assert (cli.dir / "shots" / "status.png").exists()


def test_reset_spares_what_is_not_ours(cli):
    cli.dir.mkdir()
    (cli.dir / "thesis.tex").touch()
    assert "not the directory of a stack" in cli("reset", code=1)
    assert "holds other files" in cli("up", code=1)
    assert (cli.dir / "thesis.tex").exists()
    (cli.dir / "thesis.tex").unlink()


def test_doctor_and_logs(cli):
    assert "nothing runs in" in cli("doctor")
    assert "no logs" in cli("logs", code=1)


def test_unknown_placeholder(cli, tree):
    conf = tree / "nginx" / "ekmc.conf.in"
    try:
        conf.write_text(fake_tree.NGINX.replace("@WORKERS@", "@WORKERZ@"))
        assert "nobody knows @WORKERZ@" in cli("up", code=1)
    finally:
        conf.write_text(fake_tree.NGINX)


def test_long_directory(tree, tmp_path):
    with Stack(tmp_path / ("d" * 100) / "r", root=tree) as s:
        assert get(s.base_url + "/readyz")
        sock = s.layout.sock
        assert sock.parent == Path("/tmp")
    assert not sock.exists()


def test_template_makes_the_second_stack_quick(stack, tree):
    begin = time.monotonic()
    with Stack(root=tree) as s:
        assert time.monotonic() - begin < 8
        assert s.port != stack.port and s.db_port != stack.db_port
        directory = s.layout.dir
    assert not directory.exists()


def test_stack_database(stack):
    pymysql = pytest.importorskip("pymysql")
    with pymysql.connect(**stack.db()) as c, c.cursor() as k:
        k.execute("select a from t")
        assert k.fetchall() == ((1,),)
        k.execute("select @@innodb_flush_log_at_trx_commit, @@innodb_snapshot_isolation, @@collation_database, @@time_zone")
        assert k.fetchone() == (1, 1, "utf8mb4_unicode_520_ci", "+00:00")
        k.execute("show grants for ekmc_notify")
        assert len(k.fetchall()) == 1  # usage: grants come from sql/grants.sql alone


def test_stack_faults(stack):
    for unit in ("redis", "nginx", "fcgi", "mariadb"):
        pid = stack.kill(unit)
        deadline = time.monotonic() + 10
        while stack.pid(unit) in (None, pid) or stack.status()[unit]["state"] != "ready":
            assert time.monotonic() < deadline
            time.sleep(0.02)
    stack.wait_ready()
    stack.stop("redis")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", stack.redis_port), 1)
    stack.start("redis")
    socket.create_connection(("127.0.0.1", stack.redis_port), 1).close()
    assert any("up --conf" in line for line in stack.log_lines("fcgi"))
    assert stack.sim("sms") == stack.demo["simulators"]["sms"]


def test_stack_conf(stack):
    assert get(stack.base_url + "/limit") == "30"
    pid = stack.pid("fcgi")
    stack.conf("nginx", {"STATUS_PER_MINUTE": 7})
    deadline = time.monotonic() + 5
    while get(stack.base_url + "/limit") != "7":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert stack.pid("fcgi") == pid
    stack.conf("fcgi", {"otp.ttl_s": 2})
    assert stack.pid("fcgi") != pid and "ttl_s = 2" in (stack.layout.etc / "ekmc-fcgi.ini").read_text()
    with pytest.raises(StackError, match="no such unit or section"):
        stack.conf("fcgi", {"nonsense": 1})
    del stack.settings["fcgi:nonsense"]


def test_reload_loses_no_request(stack):
    errors, count, stop = [], [0], threading.Event()

    def client():
        while not stop.is_set():
            try:
                get(stack.base_url + "/x")
                count[0] += 1
            except OSError as e:
                errors.append(e)

    threads = [threading.Thread(target=client) for _ in range(3)]
    for t in threads:
        t.start()
    for _ in range(3):
        stack.reload("fcgi")
        stack.reload("nginx")
    stop.set()
    for t in threads:
        t.join()
    assert not errors and count[0] > 20


def test_a_failed_start_leaves_nothing(tree, tmp_path):
    (tree / "build" / "mood").write_text("bad")
    try:
        with pytest.raises(StackError, match="this version is bad"):
            with Stack(tmp_path / "s", root=tree):
                pass
    finally:
        (tree / "build" / "mood").write_text("good")
    assert not list((tmp_path / "s" / "pids").glob("*.pid"))


def test_layout_refuses_blanks(tmp_path):
    with pytest.raises(StackError, match="blanks"):
        layout.Layout(tmp_path / "my files")
