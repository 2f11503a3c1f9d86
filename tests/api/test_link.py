"""The link of a message: rate, re-open and reply without a login, for one resolution, until the window ends, ten guesses."""
import base64
import datetime
import hashlib
import re
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import people
from client import fresh_key
from watch import together, wait_until

QUIET = "LGT-02"        # needs no photo of what was done
WARD = 68
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Story:
    """One complaint of one citizen, and the messages about it."""

    def __init__(self, stack, phone, database, citizen, **more):
        self.stack, self.phone, self.db, self.citizen = stack, phone, database, citizen
        self.number = citizen.lodge(subcategory=QUIET, ward=WARD, description="zxqv dark street", landmark="zxqv gate", name="Zxqv Sen",
                                    **more).data["number"]

    def joined_by(self, neighbour):
        return Story(self.stack, self.phone, self.db, neighbour, me_too=self.number)

    def holder(self):
        return people.holder(self.stack, self.phone, self.db, self.number)

    def set(self, assignments, *values):
        self.db(f"UPDATE complaint SET {assignments} WHERE number = %s", (*values, self.number))

    def resolve(self, note="Two lamps replaced"):
        people.act(self.holder(), self.number, "resolve", note=note)
        return self.link()

    def resolve_by_eo(self, level):
        people.act(people.officer(self.stack, self.phone, self.db, self.db(
            "SELECT s.user_name FROM roster r JOIN staff s ON s.id = r.staff_id AND s.active WHERE r.role = 'EO' AND r.department_code = 'LGT'"
            " AND r.eo_level = %s AND (r.borough_no IS NULL OR r.borough_no = (SELECT borough_no FROM complaint WHERE number = %s)) LIMIT 1",
            (level, self.number))[0][0]), self.number, "resolve", note="Done again")
        return self.link()

    def link(self, seconds=10 * 86400, reopened=None):
        """One more link as the messages carry them: what was sent cannot be read, only its hash is there."""
        link = self.number + base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()
        self.db("INSERT INTO link (token_hash, complaint_id, reopen_count, expires_at) SELECT %s, id,"
                " IFNULL(%s, reopen_count + reopens_left + IFNULL((SELECT p.reopen_count FROM complaint p WHERE p.id = c.parent_id), 0)), %s"
                " FROM complaint c WHERE number = %s",
                (hashlib.sha256(link.encode()).digest(), reopened, datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds), self.number))
        return link

    def sent(self, n):
        """The link of the nth message about this complaint that carries one."""
        def links():
            return [m for text in self.phone.messages(self.citizen.mobile) for m in re.findall("/r#(" + self.number + ".{16})", text["text"])]
        wait_until(lambda: len(links()) >= n, 10, "the message")
        return links()[n - 1]

    def state(self):
        return self.db("SELECT state FROM complaint WHERE number = %s", (self.number,))[0][0]

    def tries(self, link):
        return self.db("SELECT tries FROM link WHERE token_hash = %s", (hashlib.sha256(link.encode()).digest(),))[0][0]


@pytest.fixture
def story(stack, phone, database, anyone):
    return Story(stack, phone, database, anyone.login())


def look(who, link, expect=200):
    return who.post("/links", {"link": link}, expect=expect)


def do(who, link, action, version, expect=200, key=None, **fields):
    return who.post("/links/actions", {"link": link, "action": action, "version": version, **fields}, expect=expect, key=key or fresh_key())


def wrong(link):
    return link[:12] + "".join(secrets.choice(ALPHABET) for _ in range(16))


def offers(view):
    return [o["action"] for o in view["allowed_actions"]]


# -- what its page shows

def test_the_link_of_a_resolution_shows_it_and_what_can_be_done(anyone, story):
    link = story.resolve("Two lamps replaced. দু'টি বাতি বদলানো হল।")
    answer = look(anyone, link)
    view = answer.data
    assert (view["number"], view["state"], view["ward"], view["level"]) == (story.number, "RESOLVED", WARD, 0)
    assert view["display"].replace(" ", "") == story.number
    assert view["note"] == "Two lamps replaced. দু'টি বাতি বদলানো হল।" and view["question"] is None
    assert view["subcategory"]["code"] == QUIET and view["department"]["bn"]
    assert view["resolved_at"] and view["expires_at"] > view["resolved_at"]
    assert offers(view) == ["reopen", "rate"]
    assert view["version"] == story.citizen.get(f"/complaints/{story.number}", expect=200).data["version"]
    text = answer.body.decode().lower()
    assert "zxqv" not in text and story.citizen.mobile not in text and link[12:] not in text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_message_carries_a_link_that_works(anyone, story, database):
    people.act(story.holder(), story.number, "resolve", note="Done")
    assert database("SELECT COUNT(*) FROM link l JOIN complaint c ON c.id = l.complaint_id WHERE number = %s", (story.number,)) == ((1,),)
    assert look(anyone, story.sent(1)).data["state"] == "RESOLVED"


