"""Photos and documents: what is taken and what is made of it, whose it is, who gets to see it."""
import hashlib
import io
import os
import select
import socket
import struct
import threading
import time

import pytest
from PIL import Image

import pictures
from client import Client, fresh_key
from raw import request
from watch import together, wait_until

LIMIT = 10 * 1024 * 1024


@pytest.fixture
def officer(stack, anyone):
    """officer("commissioner") → a client logged in as the demonstration's person of that role."""
    def login(role):
        who = next(x for x in stack.demo["logins"] if x["role"] == role)
        made = anyone.post("/sessions", {"user": who["user"], "password": who["password"]}, expect=201)
        found = anyone.anonymous()
        found.token = made.data["token"]
        return found
    return login


def picture(answer):
    return Image.open(io.BytesIO(answer.body)).convert("RGB")


def lodged(who, *uploads, **more):
    return who.lodge(attachments=[u["id"] for u in uploads], **more).data["number"]


def fetch(who, number, upload, **more):
    return who.get(f"/complaints/{number}/attachments/{upload['id']}", **more)


def taken_back(who, data):
    """The file as it comes back to a citizen who uploads it and lodges with it."""
    upload = who.upload(data).data
    return upload, fetch(who, lodged(who, upload), upload, expect=200)


def files(directory):
    return {p.relative_to(directory).as_posix(): p for p in directory.rglob("*") if p.is_file()}


def close_to(pixel, colour, by=60):
    return all(abs(a - b) <= by for a, b in zip(pixel, colour))


# -- what is made of a file

@pytest.mark.parametrize("name", pictures.GOOD)
def test_every_kind_of_ours_is_taken(fresh_citizen, name):
    data, kind, width, height = pictures.GOOD[name]
    upload, answer = taken_back(fresh_citizen, data)
    assert (upload["kind"], upload["width"], upload["height"]) == (kind, width, height)
    assert upload["thumbnail"] is (kind != "pdf")
    assert upload["bytes"] == len(answer.body)
    if kind == "pdf":
        assert answer.body == data
    else:
        assert picture(answer).size == (width, height)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_however_the_telephone_was_held(fresh_citizen, orientation, kind):
    upload, answer = taken_back(fresh_citizen, pictures.lying(orientation, kind))
    assert (upload["width"], upload["height"]) == (120, 80)
    im = picture(answer)
    for place, colour in (((5, 5), pictures.RED), ((115, 5), pictures.GREEN), ((5, 75), pictures.BLUE), ((115, 75), pictures.WHITE)):
        assert close_to(im.getpixel(place), colour), (place, im.getpixel(place))


@pytest.mark.parametrize("make", [pictures.talkative_jpeg, pictures.talkative_png, lambda: pictures.lying(1, "WEBP")], ids=["jpeg", "png", "webp"])
def test_nothing_but_the_pixels_is_stored(stack, fresh_citizen, make):
    data = make()
    assert any(secret in data for secret in pictures.SECRETS)
    before = set(files(stack.layout.attachments))
    upload, answer = taken_back(fresh_citizen, data)
    assert not Image.open(io.BytesIO(answer.body)).getexif()
    new = [p.read_bytes() for n, p in files(stack.layout.attachments).items() if n not in before]
    assert new or upload["bytes"] == len(answer.body)
    for stored in [*new, answer.body]:
        for secret in pictures.SECRETS:
            assert secret not in stored, secret


def test_a_large_photo_becomes_smaller_and_has_a_thumbnail(fresh_citizen):
    upload = fresh_citizen.upload(pictures.saved(pictures.corners(4000, 3000))).data
    assert (upload["kind"], upload["width"], upload["height"]) == ("jpeg", 2560, 1920)
    number = lodged(fresh_citizen, upload)
    full, small = fetch(fresh_citizen, number, upload), fetch(fresh_citizen, number, upload, params={"size": "thumbnail"})
    assert picture(full).size == (2560, 1920) and picture(small).size == (320, 240)
    for im, at in ((picture(full), 20), (picture(small), 3)):
        assert close_to(im.getpixel((at, at)), pictures.RED) and close_to(im.getpixel((im.width - at, im.height - at)), pictures.WHITE)
    assert len(small.body) < 20000
    assert small.headers["ETag"] != full.headers["ETag"]
    assert fetch(fresh_citizen, number, upload, params={"size": "full"}).body == full.body


