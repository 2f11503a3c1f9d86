"""ekmc-ctl migrate on a MariaDB of the test's own: once, in order, never over drift, and never silently half."""
import os
import pathlib
import subprocess
import time

import pymysql
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CTL = ROOT / os.environ.get("BUILD", "build") / "ekmc-ctl"
PASSWORD = "not-a-secret"

INIT = """
-- the first; a comment with a ; and a ' in it
CREATE TABLE thing (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(40) DEFAULT 'a;b''c\\'; -- no comment');
# another ; comment
INSERT INTO thing (note) VALUES ("x; \\" /* no comment */"), (DEFAULT); /* done; */
INSERT INTO thing (note) VALUES ('last, without a delimiter')
"""
TRIGGER = """
DELIMITER //
CREATE TRIGGER thing_bi BEFORE INSERT ON thing FOR EACH ROW BEGIN
  SET NEW.note = CONCAT('t:', NEW.note); -- ';' stays
  SET @n = 1;
END //
delimiter ;
INSERT INTO thing (note) VALUES ('ঢাকনা 🚧');
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on a unix socket; yields the socket's path."""
    home = tmp_path_factory.mktemp("maria")
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    env = dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={home}/data", "--auth-root-authentication-method=normal",
                    "--skip-test-db", "--force", "--innodb-log-file-size=4M", *as_root], env=env, check=True, capture_output=True)
    socket = home / "s"
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(["mariadbd", "--no-defaults", f"--datadir={home}/data", f"--socket={socket}", "--skip-networking",
                                    "--innodb-buffer-pool-size=8M", "--performance-schema=OFF", *as_root],
                                   env=env, stdout=log, stderr=log)
    for _ in range(200):
        try:
            with pymysql.connect(unix_socket=str(socket), user="root") as db:
                db.cursor().execute(f"CREATE USER ctl IDENTIFIED BY '{PASSWORD}'")
                db.cursor().execute("GRANT ALL ON *.* TO ctl WITH GRANT OPTION")
            break
        except pymysql.err.OperationalError:
            assert process.poll() is None, (home / "log").read_text()
            time.sleep(0.05)
    yield socket
    process.kill()
    process.wait()


class Tree:
    """A sql/ directory and a database of its own."""

    def __init__(self, path, socket):
        self.sql = path / "sql"
        (self.sql / "procedures").mkdir(parents=True)
        self.socket = socket
        self.conf = path / "ctl.ini"
        self.conf.write_text(f"[db]\nhosts={socket}\nuser=ctl\npassword={PASSWORD}\nname=ekmc\n")
        with pymysql.connect(unix_socket=str(socket), user="root") as db:
            db.cursor().execute("KILL USER ctl")  # what a killed client left running
            db.cursor().execute("DROP DATABASE IF EXISTS ekmc")
            db.cursor().execute("CREATE DATABASE ekmc CHARACTER SET utf8mb4")

    def write(self, name, text):
        (self.sql / name).write_text(text)

    def command(self, *arguments):
        return [str(CTL), "--conf", str(self.conf), "migrate", "--sql", str(self.sql), *arguments]

    def migrate(self, *arguments):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60)

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def query(self, sql):
        with pymysql.connect(unix_socket=str(self.socket), user="root", database="ekmc", autocommit=True) as db:
            cursor = db.cursor()
            cursor.execute(sql)
            return cursor.fetchall()

    def wait_for(self, sql, wanted):
        for _ in range(200):
            if self.query(sql) == wanted:
                return
            time.sleep(0.05)
        raise AssertionError(f"{sql}: {self.query(sql)} instead of {wanted}")


@pytest.fixture
def tree(server, tmp_path):
    return Tree(tmp_path, server)


def states(tree):
    return tree.query("SELECT kind, version, name, state FROM schema_migration ORDER BY applied_at, version")


