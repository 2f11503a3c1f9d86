#!/usr/bin/python3
"""Proves an export of `ekmc-ctl audit export` with nothing but what sql/AUDIT.md says. Shares no code with the system.

usage: verify_export.py EXPORT.json [KEY_IN_HEX]
Prints what does not fit; exit code 1 then. With the signing key the signatures are proved too."""
import hashlib
import hmac
import json
import sys


def sha(data):
    return hashlib.sha256(data).digest()


def text(value):
    return "" if value is None else str(value)


def text_hash(value):
    return "" if value is None else sha(value.encode()).hex()


def event_hash(previous, e):
    at = e["at"].replace("T", " ").replace("Z", "000")
    lines = [text(e["complaint_id"]), text(e["seq"]), at, e["action"], text(e["from"]), e["to"], text(e["level"]), e["actor_kind"],
             text(e["actor_id"]), e["office"], text_hash(e["note"]), "1" if e["internal"] else "0", text_hash(e["detail"])]
    return sha(previous + "\n".join(lines).encode())


def events_faults(item):
    """The chain, and that it ends where the complaint says."""
    previous, c = bytes(32), item["complaint"]
    for i, e in enumerate(item["events"], 1):
        if e["seq"] != i:
            return [f"event {i} is missing"]
        if event_hash(previous, e).hex() != e["hash"]:
            return [f"event {i} does not fit its hash"]
        previous = bytes.fromhex(e["hash"])
    if c and (c["event_count"], c["event_head"]) != (len(item["events"]), previous.hex()):
        return ["the complaint has another head"]
    return []


def leaf_of(c, head):
    return "\n".join([head["day"], text(c["id"]), c["number"], text(head["event_count"]), head["event_head"]]).encode()


def root_of(leaf, path):
    node = sha(b"\0" + leaf)
    for step in path:
        sister = bytes.fromhex(step["hash"])
        node = sha(b"\1" + (sister + node if step["side"] == "left" else node + sister))
    return node.hex()


def signature(key, purpose, data):
    return hmac.new(key, purpose + b"\0" + data, hashlib.sha256).hexdigest()


def signed_faults(item, key):
    """The events that were signed, the way from each head to the root of its day, and with the key the signatures."""
    faults, hashes, c = [], {e["seq"]: e["hash"] for e in item["events"]}, item["complaint"]
    for head in item["signed"]:
        leaf = leaf_of(c, head)
        if hashes.get(head["event_count"]) != head["event_head"]:
            faults.append(f"event {head['event_count']} is not the one signed for {head['day']}")
        if "path" in head and root_of(leaf, head["path"]) != head["day_root"]:
            faults.append(f"the head of {head['day']} is not under the signed root")
        day = "\n".join(text(head[k]) for k in ("day", "day_heads", "day_events", "day_root", "day_previous", "day_signed_at", "day_key_id"))
        if key and signature(key, b"audit-day", day.encode()) != head["day_tag"]:
            faults.append(f"the signature of {head['day']} does not fit")
        if key and signature(key, b"audit-head", leaf)[:32] != head["tag"]:
            faults.append(f"the tag of the head of {head['day']} does not fit")
    return faults


def verify(export, key=None):
    """All faults, as text."""
    if export.get("format") != "ekmc-audit-export 1":
        return ["not an export that this program knows"]
    return [f"{(item['complaint'] or {}).get('number')}: {fault}" for item in export["complaints"]
            for fault in events_faults(item) + (signed_faults(item, key) if item["complaint"] else [])]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as f:
        wrong = verify(json.load(f), bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else None)
    print("\n".join(wrong) or "everything fits")
    sys.exit(bool(wrong))
