#!/usr/bin/python3
"""Checks that the seed data hangs together: translations, scripts, codes, SMS lengths, polygons, demo complaints."""

import csv
import datetime
import io
import json
import math
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SEED = TOP / "sql" / "seed"

NAMES = ["en", "bn", "hi"]
HEADERS = {
    SEED / "departments.csv": ["code", *NAMES],
    SEED / "categories.csv": ["code", "department", *NAMES],
    SEED / "subcategories.csv": ["code", "category", *NAMES, "sla_hours", "photo_on_resolve", "anonymous"],
    SEED / "boroughs.csv": ["borough", *NAMES],
    SEED / "wards.csv": ["ward", "borough"],
    SEED / "holidays.csv": ["day", *NAMES],
    SEED / "states.csv": ["state", *NAMES],
    SEED / "offices.csv": ["code", *NAMES],
    SEED / "templates.csv": ["code", "audience", *NAMES, "dlt_id_en", "dlt_id_bn", "dlt_id_hi"],
    SEED / "staff.csv": ["user", "role", "department", "level", "boroughs", "wards", "subcategories", "en", "bn",
                         "mobile"],
    SEED / "demo_complaints.csv": ["no", "days_ago", "minutes", "subcategory", "ward", "lat", "lon", "language",
                                   "channel", "mobile", "name", "description", "story"],
}
STATES = ("UNASSIGNED ASSIGNED IN_PROGRESS REASSIGN_REQUESTED AWAITING_CITIZEN ESCALATED RESOLVED REJECTED CLOSED "
          "WITHDRAWN DUPLICATE").split()
OFFICES = "LME GRO EO1 EO2 CITIZEN DESK SYSTEM CMRO".split()
CHANNELS = "WEB APP WHATSAPP CALL_CENTRE TALK_TO_MAYOR MAYOR_OFFICE CMRO OPEN311".split()
ROLES = "lme gro eo desk controlling commissioner mayor admin".split()
AUDIENCES = "citizen lme gro eo holder controlling".split()
NO_POLYGON = {142, 143, 144}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
ERROR_PLACEHOLDERS = {"min", "max", "expected"}

# no Bengali or Hindi word has two vowel signs, or one after a virama or before a nukta: mojibake and slips do
MISSPELT = re.compile("[\u09be-\u09cc][\u09be-\u09cc\u09cd\u09bc]|\u09cd[\u09be-\u09cc\u09cd]|"
                      "[\u093e-\u094c][\u093e-\u094d\u093c]|\u094d[\u093e-\u094d]")

# 3GPP TS 23.038, the basic table; what its extension table holds costs two and is not used
GSM7 = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
           "abcdefghijklmnopqrstuvwxyzäöñüà")
DLT_LONGEST = 30    # of a variable in a message
PART_LIMIT = {"en": 160, "bn": 134, "hi": 134}

faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def rel(path):
    return path.relative_to(TOP)


# ---------------------------------------------------------------- files and scripts

def load(path):
    """The rows of one file as dictionaries with "_at", or none when the file is not sound."""
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        fault(rel(path), e)
        return []
    for bad, why in (("\r", "CR"), ("\ufeff", "a BOM"), ("\ufffd", "a replacement character")):
        if bad in text:
            fault(rel(path), f"contains {why}")
    if not text.endswith("\n"):
        fault(rel(path), "the last line is not ended")
    if text != unicodedata.normalize("NFC", text):
        fault(rel(path), "is not NFC")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        header = next(reader, [])
        if header != HEADERS[path]:
            fault(rel(path), f"header is {header}")
            return []
        for cells in reader:
            at = f"{rel(path)}:{reader.line_num}"
            if len(cells) != len(header):
                fault(at, f"{len(cells)} cells, the header has {len(header)}")
                continue
            if any(c != c.strip() or "  " in c for c in cells):
                fault(at, "stray space")
            rows.append(dict(zip(header, cells), _at=at))
    except csv.Error as e:
        fault(rel(path), e)
    if not rows:
        fault(rel(path), "no rows")
    return rows


def script(c):
    """L, B (Bengali), D (Devanagari), X (another script's letter), or None for what all scripts share."""
    o = ord(c)
    if o in (0x964, 0x965) or o in (0x200C, 0x200D):  # danda, double danda, the joiners
        return None
    if 0x980 <= o <= 0x9FF:
        return "B"
    if 0x900 <= o <= 0x97F:
        return "D"
    if o < 0x80:
        return "L" if c.isalpha() else None
    return "X" if unicodedata.category(c)[0] in "LMN" else None


