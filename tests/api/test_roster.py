"""Lists of officers: shown first, brought in whole or not at all, taken out again unchanged."""
import concurrent.futures
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lists
import openapi
from client import Client, fresh_key
from lists import Department, demo_login, kinds, read, text

SEED = openapi.ROOT / "sql" / "seed"


@pytest.fixture(scope="module")
def admin(stack, phone):
    return demo_login(stack, phone, "admin")


@pytest.fixture
def there(admin, database):
    """A department of this test alone."""
    return Department(admin, database)


def version(database):
    return database("SELECT version FROM directory_version")[0][0]


def codes(report):
    return [(e["row"], e["column"], e["code"]) for e in report["errors"]]


# -- what it says

def test_a_dry_run_says_what_would_happen_and_does_nothing(there, database):
    before = version(database)
    rows = [there.row(), there.row("gro"), there.row("eo", level="2")]
    report = there.look(rows)
    assert report["counts"] == {"rows": 3, "added": 3, "changed": 0, "leaving": 0, "unchanged": 0, "errors": 0, "rerouted": 0}
    assert kinds(report) == [("added", r["user"]) for r in rows] and report["dry_run"] and not report["needs_confirm"]
    assert version(database) == before and read(there.csv()) == []


def test_it_comes_in_as_the_dry_run_said(there, database):
    rows = [there.row(boroughs="1 2"), there.row(wards="63 64", subcategories=there.subcategory), there.row("gro")]
    before = version(database)
    done = there.send(rows, version=there.look(rows)["version"])
    assert done["counts"]["added"] == 3 and not done["dry_run"] and done["version"] == version(database) == before + 1
    assert sorted(r["user"] for r in read(there.csv())) == sorted(r["user"] for r in rows)
    again = there.send(rows)
    assert again["counts"]["unchanged"] == 3 and again["items"] == [] and version(database) == before + 1


def test_a_wrong_row_names_its_field_in_the_readers_language(there):
    rows = [there.row(), there.row(mobile="983001234"), there.row(boroughs="17"), there.row(role="boss", level="")]
    wanted = [(3, "mobile", "mobile_digits"), (4, "boroughs", "borough"), (5, "role", "role")]
    said = {}
    for language in ("en", "bn", "hi"):
        report = there.look(rows, headers={"Accept-Language": language})
        assert codes(report) == wanted and report["counts"]["added"] == 1
        said[language] = report["errors"][0]["detail"]
    assert said["en"] == "9 digits, needs 10" and len(set(said.values())) == 3
    refused = there.post(rows, expect=422)
    assert refused.code == "invalid" and codes(refused.data["report"]) == wanted
    assert read(there.csv()) == []


