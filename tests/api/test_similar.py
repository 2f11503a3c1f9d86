"""Has it been reported already? What is open near a place, and joining it with me_too."""
import math

import pytest

import people
from client import fresh_key
from test_catalogue import GAP, HOWRAH
from watch import together

LAT, LON, WARD = 22.5194, 88.3656, 68
METRE = 1 / 111195      # degrees north


@pytest.fixture
def subcategory(anyone, database):
    """One that has no open complaint: the other tests' are withdrawn."""
    code = "LGT-02"
    database("UPDATE complaint SET state = 'WITHDRAWN' WHERE subcategory_code = %s", (code,))
    return code


@pytest.fixture
def neighbour(anyone):
    return anyone.login()


@pytest.fixture
def officer(stack, phone, database):
    """Somebody with this user name, logged in."""
    def login(user):
        return people.officer(stack, phone, database, user)
    return login


def point(north=0.0, east=0.0):
    """That many metres from the middle."""
    return {"lat": round(LAT + north * METRE, 7), "lon": round(LON + east * METRE / math.cos(math.radians(LAT)), 7)}


def similar(who, subcategory, expect=200, **more):
    return who.post("/complaints/similar", {"subcategory": subcategory, **more}, expect=expect)


def items(who, subcategory, **more):
    return similar(who, subcategory, **more).data["items"]


def lodge(who, subcategory, **more):
    return who.lodge(subcategory=subcategory, **{"ward": None, **more}).data["number"]


def join(who, subcategory, parent, expect=201, **more):
    return who.lodge(expect=expect, subcategory=subcategory, me_too=parent, **{"ward": WARD, **more})


# -- what is near

def test_nearest_first_then_the_ward(fresh_citizen, neighbour, subcategory):
    far = lodge(neighbour, subcategory, location=point(north=200))
    near = lodge(neighbour, subcategory, location=point(east=50))
    pointless = lodge(neighbour, subcategory, ward=WARD)
    lodge(neighbour, subcategory, location=point(north=400))
    lodge(neighbour, subcategory, ward=WARD + 1)
    found = items(fresh_citizen, subcategory, location=point())
    assert [i["number"] for i in found] == [near, far, pointless]
    assert [i["distance_m"] for i in found] in ([a, b, None] for a in (40, 50, 60) for b in (190, 200, 210))
    assert [i["mine"] for i in found] == [False] * 3
    assert found[0]["display"].replace(" ", "") == near and found[0]["ward"] == WARD and found[0]["duplicates"] == 0
    assert items(neighbour, subcategory, location=point(), limit=1)[0]["mine"] is True


def test_a_point_near_the_border_sees_the_other_ward(fresh_citizen, neighbour, subcategory):
    """Wherever the border runs: what matters is how far it is."""
    other = lodge(neighbour, subcategory, location=point(north=100), ward=67)
    assert [(i["number"], i["ward"]) for i in items(fresh_citizen, subcategory, location=point())] == [(other, 67)]


def test_without_a_point_it_is_the_ward(fresh_citizen, neighbour, subcategory):
    first, second = lodge(neighbour, subcategory, location=point()), lodge(neighbour, subcategory, ward=WARD)
    found = items(fresh_citizen, subcategory, ward=WARD)
    assert [(i["number"], i["distance_m"]) for i in found] == [(second, None), (first, None)]
    assert items(fresh_citizen, subcategory, ward=1) == []


def test_what_is_closed_or_a_duplicate_is_left_out(fresh_citizen, neighbour, subcategory):
    number = lodge(neighbour, subcategory, ward=WARD)
    join(fresh_citizen, subcategory, number)
    assert [(i["number"], i["duplicates"]) for i in items(fresh_citizen, subcategory, ward=WARD)] == [(number, 1)]
    neighbour.withdraw(number)
    assert number not in [i["number"] for i in items(fresh_citizen, subcategory, ward=WARD)]


def test_nothing_personal_leaves(fresh_citizen, neighbour, subcategory):
    lodge(neighbour, subcategory, location={**point(), "accuracy_m": 7}, description="zxqv words", landmark="zxqv corner", name="Zxqv Sen")
    answer = similar(fresh_citizen, subcategory, location=point())
    text = answer.body.decode().lower()
    assert len(answer.data["items"]) == 1
    assert "zxqv" not in text and neighbour.mobile not in text and "lat" not in text and "22.5" not in text