def check_script(at, lang, text):
    want = {"en": "L", "bn": "B", "hi": "D"}[lang]
    found = {script(c) for c in text} - {None}
    if want not in found:
        fault(at, f"{lang}: not in its script: {text!r}")
    if found - {want, "L"}:
        fault(at, f"{lang}: letters of another script: {text!r}")
    if lang == "en" and not text.isascii():
        fault(at, f"en: not ASCII: {text!r}")
    check_words(at, text)


def check_words(at, text):
    """A Latin letter inside a Bengali or Hindi word is a look-alike or a slip of the keyboard."""
    for word in re.split(r"[\s\-/.,:;(){}#'\"!?।]+", PLACEHOLDER.sub(" ", text)):
        if len({script(c) for c in word} - {None}) > 1:
            fault(at, f"mixed scripts in {word!r}")
        if word and unicodedata.category(word[0])[0] == "M":
            fault(at, f"begins with a combining mark: {word!r}")
        if MISSPELT.search(word):
            fault(at, f"misspelt: {word!r}")


def check_names(rows, columns=NAMES):
    for r in rows:
        for lang in columns:
            if not r[lang]:
                fault(r["_at"], f"{lang}: no translation")
            else:
                check_script(r["_at"], lang, r[lang])


def keys(rows, column):
    for value, n in Counter(r[column] for r in rows).items():
        if n > 1 or not value:
            fault(rows[0]["_at"].split(":")[0], f"{column} {value!r} stands {n} times")
    return {r[column]: r for r in rows}


def number(r, column, low, high):
    if not re.fullmatch(r"[0-9]{1,7}", r[column]) or not low <= int(r[column]) <= high:
        fault(r["_at"], f"{column}: {r[column]!r} is no number from {low} to {high}")
        return None
    return int(r[column])


# ---------------------------------------------------------------- catalogue, places, days, public names

def check_catalogue(departments, categories, subcategories):
    deps, cats, subs = (keys(rows, "code") for rows in (departments, categories, subcategories))
    letters, digits = Counter(), Counter()
    for r in categories:
        dep = r["department"]
        if dep not in deps:
            fault(r["_at"], f"no department {dep}")
        if r["code"] != f"{dep}-{chr(ord('A') + letters[dep])}":
            fault(r["_at"], f"code {r['code']} is not the next of {dep}")
        letters[dep] += 1
    for r in subcategories:
        if r["category"] not in cats:
            fault(r["_at"], f"no category {r['category']}")
        dep = r["code"][:3]
        digits[dep] += 1
        if r["code"] != f"{dep}-{digits[dep]:02d}" or not r["category"].startswith(dep + "-"):
            fault(r["_at"], f"code {r['code']} is not the next of its department")
        number(r, "sla_hours", 1, 720)
        for flag in ("photo_on_resolve", "anonymous"):
            if r[flag] not in ("yes", "no"):
                fault(r["_at"], f"{flag}: {r[flag]!r}")
    for r in (*departments, *subcategories):    # they stand in messages, where a longer one ends at some word
        for lang in NAMES:
            if len(r[lang]) > DLT_LONGEST:
                fault(r["_at"], f"{lang}: {len(r[lang])} characters, at most {DLT_LONGEST}")
    for name, have, used in (("department", deps, {r["department"] for r in categories}),
                             ("category", cats, {r["category"] for r in subcategories})):
        for code in set(have) - used:
            fault("sql/seed", f"{name} {code} is empty")
    return deps, subs


def check_places(boroughs, wards):
    if [r["borough"] for r in boroughs] != [str(n) for n in range(1, 17)]:
        fault("sql/seed/boroughs.csv", "not 1 to 16")
    if [r["ward"] for r in wards] != [str(n) for n in range(1, 145)]:
        fault("sql/seed/wards.csv", "not 1 to 144")
    for r in wards:
        number(r, "borough", 1, 16)
    for n in set(range(1, 17)) - {int(r["borough"]) for r in wards}:
        fault("sql/seed/wards.csv", f"borough {n} has no ward")


def check_days(holidays):
    days = list(keys(holidays, "day"))
    if days != sorted(days):
        fault("sql/seed/holidays.csv", "not in order")
    for r in holidays:
        try:
            day = datetime.date.fromisoformat(r["day"])
        except ValueError as e:
            fault(r["_at"], e)
            continue
        if not datetime.date(2024, 7, 1) <= day <= datetime.date(2027, 12, 31):
            fault(r["_at"], "outside July 2024 to 2027")
    for year in range(2024, 2028):
        for fixed in ("08-15", "10-02", "12-25") + (("01-26", "05-01") if year > 2024 else ()):
            if f"{year}-{fixed}" not in days:
                fault("sql/seed/holidays.csv", f"{year}-{fixed} is missing")