def test_fresh_then_nothing_to_do(tree):
    tree.write("0001_init.sql", INIT)
    tree.write("0002_trigger.sql", TRIGGER)
    tree.write("procedures/b.sql", "DELIMITER $$\nCREATE OR REPLACE PROCEDURE b() BEGIN SELECT 1; SELECT 2; END$$\n")
    tree.write("procedures/a.sql", "CREATE OR REPLACE FUNCTION a() RETURNS INT RETURN 1;\n")
    tree.write("grants.sql", "GRANT EXECUTE ON PROCEDURE ekmc.b TO ctl;\n")
    done = tree.migrate()
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["0001_init.sql", "0002_trigger.sql", "a.sql", "b.sql", "grants.sql"]
    assert states(tree) == (("migration", 1, "0001_init.sql", "done"), ("migration", 2, "0002_trigger.sql", "done"),
                            ("procedure", 0, "a.sql", "done"), ("procedure", 0, "b.sql", "done"), ("grants", 0, "grants.sql", "done"))
    assert [row[0] for row in tree.query("SELECT note FROM thing ORDER BY id")] == [
        'x; " /* no comment */', "a;b'c'; -- no comment", "last, without a delimiter", "t:ঢাকনা 🚧"]
    again = tree.migrate()
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")
    assert len(tree.query("SELECT note FROM thing")) == 4


def test_a_database_in_use_learns_what_is_told_of_a_last_resolution(tree):
    """The rules come by migration, the texts by the seed; a text that nothing sends goes with what was changed in it."""
    files = sorted((ROOT / "sql").glob("0*.sql"))
    for path in files:
        if path.name < "0013":
            tree.write(path.name, path.read_text())
    assert tree.migrate().returncode == 0
    for sql in ("INSERT INTO staff (id, user_name, name_en, name_bn, language) VALUES (1, 'admin', 'A', 'A', 'en')",
                "INSERT INTO sms_template (code, language, audience, text, dlt_id, changed_at, changed_by)"
                " VALUES ('reopen_refused', 'en', 'citizen', 'No.', '1', NOW(3), 1), ('resolved', 'en', 'citizen', 'Done.', '2', NOW(3), 1)",
                "INSERT INTO sms_template_change (code, language, at, staff_id, text_before, dlt_id_before)"
                " VALUES ('reopen_refused', 'en', NOW(3), 1, 'Not.', '1'), ('resolved', 'en', NOW(3), 1, 'Ready.', '2')"):
        tree.query(sql)
    for path in files:
        tree.write(path.name, path.read_text())
    done = tree.migrate()
    assert done.returncode == 0, done.stderr
    assert tree.query("SELECT event, to_state, audience, destination, template FROM notification_rule WHERE event LIKE '%_last' ORDER BY event") == (
        ("reject_last", "", "citizen", "sms", "rejected_last"), ("resolve_last", "", "citizen", "sms", "resolved_last"))
    assert tree.query("SELECT t.code, c.text_before FROM sms_template t JOIN sms_template_change c ON c.code = t.code") == (("resolved", "Ready."),)


def test_a_new_migration_and_a_changed_procedure_are_applied_alone(tree):
    tree.write("0001_init.sql", INIT)
    tree.write("procedures/a.sql", "CREATE OR REPLACE FUNCTION a() RETURNS INT RETURN 1;\n")
    tree.write("procedures/c.sql", "CREATE OR REPLACE FUNCTION c() RETURNS INT RETURN 1;\n")
    assert tree.migrate().returncode == 0
    tree.write("0002_more.sql", "CREATE TABLE more (id INT PRIMARY KEY);")
    tree.write("procedures/a.sql", "CREATE OR REPLACE FUNCTION a() RETURNS INT RETURN 2;\n")
    done = tree.migrate()
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["0002_more.sql", "a.sql"]
    assert tree.query("SELECT a()") == ((2,),)


