"""The simulators do what README.md says: every variant, every fault, and the profiles read what the portal shows."""
import concurrent.futures
import datetime
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

import ekmc1_data
import legacy_profile

HERE = pathlib.Path(__file__).parent
PROFILES = sorted((HERE / "ekmc1_profiles").glob("*.ini"))
KNOWN = "2023WSU004512"
OLD = ekmc1_data.complaints()


class Sim:
    """One simulator as a process of its own; `get` and `post` take paths."""

    def __init__(self, tmp, name, *args):
        self._port_file = tmp / f"{name}.port"
        self._process = subprocess.Popen([sys.executable, str(HERE / f"{name}.py"), "--port-file",
                                          str(self._port_file), *args], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline().startswith("http://127.0.0.1:")
        self.port = int(self._port_file.read_text())
        self._session = requests.Session()
        self._session.trust_env = False

    def _call(self, method, path, **args):
        args = {"timeout": 5, "allow_redirects": False, **args}
        return self._session.request(method, f"http://127.0.0.1:{self.port}{path}", **args)

    def get(self, path, **args):
        return self._call("GET", path, **args)

    def post(self, path, **args):
        return self._call("POST", path, **args)

    def control(self, **order):
        answer = self.post("/_control", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self):
        return self.get("/_control").json()

    def ask(self, variant, number=KNOWN, **args):
        """The search as the variant's own form would send it."""
        if variant == "a":
            return self.get("/a/search", params={"cno": number, "lang": "en"}, **args)
        if variant == "b":
            return self.post("/b/search", data={"complaintNo": number, "act": "PUBLIC_VIEW"}, **args)
        return self.get(f"/json/complaint/{number}", **args)

    def until(self, key, value):
        """Waits for the counter `key` to become `value`."""
        end = time.monotonic() + 5
        while self.state()[key] != value:
            assert time.monotonic() < end, self.state()
            time.sleep(0.01)

    def stop(self):
        """The exit code after SIGTERM."""
        self._session.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(5)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    sim = Sim(tmp_path_factory.mktemp("ekmc1"), "ekmc1")
    yield sim
    assert sim.stop() == 0


@pytest.fixture
def portal(running):
    assert running.post("/_control/reset").status_code == 200
    return running


@pytest.fixture(params=["a", "b", "json"])
def variant(request):
    return request.param


@pytest.fixture(params=PROFILES, ids=lambda p: p.stem)
def profile(request, portal):
    return legacy_profile.Profile(request.param, portal.port)


# -- the data and the pages ------------------------------------------------------------------------------------------

def test_data__is_sixty_old_complaints_of_every_status():
    go_live = datetime.datetime(2024, 7, 13, tzinfo=ekmc1_data.IST)
    assert len(OLD) == 60 and ekmc1_data.complaints() == OLD
    assert {c.status for c in OLD.values()} == set(ekmc1_data.STATUS_WORDS)
    assert all(c.lodged < go_live and str(c.lodged.year) == n[:4] and ekmc1_data.NUMBER.fullmatch(n)
               for n, c in OLD.items())
    assert min(c.lodged.year for c in OLD.values()) == 2019
    assert max(c.lodged for c in OLD.values()) == go_live - datetime.timedelta(minutes=1)
    assert all(c.closed is None or c.closed > c.lodged for c in OLD.values())
    assert ekmc1_data.MISSING not in OLD


def test_start_page__says_what_it_is_and_links_to_a_search(portal):
    page = portal.get("/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "old complaint portal" in page.text and 'href="/a/"' in page.text
    assert "<form" in portal.get("/a/").text and "<form" in portal.get("/b/").text
    assert portal.get("/elsewhere").status_code == 404
    assert portal.state()["requests"] == 0


def test_variant_a__is_windows_1252_by_header_alone(portal):
    answer = portal.ask("a")
    assert answer.headers["Content-Type"] == "text/html; charset=windows-1252"
    assert b"charset" not in answer.content
    text = answer.content.decode("windows-1252")
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")
    assert "attend – ‘urgent’" in text and "2023/WSU/004512" in text and "14/08/2023" in text
    assert "&#2460;&#2482;" in text, "Bengali can only leave as character references"
    assert "<script" in text and "&nbsp;" in text and "</td>\n<" not in text
    assert portal.post("/a/search", data={"cno": KNOWN}).status_code == 405


def test_variant_b__is_utf_8_by_meta_alone_and_wants_its_hidden_field(portal):
    answer = portal.ask("b", "2023/WSU/004512")
    assert answer.headers["Content-Type"] == "text/html"
    assert b'charset=utf-8"' in answer.content
    text = answer.content.decode()
    assert "<td class=dep>জল সরবরাহ" in text and "14-Aug-2023" in text and "০৬৩" in text
    assert text.count("<table") >= 4 and 'id=rmk' in text
    without = portal.post("/b/search", data={"complaintNo": KNOWN})
    assert without.status_code == 200 and "invalid request" in without.text and KNOWN not in without.text
    assert portal.get("/b/search", params={"complaintNo": KNOWN}).status_code == 405


def test_variant_json__nests_its_objects(portal):
    answer = portal.ask("json")
    complaint = answer.json()["data"]["complaint"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert complaint["place"]["ward"] == 63 and complaint["dates"] == {
        "lodged": "2023-08-14T10:15:00+05:30", "closed": None}


def test_not_found__is_said_in_three_ways(portal):
    a, b, j = (portal.ask(v, ekmc1_data.MISSING) for v in ("a", "b", "json"))
    assert a.status_code == 200 and "<p class=msg><font color=red>No record found" in a.text
    assert b.status_code == 200 and "<th>" in b.content.decode() and "row1><td align" not in b.text
    assert "কোনো তথ্য পাওয়া যায়নি।" in b.content.decode()
    assert j.status_code == 404 and j.json()["error"]["code"] == "NF"


def test_number__cannot_inject_into_a_page(portal):
    page = portal.ask("a", "<script>alert(9)</script>").text
    assert "alert(9)" in page and "<script>alert(9)" not in page


# -- the profiles ----------------------------------------------------------------------------------------------------

def test_profile__has_all_keys_in_lines_that_libinih_reads_whole():
    order = ["url", "method", "query", "form", "charset", "format", "number_pattern", "old_page", "not_found", "number",
             "department", "category", "ward", "lodged", "closed", "status", "remark", "date_format", "status_map"]
    assert [p.stem for p in PROFILES] == ["a", "b", "json"]
    for path in PROFILES:
        assert list(legacy_profile.Profile(path, 1).keys) == order
        assert max(map(len, path.read_bytes().splitlines())) <= 198


def test_profile__reads_every_complaint_right(profile, portal):
    is_json = profile.keys["format"] == "json"
    for number, c in OLD.items():
        assert profile.fits(number)
        got = profile.look_up(number)
        assert got["state"] == c.status and got["ward"] == c.ward, number
        assert ekmc1_data.normal(got["number"]) == number
        english, bengali = c.department_names()
        assert got["department"] in (f"{english} / {bengali}", f"{bengali} / {english}", bengali)
        assert got["category"] == c.category
        for field in ("lodged", "closed"):
            when = getattr(c, field)
            assert got[field] == (when if is_json or when is None
                                  else when.replace(hour=0, minute=0)), (number, field)
        if not c.raw:
            assert got["remark"] == (c.remark or None), number


def test_profile__takes_markup_in_a_remark_for_text(profile):
    assert profile.look_up("2022BLD000666")["remark"] == ekmc1_data.ESCAPED
    raw = profile.look_up("2022BLD000667")
    if profile.keys["format"] == "json":
        assert raw["remark"] == ekmc1_data.RAW
    else:
        assert raw["remark"] == "URGENTalert(3) seen"


def test_profile__is_not_fooled_by_a_remark_that_plays_a_page(profile):
    got = profile.look_up("2022BLD000668")
    assert got["state"] == "IN_PROGRESS" and got["remark"].startswith("noted")


def test_profile__knows_not_found_from_not_understood(profile, portal):
    assert profile.look_up(ekmc1_data.MISSING) is None
    for mode in ("500", "cut", "garbage", "huge", "redirect", "empty", "wrongtype", "other"):
        portal.control(mode=mode)
        with pytest.raises(legacy_profile.NotUnderstood):
            profile.look_up(KNOWN)
        with pytest.raises(legacy_profile.NotUnderstood):
            profile.look_up(ekmc1_data.MISSING)


def test_profile__pattern_refuses_what_is_no_old_number(profile):
    assert profile.fits("2023/wsu/004512") and profile.fits("2023 WSU-004512")
    assert not any(map(profile.fits, ("261100000012", "2023WSU00451", "2023WSU0045123", "", "2023WSU004512&x=1")))


# -- faults ----------------------------------------------------------------------------------------------------------

def test_slow__delays_the_right_answer(portal, variant):
    right = portal.ask(variant).content
    portal.control(mode="slow", delay_ms=150)
    start = time.monotonic()
    assert portal.ask(variant).content == right
    assert 0.15 <= time.monotonic() - start < 3


def test_slow__notices_a_client_that_leaves(portal):
    portal.control(mode="slow", delay_ms=60_000)
    with pytest.raises(requests.Timeout):
        portal.ask("a", timeout=0.1)
    portal.until("waiting", 0)


def test_hang__answers_when_the_mode_changes(portal, variant):
    portal.control(mode="hang")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(portal.ask, variant)
        portal.until("waiting", 1)
        portal.control(mode="ok")
        assert answer.result().status_code == 200
    assert portal.state()["waiting"] == 0 and portal.ask(variant).status_code == 200


def test_hang__holds_two_hundred_and_serves_the_other_variants(portal):
    portal.control(mode="hang", variant="a")
    request = f"GET /a/search?cno={KNOWN} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    clients = [socket.create_connection(("127.0.0.1", portal.port), 5) for _ in range(250)]
    for client in clients:
        client.sendall(request)
    portal.until("waiting", 250)
    start = time.monotonic()
    assert portal.ask("b").status_code == 200 and portal.ask("json").status_code == 200
    assert time.monotonic() - start < 3
    for client in clients[:150]:
        client.close()
    portal.until("waiting", 100)
    assert portal.state()["peak_waiting"] == 250
    portal.post("/_control/reset")
    for client in clients[150:]:
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
        client.close()
    portal.until("waiting", 0)


def test_500__is_an_html_error_page(portal, variant):
    portal.control(mode="500")
    answer = portal.ask(variant)
    assert answer.status_code == 500 and answer.headers["Content-Type"].startswith("text/html")


def test_cut__sends_half_of_what_the_length_says(portal, variant):
    right = portal.ask(variant).content
    portal.control(mode="cut")
    asked = portal.ask(variant, stream=True).request
    client = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=5)
    client.request(asked.method, asked.path_url, asked.body, asked.headers)
    answer = client.getresponse()
    assert answer.status == 200 and answer.getheader("Connection") is None
    with pytest.raises(http.client.IncompleteRead) as cut:
        answer.read()
    assert cut.value.partial == right[:len(right) // 2]
    assert len(cut.value.partial) + cut.value.expected == len(right)
    client.close()


def test_garbage__is_random_bytes_called_html(portal, variant):
    portal.control(mode="garbage")
    one, two = portal.ask(variant), portal.ask(variant)
    assert one.status_code == 200 and one.headers["Content-Type"] == "text/html"
    assert len(one.content) == 4096 and one.content != two.content


def test_huge__starts_like_the_right_answer_and_does_not_end(portal, variant):
    right = portal.ask(variant).content
    portal.control(mode="huge")
    answer = portal.ask(variant)
    assert answer.content.startswith(right) and len(answer.content) >= 10 << 20
    assert "Content-Length" not in answer.headers


def test_huge__survives_a_client_that_stops_reading(portal):
    portal.control(mode="huge", for_requests=1)
    answer = portal.ask("a", stream=True)
    answer.raw.read(1000)
    answer.close()
    assert portal.ask("a").status_code == 200


def test_redirect__leads_to_another_port_that_counts(portal, variant):
    portal.control(mode="redirect")
    answer = portal.ask(variant)
    elsewhere = portal.state()["elsewhere"]
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"http://127.0.0.1:{elsewhere['port']}/elsewhere"
    assert elsewhere["followed"] == 0 and elsewhere["port"] != portal.port
    assert portal.ask(variant, allow_redirects=True).status_code == 200
    assert portal.state()["elsewhere"]["followed"] == 1
    portal.control(mode="redirect", location="http://127.0.0.1:9/x")
    assert portal.ask(variant).headers["Location"] == "http://127.0.0.1:9/x"


def test_empty__is_200_with_nothing(portal, variant):
    portal.control(mode="empty")
    answer = portal.ask(variant)
    assert answer.status_code == 200 and answer.headers["Content-Length"] == "0"


def test_wrongtype__is_a_good_answer_of_another_kind(portal):
    portal.control(mode="wrongtype")
    assert portal.ask("a").headers["Content-Type"] == portal.ask("b").headers["Content-Type"] == "application/json"
    assert portal.ask("json").headers["Content-Type"] == "text/html"


def test_other__answers_somebody_elses_complaint(portal, variant):
    portal.control(mode="other")
    answer = portal.ask(variant)
    assert answer.status_code == 200 and "004512" not in answer.text


# -- control ---------------------------------------------------------------------------------------------------------

def test_for_requests__ends_a_fault_by_itself(portal):
    assert portal.control(mode="500", for_requests=2, variant="b")["for_requests"] == 2
    assert portal.ask("a").status_code == 200, "another variant neither suffers nor counts"
    assert [portal.ask("b").status_code for _ in range(3)] == [500, 500, 200]
    assert portal.state()["mode"] == "ok"


def test_for_requests__leaves_those_hanging_who_hang(portal):
    portal.control(mode="hang", for_requests=1)
    with socket.create_connection(("127.0.0.1", portal.port), 5) as client:
        client.sendall(f"GET /a/search?cno={KNOWN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        portal.until("waiting", 1)
        assert portal.ask("a").status_code == 200 and portal.state()["waiting"] == 1
    portal.until("waiting", 0)


def test_counters__tell_what_was_asked(portal):
    portal.ask("a")
    portal.ask("b")
    portal.ask("b", ekmc1_data.MISSING)
    state = portal.state()
    assert state["requests"] == 3 and state["by_variant"] == {"a": 1, "b": 2}
    assert state["by_number"] == {KNOWN: 2, ekmc1_data.MISSING: 1}
    assert state["last"][0]["target"] == f"/a/search?cno={KNOWN}&lang=en"
    assert state["last"][1]["body"] == f"complaintNo={KNOWN}&act=PUBLIC_VIEW"
    portal.post("/_control/reset")
    assert portal.state()["requests"] == 0 and portal.state()["last"] == []


@pytest.mark.parametrize("order", [{"mode": "fire"}, {"mode": "ok", "variant": "c"}, {"mode": "ok", "for_requests": 0},
                                   {"mode": "slow", "delay_ms": -1}, {"mod": "ok"}, [1]])
def test_control__refuses_what_it_does_not_know(portal, order):
    answer = portal.post("/_control", json=order)
    assert answer.status_code == 400 and answer.json()["error"]
    assert portal.state()["mode"] == "ok"


def test_complaint__can_be_added_and_changed(profile, portal):
    number = "2018LGT000077"
    order = {"number": "2018/LGT/000077", "status": "ASSIGNED", "ward": 5, "lodged": "2018-03-04T09:00:00+05:30"}
    assert portal.post("/_control/complaint", json=order).status_code == 200
    got = profile.look_up(number)
    assert got["state"] == "ASSIGNED" and got["lodged"].date() == datetime.date(2018, 3, 4)
    order = {"number": number, "status": "RESOLVED", "closed": "2018-03-05T09:00:00", "remark": "Lamp changed"}
    assert portal.post("/_control/complaint", json=order).json()["ward"] == 5
    got = profile.look_up(number)
    assert got["state"] == "RESOLVED" and got["remark"] == "Lamp changed" and got["closed"].day == 5
    portal.post("/_control/complaint", json={"number": number, "status": "Kept in Abeyance"})
    with pytest.raises(legacy_profile.NotUnderstood, match="Kept in Abeyance"):
        profile.look_up(number)
    portal.post("/_control/reset")
    assert profile.look_up(number) is None


@pytest.mark.parametrize("order", [{"number": "12"}, {"number": KNOWN, "colour": "red"},
                                   {"number": KNOWN, "lodged": "yesterday"}, {"number": KNOWN, "lodged": None},
                                   {"number": KNOWN, "ward": "six"}])
def test_complaint__refuses_what_makes_no_sense(portal, order):
    assert portal.post("/_control/complaint", json=order).status_code == 400


# -- the phone -------------------------------------------------------------------------------------------------------

class Phone:
    """A running sms.py and the file it shows."""

    def __init__(self, tmp):
        self.path = tmp / "sms.jsonl"
        self.sim = Sim(tmp, "sms", "--file", str(self.path))

    def write(self, *messages, end=b"\n"):
        with open(self.path, "ab") as f:
            for m in messages:
                f.write((m if isinstance(m, bytes) else json.dumps(m, ensure_ascii=False).encode()) + end)

    def texts(self, **query):
        answer = self.sim.get("/sms", params=query)
        assert answer.status_code == 200, answer.text
        return [m["text"] for m in answer.json()["messages"]]


@pytest.fixture
def phone(tmp_path):
    phone = Phone(tmp_path)
    yield phone
    assert phone.sim.stop() == 0


def message(text, to="+919830012345", template="otp", second=0, lang="en", number=None):
    return {"to": to, "text": text, "template": template, "template_id": "1107160000000000001", "lang": lang, "number": number, "parts": 1,
            "time": f"2026-11-23T15:40:{second:02d}.123Z", "id": f"m{second}"}


def test_sms__lists_and_filters(phone):
    assert phone.texts() == []
    phone.write(message("one"), message("two", "+919830099999", second=1),
                message("three", template="assigned", second=2, number="261100000016"))
    assert phone.texts() == ["one", "two", "three"]
    for to in ("9830012345", "+91 98300-12345", "+919830012345", "০৯৮৩০০১২৩৪৫", "12345"):
        assert phone.texts(to=to) == ["one", "three"], to
    assert phone.texts(to="9830012345", template="assigned") == ["three"]
    assert phone.texts(number="261100000016") == phone.texts(number="2611 0000-0016") == ["three"] and phone.texts(number="26") == []
    assert phone.texts(after="2026-11-23T15:40:00.123Z") == ["two", "three"]
    assert phone.texts(after="2026-11-23T21:10:01.123+05:30") == ["three"]
    assert phone.texts(limit=1) == ["three"] and phone.texts(limit=0) == []
    assert phone.texts(to="nobody") == []
    assert phone.sim.get("/sms", params={"after": "noon"}).status_code == 400
    assert phone.sim.get("/sms").json()["messages"][0] == message("one")


def test_sms__passes_over_unfinished_and_torn_lines(phone):
    whole = json.dumps(message("late", second=5)).encode()
    phone.write(message("one"))
    phone.write(whole[:40], end=b"")
    assert phone.texts() == ["one"]
    phone.write(whole[40:])
    assert phone.texts() == ["one", "late"]
    phone.write(b'{"to":"+91{"to":"+919', b"\xff\xfe", b"[]", b'{"to":5}', message("after"))
    assert phone.texts() == ["one", "late", "after"]
    phone.write(b'{"to":"+91","text":"half \\ud83d"}')
    assert phone.texts(limit=1) == ["half \ud83d"]
    assert phone.sim.get("/").status_code == 200


def test_sms__clear_empties_the_file_for_a_writer_that_keeps_it_open(phone):
    with open(phone.path, "ab", buffering=0) as writer:
        writer.write(json.dumps(message("old")).encode() + b"\n")
        assert phone.texts() == ["old"]
        assert phone.sim.post("/_control/clear").status_code == 200
        assert phone.texts() == [] and phone.path.stat().st_size == 0
        writer.write(json.dumps(message("new")).encode() + b"\n")
        assert phone.texts() == ["new"]


def test_sms__page_shows_the_code_and_escapes_the_rest(phone):
    phone.write(message("Your code is 482913 <script>alert(1)</script>", lang='bn"><i>'), {"to": "+91", "time": 7},
                message("আপনার কোড ৪৮২৯১৩", lang="bn"))
    answer = phone.sim.get("/")
    page = answer.content.decode()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<b>482913</b>" in page and "<b>৪৮২৯১৩</b>" in page and "23/11/2026 21:10:00" in page
    assert "<script" not in page and "<i>" not in page and "http://" not in page and "https://" not in page
    assert "No message yet" in phone.sim.get("/", params={"to": "9999999999"}).text


# -- the programs ----------------------------------------------------------------------------------------------------

def test_server__listens_on_loopback_and_takes_the_given_port(tmp_path, portal):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    sim = Sim(tmp_path, "ekmc1", "--port", str(port))
    try:
        assert sim.port == port and sim.get("/").status_code == 200
        with socket.socket() as s:
            assert s.connect_ex(("127.0.0.2", port)) != 0
        sim.control(mode="hang")
        hanging = socket.create_connection(("127.0.0.1", port), 5)
        hanging.sendall(b"GET /a/search?cno=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        sim.until("waiting", 1)
    finally:
        assert sim.stop() == 0, "SIGTERM ends it even while somebody hangs"
    hanging.close()


def test_server__refuses_bodies_it_cannot_hold(portal):
    with socket.create_connection(("127.0.0.1", portal.port), 5) as s:
        s.sendall(b"POST /_control HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in s.recv(1000)
    assert portal.post("/_control", data=b"{").status_code == 400