# ---------------------------------------------------------------- texts

def documented_placeholders():
    rows = re.findall(r"^\| `\{(\w+)\}` \| ([0-9]+) \|", (SEED / "README.md").read_text("utf-8"), re.M)
    return {name: int(longest) for name, longest in rows}


def check_templates(templates):
    longest = documented_placeholders()
    keys(templates, "code")
    ids, used = Counter(), set()
    for r in templates:
        if r["audience"] not in AUDIENCES:
            fault(r["_at"], f"audience {r['audience']!r}")
        wanted = Counter(PLACEHOLDER.findall(r["en"]))
        used |= set(wanted)
        for lang in NAMES:
            text, dlt_id = r[lang], r["dlt_id_" + lang]
            ids[dlt_id] += 1
            if not re.fullmatch(r"1107[0-9]{15}", dlt_id):
                fault(r["_at"], f"dlt_id_{lang}: {dlt_id!r} is not 19 digits from 1107")
            if Counter(PLACEHOLDER.findall(text)) != wanted:
                fault(r["_at"], f"{lang}: other placeholders than en")
            if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
                fault(r["_at"], f"{lang}: a brace without its pair")
            unknown = set(PLACEHOLDER.findall(text)) - set(longest)
            if unknown:
                fault(r["_at"], f"{lang}: placeholders the README does not explain: {sorted(unknown)}")
                continue
            full = PLACEHOLDER.sub(lambda m: "x" * longest[m[1]], text)
            units = len(full.encode("utf-16-le")) // 2
            if units > PART_LIMIT[lang]:
                fault(r["_at"], f"{lang}: {units} units, at most {PART_LIMIT[lang]}")
            if lang == "en" and set(full) - GSM7:
                fault(r["_at"], f"en: not GSM-7: {sorted(set(full) - GSM7)}")
    for name in set(longest) - used:
        fault("sql/seed/README.md", f"no template uses {{{name}}}")
    for name, n in longest.items():
        if n > DLT_LONGEST:
            fault("sql/seed/README.md", f"{{{name}}} is over the {DLT_LONGEST} characters of DLT")
    for dlt_id, n in ids.items():
        if n > 1:
            fault("sql/seed/templates.csv", f"DLT id {dlt_id} stands {n} times")


def check_staff(staff, deps, subs):
    keys(staff, "user")
    keys(staff, "mobile")
    keys(staff, "en")
    has = Counter()
    for r in staff:
        if not re.fullmatch(r"[a-z][a-z0-9.]{2,31}", r["user"]):
            fault(r["_at"], f"user {r['user']!r}")
        if not re.fullmatch(r"70000[0-9]{5}", r["mobile"]):
            fault(r["_at"], f"mobile {r['mobile']!r} is not of the demo's range")
        if r["role"] not in ROLES:
            fault(r["_at"], f"role {r['role']!r}")
        of_department = r["role"] in ("lme", "gro", "eo", "controlling")
        if (r["department"] in deps) != of_department:
            fault(r["_at"], f"department {r['department']!r} for a {r['role']}")
        if (r["level"] in ("1", "2")) != (r["role"] == "eo"):
            fault(r["_at"], f"level {r['level']!r} for a {r['role']}")
        for column, limit in (("boroughs", 16), ("wards", 144)):
            for part in r[column].split():
                number({**r, column: part}, column, 1, limit)
        for code in r["subcategories"].split():
            if code not in subs or code[:3] != r["department"]:
                fault(r["_at"], f"subcategory {code} is none of {r['department']}")
        has[r["role"], r["department"], r["level"]] += 1
    for dep in deps:
        for role, level in (("gro", ""), ("eo", "1"), ("eo", "2"), ("controlling", "")):
            if has[role, dep, level] != 1:
                fault("sql/seed/staff.csv", f"{dep} has {has[role, dep, level]} {role}{level}")
        if (has["lme", dep, ""] == 0) != (dep == "PER"):
            fault("sql/seed/staff.csv", f"{dep} has {has['lme', dep, '']} LMEs")
    for role in ("desk", "commissioner", "mayor", "admin"):
        if not has[role, "", ""]:
            fault("sql/seed/staff.csv", f"no {role}")


# ---------------------------------------------------------------- polygons