def test_a_reject_shows_its_reason(anyone, story):
    story.set("state = 'UNASSIGNED', holder_id = NULL")
    people.act(people.officer(story.stack, story.phone, story.db, "gro.lgt"), story.number, "reject", note="Not a public lamp")
    view = look(anyone, story.link()).data
    assert (view["state"], view["note"]) == ("REJECTED", "Not a public lamp")
    assert "reopen" in offers(view)


def test_an_open_complaint_shows_no_note(anyone, story):
    view = look(anyone, story.link()).data
    assert (view["note"], view["question"], view["allowed_actions"]) == (None, None, [])


# -- what its holder may do

def test_a_question_is_read_and_answered(anyone, story):
    people.act(story.holder(), story.number, "ask_citizen", note="Which lamp post?")
    link = story.link()
    view = look(anyone, link).data
    assert (view["state"], view["question"], offers(view)) == ("AWAITING_CITIZEN", "Which lamp post?", ["reply"])
    assert do(anyone, link, "reply", view["version"], expect=422).pointers("required") == ["/note"]
    done = do(anyone, link, "reply", view["version"], note="Number 7").data
    assert done["state"] == "ASSIGNED" and done["number"] == story.number
    steps = story.citizen.get(f"/complaints/{story.number}/timeline", expect=200).data["items"]
    assert [(s["action"], s["by"], s["note"]) for s in steps][-1] == ("reply", "citizen", "Number 7")
    assert look(anyone, link).data["question"] is None


def test_it_is_rated_once_and_can_still_be_reopened(anyone, story, database):
    link = story.resolve()
    view = look(anyone, link).data
    done = do(anyone, link, "rate", view["version"], stars=2, reasons=["slow"], comment="খুব দেরি").data
    assert done["state"] == "CLOSED"
    assert database("SELECT stars, comment FROM rating r JOIN complaint c ON c.id = r.complaint_id WHERE number = %s", (story.number,)) == ((2, "খুব দেরি"),)
    again = look(anyone, link).data
    assert offers(again) == ["reopen"] and again["note"] == "Two lamps replaced"
    assert do(anyone, link, "rate", again["version"], expect=409, stars=5).code == "illegal_move"
    assert do(anyone, link, "reopen", again["version"], note="dark again").data["state"] == "ESCALATED"


@pytest.mark.parametrize("fields, pointer", [({"stars": 0}, "/stars"), ({"stars": 6}, "/stars"), ({"stars": "5"}, "/stars"), ({}, "/stars"),
                                             ({"stars": 5, "note": "x"}, "/note"), ({"stars": 1, "reasons": ["nonsense"]}, "/reasons/0"),
                                             ({"stars": 5, "lme": "lme1"}, "/lme"), ({"stars": 5, "attachments": []}, "/attachments")])
def test_what_does_not_belong_to_a_rating_is_refused(anyone, story, fields, pointer):
    link = story.resolve()
    version = look(anyone, link).data["version"]
    assert pointer in do(anyone, link, "rate", version, expect=422, **fields).pointers()
    assert story.state() == "RESOLVED"


def test_a_reopening_spends_its_link_but_its_repetition_is_answered(anyone, story):
    link = story.resolve()
    version, key = look(anyone, link).data["version"], fresh_key()
    first = do(anyone, link, "reopen", version, note="dark", key=key)
    assert (first.data["state"], first.data["level"]) == ("ESCALATED", 1)
    again = do(anyone, link, "reopen", version, note="dark", key=key)
    assert again.body == first.body
    assert do(anyone, link, "reopen", version, note="dark", expect=410).code == "link_spent"
    assert do(anyone, link, "reopen", version, note="another", key=key, expect=422).code == "key_reused"
    assert look(anyone, link, expect=410).code == "link_spent"
    assert story.db("SELECT reopen_count FROM complaint WHERE number = %s", (story.number,))[0][0] == 1