def test_in_the_gap_the_point_alone_must_do(fresh_citizen, neighbour, subcategory):
    gap = {"lat": GAP[0], "lon": GAP[1]}
    number = lodge(neighbour, subcategory, location=gap, ward=143)
    lodge(neighbour, subcategory, ward=143)
    assert [i["number"] for i in items(fresh_citizen, subcategory, location=gap)] == [number]
    assert len(items(fresh_citizen, subcategory, location=gap, ward=143)) == 2


@pytest.mark.parametrize("body, pointer, code", [
    ({}, "/subcategory", "required"), ({"subcategory": "LGT-02"}, "/ward", "required"), ({"subcategory": "NO-01", "ward": 1}, "/subcategory", "not_found"),
    ({"subcategory": "আলো", "ward": 1}, "/subcategory", "not_found"), ({"subcategory": "LGT-02", "ward": 145}, "/ward", "range"),
    ({"subcategory": "LGT-02", "ward": "1"}, "/ward", "type"), ({"subcategory": "LGT-02", "location": {"lat": 22.5}}, "/location/lon", "required"),
    ({"subcategory": "LGT-02", "ward": 1, "limit": 101}, "/limit", "range"), ({"subcategory": "LGT-02", "ward": 1, "radius": 5000}, "/radius", "unknown_key"),
    ({"subcategory": "LGT-02", "location": {"lat": HOWRAH[0], "lon": HOWRAH[1]}}, "/location", "outside_kolkata"),
])
def test_what_is_wrong_is_said_with_its_pointer(citizen, body, pointer, code):
    assert pointer in citizen.post("/complaints/similar", body, expect=422).pointers(code)


def test_who_may_ask(anyone, citizen, officer):
    ask = {"subcategory": "LGT-02", "ward": 1}
    assert anyone.post("/complaints/similar", ask, expect=401).code == "unauthenticated"
    for user in ("desk1", "gro.lgt", "gro.drn"):
        officer(user).post("/complaints/similar", ask, expect=200)
    for user in ("commissioner", "mayor", "admin"):
        assert officer(user).post("/complaints/similar", ask, expect=403).code == "forbidden"
    assert citizen.get("/complaints/similar", expect=405).headers["Allow"] == "POST"


def test_for_an_officer_nothing_is_mine(officer, neighbour, subcategory):
    lodge(neighbour, subcategory, ward=WARD)
    assert [i["mine"] for i in items(officer("desk1"), subcategory, ward=WARD)] == [False]


# -- joining it

def test_joining_makes_a_duplicate(fresh_citizen, neighbour, subcategory, database):
    parent = lodge(neighbour, subcategory, ward=WARD)
    made = join(fresh_citizen, subcategory, f"{parent[:4]}-{parent[4:8]} {parent[8:]}").data
    assert (made["state"], made["version"], made["level"]) == ("DUPLICATE", 1, 0)
    assert made["parent"] == {"number": parent, "display": f"{parent[:4]} {parent[4:8]} {parent[8:]}"}
    own = fresh_citizen.get(f"/complaints/{made['number']}", expect=200).data
    assert own["state"] == "DUPLICATE"
    assert [(i["number"], i["state"]) for i in fresh_citizen.mine()] == [(made["number"], "DUPLICATE")]
    steps = fresh_citizen.get(f"/complaints/{made['number']}/timeline", expect=200).data["items"]
    assert [(s["action"], s["from"], s["state"]) for s in steps] == [("me_too", None, "DUPLICATE")]
    assert fresh_citizen.phone.wait_for(fresh_citizen.mobile, made["number"])["text"].replace(" ", "").count(parent) == 1
    # nobody's work and no clock's; the officers were not told again
    assert database("SELECT holder_id, escalate_at, (SELECT COUNT(*) FROM outbox o WHERE o.complaint_id = c.id) FROM complaint c"
                    " WHERE number = %s", (made["number"],)) == ((None, None, 1),)