def test_transparency_is_kept(fresh_citizen):
    im = Image.new("RGBA", (900, 600), (255, 0, 0, 0))
    im.paste((0, 0, 255, 255), (0, 0, 450, 600))
    _, answer = taken_back(fresh_citizen, pictures.saved(im, "PNG"))
    back = Image.open(io.BytesIO(answer.body))
    assert back.mode == "RGBA" and back.getpixel((800, 300))[3] == 0 and back.getpixel((100, 300)) == (0, 0, 255, 255)


@pytest.mark.parametrize("said", ["application/pdf", "text/html", "image/svg+xml", "application/json", "", "nonsense"])
def test_the_content_says_what_it_is_not_its_name(fresh_citizen, said):
    upload = fresh_citizen.upload(pictures.saved(pictures.corners()), headers={"Content-Type": said}).data
    assert upload["kind"] == "jpeg"


# -- what is refused

@pytest.mark.parametrize("name", pictures.REFUSED)
@pytest.mark.parametrize("said", ["image/jpeg", "application/pdf"])
def test_other_kinds_are_refused(citizen, name, said):
    refused = citizen.upload(pictures.REFUSED[name], expect=422, headers={"Content-Type": said})
    assert refused.pointers("file_kind") == ["/file"]


def test_what_is_damaged_is_refused(citizen):
    for name, data in pictures.damaged().items():
        refused = citizen.upload(data, expect=422)
        assert refused.pointers("damaged") == ["/file"], name


@pytest.mark.parametrize("name", pictures.BOMBS)
def test_a_bomb_does_not_go_off(fresh_citizen, name):
    data, code = pictures.BOMBS[name]
    answer = fresh_citizen.upload(data, expect=422 if code else (201, 422))
    assert code is None or answer.pointers(code) == ["/file"]
    assert answer.seconds < 4


def test_forty_megapixels_are_taken_or_given_up_in_time(fresh_citizen):
    answer = fresh_citizen.upload(pictures.png(8000, 5000), expect=(201, 422))
    assert answer.seconds < 9
    assert answer.status == 422 or (answer.data["width"], answer.data["height"]) == (2560, 1600)


def test_random_damage_never_hurts(stack, fresh_citizen):
    """Whatever the decoders make of it: a picture or a refusal, and the worker lives."""
    import random
    dice = random.Random(20261123)
    pid = stack.pid("fcgi")
    originals = [pictures.saved(pictures.noise(64, 48), k) for k in ("JPEG", "PNG", "WEBP")] + [pictures.HEIC, pictures.talkative_jpeg()]
    for i in range(60):
        data = bytearray(dice.choice(originals))
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        who = fresh_citizen if i % 25 else fresh_citizen.anonymous().login()
        answer = who.upload(bytes(data), expect=(201, 422, 429))
        assert answer.status != 422 or answer.pointers() == ["/file"]
    assert stack.pid("fcgi") == pid


def test_ten_megabytes_and_not_a_byte_more(citizen):
    largest = pictures.PDF + bytes(LIMIT - len(pictures.PDF))
    assert citizen.upload(largest).data["bytes"] == LIMIT
    refused = citizen.upload(largest + b"x", expect=413)
    assert refused.code == "too_large"


def test_too_large_in_chunks_is_refused_too(stack, citizen):
    def chunks():
        for _ in range(11):
            yield bytes(1024 * 1024)
    got = citizen.http.post(stack.base_url + "/api/v1/uploads", data=chunks(), headers={"Authorization": f"Bearer {citizen.token}"}, timeout=10)
    assert got.status_code == 413 and got.json()["code"] == "too_large"


