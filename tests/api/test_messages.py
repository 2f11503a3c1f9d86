"""Who is told what when: lives of complaints over the API, message by message, as they arrive on the phones. The circular's: test_story.py."""
import time

import pytest

import mariadb
from life import EO1, EO2, GRO, LME, Life, officers


@pytest.fixture(scope="module")
def staff(stack, phone):
    return officers(stack, phone)


@pytest.fixture
def live(fresh_citizen, staff):
    return lambda language, **fields: Life(fresh_citizen, staff, language, **fields)


def test_an_escalation_officer_directs_a_field_officer(live):
    life = live("en")
    staff = life.staff
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    life.act(staff["lme"], "start")
    life.told()
    life.act(staff["gro"], "escalate")
    life.told(("citizen", "escalated"), (EO1, "eo_escalated"))
    life.act(staff["eo1"], "direct", lme="lme.drn.b10", note="Take the large pump.")
    directed = life.told(("citizen", "directed"), (LME, "lme_directed"))
    assert "Take the large pump." in next(m for m in directed if m["template"] == "lme_directed")["text"]
    life.act(staff["lme"], "resolve", note="Pumped out with the large pump.")
    life.told(("citizen", "resolved"))
    life.act(life.citizen, "rate", stars=5)
    life.told((LME, "holder_rated"))


def test_questions_and_answers(live):
    life = live("bn")
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    life.act(life.staff["lme"], "ask_citizen", note="কোন বাড়ির সামনে?")
    question, = life.told(("citizen", "question"))
    assert "/r#" + life.number in question["text"]
    life.act(life.citizen, "reply", note="১২ নম্বর")
    life.told((LME, "holder_reply"))
    life.act(life.staff["lme"], "ask_citizen", note="কখন?")
    life.told(("citizen", "question"))
    life.act(life.staff["lme"], "resume")
    life.told(("citizen", "resumed"))
    life.act(life.staff["lme"], "request_reassign", note="Not mine", internal=True)
    asked = life.told(("citizen", "reassigned"), (GRO, "gro_reassign_request"))
    assert not any("Not mine" in m["text"] for m in asked if m["to"].endswith(life.citizen.mobile))
    life.act(life.staff["gro"], "refuse", note="It is yours.")
    refused, = life.told((LME, "lme_refused"))
    assert "It is yours." in refused["text"]
    life.act(life.citizen, "note", note="Still there.")
    life.told()
    life.act(life.citizen, "withdraw")
    life.told((LME, "holder_withdrawn"))


def test_a_long_bengali_reason_is_cut_between_words(live):
    life = live("bn")
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    life.act(life.staff["lme"], "request_reassign", note="ম্যানহোলটি রাস্তার উল্টো দিকে\n" + "পাশের ওয়ার্ডে পড়ে " * 40)
    asked = next(m for m in life.told(("citizen", "reassigned"), (GRO, "gro_reassign_request")) if m["template"] == "gro_reassign_request")
    assert "অনুরোধ: ম্যানহোলটি রাস্তার উল্টো দিকে। " in asked["text"]


def test_other_ways_it_may_go(live):
    life = live("hi")
    gro, eo1, eo2 = (life.staff[r] for r in ("gro", "eo1", "eo2"))
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    life.act(gro, "correct", subcategory="DRN-03")
    life.told((LME, "lme_corrected"))
    life.act(gro, "escalate")
    life.told(("citizen", "escalated"), (EO1, "eo_escalated"))
    life.act(eo1, "escalate")
    life.told(("citizen", "escalated"), (EO2, "eo_escalated"))
    life.act(eo2, "reject", note="यह नगर निगम का विषय नहीं है")
    rejected, = life.told(("citizen", "rejected"))
    assert "/r#" + life.number in rejected["text"]


def test_another_department_hears_of_what_comes_to_it(live, database):
    life = live("en")
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    # PER has no LME: its GRO is told
    code, = database("SELECT code FROM subcategory WHERE department_code = 'PER' AND active ORDER BY code LIMIT 1")[0]
    gro, = database("SELECT s.user_name FROM roster r JOIN staff s ON s.id = r.staff_id WHERE r.department_code = 'PER' AND r.role = 'GRO'")[0]
    life.act(life.staff["gro"], "transfer", subcategory=code)
    told = life.told(("citizen", "transferred"), (mobile_of(life, "gro_unassigned"), "gro_unassigned"))
    assert gro == "gro.per" and len(told) == 2