def test_a_plain_complaint_names_no_parent(citizen):
    assert "parent" not in citizen.lodge().data


def test_joining_twice_with_one_key_is_one_and_the_same_answer(fresh_citizen, neighbour, subcategory):
    parent = lodge(neighbour, subcategory, ward=WARD)
    key = fresh_key()
    first = join(fresh_citizen, subcategory, parent, key=key)
    neighbour.withdraw(parent)
    again = join(fresh_citizen, subcategory, parent, key=key)
    assert again.body == first.body
    assert join(fresh_citizen, subcategory, parent, expect=422).pointers("closed") == ["/me_too"]


@pytest.mark.parametrize("me_too, code", [("261100000016", "not_found"), ("2611 0000 0017", "mistyped"), ("2611", "format"), ("x" * 64, "format"),
                                          ("24010000001", "format"), ("x" * 65, "too_long"), (261100000016, "type")])
def test_a_number_that_cannot_be_joined(citizen, subcategory, me_too, code):
    assert join(citizen, subcategory, me_too, expect=422).pointers(code) == ["/me_too"]


def test_a_number_of_the_old_system_is_not_found(citizen, subcategory):
    from numbers_ekmc import check_digit
    old = "24010000001"
    assert join(citizen, subcategory, old + str(check_digit(old)), expect=422).pointers("not_found") == ["/me_too"]


def test_ones_own_is_not_joined(fresh_citizen, subcategory):
    parent = lodge(fresh_citizen, subcategory, ward=WARD)
    assert join(fresh_citizen, subcategory, parent, expect=422).pointers("own") == ["/me_too"]
    assert len(fresh_citizen.mine()) == 1


def test_another_thing_or_another_place_is_a_mismatch(fresh_citizen, neighbour, subcategory):
    parent = lodge(neighbour, subcategory, location=point())
    assert join(fresh_citizen, "LGT-01", parent, expect=422).pointers("mismatch") == ["/me_too"]
    assert join(fresh_citizen, subcategory, parent, expect=422, ward=1).pointers("mismatch") == ["/me_too"]
    assert join(fresh_citizen, subcategory, parent, expect=422, ward=1, location=point(north=300)).pointers("mismatch") == ["/me_too"]
    assert fresh_citizen.mine() == []
    join(fresh_citizen, subcategory, parent, ward=1, location=point(north=150))
    join(fresh_citizen, subcategory, parent)


def test_a_duplicate_is_not_joined(anyone, fresh_citizen, neighbour, subcategory):
    parent = lodge(neighbour, subcategory, ward=WARD)
    child = join(fresh_citizen, subcategory, parent).data["number"]
    assert join(anyone.login(), subcategory, child, expect=422).pointers("closed") == ["/me_too"]


def test_all_that_is_wrong_is_said_at_once(citizen):
    refused = citizen.post("/complaints", {"subcategory": "LGT-02", "me_too": "12", "ward": 0}, expect=422)
    assert {"/me_too", "/ward", "/description"} <= set(refused.pointers())


def test_a_joined_complaint_can_be_joined_by_many_while_it_is_withdrawn(anyone, neighbour, subcategory, database):
    """Whoever got a 201 joined before the withdrawal; nobody hangs on a complaint that was closed already."""
    citizens = [anyone.login() for _ in range(6)]
    for _ in range(3):
        parent = lodge(neighbour, subcategory, ward=WARD)

        def go(i):
            if i == len(citizens):
                return neighbour.withdraw(parent)
            return join(citizens[i], subcategory, parent, expect=(201, 422))

        answers = together(len(citizens) + 1, go)
        assert all(a.status == 201 or a.pointers("closed") == ["/me_too"] for a in answers[:-1])
        late = database("SELECT COUNT(*) FROM complaint c JOIN complaint p ON p.id = c.parent_id WHERE p.number = %s AND p.joined <>"
                        " (SELECT COUNT(*) FROM complaint d WHERE JSON_VALUE((SELECT detail FROM complaint_event e WHERE e.complaint_id = d.id"
                        " AND e.seq = 1), '$.parent') = %s)", (parent, parent))[0][0]
        assert late == 0
