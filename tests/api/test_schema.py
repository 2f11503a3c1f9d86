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
    (mode, zone, flush, snapshot, numbers), = rows("SELECT @@sql_mode, @@time_zone, @@innodb_flush_log_at_trx_commit,"
                                                   " @@innodb_snapshot_isolation, @@innodb_autoinc_lock_mode")
    assert "STRICT_ALL_TABLES" in mode and zone == "+00:00" and flush == 1 and snapshot == 1 and numbers == 2


@pytest.mark.parametrize("user, statement", [
    ("api", "DELETE FROM complaint"), ("api", "UPDATE complaint SET state = 'CLOSED'"), ("api", "DELETE FROM complaint_event"),
    ("api", "UPDATE complaint_event SET note = ''"), ("api", "INSERT INTO complaint_event SELECT * FROM complaint_event"),
    ("api", "DELETE FROM attachment"), ("api", "UPDATE attachment SET sha256 = ''"), ("notify", "SELECT * FROM attachment"),
    ("api", "DELETE FROM outbox"), ("api", "DROP TABLE otp"), ("api", "UPDATE staff SET user_name = 'x'"), ("api", "DELETE FROM staff"),
    ("api", "DELETE FROM session"), ("api", "INSERT INTO roster SELECT * FROM roster"),
    ("api", "DELETE FROM roster"), ("api", "DELETE FROM department"), ("api", "DELETE FROM subcategory"),
    ("api", "UPDATE subcategory SET code = 'X'"), ("api", "UPDATE setting SET most = 1"), ("api", "DELETE FROM admin_change"),
    ("api", "UPDATE admin_change SET at = at"),
    ("notify", "SELECT name_sealed FROM citizen"), ("notify", "SELECT description FROM complaint"), ("notify", "SELECT * FROM session"),
    ("api", "UPDATE sms_template SET audience = 'citizen'"), ("api", "INSERT INTO sms_template SELECT * FROM sms_template"),
    ("api", "UPDATE sms_template_change SET text_before = ''"), ("api", "DELETE FROM sms_template_change"),
    ("notify", "UPDATE sms_template SET text = ''"), ("notify", "SELECT user_name FROM staff"), ("notify", "SELECT * FROM sms_template_change"),
    ("api", "INSERT INTO audit_day SELECT * FROM audit_day"), ("api", "DELETE FROM audit_head"), ("api", "DELETE FROM access_log"),
    ("api", "UPDATE access_log SET staff_id = 1"), ("notify", "SELECT * FROM access_log"), ("notify", "SELECT * FROM audit_day"),
    ("clock", "DELETE FROM complaint"), ("clock", "UPDATE complaint SET state = 'CLOSED'"), ("clock", "DELETE FROM complaint_event"),
    ("clock", "SELECT mobile_sealed FROM citizen"), ("clock", "SELECT password_hash FROM staff"), ("clock", "SELECT payload_sealed FROM outbox"),
    ("clock", "DELETE FROM outbox"), ("clock", "SELECT code_tag FROM otp"), ("clock", "UPDATE session SET revoked_at = NULL"),
    ("clock", "DELETE FROM lease"), ("clock", "UPDATE setting SET value = 1"),
    ("notify", "SELECT password_hash FROM staff"), ("notify", "INSERT INTO outbox SELECT * FROM outbox"), ("notify", "SELECT * FROM otp"),
])
def test_a_process_may_do_no_more_than_its_work(stack, user, statement):
    secret = stack.db(user=f"ekmc_{user}", password=stack.secrets["db"][f"ekmc_{user}"])
    with pymysql.connect(**secret) as c, c.cursor() as k:
        with pytest.raises(pymysql.err.OperationalError) as refused:
            k.execute(statement)
    assert refused.value.args[0] in (1142, 1143), refused.value


APPEND_ONLY = {"complaint_event": set(), "audit_day": set(), "audit_head": set(), "access_log": {("ekmc_clock", "DELETE")}}


def test_nobody_who_runs_may_change_what_is_append_only(rows):
    """By any of the three ways to give a right; the owner of the schema is not who runs."""
    wide = rows("SELECT User, Db FROM mysql.db WHERE User LIKE 'ekmc%%' AND User <> 'ekmc_ctl'"
                " AND 'Y' IN (Update_priv, Delete_priv, Drop_priv, Alter_priv, Trigger_priv)")
    assert not wide
    for table, allowed in APPEND_ONLY.items():
        given = rows("SELECT User, Table_priv FROM mysql.tables_priv WHERE Db = 'ekmc' AND Table_name = %s AND User <> 'ekmc_ctl'", table)
        risky = {(user, right.upper()) for user, rights in given for right in rights.split(",")
                 if right.upper() in ("UPDATE", "DELETE", "DROP", "ALTER", "TRIGGER")}
        assert risky <= allowed, table
        assert not rows("SELECT User FROM mysql.columns_priv WHERE Db = 'ekmc' AND Table_name = %s AND Column_priv LIKE '%%Update%%'", table)


def test_not_even_the_owner_changes_them_by_accident(stack):
    secret = stack.db(user="ekmc_ctl", password=stack.secrets["db"]["ekmc_ctl"])
    with pymysql.connect(**secret) as c, c.cursor() as k:
        for table in APPEND_ONLY:
            k.execute(f"SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'ekmc' AND event_object_table = '{table}'"
                      " AND action_timing = 'BEFORE' AND event_manipulation IN ('UPDATE', 'DELETE')")
            assert k.fetchone() == (2,), table
        with pytest.raises(pymysql.err.OperationalError, match="append-only"):
            k.execute("UPDATE complaint_event SET note = 'tampered' LIMIT 1")
        with pytest.raises(pymysql.err.OperationalError, match="append-only"):
            k.execute("DELETE FROM complaint_event LIMIT 1")