def test_tables_and_columns_carry_comments(tree):
    tree.write("0001_init.sql", INIT)
    assert tree.migrate().returncode == 0
    assert tree.query("SELECT table_name, column_name FROM information_schema.columns"
                      " WHERE table_schema = 'ekmc' AND table_name LIKE 'schema%' AND column_comment = ''") == ()


@pytest.mark.parametrize("drift, named", [
    (lambda t: t.write("0001_init.sql", INIT + " "), "0001_init.sql"),
    (lambda t: (t.sql / "0002_two.sql").unlink(), "0002_two.sql"),
    (lambda t: (t.sql / "0002_two.sql").rename(t.sql / "0002_zwei.sql"), "0002_two.sql"),
    (lambda t: t.write("0004_four.sql", "SELECT 1"), "0003"),
    (lambda t: t.write("0002_deux.sql", "SELECT 1"), "0002"),
    (lambda t: t.write("12_short.sql", "SELECT 1"), "12_short.sql"),
    (lambda t: t.write("0003_open.sql", "CREATE TABLE z (id INT);\nSELECT 'no end;"), "0003_open.sql:2"),
])
def test_drift_is_refused_by_name(tree, drift, named):
    tree.write("0001_init.sql", INIT)
    tree.write("0002_two.sql", "CREATE TABLE two (id INT PRIMARY KEY);")
    assert tree.migrate().returncode == 0
    before = states(tree)
    drift(tree)
    done = tree.migrate()
    assert done.returncode == 1
    assert named in done.stderr
    assert states(tree) == before
    assert tree.query("SHOW TABLES LIKE 'z'") == ()


def test_several_at_once_apply_once(tree):
    tree.write("0001_init.sql", "CREATE TABLE once (id INT PRIMARY KEY AUTO_INCREMENT); DO SLEEP(1.5); INSERT INTO once VALUES (NULL);")
    # a lease that would lapse in the middle if it were not renewed
    started = [tree.start("--lease-s", "1") for _ in range(4)]
    results = [(p.communicate(timeout=30)[0], p.returncode) for p in started]
    assert [code for _, code in results] == [0, 0, 0, 0], results
    assert sorted(out.split()[0] for out, _ in results) == ["applied", "nothing", "nothing", "nothing"]
    assert tree.query("SELECT COUNT(*) FROM once") == ((1,),)


def test_who_waits_too_long_says_so(tree):
    tree.write("0001_init.sql", "DO SLEEP(3); CREATE TABLE t (id INT);")
    first = tree.start()
    tree.wait_for("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'", ((1,),))
    second = tree.migrate("--wait-s", "1")
    assert second.returncode == 3
    assert "try again later" in second.stderr
    assert first.wait(timeout=30) == 0


def test_killed_in_the_middle_stops_with_what_to_do(tree):
    tree.write("0001_init.sql", "CREATE TABLE first (id INT PRIMARY KEY);\nDO SLEEP(20);\nCREATE TABLE second (id INT PRIMARY KEY);")
    tree.write("0002_next.sql", "CREATE TABLE next (id INT PRIMARY KEY);")
    victim = tree.start("--lease-s", "2")
    tree.wait_for("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'", ((1,),))
    victim.kill()
    victim.communicate()
    begun = time.monotonic()
    for _ in range(2):
        done = tree.migrate("--lease-s", "2")
        assert done.returncode == 1
        assert "0001_init.sql was begun at 20" in done.stderr and "ekmc-ctl migrate --again 0001" in done.stderr
    assert 0.5 < time.monotonic() - begun < 6, "the lease of the dead lapses, that of the living is given back"
    assert tree.query("SHOW TABLES LIKE 'next'") == ()
    wrong = tree.migrate("--again", "0002")
    assert wrong.returncode == 1
    # repaired: the file may be mended too, it was never done
    tree.query("DROP TABLE first")
    tree.write("0001_init.sql", "CREATE TABLE first (id INT PRIMARY KEY);\nCREATE TABLE second (id INT PRIMARY KEY);")
    done = tree.migrate("--again", "0001")
    assert done.returncode == 0, done.stderr
    assert [row[3] for row in states(tree)] == ["done", "done"]
    wrong = tree.migrate("--again", "0001")
    assert wrong.returncode == 1 and "0001 was not interrupted" in wrong.stderr