def test_a_body_in_chunks_is_a_file_like_any(stack, citizen):
    got = citizen.http.post(stack.base_url + "/api/v1/uploads", data=iter([pictures.PDF[:20], pictures.PDF[20:]]),
                            headers={"Authorization": f"Bearer {citizen.token}"}, timeout=10)
    assert got.status_code == 201 and got.json()["kind"] == "pdf" and got.json()["bytes"] == len(pictures.PDF)


def test_nothing_is_no_file(citizen):
    assert citizen.upload(b"", expect=422).pointers("required") == ["/file"]


def test_a_form_is_told_to_send_the_file_alone(citizen):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + pictures.saved(pictures.corners()) + b"\r\n--x--\r\n"
    refused = citizen.upload(body, expect=415, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert "without a form" in refused.data["hint"]


def test_a_picture_that_is_also_an_archive_is_only_a_picture_afterwards(fresh_citizen):
    script = b"<script>alert(1)</script>"
    data = pictures.saved(pictures.corners())
    data = data[:2] + b"\xff\xfe" + (len(script) + 2).to_bytes(2, "big") + script + data[2:] + pictures.archive()
    _, answer = taken_back(fresh_citizen, data)
    assert b"script" not in answer.body and b"PK" not in answer.body
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_a_document_that_is_also_something_else_is_only_offered_to_be_saved(fresh_citizen):
    data = pictures.PDF + b"<script>alert(1)</script>" + pictures.archive()
    _, answer = taken_back(fresh_citizen, data)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")


# -- whose it is

def test_uploading_needs_a_login(anyone):
    assert anyone.upload(pictures.PDF, expect=401).code == "unauthenticated"


def test_a_browser_needs_its_csrf_token(anyone, phone):
    mobile = "7" + fresh_key()[:9].translate(str.maketrans("abcdef", "012345"))
    cookie = anyone.login(mobile, cookie=True).session.headers["Set-Cookie"].split(";")[0]
    assert anyone.upload(pictures.PDF, expect=403, headers={"Cookie": cookie}).code == "csrf"


def test_the_same_key_gets_the_same_answer(fresh_citizen, database):
    key = fresh_key()
    first = fresh_citizen.upload(pictures.PDF, key=key)
    again = fresh_citizen.upload(pictures.PDF, key=key)
    assert first.body == again.body
    assert fresh_citizen.upload(pictures.PDF + b"x", key=key, expect=422).code == "key_reused"
    assert database("SELECT COUNT(*) FROM attachment WHERE id = UNHEX(%s)", (first.data["id"],))[0][0] == 1
    assert fresh_citizen.upload(pictures.PDF, key=fresh_key()).data["id"] != first.data["id"]


def test_the_same_key_at_once_makes_one(fresh_citizen):
    key = fresh_key()
    data = pictures.saved(pictures.noise(300, 200))
    twins = [fresh_citizen.twin() for _ in range(4)]
    assert len({a.body for a in together(4, lambda i: twins[i].upload(data, key=key))}) == 1


def test_lodging_binds_and_shows_them(fresh_citizen):
    photo, paper = fresh_citizen.upload(pictures.talkative_jpeg()).data, fresh_citizen.upload(pictures.PDF).data
    number = lodged(fresh_citizen, photo, paper)
    shown = fresh_citizen.get(f"/complaints/{number}", expect=200).data["attachments"]
    assert shown == [{**photo, "seq": 1, "internal": False}, {**paper, "seq": 1, "internal": False}]
    events = fresh_citizen.get(f"/complaints/{number}/timeline", expect=200).data["items"]
    assert [e["attachments"] for e in events] == [shown]
    plain = fresh_citizen.lodge().data["number"]
    assert fresh_citizen.get(f"/complaints/{plain}", expect=200).data["attachments"] == []


def test_a_repeated_lodging_finds_the_first(fresh_citizen):
    upload, key = fresh_citizen.upload(pictures.PDF).data, fresh_key()
    bodies = {fresh_citizen.lodge(attachments=[upload["id"]], key=key).body for _ in range(3)}
    assert len(bodies) == 1


def test_an_upload_belongs_to_its_uploader_and_to_one_complaint(fresh_citizen, citizen, officer, database):
    own, foreign = fresh_citizen.upload(pictures.PDF).data["id"], citizen.upload(pictures.PDF).data["id"]
    staffs = officer("desk").upload(pictures.PDF).data["id"]
    before = database("SELECT COUNT(*) FROM complaint")[0][0]
    for ids, wrong in (([own, foreign], 1), ([staffs], 0), ([own, own], 1), (["0" * 32], 0), (["not an id"], 0), ([own[:-1]], 0),
                       ([own, own + "0"], 1), ([own, "G" * 32], 1)):
        refused = fresh_citizen.lodge(attachments=ids, expect=422)
        assert refused.pointers("not_found") == [f"/attachments/{wrong}"], ids
    assert database("SELECT COUNT(*) FROM complaint")[0][0] == before
    assert database("SELECT complaint_id FROM attachment WHERE id = UNHEX(%s)", (own,)) == ((None,),)
    fresh_citizen.lodge(attachments=[own])
    assert fresh_citizen.lodge(attachments=[own], expect=422).pointers("not_found") == ["/attachments/0"]


def test_five_are_the_most(fresh_citizen):
    ids = [fresh_citizen.upload(pictures.PDF + bytes([i])).data["id"] for i in range(6)]
    refused = fresh_citizen.lodge(attachments=ids, expect=422)
    assert refused.pointers("too_many") == ["/attachments"] and "5" in refused.data["errors"][0]["detail"]
    assert fresh_citizen.lodge(attachments="x", expect=422).pointers("type") == ["/attachments"]
    assert fresh_citizen.lodge(attachments=[1], expect=422).pointers("type") == ["/attachments/0"]
    number = lodged(fresh_citizen, *({"id": i} for i in ids[:5]))
    assert [a["id"] for a in fresh_citizen.get(f"/complaints/{number}").data["attachments"]] == ids[:5]
    assert fresh_citizen.lodge(attachments=[]).status == 201


def test_an_upload_of_yesterday_is_too_old(fresh_citizen, database):
    upload = fresh_citizen.upload(pictures.PDF).data
    database("UPDATE attachment SET created_at = created_at - INTERVAL 1 DAY WHERE id = UNHEX(%s)", (upload["id"],))
    assert fresh_citizen.lodge(attachments=[upload["id"]], expect=422).pointers("not_found") == ["/attachments/0"]


def test_two_who_bind_the_same_upload_at_once(fresh_citizen):
    for _ in range(5):
        upload = fresh_citizen.upload(pictures.PDF).data
        twins = [fresh_citizen.twin() for _ in range(4)]
        got = together(4, lambda i: twins[i].lodge(attachments=[upload["id"]], expect=(201, 422)).status)  # noqa: B023
        assert sorted(got) == [201, 422, 422, 422]


def test_nobody_fills_the_disk_with_what_belongs_to_no_complaint(anyone):
    who = anyone.login()
    ids = [who.upload(pictures.PDF).data["id"] for _ in range(30)]
    refused = who.upload(pictures.PDF, expect=429)
    assert refused.code == "rate_limited"
    who.lodge(attachments=ids[:1])
    who.upload(pictures.PDF)


# -- who gets to see it

def test_whoever_may_see_the_complaint_sees_its_files(fresh_citizen, citizen, anyone, officer, stack):
    upload = fresh_citizen.upload(pictures.saved(pictures.corners())).data
    number = lodged(fresh_citizen, upload)
    path = f"/complaints/{number}/attachments/{upload['id']}"
    assert fresh_citizen.get(path, expect=200).body == officer("commissioner").get(path, expect=200).body
    assert citizen.get(path, expect=404).data["code"] == "not_found"
    assert anyone.get(path, expect=401).code == "unauthenticated"
    unseen = [u for u in ("lme", "eo1") if officer(u).get(f"/complaints/{number}").status == 404]
    assert unseen
    for user in unseen:
        officer(user).get(path, expect=404)
    # through another complaint of the same person it is not there either
    other = fresh_citizen.lodge().data["number"]
    fresh_citizen.get(f"/complaints/{other}/attachments/{upload['id']}", expect=404)
    for wrong in ("0" * 32, "x", upload["id"].upper() + "0", "..%2f..%2fetc%2fpasswd"):
        fresh_citizen.get(f"/complaints/{number}/attachments/{wrong}", expect=404)
    assert fresh_citizen.get(path, params={"size": "huge"}, expect=422).pointers() == ["/size"]


def test_what_is_not_bound_is_nobodys_to_see(fresh_citizen):
    upload, number = fresh_citizen.upload(pictures.PDF).data, fresh_citizen.lodge().data["number"]
    fetch(fresh_citizen, number, upload, expect=404)


def test_internal_ones_never_reach_a_citizen(fresh_citizen, officer, database):
    open_one, internal = fresh_citizen.upload(pictures.PDF).data, fresh_citizen.upload(pictures.saved(pictures.corners())).data
    number = lodged(fresh_citizen, open_one, internal)
    # as an internal note of an officer leaves it
    database("UPDATE attachment SET internal = TRUE WHERE id = UNHEX(%s)", (internal["id"],))
    assert [a["id"] for a in fresh_citizen.get(f"/complaints/{number}").data["attachments"]] == [open_one["id"]]
    assert [a["id"] for e in fresh_citizen.get(f"/complaints/{number}/timeline").data["items"] for a in e["attachments"]] == [open_one["id"]]
    fetch(fresh_citizen, number, internal, expect=404)
    fetch(fresh_citizen, number, internal, params={"size": "thumbnail"}, expect=404)
    staff = officer("commissioner")
    assert {a["id"]: a["internal"] for a in staff.get(f"/complaints/{number}").data["attachments"]} == {open_one["id"]: False, internal["id"]: True}
    fetch(staff, number, internal, expect=200)


def test_a_pdf_has_no_thumbnail(fresh_citizen):
    upload = fresh_citizen.upload(pictures.PDF).data
    fetch(fresh_citizen, lodged(fresh_citizen, upload), upload, params={"size": "thumbnail"}, expect=404)


def test_the_headers_keep_a_file_from_doing_anything(fresh_citizen):
    for data, disposition in ((pictures.saved(pictures.corners()), "inline"), (pictures.PDF, "attachment")):
        _, answer = taken_back(fresh_citizen, data)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Content-Disposition"].startswith(disposition + "; filename=")
        assert "X-Accel-Redirect" not in answer.headers and "Accept-Ranges" not in answer.headers


def test_who_has_it_is_told_so(fresh_citizen, citizen):
    upload, answer = taken_back(fresh_citizen, pictures.saved(pictures.corners()))
    tag, path = answer.headers["ETag"], answer.url[answer.url.index("/api/"):]
    same = fresh_citizen.get(path, headers={"If-None-Match": tag}, expect=304)
    assert not same.body and same.headers["ETag"] == tag
    assert fresh_citizen.get(path, headers={"If-None-Match": 'W/"other"'}, expect=200).body == answer.body
    # a tag is no key
    citizen.get(path, headers={"If-None-Match": tag}, expect=404)
    head = fresh_citizen.call("HEAD", path, expect=200)
    assert head.headers["Content-Length"] == str(upload["bytes"]) and head.headers["ETag"] == tag


def test_a_range_is_answered_whole(fresh_citizen):
    _, answer = taken_back(fresh_citizen, pictures.PDF)
    path = answer.url[answer.url.index("/api/"):]
    assert fresh_citizen.get(path, headers={"Range": "bytes=0-3"}, expect=200).body == pictures.PDF


def test_the_store_is_reached_through_the_worker_alone(stack, fresh_citizen):
    upload, _ = taken_back(fresh_citizen, pictures.saved(pictures.corners()))
    names = [n for n in files(stack.layout.attachments) if not n.startswith(("new/", "gone/"))]
    assert names and upload
    for path in (f"/api/_files/{names[0]}", "/api/_files/", "/api/_files", f"/api/_files/../_files/{names[0]}", f"/api//_files/{names[0]}",
                 f"/api/v1/../_files/{names[0]}", f"/%61pi/_files/{names[0]}"):
        for headers in ((), (("X-Accel-Redirect", f"/api/_files/{names[0]}"),)):
            answer = request(stack.port, "GET", path, [*headers, ("Authorization", f"Bearer {fresh_citizen.token}")])
            assert answer.status == 404 and answer.data["code"] in ("no_route", "not_found"), path


def test_no_header_names_the_file_to_be_read(stack, fresh_citizen):
    for headers in ({"EKMC-UPLOAD": "/etc/passwd"}, {"Ekmc_Upload": "/etc/passwd"}, {"X-Ekmc-Upload": "/etc/passwd"}, {"Upload-File": "/etc/passwd"}):
        assert fresh_citizen.upload(b"", expect=422, headers=headers).pointers("required") == ["/file"]
    assert fresh_citizen.upload(pictures.PDF, headers={"EKMC-UPLOAD": "/etc/passwd"}).data["bytes"] == len(pictures.PDF)


def test_one_address_fills_no_disk_with_half_bodies(stack):
    begun = b"POST /api/v1/uploads HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n" + bytes(1000)
    waiting = [socket.create_connection(("127.0.0.1", stack.port), 10, source_address=("127.0.0.91", 0)) for _ in range(21)]
    try:
        for s in waiting:
            s.sendall(begun)
        answered = []
        wait_until(lambda: answered.extend(s for s in waiting if s not in answered and select.select([s], [], [], 0)[0]) or answered, 5, "a refusal")
        assert len(answered) == 1
        assert answered[0].recv(4096).startswith(b"HTTP/1.1 429 ")
    finally:
        for s in waiting:
            s.close()


def fastcgi(path, params):
    """One request to a worker's socket, as nginx would send it; returns what it answers."""
    def record(kind, data):
        return struct.pack(">BBHHBB", 1, kind, 1, len(data), 0, 0) + data
    pairs = b"".join(
        struct.pack(">B", len(k)) + (struct.pack(">B", len(v)) if len(v) < 128 else struct.pack(">I", len(v) | 1 << 31)) + k + v
        for k, v in ((a.encode(), b.encode()) for a, b in params.items()))
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        s.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, pairs) + record(4, b"") + record(5, b""))
        got = b""
        while chunk := s.recv(65536):
            got += chunk
    return got


