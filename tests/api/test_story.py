"""The circular's story, every step looked at from all sides: who has it, at what level and until when, who was told what in whose
language, what the citizen may still do; in the end the third re-open refused and the rating kept. The README plays it in a shell."""
import csv
import datetime
import re

import pytest

import openapi
import pictures
from life import COLLEAGUE, EO1, EO2, GRO, LME, Life, officers

MANHOLE, SLA_H, WINDOW_D = "DRN-04", 4, 10          # the subcategory asks for a photo
LME_USER, COLLEAGUE_USER = "lme.drn.b10", "lme.drn.b09"
SEED = openapi.ROOT / "sql" / "seed"
KOLKATA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
WORDS = {
    "en": {"manhole": "No cover in front of the school", "reason": "It lies across the road, in borough 9", "loose": "The cover is loose"},
    "bn": {"manhole": "স্কুলের সামনে ঢাকনা নেই", "reason": "ম্যানহোলটি রাস্তার উল্টো দিকে, বরো ৯-এ", "loose": "ঢাকনাটি আলগা"},
    "hi": {"manhole": "स्कूल के सामने ढक्कन नहीं है", "reason": "मैनहोल सड़क के उस पार, बरो ९ में है", "loose": "ढक्कन ढीला है"},
}


@pytest.fixture(scope="module")
def staff(stack, phone):
    return officers(stack, phone)


def seeded(name, code):
    with open(SEED / name, encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["code"] == code)


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def hours_between(one, other):
    return (time_of(other) - time_of(one)).total_seconds() / 3600


class Story(Life):
    """A life that is looked at as its officers see it, and whose messages to the citizen are read word by word."""

    def seen_as(self, who):
        return who.get(f"/complaints/{self.number}", expect=200).data

    def stands(self, state, level, holder=None, proposed=None, reopened=0):
        """That it is so for officers, in the move's answer and in public."""
        c = self.seen_as(self.staff["gro"])
        assert (c["state"], c["level"], c["version"], c["reopen_count"]) == (state, level, self.version, reopened)
        assert [c[name] and c[name]["user"] for name in ("holder", "proposed")] == [holder, proposed]
        assert self.citizen.status(self.number, expect=200).data["state"] == state
        return c

    def offers(self, who):
        return {o["action"]: o for o in self.seen_as(who)["allowed_actions"]}

    def citizen_reads(self, messages, c):
        """The message to the citizen is the template of their language, filled with what is so. Gives its link, if it has one."""
        message, = [m for m in messages if m["to"].endswith(self.citizen.mobile)]
        wording = seeded("templates.csv", message["template"])
        until = c["resolved_at"] and time_of(c["resolved_at"]) + datetime.timedelta(days=WINDOW_D)
        values = {"number": c["display"], "subcategory": seeded("subcategories.csv", MANHOLE)[self.language],
                  "due": time_of(c["due_at"]).astimezone(KOLKATA).strftime("%d-%m-%Y %H:%M"),
                  "until": until and until.astimezone(KOLKATA).strftime("%d-%m-%Y"), "site": self.citizen.base_url, "link": "*"}
        link = re.search(r"/r#(\S{28})", message["text"])
        wanted = re.sub(r"\{(\w+)\}", lambda m: values[m[1]], wording[self.language])
        assert (message["text"].replace(link[1], "*") if link else message["text"]) == wanted
        assert message["template_id"] == wording["dlt_id_" + self.language]
        return link and link[1]