def test_the_first_link_is_useless_after_the_second_resolution(anyone, story):
    first = story.resolve()
    do(anyone, first, "reopen", look(anyone, first).data["version"], note="dark")
    second = story.resolve_by_eo(1)
    for _ in range(12):
        assert look(anyone, first, expect=410).code == "link_spent"
    view = look(anyone, second).data
    assert do(anyone, first, "rate", view["version"], stars=1, expect=410).code == "link_spent"
    assert do(anyone, second, "reopen", view["version"], note="dark still").data["level"] == 2
    third = story.resolve_by_eo(2)
    view = look(anyone, third).data
    assert offers(view) == ["rate"], "a third re-opening is not offered"
    refused = do(anyone, third, "reopen", view["version"], note="once more", expect=409)
    assert refused.code == "illegal_move"
    assert do(anyone, third, "rate", view["version"], stars=4).data["state"] == "CLOSED"


@pytest.mark.parametrize("action", ["withdraw", "note", "assign", "close", "merge", "resolve", "", 1, None])
def test_it_opens_nothing_else(anyone, story, action):
    link = story.resolve()
    assert do(anyone, link, action, look(anyone, link).data["version"], expect=422, note="x").pointers() == ["/action"]
    assert story.state() == "RESOLVED"


def test_it_opens_only_its_own_complaint(anyone, story):
    other = Story(story.stack, story.phone, story.db, story.citizen)
    link = story.resolve()
    other.resolve()
    assert look(anyone, other.number + link[12:], expect=410).code == "link_spent"
    assert anyone.get(f"/complaints/{story.number}", expect=401).code == "unauthenticated"


def test_an_old_version_hears_what_happened(anyone, story):
    link = story.resolve()
    version = look(anyone, link).data["version"]
    do(anyone, link, "rate", version, stars=3)
    late = do(anyone, link, "reopen", version, note="dark", expect=409).data
    assert (late["code"], late["state"], late["last_action"], late["by"]) == ("changed_meanwhile", "CLOSED", "rate", "citizen")


def test_who_has_no_login_because_nobody_complained(anyone, story):
    """An anonymous complaint: the link is all there is."""
    link = story.resolve()
    story.set("citizen_id = NULL")
    version = look(anyone, link).data["version"]
    assert do(anyone, link, "reopen", version, note="dark").data["state"] == "ESCALATED"
    assert story.db("SELECT actor_kind, actor_id FROM complaint_event e JOIN complaint c ON c.id = e.complaint_id WHERE c.number = %s"
                    " ORDER BY seq DESC LIMIT 1", (story.number,)) == (("citizen", None),)


def test_keys_of_two_links_never_meet(anyone, story):
    other = Story(story.stack, story.phone, story.db, story.citizen)
    key = fresh_key()
    for one in (story, other):
        link = one.resolve()
        assert do(anyone, link, "rate", look(anyone, link).data["version"], stars=5, key=key).data["number"] == one.number


# -- a duplicate has links of its own

def test_a_duplicate_shows_and_rates_its_parents_resolution(anyone, story, database):
    child = story.joined_by(anyone.login())
    story.resolve("Lamps replaced")
    link = child.link()
    view = look(anyone, link).data
    assert (view["number"], view["state"], view["note"]) == (child.number, "RESOLVED", "Lamps replaced")
    assert [s["state"] for s in view["timeline"]] == ["DUPLICATE", "RESOLVED"]
    assert story.number not in str(view)
    assert offers(view) == ["reopen", "rate"]
    do(anyone, link, "rate", view["version"], stars=5)
    assert database("SELECT stars FROM rating r JOIN complaint c ON c.id = r.complaint_id WHERE number = %s", (child.number,)) == ((5,),)
    assert story.state() == "RESOLVED"
    done = do(anyone, link, "reopen", look(anyone, link).data["version"], note="mine is dark").data
    assert (done["number"], done["state"], done["level"]) == (child.number, "ESCALATED", 1)
    assert story.state() == "RESOLVED"


def test_a_duplicate_on_its_own_again_counts_on(anyone, story, database):
    """What was said of its parent's second resolution is not taken for what is said of its own first."""
    child = story.joined_by(anyone.login())
    link = story.resolve()
    assert look(anyone, child.sent(1)).data["state"] == "RESOLVED"
    do(anyone, link, "reopen", look(anyone, link).data["version"], note="dark")
    assert look(anyone, child.sent(1), expect=410).code == "link_spent"
    story.resolve_by_eo(1)
    first = child.sent(2)
    do(anyone, first, "rate", look(anyone, first).data["version"], stars=2)
    do(anyone, first, "reopen", look(anyone, first).data["version"], note="mine is dark")
    second = child.resolve_by_eo(1)
    assert look(anyone, first, expect=410).code == "link_spent"
    view = look(anyone, second).data
    assert sorted(offers(view)) == ["rate", "reopen"]
    do(anyone, second, "rate", view["version"], stars=4)
    assert database("SELECT stars FROM rating r JOIN complaint c ON c.id = r.complaint_id WHERE number = %s ORDER BY r.reopen_count",
                    (child.number,)) == ((2,), (4,))