@pytest.mark.log_errors('"event": "upload"')
def test_the_worker_reads_nothing_but_what_nginx_wrote(stack, fresh_citizen):
    """Should anything ever get another name through to it."""
    uploads = stack.layout.uploads
    secret, link = stack.layout.dir / "secret.pdf", uploads / "0000009999"
    secret.write_bytes(pictures.PDF)
    (uploads / "0000009998").write_bytes(pictures.PDF)
    os.symlink(secret, link)
    try:
        for name, status in ((uploads / "0000009998", b"201"), (secret, b"500"), (link, b"500"), (uploads / "../secret.pdf", b"500"),
                             (uploads / "../uploads/0000009998", b"500"), (f"{uploads}x/0000009998", b"500"), (uploads, b"500"),
                             (f"{uploads}/", b"500"), ("/etc/passwd", b"500"), (uploads / "0000009997", b"500")):
            answer = fastcgi(stack.layout.socket("api"), {
                "REQUEST_METHOD": "POST", "DOCUMENT_URI": "/api/v1/uploads", "REMOTE_ADDR": "127.0.0.1", "EKMC_UPLOAD": str(name),
                "HTTP_AUTHORIZATION": f"Bearer {fresh_citizen.token}"})
            assert b"Status: " + status in answer, (name, answer)
    finally:
        for path in (secret, link, uploads / "0000009998"):
            path.unlink()


