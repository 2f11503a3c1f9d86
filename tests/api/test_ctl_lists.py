"""ekmc-ctl roster, setting and holiday: the same changes as by the API, with the same words."""
import getpass
import re

import pytest

import mariadb
from lists import COLUMNS, Department, demo_login, read, text


@pytest.fixture(scope="module")
def admin(stack, phone):
    return demo_login(stack, phone, "admin")


@pytest.fixture
def there(admin, database):
    return Department(admin, database)


@pytest.fixture
def ctl(stack):
    def run(*arguments, code=0):
        done = mariadb.ctl(stack.layout, *arguments)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stdout + done.stderr
    return run


@pytest.fixture
def write(tmp_path):
    def file(rows):
        path = tmp_path / "list.csv"
        path.write_text(rows if isinstance(rows, str) else text(rows), encoding="utf-8")
        return path
    return file


def test_a_list_comes_in_and_goes_out(there, ctl, write):
    rows = [there.row(boroughs="1"), there.row("gro", bn="শ্রীমতী সেন")]
    scope = ("--department", there.code)
    said = ctl("roster", "import", write(rows), *scope, "--dry-run")
    assert f"row 2, {rows[0]['user']}: added" in said and "2 rows: 2 added" in said and "nothing was changed" in said
    assert read(there.csv()) == []
    assert "2 rows: 2 added" in ctl("roster", "import", write(rows), *scope)
    out = ctl("roster", "export", *scope)
    assert not out.startswith("\ufeff") and sorted(r["user"] for r in read(out)) == sorted(r["user"] for r in rows)
    assert "2 unchanged" in ctl("roster", "import", write(out), *scope)
    newest = there.admin.get("/changes", params={"limit": 1}, expect=200).data["items"][0]
    assert (newest["what"], newest["subject"], newest["user"], newest["operator"]) == ("roster", there.code, None, getpass.getuser())


def test_a_mistake_names_row_and_column(there, ctl, write):
    rows = [there.row(), there.row(mobile="983001234")]
    for more in ((), ("--dry-run",)):
        said = ctl("roster", "import", write(rows), "--department", there.code, *more, code=1)
        assert "row 3, mobile: 9 digits, needs 10" in said
    assert "the column mobile is missing" in ctl("roster", "import", write(text([]).replace("mobile", "phone")), "--department", there.code, code=1)


def test_an_empty_list_is_to_be_confirmed(there, ctl, write):
    there.send([there.row(), there.row("gro")])
    assert "--confirm-leaving" in ctl("roster", "import", write([]), "--department", there.code, code=1)
    assert "2 leaving" in ctl("roster", "import", write([]), "--department", there.code, "--confirm-leaving")


def test_the_other_lists_too(there, ctl, write):
    for name in ("categories", "subcategories"):
        out = ctl("roster", "export", "--list", name, "--department", there.code)
        assert "1 rows: 0 added, 0 changed, 0 leaving, 1 unchanged" in ctl("roster", "import", write(out), "--list", name, "--department", there.code)
    everything = ctl("roster", "export", "--all", "--list", "subcategories")
    assert "DRN-01" in everything and there.subcategory in everything


@pytest.mark.parametrize("arguments", [(), ("import",), ("export",), ("export", "--all", "--department", "DRN"), ("import", "a", "b", "--all"),
                                       ("export", "--all", "--list", "people"), ("forget", "--all")])
def test_wrong_usage_is_told(ctl, arguments):
    assert "usage: ekmc-ctl roster" in ctl("roster", *arguments, code=2)


def test_help_tells_the_format(ctl):
    said = ctl("roster", "--help")
    assert ",".join(COLUMNS) in said and "code,category,en,bn,hi,sla_hours,photo_on_resolve,anonymous" in said


def test_what_is_not_there_is_told(ctl, write):
    assert "there is no department XYZ" in ctl("roster", "import", write([]), "--department", "XYZ", code=1)
    assert "there is no department XYZ" in ctl("roster", "export", "--department", "XYZ", code=1)
    ctl("roster", "import", "/nonexistent.csv", "--all", code=1)


def test_settings_are_shown_and_set_within_bounds(ctl, admin):
    assert re.search(r"reopen_window_days +10 +1 to 90", ctl("setting"))
    assert "365" in ctl("setting", "rate_after_close_days", "365")
    assert "rate_after_close_days is 0 to 365" in ctl("setting", "rate_after_close_days", "366", code=1)
    assert "30" in ctl("setting", "rate_after_close_days", "30")
    assert "there is no colour" in ctl("setting", "colour", "1", code=1)
    assert "not a whole number" in ctl("setting", "similar_metres", "far", code=1)
    newest = admin.get("/changes", params={"limit": 1}, expect=200).data["items"][0]
    assert (newest["subject"], newest["before"], newest["after"]) == ("rate_after_close_days", {"value": 365}, {"value": 30})


def test_holidays_are_added_and_deleted(ctl):
    ctl("holiday", "add", "2031-02-03", "Feast", "উৎসব", "पर्व")
    assert "2031-02-03  Feast, উৎসব, पर्व" in ctl("holiday", "list", "2031")
    ctl("holiday", "delete", "2031-02-03")
    assert "2031-02-03 is none" in ctl("holiday", "delete", "2031-02-03", code=1)
    assert "2031" not in ctl("holiday", "list")
    ctl("holiday", "add", "2031-02-30", "a", "b", "c", code=1)
    assert "usage" in ctl("holiday", "add", "2031-02-03", code=2)