def test_what_is_taken_apart_when_its_parent_was_done_has_a_resolution_of_its_own(anyone, story, database):
    child = story.joined_by(anyone.login())
    story.resolve()
    first = child.sent(1)
    do(anyone, first, "rate", look(anyone, first).data["version"], stars=2)
    people.act(people.officer(story.stack, story.phone, database, "gro.lgt"), child.number, "unmerge")
    assert look(anyone, first, expect=410).code == "link_spent"
    child.resolve()
    second = child.sent(2)
    assert sorted(offers(look(anyone, second).data)) == ["rate", "reopen"]
    do(anyone, second, "rate", look(anyone, second).data["version"], stars=4)
    assert look(anyone, first, expect=410).code == "link_spent"
    assert database("SELECT stars FROM rating r JOIN complaint c ON c.id = r.complaint_id WHERE number = %s ORDER BY r.reopen_count",
                    (child.number,)) == ((2,), (4,))


def test_merging_marks_the_parent_as_joining_does(anyone, story, database):
    other = Story(story.stack, story.phone, database, anyone.login())
    people.act(people.officer(story.stack, story.phone, database, "gro.lgt"), other.number, "merge", parent=story.number)
    assert database("SELECT joined FROM complaint WHERE number = %s", (story.number,)) == ((1,),)
    assert anyone.status(other.number, expect=200).data["state"] == story.state()


def test_the_public_status_of_a_duplicate_moves_with_its_parent(anyone, story):
    neighbour = anyone.login()
    number = neighbour.lodge(subcategory=QUIET, ward=WARD, me_too=story.number).data["number"]
    assert anyone.status(number, expect=200).data["state"] == "ASSIGNED"
    assert anyone.status(number, expect=200).data["state"] == "ASSIGNED"      # from the cache now
    own = neighbour.get(f"/complaints/{number}", expect=200).data
    assert own["parent"] == {"number": story.number, "state": "ASSIGNED"}
    story.resolve()
    shown, parent = anyone.status(number, expect=200).data, anyone.status(story.number, expect=200).data
    assert (shown["state"], shown["resolved_at"], shown["due_at"]) == ("RESOLVED", parent["resolved_at"], parent["due_at"])
    assert [s["state"] for s in shown["timeline"]] == ["DUPLICATE", "RESOLVED"]
    assert story.number not in str(shown)


# -- whoever has not got it

def test_after_ten_wrong_secrets_even_the_right_one_is_refused(anyone, story):
    link = story.resolve()
    for i in range(10):
        assert look(anyone, link).data["state"] == "RESOLVED"
        refused = (look(anyone, wrong(link), expect=410) if i % 2 else do(anyone, wrong(link), "rate", 1, stars=1, expect=410))
        assert refused.code == "link_spent"
    assert look(anyone, link, expect=410).code == "link_spent"
    assert do(anyone, link, "rate", 2, stars=5, expect=410).code == "link_spent"
    assert look(anyone, story.link()).data["state"] == "RESOLVED", "a new message helps"