@pytest.mark.parametrize("language", ["bn", "en", "hi"])
def test_the_story_of_the_circular(fresh_citizen, staff, anyone, language):
    words = WORDS[language]
    story = Story(fresh_citizen, staff, language, subcategory=MANHOLE, description=words["manhole"])
    citizen, lme, colleague, gro = fresh_citizen, staff["lme"], staff["lme2"], staff["gro"]

    # lodged: with the borough's LME, who may do just this with it
    told = story.told(("citizen", "registered"), (LME, "lme_assigned"))
    c = story.stands("ASSIGNED", 0, LME_USER)
    story.citizen_reads(told, c)
    assert hours_between(c["lodged_at"], c["due_at"]) == SLA_H and c["escalate_at"] == c["due_at"]
    assert set(story.offers(lme)) == {"start", "request_reassign", "resolve", "ask_citizen", "note"}
    assert story.offers(lme)["resolve"]["needs"] == ["note", "attachments"]
    assert set(story.offers(citizen)) == {"withdraw", "note"}
    mine = lme.get("/inbox", params={"tab": "mine", "text": story.number}, expect=200).data["items"]
    assert [(i["number"], i["holder"]["user"], i["overdue"]) for i in mine] == [(story.number, LME_USER, False)]
    colleague.get(f"/complaints/{story.number}", expect=404)

    # the LME asks for a colleague, by name and with a reason
    refused = story.act(lme, "request_reassign", lme=COLLEAGUE_USER, expect=422)
    assert refused.pointers("required") == ["/note"]
    story.act(lme, "request_reassign", lme=COLLEAGUE_USER, note=words["reason"])
    told = story.told(("citizen", "reassigned"), (GRO, "gro_reassign_request"))
    story.citizen_reads(told, story.stands("REASSIGN_REQUESTED", 0, LME_USER, proposed=COLLEAGUE_USER))
    asked = next(m for m in told if m["template"] == "gro_reassign_request")["text"]
    assert words["reason"][:20] in asked and story.lodged["display"] in asked
    asking = gro.get("/inbox", params={"tab": "requests", "text": story.number}, expect=200).data["items"]
    assert [i["number"] for i in asking] == [story.number]

    # the GRO agrees
    story.act(gro, "assign", lme=COLLEAGUE_USER)
    told = story.told(("citizen", "assigned"), (COLLEAGUE, "lme_assigned"))
    assert story.citizen_reads(told, story.stands("ASSIGNED", 0, COLLEAGUE_USER)) is None
    lme.get(f"/complaints/{story.number}", expect=404)

    # the colleague resolves it, with a photo and not without, which the citizen can look at
    refused = story.act(colleague, "resolve", note="A new cover", expect=422)
    assert refused.pointers("required") == ["/attachments"]
    photo = colleague.upload(pictures.saved(pictures.corners())).data["id"]
    story.act(colleague, "resolve", note="A new cover", attachments=[photo])
    told = story.told(("citizen", "resolved"))
    c = story.stands("RESOLVED", 0)
    links = [story.citizen_reads(told, c)]
    own = story.seen_as(citizen)
    assert [(a["id"], a["seq"], a["internal"]) for a in own["attachments"]] == [(photo, 4, False)]
    assert citizen.get(f"/complaints/{story.number}/attachments/{photo}", expect=200).headers["Content-Type"] == "image/jpeg"
    assert set(story.offers(citizen)) == {"reopen", "rate"}
    assert hours_between(c["resolved_at"], story.offers(citizen)["reopen"]["until"]) == WINDOW_D * 24

    # twice the citizen re-opens it: each time a level higher, with a new promise, and resolved by who holds that level
    for level, eo, other, mobile in ((1, "eo1", "eo2", EO1), (2, "eo2", "eo1", EO2)):
        story.act(citizen, "reopen", note=words["loose"])
        told = story.told(("citizen", "reopened"), (mobile, "eo_reopened"))
        c = story.stands("ESCALATED", level, reopened=level)
        story.citizen_reads(told, c)
        reopened_at = citizen.get(f"/complaints/{story.number}/timeline", expect=200).data["items"][-1]["at"]
        assert c["resolved_at"] is None and hours_between(reopened_at, c["due_at"]) == SLA_H
        assert c["escalate_at"] == (c["due_at"] if level == 1 else None)
        assert "resolve" in story.offers(staff[eo]) and set(story.offers(staff[other])) == {"note"}
        story.act(staff[other], "resolve", note="Not mine to decide", expect=403)
        # who resolved it last sees it still
        assert colleague.get(f"/complaints/{story.number}", expect=200 if level == 1 else 404).data.get("allowed_actions", []) == []
        story.act(staff[eo], "resolve", note="Welded")
        # nobody is told that they could re-open it when they could not
        told = story.told(("citizen", "resolved" if level == 1 else "resolved_last"))
        c = story.stands("RESOLVED", level, reopened=level)
        links.append(story.citizen_reads(told, c))
    assert len(set(links)) == 3, "each resolution has a link of its own"

    # not a third time, by login or by link; the refusal says why and since when, and nothing comes of it
    assert set(story.offers(citizen)) == {"rate"}
    refused = story.act(citizen, "reopen", note=words["loose"], expect=409)
    assert (refused.code, refused.data["why"], refused.data["action"]) == ("illegal_move", "reopened_twice", "reopen")
    assert (refused.data["state"], refused.data["version"], refused.data["since"]) == ("RESOLVED", story.version, c["resolved_at"])
    assert (refused.data["last_action"], refused.data["by"]) == ("resolve", "staff") and "by_name" not in refused.data
    shown = anyone.post("/links", {"link": links[2]}, expect=200).data
    assert [o["action"] for o in shown["allowed_actions"]] == ["rate"]
    story.told()
    story.stands("RESOLVED", 2, reopened=2)

    # rated, for good
    for stars in (0, 6, "4"):
        assert story.act(citizen, "rate", stars=stars, expect=422).pointers() == ["/stars"]
    story.act(citizen, "rate", stars=4, reasons=["well_done"], comment="Thank you")
    rated, = story.told((EO2, "holder_rated"))
    assert "4" in rated["text"].replace(story.lodged["display"], "")
    story.stands("CLOSED", 2, reopened=2)
    rating = story.seen_as(citizen)["rating"]
    assert (rating["stars"], rating["reasons"], rating["comment"]) == (4, ["well_done"], "Thank you")
    assert story.offers(citizen) == {}
    for action, why, fields in (("rate", "rated", {"stars": 1}), ("reopen", "reopened_twice", {"note": words["loose"]})):
        refused = story.act(citizen, action, expect=409, **fields)
        assert (refused.data["why"], refused.data["state"]) == (why, "CLOSED")
    story.told()

    happened = citizen.get(f"/complaints/{story.number}/timeline", expect=200).data["items"]
    assert [(e["seq"], e["action"], e["state"], e["by"]) for e in happened] == [
        (1, "lodge", "ASSIGNED", "citizen"), (2, "request_reassign", "REASSIGN_REQUESTED", "staff"), (3, "assign", "ASSIGNED", "staff"),
        (4, "resolve", "RESOLVED", "staff"), (5, "reopen", "ESCALATED", "citizen"), (6, "resolve", "RESOLVED", "staff"),
        (7, "reopen", "ESCALATED", "citizen"), (8, "resolve", "RESOLVED", "staff"), (9, "rate", "CLOSED", "citizen")]
