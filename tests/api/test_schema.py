"""What sql/ promises of itself, read back from the server that ran it."""
import pymysql
import pytest


@pytest.fixture
def rows(stack):
    def ask(query, *args):
        with pymysql.connect(**stack.db()) as c, c.cursor() as k:
            k.execute(query, args)
            return k.fetchall()
    return ask


def test_every_table_and_column_says_what_it_is(rows):
    assert not rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'ekmc' AND table_comment = ''")
    assert not rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'ekmc' AND column_comment = ''")


def test_every_table_is_innodb_in_utf8mb4_with_a_primary_key(rows):
    tables = rows("SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = 'ekmc'")
    assert len(tables) > 20
    assert not [t for t in tables if t[1] != "InnoDB" or not t[2].startswith("utf8mb4_")]
    keyed = {t for t, in rows("SELECT table_name FROM information_schema.table_constraints WHERE table_schema = 'ekmc'"
                              " AND constraint_type = 'PRIMARY KEY'")}
    assert {t[0] for t in tables} == keyed


def test_the_server_is_strict_and_keeps_its_promises(rows):
    (mode, zone, flush, snapshot), = rows("SELECT @@sql_mode, @@time_zone, @@innodb_flush_log_at_trx_commit, @@innodb_snapshot_isolation")
    assert "STRICT_ALL_TABLES" in mode and zone == "+00:00" and flush == 1 and snapshot == 1


@pytest.mark.parametrize("user, statement", [
    ("api", "DELETE FROM complaint"), ("api", "UPDATE complaint SET state = 'CLOSED'"), ("api", "DELETE FROM complaint_event"),
    ("api", "UPDATE complaint_event SET note = ''"), ("api", "INSERT INTO complaint_event SELECT * FROM complaint_event"),

    ("api", "DELETE FROM attachment"), ("api", "UPDATE attachment SET sha256 = ''"), ("notify", "SELECT * FROM attachment"),
    ("api", "DELETE FROM outbox"), ("api", "DROP TABLE otp"), ("api", "UPDATE staff SET user_name = 'x'"), ("api", "DELETE FROM staff"),
    ("api", "DELETE FROM session"), ("api", "INSERT INTO roster SELECT * FROM roster"),
    ("notify", "SELECT name_sealed FROM citizen"), ("notify", "SELECT description FROM complaint"), ("notify", "SELECT * FROM session"),
    ("api", "UPDATE sms_template SET audience = 'citizen'"), ("api", "INSERT INTO sms_template SELECT * FROM sms_template"),
    ("api", "UPDATE sms_template_change SET text_before = ''"), ("api", "DELETE FROM sms_template_change"),
    ("notify", "UPDATE sms_template SET text = ''"), ("notify", "SELECT user_name FROM staff"), ("notify", "SELECT * FROM sms_template_change"),
    ("notify", "SELECT password_hash FROM staff"), ("notify", "INSERT INTO outbox SELECT * FROM outbox"), ("notify", "SELECT * FROM otp"),
])
def test_a_process_may_do_no_more_than_its_work(stack, user, statement):
    secret = stack.db(user=f"ekmc_{user}", password=stack.secrets["db"][f"ekmc_{user}"])
    with pymysql.connect(**secret) as c, c.cursor() as k:
        with pytest.raises(pymysql.err.OperationalError) as refused:
            k.execute(statement)
    assert refused.value.args[0] in (1142, 1143), refused.value