@pytest.mark.parametrize("raw, code", [
    (b"", "empty"), (b"user,role\nx,y\n", "column_missing"), (text([]).replace("mobile", "phone").encode(), "column_unknown"),
    (text([]).replace("role", "user", 1).encode(), "column_twice"), (text([]).replace(",", ";").encode(), "column_missing"),
    ((text([]) + "a,b,c,d,e,f,g,h,i,j,k\n").encode(), "fields_many"), ((text([]) + "a,b\n").encode(), "fields_few"),
    ((text([]) + 'a,lme,X,,,,,"A,B,\n').encode(), "csv"), (text([]).encode() + b"a,lme,X,,,,,A,\xff,\n", "utf8"),
    (text([]).encode("utf-16"), "utf8"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_no_list_is_refused_as_a_whole(there, raw, code):
    for answer in (there.post(raw, expect=422), there.post(raw, dry_run=1, expect=(200, 422))):
        report = answer.data.get("report") or answer.data
        assert code in {e["code"] for e in report["errors"]}, report


def test_the_wrong_column_is_named(there):
    report = there.post(text([]).replace("mobile", "phone"), expect=422).data["report"]
    details = " ".join(e["detail"] for e in report["errors"])
    assert "mobile" in details and "phone" in details


def test_several_rows_of_one_user_add_up_and_must_agree(there):
    first = there.row(boroughs="1")
    second = {**first, "boroughs": "", "wards": "63"}
    assert there.send([first, second])["counts"]["added"] == 1
    assert {(r["boroughs"], r["wards"]) for r in read(there.csv())} == {("1", ""), ("", "63")}
    assert codes(there.look([first, {**second, "en": "Somebody Else"}])) == [(3, "en", "contradicts")]


def test_one_mobile_belongs_to_one_person(there):
    one, two = there.row(), there.row()
    assert codes(there.look([one, {**two, "mobile": one["mobile"]}])) == [(3, "mobile", "mobile_twice")]
    taken = there.admin.get("/roster", params={"department": "DRN"}, headers={"Accept": "text/csv"}, expect=200).data
    assert codes(there.look([{**one, "mobile": next(r["mobile"] for r in read(taken) if r["mobile"])}])) == [(2, "mobile", "mobile_taken")]
    # who leaves hands the number on
    there.send([one])
    assert there.send([{**two, "mobile": one["mobile"]}])["counts"] == {
        "rows": 1, "added": 1, "changed": 0, "leaving": 1, "unchanged": 0, "errors": 0, "rerouted": 0}


# -- how it is written

@pytest.mark.parametrize("write", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n\n",
                                   lambda t: "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in t.splitlines())])
def test_it_is_read_however_a_spreadsheet_writes_it(there, write):
    rows = [there.row(bn="শ্রীমতী চট্টোপাধ্যায়"), there.row("gro")]
    there.send(rows)
    assert there.send(write(text(rows)))["counts"]["unchanged"] == 2


def test_formulas_are_plain_text_and_leave_as_such(there, database):
    names = ["=HYPERLINK(\"http://x\",\"y\")", "+1", "-1", "@SUM(A1)", "'quoted", "a, \"b\"\u00a0c"]
    rows = [there.row(en=name, bn="নাম " + name) for name in names]
    there.send(rows)
    stored = {en for en, in database("SELECT name_en FROM staff WHERE user_name LIKE %s", (f"%.{there.code.lower()}.%",))}
    assert stored == set(names)
    out = there.csv()
    assert not [c for r in read(out) for c in (r["en"], r["bn"]) if c[0] in "=+-@"]
    assert there.send(out)["counts"]["unchanged"] == len(names)


def test_what_goes_out_comes_in_unchanged(there):
    there.send([there.row(boroughs="3 1 2"), there.row(wards="144 1", subcategories=f"{there.category} {there.subcategory}"),
                there.row("gro", boroughs="16"), there.row("eo", level="1"), there.row("eo", level="2"), there.row("controlling")])
    report = there.send(there.csv())
    assert report["counts"]["unchanged"] == 6 and report["items"] == [] and report["errors"] == []


def test_the_demonstrations_own_list_is_as_the_demonstration(admin):
    raw = (SEED / "staff.csv").read_bytes()
    report = admin.post("/roster", raw=raw, params={"department": "all", "dry_run": 1}, headers={"Content-Type": "text/csv"}, expect=200).data
    assert report["errors"] == [] and report["counts"]["added"] == report["counts"]["changed"] == 0
    assert report["counts"]["unchanged"] == len(read(raw.decode()))


def test_json_shows_the_same_rows_with_masked_mobiles(there):
    row = there.row(boroughs="2 1", subcategories=there.category)
    there.send([row])
    answer = there.admin.get("/roster", params={"department": there.code}, expect=200)
    item, = answer.data["items"]
    assert (item["boroughs"], item["subcategories"], item["wards"], item["level"]) == ([1, 2], [there.category], [], None)
    assert item["mobile"] == "******" + row["mobile"][-4:] and row["mobile"] not in answer.body.decode()


def test_only_csv_is_taken(there):
    for kind in ("application/json", "text/plain", "application/vnd.ms-excel", ""):
        assert there.post(text([]), expect=415, headers={"Content-Type": kind}).code == "unsupported_media_type"


# -- who leaves

def test_who_leaves_is_out_at_once_and_back_when_listed_again(there, stack, database):
    found = next(x for x in stack.demo["logins"] if x["role"] == "gro")
    stays, goes = there.row("gro"), there.row()
    there.send([stays, goes])
    officer = there.let_in(goes["user"], found["password"], found["user"])
    assert officer.get("/me", expect=200).data["roles"] == ["lme"]
    report = there.send([stays])
    assert kinds(report) == [("leaving", goes["user"])] and report["counts"]["rerouted"] == 0
    assert officer.get("/me", expect=401).code == "unauthenticated"
    assert there.send([stays, goes])["counts"]["added"] == 1
    assert officer.get("/me", expect=401).code == "unauthenticated"
    assert lists.staff_login_like(there.admin, goes["user"], found["password"]).get("/me", expect=200)


def test_who_has_another_duty_elsewhere_stays(there, admin, database, stack):
    other = Department(admin, database)
    found = next(x for x in stack.demo["logins"] if x["role"] == "gro")
    both = there.row()
    there.send([both, there.row("gro")])
    other.send([{**both, "department": other.code}, other.row("gro")])
    officer = there.let_in(both["user"], found["password"], found["user"])
    there.send([r for r in read(there.csv()) if r["user"] != both["user"]])
    assert officer.get("/me", expect=200).data["roles"] == ["lme"]
    assert both["user"] in {r["user"] for r in read(other.csv())}


def test_an_empty_list_must_be_meant(there):
    there.send([there.row(), there.row("gro")])
    refused = there.post([], expect=409)
    assert refused.code == "confirm_needed" and refused.data["report"]["counts"]["leaving"] == 2
    assert len(read(there.csv())) == 2
    assert there.look([])["needs_confirm"]
    there.send([], confirm_leaving=1)
    assert read(there.csv()) == []


def test_open_complaints_of_who_leaves_go_to_others_and_the_officers_hear_of_it(there, stack, phone, database):
    goes, stays, gro = there.row(), there.row(), there.row("gro")
    there.send([goes, gro])
    citizen = Client(stack.base_url, phone).login()
    until = time.monotonic() + 5
    while (made := citizen.lodge(expect=(201, 422), subcategory=there.subcategory)).status != 201:
        assert time.monotonic() < until, made
        time.sleep(0.1)
    numbers = [made.data["number"]] + [citizen.lodge(subcategory=there.subcategory).data["number"] for _ in range(2)]
    assert {citizen.status(n).data["state"] for n in numbers} == {"ASSIGNED"}     # and in the cache
    citizen.withdraw(numbers[2])
    there.send([goes, stays, gro])
    for language, words in (("en", "leaves 2 open complaints"), ("bn", "2টি খোলা অভিযোগ"), ("hi", "2 खुली शिकायतें")):
        report = there.look([stays, gro], headers={"Accept-Language": language})
        assert report["needs_confirm"] and report["counts"]["rerouted"] == 2
        assert report["items"][0]["open"] == 2 and report["items"][0]["detail"].startswith(words)
    refused = there.post([stays, gro], expect=409)
    assert refused.code == "confirm_needed" and refused.data["report"]["items"][0]["key"] == goes["user"]
    done = there.send([stays, gro], confirm_leaving=1)
    assert done["counts"]["rerouted"] == 2 and done["counts"]["leaving"] == 1
    holders = dict(database("SELECT c.number, s.user_name FROM complaint c LEFT JOIN staff s ON s.id = c.holder_id WHERE c.number IN %s", (numbers,)))
    assert holders == {numbers[0]: stays["user"], numbers[1]: stays["user"], numbers[2]: None}
    for number in numbers[:2]:
        last = citizen.get(f"/complaints/{number}/timeline", expect=200).data["items"][-1]
        assert (last["action"], last["from"], last["state"], last["by"]) == ("vacate", "ASSIGNED", "ASSIGNED", "system")
        for mobile in (stays["mobile"], gro["mobile"]):
            phone.wait_for(mobile, number)
    # with nobody left the grievance officer has them
    there.send([gro], confirm_leaving=1)
    assert [citizen.status(n).data["state"] for n in numbers] == ["UNASSIGNED", "UNASSIGNED", "WITHDRAWN"]


def test_a_complaint_stays_with_who_changes_only_their_area(there, stack, phone, database):
    lme, gro = there.row(boroughs="7"), there.row("gro")
    there.send([lme, gro])
    citizen = Client(stack.base_url, phone).login()
    until = time.monotonic() + 5
    while (made := citizen.lodge(expect=(201, 422), subcategory=there.subcategory)).status != 201:
        assert time.monotonic() < until, made
        time.sleep(0.1)
    assert there.send([{**lme, "boroughs": "1"}, gro])["counts"]["rerouted"] == 0
    report = there.look([{**lme, "role": "gro", "boroughs": ""}, gro])
    assert report["items"][0]["row"] == 2 and report["items"][0]["open"] == 1 and report["needs_confirm"]


# -- who may

def test_a_controlling_officer_has_their_own_department(there, stack, admin, database):
    there.send([there.row()])
    boss = there.controlling(stack)
    mine = [there.row(), there.row("gro")]
    assert there.send(mine, by=boss)["counts"]["added"] == 2
    # not named, not deposed; nor when an administrator brings the same list in
    assert boss.get("/me", expect=200).data["roles"] == ["controlling"]
    there.send(mine)
    assert boss.get("/me", expect=200).data["roles"] == ["controlling"]
    assert "controlling" not in {r["role"] for r in read(there.csv(by=boss))}
    # the department need not be told
    assert boss.get("/roster", expect=200).data["department"] == there.code
    for scope in ("all", "DRN"):
        assert there.post(mine, by=boss, expect=403, department=scope).code == "forbidden"
        boss.get("/roster", params={"department": scope}, expect=403)
    assert codes(there.look([*mine, there.row("controlling")], by=boss)) == [(4, "role", "role_forbidden")]
    assert codes(there.look([*mine, {**there.row("admin"), "department": ""}], by=boss)) == [(4, "role", "role_forbidden")]
    # somebody of another department keeps name and mobile
    theirs = read(admin.get("/roster", params={"department": "DRN"}, headers={"Accept": "text/csv"}).data)[-1]
    guest = {**theirs, "department": there.code, "boroughs": "", "wards": "", "subcategories": ""}
    assert codes(there.look([*mine, {**guest, "en": "New Name"}], by=boss)) == [(4, "en", "foreign")]
    assert there.look([*mine, guest], by=boss)["counts"]["added"] == 1


@pytest.mark.parametrize("role", ["lme", "gro", "eo1", "eo2", "desk", "commissioner", "mayor"])
def test_other_officers_have_no_list(stack, phone, role):
    officer = demo_login(stack, phone, role)
    officer.get("/roster", params={"department": "DRN"}, expect=403)
    officer.post("/roster", raw=text([]).encode(), params={"department": "DRN", "dry_run": 1}, headers={"Content-Type": "text/csv"}, expect=403)


def test_nobody_else_has_a_list(anyone, citizen):
    anyone.get("/roster", expect=401)
    citizen.get("/roster", expect=403)


def test_which_department_must_be_told_and_exist(there, admin):
    assert admin.get("/roster", expect=422).pointers("required") == ["/department"]
    assert admin.get("/roster", params={"department": "XYZ"}, expect=422).pointers("not_found") == ["/department"]
    assert there.post([], department="XYZ", expect=422).pointers("not_found") == ["/department"]
    assert there.post([], dry_run="yes", expect=422).pointers() == ["/dry_run"]
    assert there.post([], colour="red", expect=422).pointers("unknown_key") == ["/colour"]


# -- twice, at once, too much

def test_a_repeated_key_gets_the_first_answer(there, database):
    key, rows = fresh_key(), [there.row(), there.row("gro")]
    first = there.post(rows, key=key)
    after = version(database)
    assert there.post(rows, key=key).body == first.body and version(database) == after
    assert there.post(rows[:1], key=key, expect=422).code == "key_reused"
    # the same body with another question is another request
    assert there.post(rows, key=key, dry_run=1).data["counts"]["unchanged"] == 2


def test_a_list_from_before_somebody_elses_change_is_refused(there):
    rows = [there.row(), there.row("gro")]
    seen = there.look(rows)["version"]
    there.send(rows[1:])
    assert there.post(rows, version=seen, expect=409).code == "changed_meanwhile"
    there.send(rows, version=there.look(rows)["version"])


def test_of_lists_at_once_one_wins(there):
    candidates = [[there.row(), there.row("gro")] for _ in range(6)]
    seen = there.look([])["version"]
    clients = [there.admin.twin() for _ in candidates]
    with concurrent.futures.ThreadPoolExecutor(len(candidates)) as pool:
        answers = list(pool.map(lambda x: there.post(x[1], by=x[0], version=seen, expect=(200, 409)), zip(clients, candidates)))
    assert sorted(a.status for a in answers) == [200] + [409] * 5
    winner = next(c for a, c in zip(answers, candidates) if a.status == 200)
    assert {r["user"] for r in read(there.csv())} == {r["user"] for r in winner}


def test_two_megabytes_are_a_list_and_three_are_too_large(there):
    wide = text([there.row(en="x" * 100) for _ in range(3)])
    blank = ",,,,,,,,,\n" * 19000
    assert there.look(wide + blank)["counts"]["rows"] == 3
    assert there.post(wide + "," * (3 << 20), expect=413).code == "too_large"
    # elsewhere the limit is what it was
    there.admin.post("/departments", raw=b"{" + b" " * 70000 + b"}", expect=413)
    assert codes(there.look(wide + blank + blank[:20000])) == [(None, None, "rows_many")]


def test_every_process_knows_the_new_officers_within_seconds(there, stack, phone, database):
    there.send([there.row(), there.row("gro")])
    citizen = Client(stack.base_url, phone).login()
    until = time.monotonic() + 5
    while (made := citizen.lodge(expect=(201, 422), subcategory=there.subcategory)).status != 201:
        assert time.monotonic() < until, made
        time.sleep(0.1)
    assert made.data["state"] == "ASSIGNED"


# -- categories and subcategories

def listed(there, name, by=None):
    return there.csv(by=by, list=name)


def test_categories_and_subcategories_come_as_lists_too(there, admin):
    code = there.code
    cats = f"code,department,en,bn,hi\n{code}-B,{code},Second,দ্বিতীয়,दूसरा\n{code}-A,{code},First,প্রথম,पहला\n"
    assert there.send(cats, list="categories")["counts"] == {"rows": 2, "added": 1, "changed": 1, "leaving": 0, "unchanged": 0,
                                                             "errors": 0, "rerouted": 0}
    assert listed(there, "categories").removeprefix("\ufeff") == cats
    assert there.send(cats, list="categories")["counts"]["unchanged"] == 2
    subs = ("code,category,en,bn,hi,sla_hours,photo_on_resolve,anonymous\n"
            f"{code}-02,{code}-B,New,নতুন,नया,48,yes,no\n{code}-03,{code}-A,Other,অন্য,अन्य,4,no,yes\n")
    report = there.send(subs, list="subcategories")
    assert sorted(kinds(report)) == [("added", f"{code}-02"), ("added", f"{code}-03"), ("leaving", f"{code}-01")]
    assert listed(there, "subcategories").removeprefix("\ufeff") == subs
    kept = {i["code"]: i["active"] for i in admin.get("/subcategories", params={"department": code}, expect=200).data["items"]}
    assert kept == {f"{code}-01": False, f"{code}-02": True, f"{code}-03": True}


@pytest.mark.parametrize("row, column, code", [
    ("DRN-77,{d}-A,N,ন,न,4,no,no", "code", "code"), ("{d}-9,{d}-A,N,ন,न,4,no,no", "code", "code"), (",{d}-A,N,ন,न,4,no,no", "code", "required"),
    ("{d}-01,{d}-A,N,ন,न,4,no,no", "code", "code_twice"), ("{d}-02,DRN-A,N,ন,न,4,no,no", "category", "category"),
    ("{d}-02,{d}-A,,ন,न,4,no,no", "en", "required"), ("{d}-02,{d}-A,N,ন,न,0,no,no", "sla_hours", "hours"),
    ("{d}-02,{d}-A,N,ন,न,721,no,no", "sla_hours", "hours"), ("{d}-02,{d}-A,N,ন,न,4,maybe,no", "photo_on_resolve", "yesno"),
    ("{d}-02,{d}-A,N,ন,न,4,no,1", "anonymous", "yesno"),
])
def test_a_wrong_subcategory_names_its_field(there, row, column, code):
    head = "code,category,en,bn,hi,sla_hours,photo_on_resolve,anonymous\n{d}-01,{d}-A,N,ন,न,4,no,no\n"
    raw = (head + row + "\n").replace("{d}", there.code)
    assert (3, column, code) in codes(there.look(raw, list="subcategories"))
    assert there.post(raw, list="subcategories", expect=422).code == "invalid"


def test_a_controlling_officer_keeps_the_categories_of_their_own(there, stack):
    boss = there.controlling(stack)
    cats = listed(there, "categories", by=boss)
    assert there.send(cats, by=boss, list="categories")["counts"]["unchanged"] == 1
    assert codes(there.look(cats + "DRN-Q,DRN,N,ন,न\n", by=boss, list="categories"))[0][1:] == ("department", "department_other")
    there.post(cats, by=boss, list="categories", department="DRN", expect=403)


def test_the_seeds_own_lists_are_as_the_seed(admin):
    for name in ("categories", "subcategories"):
        raw = (SEED / f"{name}.csv").read_bytes()
        report = admin.post("/roster", raw=raw, params={"department": "all", "dry_run": 1, "list": name}, headers={"Content-Type": "text/csv"}, expect=200).data
        assert report["errors"] == [] and report["counts"]["added"] == 0


# -- whatever is sent

CELL = st.one_of(st.sampled_from(["", "lme", "gro", "eo", "admin", "DRN", "{d}", "1", "2", "1 2 3", "63", "999", "{d}-01", "DRN-01", "9830012345",
                                  "a\x00b", "\u202e", "=1", "'", "\"", "x" * 5000, "ক" * 101, "\r\n", "-", "0"]), st.text(max_size=30))
ROW = st.fixed_dictionaries({name: CELL for name in lists.COLUMNS})
FUZZ = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def test_whatever_stands_in_the_cells_gets_a_report(there):
    @FUZZ
    @given(st.lists(ROW, max_size=5))
    def send(rows):
        raw = text([{k: v.replace("{d}", there.code) for k, v in r.items()} for r in rows]).encode("utf-8", "surrogatepass")
        answer = there.post(raw, dry_run=1, expect=(200, 422))
        report = answer.data["report"] if answer.status == 422 else answer.data
        assert len(report["errors"]) == min(report["counts"]["errors"], 500)
        assert report["counts"]["errors"] or len(report["items"]) == report["counts"]["added"]
    send()


def test_whatever_the_bytes_are_there_is_a_report(there):
    right = text([there.row(), there.row("gro", bn="শ্রীমতী")]).encode()

    @FUZZ
    @given(st.one_of(st.binary(max_size=200), st.integers(0, len(right)).map(lambda i: right[:i]),
                     st.tuples(st.integers(0, len(right) - 1), st.binary(min_size=1, max_size=3)).map(lambda t: right[:t[0]] + t[1] + right[t[0] + 1:])))
    def send(raw):
        there.post(raw, dry_run=1, expect=(200, 422))
        there.post(raw, dry_run=1, expect=(200, 422), list="subcategories")
    send()