# -- the store

def test_the_same_bytes_are_stored_once(stack, fresh_citizen, anyone, database):
    data = pictures.saved(pictures.noise(200, 150))
    before = set(files(stack.layout.attachments))
    ids = [who.upload(data).data["id"] for who in (fresh_citizen, fresh_citizen, anyone.login())]
    assert len(set(ids)) == 3
    new = set(files(stack.layout.attachments)) - before
    assert len(new) == 2 and {n.endswith("-t") for n in new} == {True, False}
    name = next(n for n in new if not n.endswith("-t"))
    assert name == f"{name[6:8]}/{name[8:10]}/{hashlib.sha256((stack.layout.attachments / name).read_bytes()).hexdigest()}"
    assert len(database("SELECT DISTINCT sha256 FROM attachment WHERE id IN (UNHEX(%s), UNHEX(%s), UNHEX(%s))", ids)) == 1


def test_nothing_stays_of_what_was_uploaded(stack, fresh_citizen):
    fresh_citizen.upload(pictures.PDF)
    fresh_citizen.upload(pictures.REFUSED["zip"], expect=422)
    fresh_citizen.anonymous().upload(pictures.PDF, expect=401)
    wait_until(lambda: not files(stack.layout.uploads), 5, "an empty uploads directory")
    assert not files(stack.layout.attachments / "new")