@given(guesses=st.lists(st.text(ALPHABET, min_size=16, max_size=16), max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_wrong_secret_counts_and_none_opens(anyone, story, guesses):
    story.db("DELETE FROM link WHERE complaint_id = (SELECT id FROM complaint WHERE number = %s)", (story.number,))
    link = story.link()
    for secret in guesses:
        assert look(anyone, story.number + secret, expect=410).code == "link_spent"
    assert story.tries(link) == min(len(guesses), 10)
    look(anyone, link, expect=410 if len(guesses) >= 10 else 200)


def test_all_refusals_are_one(anyone, story):
    """Who guesses does not learn which numbers have a link, had one, or exist."""
    link = story.resolve()
    expired, old, used = story.link(seconds=-5), story.link(reopened=7), story.link()
    for _ in range(10):
        look(anyone, wrong(link), expect=410)
    cases = [wrong(link), expired, old, used, "261199999993" + link[12:], "000000000000" + link[12:]]
    seen = {(a.code, a.data["detail"], a.data["title"], tuple(sorted(a.data))) for a in (look(anyone, c, expect=410) for c in cases)}
    assert len(seen) == 1


@pytest.mark.parametrize("language, word", [("en", "link"), ("bn", "লিঙ্ক"), ("hi", "लिंक")])
def test_the_refusal_speaks_the_callers_language(anyone, story, language, word):
    refused = anyone.post("/links", {"link": wrong(story.number + "A" * 16)}, expect=410, headers={"Accept-Language": language})
    assert word in refused.data["detail"]


@pytest.mark.parametrize("bad", ["", "2611", "x" * 28, "26110000001" + "A" * 17, "261100000016" + "A" * 15, "261100000016" + "A" * 17,
                                 "261100000016" + "A" * 15 + "=", "261100000016" + "A" * 15 + "+", "২৬১১০০০০০০১৬" + "A" * 16, "/r#261100000016" + "A" * 16])
def test_what_is_no_link_is_told_so(anyone, bad):
    refused = look(anyone, bad, expect=422)
    assert refused.code == "invalid" and refused.pointers() == ["/link"]


# -- time

def test_it_ends_with_the_window(anyone, story):
    link = story.resolve()
    digest = hashlib.sha256(link.encode()).digest()
    end = datetime.datetime.utcnow() + datetime.timedelta(seconds=30)
    story.db("UPDATE link SET expires_at = %s WHERE token_hash = %s", (end, digest))
    look(anyone, link)
    story.db("UPDATE link SET expires_at = %s WHERE token_hash = %s", (datetime.datetime.utcnow() - datetime.timedelta(milliseconds=5), digest))
    assert look(anyone, link, expect=410).code == "link_spent"
    assert do(anyone, link, "rate", 2, stars=5, expect=410).code == "link_spent"
    assert story.state() == "RESOLVED"


def test_the_stored_time_of_the_resolution_rules_not_the_link(anyone, story):
    """A link that outlives the window, as after a change of the setting, does not lengthen it."""
    link = story.resolve()
    story.set("resolved_at = resolved_at - INTERVAL 864001 SECOND")
    view = look(anyone, link).data
    assert "reopen" not in offers(view)
    refused = do(anyone, link, "reopen", view["version"], note="too late", expect=409)
    assert refused.code == "illegal_move" and story.state() == "RESOLVED"


# -- robots, logs, parallel use

@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/links", "/links/actions", "/links?link=", "/links/actions?action=reopen&link="])
def test_a_preview_robot_changes_nothing(anyone, story, method, path):
    link = story.resolve()
    anyone.call(method, path + (link if path.endswith("=") else ""), expect=405)
    assert story.state() == "RESOLVED" and story.tries(link) == 0
    look(anyone, link)


def test_a_link_in_the_address_is_not_read(anyone, story):
    link = story.resolve()
    assert anyone.post(f"/links?link={link}", {}, expect=422).pointers("required") == ["/link"]


def test_the_secret_stands_in_no_log(anyone, story, stack):
    link = story.resolve()
    version = look(anyone, link).data["version"]
    do(anyone, link, "rate", version, stars=4)
    look(anyone, wrong(link), expect=410)
    logs = list(stack.layout.log.glob("*"))
    assert logs
    for log in logs:
        assert link[12:].encode() not in log.read_bytes(), log.name


def test_of_two_at_once_one_reopens(anyone, story):
    link = story.resolve()
    version = look(anyone, link).data["version"]
    clients = [anyone.anonymous() for _ in range(6)]
    answers = together(6, lambda i: do(clients[i], link, "reopen", version, note="dark", expect=(200, 409, 410)))
    assert sorted(a.status for a in answers)[0] == 200 and [a.status for a in answers].count(200) == 1
    assert {a.code for a in answers if a.status != 200} <= {"changed_meanwhile", "link_spent"}
    assert story.db("SELECT reopen_count FROM complaint WHERE number = %s", (story.number,))[0][0] == 1


def test_the_same_at_once_with_one_key_is_done_once(anyone, story):
    link = story.resolve()
    version, key = look(anyone, link).data["version"], fresh_key()
    clients = [anyone.anonymous() for _ in range(6)]

    def reopen(i):
        answer = do(clients[i], link, "reopen", version, note="dark", key=key, expect=(200, 409))
        while answer.status == 409:
            assert answer.code == "still_running"
            answer = do(clients[i], link, "reopen", version, note="dark", key=key, expect=(200, 409))
        return answer

    assert len({a.body for a in together(6, reopen)}) == 1
    assert story.db("SELECT reopen_count FROM complaint WHERE number = %s", (story.number,))[0][0] == 1


def test_guesses_at_once_are_all_counted(anyone, story):
    link = story.link()
    clients = [anyone.anonymous() for _ in range(10)]
    together(10, lambda i: look(clients[i], wrong(link), expect=410))
    assert story.tries(link) == 10
    look(anyone, link, expect=410)