def mobile_of(life, template, seconds=10):
    """To whom the newest message of this template went: demo mobiles of other departments stand in no table here."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = [m["to"][-10:] for m in life.messages() if m["template"] == template]
        if found:
            return found[-1]
        time.sleep(0.03)
    raise AssertionError(f"no {template}")


def test_who_reported_the_same_hears_of_the_parent_under_their_own_number(live, anyone, staff):
    parent, child = live("en"), Life(anyone.login(), staff, "bn")
    parent.told(("citizen", "registered"), (LME, "lme_assigned"))
    child.told(("citizen", "registered"), (LME, "lme_assigned"))
    child.act(staff["gro"], "merge", parent=parent.number)
    merged, = child.told(("citizen", "merged"))
    assert parent.lodged["display"] in merged["text"]
    parent.act(staff["lme"], "resolve", note="Done.")
    parent.told(("citizen", "resolved"))
    resolved, = child.told(("citizen", "resolved"))
    assert "/r#" + child.number in resolved["text"] and parent.number not in resolved["text"].replace(" ", "")
    child.act(child.citizen, "rate", stars=2)
    child.told((LME, "holder_rated"))
    parent.told()


@pytest.mark.parametrize("ending, template", [("resolve", "resolved"), ("reject", "rejected")])
def test_of_parent_and_child_who_can_reopen_is_told_so_and_who_cannot_is_not(live, anyone, staff, database, ending, template):
    parent, child, spent = live("en"), Life(anyone.login(), staff, "en"), Life(anyone.login(), staff, "en")
    for life in (parent, child, spent):
        life.told(("citizen", "registered"), (LME, "lme_assigned"))
    for life in (child, spent):
        life.act(staff["gro"], "merge", parent=parent.number)
        life.told(("citizen", "merged"))
    for life in (parent, spent):
        database("UPDATE complaint SET reopen_count = 2 WHERE number = %s", (life.number,))
    database("UPDATE complaint SET state = 'ESCALATED', level = 2, holder_id = NULL, escalate_at = NULL WHERE number = %s", (parent.number,))
    parent.act(staff["eo2"], ending, note="Done.")
    for life, last in ((parent, True), (child, False), (spent, True)):
        message, = life.told(("citizen", template + "_last" if last else template))
        assert ("reopen it by" in message["text"]) == (not last)
        shown = anyone.post("/links", {"link": message["text"].split("/r#")[1][:28]}, expect=200).data
        assert [o["action"] for o in shown["allowed_actions"]] == (["rate"] if last else ["reopen", "rate"])


def test_a_parent_that_is_withdrawn_leaves_its_children_on_their_own(live, anyone, staff):
    parent, child = live("en"), Life(anyone.login(), staff, "hi")
    parent.told(("citizen", "registered"), (LME, "lme_assigned"))
    child.told(("citizen", "registered"), (LME, "lme_assigned"))
    child.act(staff["gro"], "merge", parent=parent.number)
    child.told(("citizen", "merged"))
    parent.act(parent.citizen, "withdraw")
    parent.told((LME, "holder_withdrawn"))
    child.told(("citizen", "unmerged"), (LME, "lme_assigned"))


def test_the_outbox_can_be_read_without_reading_what_it_says(stack, live, database):
    life = live("en")
    life.told(("citizen", "registered"), (LME, "lme_assigned"))
    done = mariadb.ctl(stack.layout, "outbox", "list", "--number", life.lodged["display"])
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [r[1:] for r in sorted(rows, key=lambda r: r[4])] == [
        [life.number, "1", "sms", "******" + life.citizen.mobile[-4:], "registered", "en", "done", "1", "file,", "parts:", "1"],
        [life.number, "1", "sms", "lme.drn.b10", "lme_assigned", "bn", "done", "1", "file,", "parts:", "2"]]
    assert life.citizen.mobile not in done.stdout
    done = mariadb.ctl(stack.layout, "outbox", "list", "--state", "done", "--limit", "3")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
    done = mariadb.ctl(stack.layout, "outbox", "count")
    (silent,), = database("SELECT COUNT(DISTINCT s.id) FROM staff s JOIN roster d ON d.staff_id = s.id WHERE s.active AND s.mobile_sealed IS NULL")
    assert done.returncode == 0 and "sms      done" in done.stdout and ("no mobile number" in done.stdout) == (silent > 0)
    for wrong in (["list", "--state", "gone"], ["list", "--number", "261100000017"], ["list", "--limit", "0"], ["count", "--state", "new"], ["send"]):
        assert mariadb.ctl(stack.layout, "outbox", *wrong).returncode == 2