def test_photos_under_way_do_not_hold_up_the_others(fresh_citizen, anyone):
    data = pictures.saved(pictures.noise(4000, 3000), quality=70)
    who = [anyone.login() for _ in range(2)]
    reader, slowest, stop = fresh_citizen.twin(), [0.0], threading.Event()

    def read():
        while not stop.is_set():
            slowest[0] = max(slowest[0], reader.get("/me", expect=200).seconds)
    watcher = threading.Thread(target=read)
    watcher.start()
    clients = [who[i % 2].twin() for i in range(10)]
    got = together(10, lambda i: clients[i].upload(data, expect=(201, 503)))
    stop.set()
    watcher.join()
    assert [a.status for a in got].count(201) >= 4
    assert all(a.seconds < 12 and (a.status == 201 or "Retry-After" in a.headers) for a in got)
    # ten in the ordinary pool of eight would have made it seconds
    assert slowest[0] < 1.5


def whole(directory):
    """Every file of the store is what its name says."""
    for name, path in files(directory).items():
        if name.startswith(("new/", "gone/")) or name.endswith("-t"):
            continue
        assert path.name == hashlib.sha256(path.read_bytes()).hexdigest(), name
        assert (path.parent / (path.name + "-t")).exists() or path.read_bytes()[:5] == b"%PDF-", f"{name} has no thumbnail"