def test_who_lost_the_lease_stops(tree):
    tree.write("0001_init.sql", "DO SLEEP(3);\nCREATE TABLE never (id INT);")
    first = tree.start("--lease-s", "2")
    tree.wait_for("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'", ((1,),))
    tree.query("UPDATE schema_lease SET owner = 'somebody else', until = UTC_TIMESTAMP(3) + INTERVAL 60 SECOND")
    _, err = first.communicate(timeout=30)
    assert first.returncode == 1
    assert "0001_init.sql:2: stopped, because the lease was lost" in err
    assert tree.query("SHOW TABLES LIKE 'never'") == ()
    assert tree.query("SELECT owner FROM schema_lease") == (("somebody else",),)


def test_an_error_in_the_first_statement_leaves_nothing_behind(tree):
    tree.write("0001_bad.sql", "\n\nCREATE TABEL t (id INT);")
    done = tree.migrate()
    assert done.returncode == 1
    assert "0001_bad.sql:3: You have an error in your SQL syntax" in done.stderr
    assert states(tree) == ()
    tree.write("0001_bad.sql", "CREATE TABLE t (id INT);")
    assert tree.migrate().returncode == 0


def test_an_error_after_the_first_statement_is_interrupted(tree):
    tree.write("0001_bad.sql", "CREATE TABLE t (id INT);\nINSERT INTO nowhere VALUES (1);")
    done = tree.migrate()
    assert done.returncode == 1
    assert "0001_bad.sql:2: " in done.stderr and "--again 0001" in done.stderr
    assert states(tree) == (("migration", 1, "0001_bad.sql", "running"),)


def test_a_failed_procedure_is_simply_applied_again(tree):
    tree.write("procedures/p.sql", "CREATE OR REPLACE FUNCTION p() RETURNS INT RETURN 1; SELECT nothing;")
    assert tree.migrate().returncode == 1
    tree.write("procedures/p.sql", "CREATE OR REPLACE FUNCTION p() RETURNS INT RETURN 3;")
    assert tree.migrate().returncode == 0
    assert tree.query("SELECT p()") == ((3,),)


def test_status_lists_and_changes_nothing(tree):
    tree.write("0001_init.sql", INIT)
    done = tree.migrate("--status")
    assert done.returncode == 1
    assert done.stdout.split()[:2] == ["migration", "pending"]
    assert tree.migrate().returncode == 0
    tree.write("0002_more.sql", "SELECT 1;")
    lines = [line.split() for line in tree.migrate("--status").stdout.splitlines()]
    assert [(line[1], line[-1]) for line in lines] == [("done", "0001_init.sql"), ("pending", "0002_more.sql")]
    assert tree.migrate().returncode == 0
    assert tree.migrate("--status").returncode == 0


def test_no_database_is_busy(tree):
    tree.write("0001_init.sql", INIT)
    tree.conf.write_text(tree.conf.read_text().replace(f"hosts={tree.socket}", "hosts=/nowhere.sock"))
    done = tree.migrate()
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize("arguments, code, said", [
    (["--help"], 0, "migrate"), ([], 2, "usage"), (["nonsense"], 2, "usage"), (["migrate", "--nonsense"], 2, "usage: ekmc-ctl migrate"),
    (["migrate", "extra"], 2, "usage: ekmc-ctl migrate"), (["--check"], 0, ""), (["--print"], 0, "db.password = ********"),
    (["--check", "migrate"], 2, "usage"), (["migrate", "--again", "x"], 2, "not a number"),
])
def test_usage(tree, arguments, code, said):
    done = subprocess.run([str(CTL), "--conf", str(tree.conf), *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
