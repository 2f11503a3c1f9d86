"""Uploads while things break: a full disk, a helper that is killed, moves that fail; nothing half stays, and nobody blames the photo."""
import os
import pathlib
import signal
import threading
import time

import pytest

import pictures
from clockwork import officer
from watch import settings, wait_ready, wait_until

WARD = 91       # of the borough of the demonstration's field officer
PHOTO = pictures.saved(pictures.noise(3600, 2700), quality=80)


def in_store(stack):
    return {p for p in stack.layout.attachments.rglob("*") if p.is_file()}


def helper_of(pid):
    """The image helper of this worker, while there is one."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
        except (OSError, IndexError):
            continue
        if name == "ekmc-image" and int(rest.split()[1]) == pid:
            return int(stat.parent.name)
    return None


def test_a_killed_helper_is_not_the_photos_fault(stack, fresh_citizen):
    """By the kernel for want of memory, or by anybody."""
    before, worker, got = in_store(stack), stack.pid("fcgi"), []
    sender = threading.Thread(target=lambda: got.append(fresh_citizen.upload(PHOTO, expect=503)))
    sender.start()
    found = []
    wait_until(lambda: found.append(helper_of(worker)) or found[-1], 10, "the helper")
    os.kill(found[-1], signal.SIGKILL)
    sender.join()
    assert got and got[0].code == "unavailable" and int(got[0].headers["Retry-After"]) >= 1
    assert in_store(stack) == before
    assert fresh_citizen.upload(PHOTO).data["kind"] == "jpeg"
    assert stack.pid("fcgi") == worker


@pytest.mark.log_errors("image_helper", "attachment_store")
def test_a_full_disk_is_not_the_photos_fault(stack, fresh_citizen):
    helper, full = stack.layout.binary("ekmc-image"), stack.layout.dir / "helper-on-a-full-disk"
    full.write_text(f"#!/bin/sh\nexec {helper} 3>/dev/full\n")
    full.chmod(0o700)
    before = in_store(stack)
    with settings(stack, "fcgi", {"attachments.program": str(full)}, {"attachments.program": ""}):
        refused = fresh_citizen.upload(pictures.saved(pictures.corners()), expect=503)
        assert refused.code == "unavailable" and "Retry-After" in refused.headers
        assert fresh_citizen.upload(pictures.saved(pictures.corners())[:300], expect=422).pointers("damaged") == ["/file"]
    assert in_store(stack) == before
    fresh_citizen.upload(pictures.saved(pictures.corners()))


def test_what_a_failed_move_did_not_bind_is_still_there_to_be_bound(stack, citizen):
    lme, number = officer(stack, "lme"), citizen.lodge(ward=WARD).data["number"]
    photo = lme.upload(pictures.saved(pictures.corners())).data["id"]

    def act(expect, **body):
        return lme.post(f"/complaints/{number}/actions", {"note": "Done", "attachments": [photo], **body}, expect=expect)
    assert act(409, action="resolve", version=7).code == "changed_meanwhile"
    act(409, action="reopen", version=1)
    act(403, action="assign", version=1, lme="lme.drn.b10")
    assert act(422, action="resolve", version=1, attachments=[photo, photo]).pointers("not_found") == ["/attachments/1"]
    assert act(422, action="resolve", version=1, attachments=[photo] * 6).pointers("too_many") == ["/attachments"]
    act(200, action="resolve", version=1)
    assert [(a["id"], a["seq"]) for a in citizen.get(f"/complaints/{number}", expect=200).data["attachments"]] == [(photo, 2)]
    # and what is bound is bound
    assert citizen.lodge(attachments=[photo], expect=422).pointers("not_found") == ["/attachments/0"]


def test_what_comes_with_an_internal_note_is_for_employees(stack, citizen):
    gro, number = officer(stack, "gro"), citizen.lodge(ward=WARD).data["number"]
    upload = gro.upload(pictures.saved(pictures.corners())).data["id"]
    gro.post(f"/complaints/{number}/actions", {"action": "note", "version": 1, "note": "The contractor again", "internal": True,
                                               "attachments": [upload]}, expect=200)
    path = f"/complaints/{number}/attachments/{upload}"
    gro.get(path, expect=200)
    for size in ({}, {"size": "thumbnail"}):
        assert citizen.get(path, params=size, expect=404).code == "not_found"
    seen = citizen.get(f"/complaints/{number}", expect=200).body + citizen.get(f"/complaints/{number}/timeline", expect=200).body
    assert upload.encode() not in seen and b"contractor" not in seen


def test_what_a_killed_nginx_left_is_swept(stack, anyone):
    uploads = stack.layout.uploads
    left, young, other = uploads / "0000000071", uploads / "0000000072", uploads / "notes"
    for path in (left, young, other):
        path.write_bytes(PHOTO[:1000])
    for path in (left, other):
        os.utime(path, (time.time() - 7200,) * 2)
    try:
        stack.reload("fcgi")
        wait_ready(stack)
        wait_until(lambda: not left.exists(), 10, "a swept directory")
        assert young.exists() and other.exists()
    finally:
        for path in (young, other):
            path.unlink()
    anyone.get("/healthz", expect=200)