@pytest.mark.log_errors("drain|db_|not a line")
def test_a_worker_killed_in_the_middle_leaves_no_half_file(stack, fresh_citizen, database):
    data = pictures.saved(pictures.noise(3000, 2000), quality=80)
    for wait_s in (0.02, 0.1, 0.2, 0.35):
        sender = Client(stack.base_url, fresh_citizen.phone, fresh_citizen.token)
        got = []
        thread = threading.Thread(target=lambda: got.append(sender.upload(data, key=fresh_key(), expect=(201, 503))))  # noqa: B023
        thread.start()
        time.sleep(wait_s)
        stack.kill("fcgi")
        thread.join()
        whole(stack.layout.attachments)
        if got and got[0].status == 201:
            # sent again by nginx with its key: once
            upload = got[0].data
            assert fetch(fresh_citizen, lodged(fresh_citizen, upload), upload, expect=200).body
    rows = {r[0].hex() for r in database("SELECT sha256 FROM attachment")}
    names = {p.name for n, p in files(stack.layout.attachments).items() if not n.startswith(("new/", "gone/"))}
    assert rows <= names, "a row without its file"
    wait_until(lambda: not files(stack.layout.uploads), 10, "an empty uploads directory")


@pytest.mark.log_errors("attachment_store")
def test_a_store_that_is_not_there_is_told_and_comes_back(stack, fresh_citizen):
    away = stack.layout.attachments.with_name("attachments.away")
    os.rename(stack.layout.attachments, away)
    try:
        refused = fresh_citizen.upload(pictures.PDF, expect=503)
        assert refused.code == "unavailable"
        fresh_citizen.lodge()
    finally:
        os.rename(away, stack.layout.attachments)
    fresh_citizen.upload(pictures.PDF)