def load_polygons():
    path = SEED / "kolkata_wards.geojson"
    try:
        features = json.loads(path.read_text("utf-8"))["features"]
        polygons = {int(f["properties"]["WARD"]): f["geometry"]["coordinates"] for f in features
                    if f["geometry"]["type"] == "MultiPolygon"}
    except (OSError, ValueError, KeyError) as e:
        fault(rel(path), f"unreadable: {e!r}")
        return {}
    if len(features) != 141 or set(polygons) != set(range(1, 142)):
        fault(rel(path), f"{len(features)} features, wards {sorted(set(range(1, 142)) ^ set(polygons))} differ")
    for ward, polygon in polygons.items():
        if any(ring[0] != ring[-1] or len(ring) < 4 for rings in polygon for ring in rings):
            fault(rel(path), f"ward {ward}: a ring is not closed")
    if "Attribution-ShareAlike 2.5 India" not in (SEED / "LICENSE-wards.txt").read_text("utf-8"):
        fault("sql/seed/LICENSE-wards.txt", "the attribution is missing")
    return polygons


def in_ring(x, y, ring):
    odd = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:]):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd


def in_ward(polygon, lat, lon):
    return any(in_ring(lon, lat, rings[0]) and not any(in_ring(lon, lat, hole) for hole in rings[1:])
               for rings in polygon)


# ---------------------------------------------------------------- demo complaints

def check_complaint(r, subs, polygons):
    if r["subcategory"] not in subs:
        fault(r["_at"], f"no subcategory {r['subcategory']}")
        return False
    fine = [number(r, "days_ago", 0, 120), number(r, "minutes", 0, 1439), number(r, "ward", 1, 144)]
    if None in fine:
        return False
    if r["channel"] not in CHANNELS:
        fault(r["_at"], f"channel {r['channel']!r}")
    if not re.fullmatch(r"983001[0-9]{4}", r["mobile"]):
        fault(r["_at"], f"mobile {r['mobile']!r} is not of the demo's range")
    if not r["name"] and subs[r["subcategory"]]["anonymous"] != "yes":
        fault(r["_at"], "nameless, but its subcategory wants a name")
    if r["language"] not in NAMES:
        fault(r["_at"], f"language {r['language']!r}")
    elif r["language"] == "bn" and r["description"].isascii():
        check_script(r["_at"], "en", r["description"])  # Bengali in Latin letters, as many type it
    else:
        check_script(r["_at"], r["language"], r["description"])
    if not 10 <= len(r["description"]) <= 4000:
        fault(r["_at"], "description: length")
    check_words(r["_at"], r["name"])
    if bool(r["lat"]) != bool(r["lon"]):
        fault(r["_at"], "half a point")
    elif r["lat"]:
        lat, lon = float(r["lat"]), float(r["lon"])
        if not (math.isfinite(lat) and in_ward(polygons.get(int(r["ward"]), []), lat, lon)):
            fault(r["_at"], f"the point is not in ward {r['ward']}")
    return True


def check_complaints(complaints, subs, wards, polygons):
    file = "sql/seed/demo_complaints.csv"
    if [r["no"] for r in complaints] != [str(n + 1) for n in range(len(complaints))]:
        fault(file, "no is not 1, 2, 3, …")
    names = {}
    for r in complaints:
        if check_complaint(r, subs, polygons) and r["name"] and names.setdefault(r["mobile"], r["name"]) != r["name"]:
            fault(r["_at"], f"{r['mobile']} is {names[r['mobile']]}")
    for what, column, have in (("ward", "ward", {r["ward"] for r in wards}), ("subcategory", "subcategory", subs),
                               ("channel", "channel", CHANNELS)):
        for value in set(have) - {r[column] for r in complaints}:
            fault(file, f"no complaint of {what} {value}")
    if not any(script(c) == "L" for r in complaints if r["language"] == "bn" for c in r["description"]):
        fault(file, "no Bengali in Latin letters")
    citizens = len({r["mobile"] for r in complaints})
    if citizens != 40:
        fault(file, f"{citizens} citizens")


def main():
    data = {path.stem: load(path) for path in HEADERS}
    for name, rows in data.items():
        if name == "staff":
            check_names(rows, ["en", "bn"])
        elif name not in ("wards", "demo_complaints"):
            check_names(rows)
    deps, subs = check_catalogue(data["departments"], data["categories"], data["subcategories"])
    check_places(data["boroughs"], data["wards"])
    check_days(data["holidays"])
    for name, column, want in (("states", "state", STATES), ("offices", "code", OFFICES)):
        if [r[column] for r in data[name]] != want:
            fault(f"sql/seed/{name}.csv", f"{column} is not {' '.join(want)}")
    check_templates(data["templates"])
    check_staff(data["staff"], deps, subs)
    check_complaints(data["demo_complaints"], subs, data["wards"], load_polygons())
    for line in faults:
        print(line)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
