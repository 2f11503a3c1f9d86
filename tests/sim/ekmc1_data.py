"""The complaints of the simulated old portal: the same sixty at every start.

Numbers are year, department letters and a serial (2023WSU004512, typed 2023/WSU/004512). All were lodged before the
go-live, 13/07/2024 00:00 Asia/Kolkata. What a test may rely on by number stands in NAMED and BY_STATE.
"""
import dataclasses
import datetime
import random
import re
import typing

IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
NUMBER = re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{6}")

# eKMC2.0's state: the word each variant of the old portal has for it
STATUS_WORDS = {
    "UNASSIGNED": {"a": "Registered", "b": "নতুন", "json": "NEW"},
    "ASSIGNED": {"a": "Pending", "b": "Allotted", "json": "ALLOTTED"},
    "IN_PROGRESS": {"a": "Under Process", "b": "In Hand", "json": "WIP"},
    "ESCALATED": {"a": "Re-opened", "b": "Reopen", "json": "REOPEN"},
    "RESOLVED": {"a": "Disposed", "b": "Done", "json": "DISPOSED"},
    "CLOSED": {"a": "Closed", "b": "বন্ধ", "json": "CLOSED"},
    "REJECTED": {"a": "Rejected", "b": "বাতিল", "json": "REJ"},
    "WITHDRAWN": {"a": "Withdrawn", "b": "Cancelled", "json": "WDN"},
    "DUPLICATE": {"a": "Duplicate", "b": "Repeat", "json": "DUP"},
}
ENDED = ("RESOLVED", "CLOSED", "REJECTED", "WITHDRAWN", "DUPLICATE")

DEPARTMENTS = {
    "WSU": ("Water Supply", "জল সরবরাহ", ["No water", "Leakage in pipe line", "Dirty / muddy water"]),
    "DRN": ("Sewerage & Drainage", "নিকাশি", ["Water logging", "Gully pit blocked", "Manhole cover missing"]),
    "SWM": ("Solid Waste Management", "জঞ্জাল অপসারণ", ["Garbage not cleared", "Vat overflowing"]),
    "ROD": ("Roads & Asphaltum", "রাস্তা", ["Pot hole", "Footpath broken"]),
    "LGT": ("Lighting", "আলো", ["Street light not burning", "Lamp post damaged"]),
    "BLD": ("Building", "ইমারত", ["Unauthorised construction", "Dangerous building"]),
    "HLT": ("Health", "স্বাস্থ্য", ["Mosquito menace", "Stagnant water"]),
    "PRK": ("Parks & Squares", "উদ্যান", ["Fallen tree", "Park lamp post"]),
}

REMARKS = [
    "",
    "Gang will attend – ‘urgent’ slip issued to A.E.(C).",
    "Estimate of ₹ 12,500 sanctioned… work order awaited",
    "কাজ চলছে, অনুগ্রহ করে অপেক্ষা করুন",
    "Attended & completed. Café side lane also cleaned.",
    "Party not found at site. Pl. call “Control Room” 2286-1212",
]

ESCAPED = "Owner wrote: <script>alert(1)</script> & left"
RAW = "<b>URGENT</b><img src=x onerror=alert(2)><script>alert(3)</script> seen"
# raw: closes the table's row and pretends another status, and that there is no record at all
SPOOF = ("noted</td></tr><tr><td class=lbl>Status<td class=val>Closed</td></tr>"
         "<tr><td><p class=msg>No record found</p><span class=st>বন্ধ</span>")


@dataclasses.dataclass
class Complaint:
    """One old complaint. `status` is a key of STATUS_WORDS or a word to show as it is; `raw`: remark is not escaped."""
    number: str
    status: str
    department: str
    category: str
    lodged: datetime.datetime
    closed: typing.Optional[datetime.datetime] = None
    ward: typing.Optional[int] = None
    remark: str = ""
    raw: bool = False

    def word(self, variant):
        return STATUS_WORDS.get(self.status, {}).get(variant, self.status)

    def department_names(self):
        """(English, Bengali); a department outside the table is shown as it is."""
        names = DEPARTMENTS.get(self.department)
        return (names[0], names[1]) if names else (self.department, "")


def _at(text):
    return datetime.datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=IST)


NAMED = [
    Complaint("2019WSU000001", "CLOSED", "WSU", "No water", _at("01/01/2019 00:05"), _at("03/01/2019 17:30"), 1),
    Complaint("2023WSU004512", "IN_PROGRESS", "WSU", "Leakage in pipe line", _at("14/08/2023 10:15"), None, 63,
              REMARKS[1]),
    Complaint("2024DRN009999", "ASSIGNED", "DRN", "Water logging", _at("12/07/2024 23:59"), None, 9, REMARKS[3]),
    Complaint("2020PRK000100", "ASSIGNED", "PRK", "Fallen tree", _at("20/05/2020 21:40")),
    Complaint("2021HLT000044", "RESOLVED", "HLT", "Mosquito menace", _at("28/02/2021 09:00"),
              _at("01/03/2021 11:11"), 144, REMARKS[4]),
    Complaint("2022BLD000666", "IN_PROGRESS", "BLD", "Dangerous building", _at("06/06/2022 06:06"), None, 45, ESCAPED),
    Complaint("2022BLD000667", "IN_PROGRESS", "BLD", "Unauthorised construction", _at("07/06/2022 06:07"), None, 45,
              RAW, True),
    Complaint("2022BLD000668", "IN_PROGRESS", "BLD", "Unauthorised construction", _at("08/06/2022 06:08"), None, 45,
              SPOOF, True),
]

BY_STATE = {state: f"2023SWM{100 + i:06d}" for i, state in enumerate(STATUS_WORDS, 1)}
TOTAL = 60
MISSING = "2023WSU999999"
# what a control call may give; everything else is text
SHAPES = {"closed": (str, type(None)), "ward": (int, type(None)), "raw": bool}


def complaints():
    """A fresh {number: Complaint} of all sixty."""
    found = {c.number: dataclasses.replace(c) for c in NAMED}
    for i, (state, number) in enumerate(BY_STATE.items()):
        lodged = _at("02/01/2023 12:00") + datetime.timedelta(days=i)
        closed = lodged + datetime.timedelta(days=10) if state in ENDED else None
        found[number] = Complaint(number, state, "SWM", "Garbage not cleared", lodged, closed, 10 + i, REMARKS[i % 6])
    rng = random.Random(1872)
    first = _at("01/01/2019 00:00")
    span_min = int((_at("12/07/2024 23:59") - first).total_seconds() // 60)
    while len(found) < TOTAL:
        c = _made_up(rng, first + datetime.timedelta(minutes=rng.randrange(span_min)), 20000 + len(found))
        found[c.number] = c
    return found


def _made_up(rng, lodged, serial):
    dept = rng.choice(list(DEPARTMENTS))
    state = rng.choice(list(STATUS_WORDS))
    closed = lodged + datetime.timedelta(hours=rng.randrange(1, 900)) if state in ENDED else None
    return Complaint(f"{lodged.year}{dept}{serial:06d}", state, dept, rng.choice(DEPARTMENTS[dept][2]), lodged, closed,
                     rng.randrange(1, 145), rng.choice(REMARKS))


def normal(text):
    """A number as typed, in the form the keys have: upper case, without spaces, hyphens and slashes."""
    return re.sub(r"[\s/\-]", "", text).upper()


def changed(known, order):
    """The Complaint that the control call `order` (a dict) makes of what is `known` ({number: Complaint}).

    An existing number needs only what changes; a new one gets the fields of an ordinary pending complaint.
    Errors: ValueError for an unknown key, a number of another shape, a wrong type or a time that is not ISO 8601."""
    order = dict(order)
    number = normal(str(order.pop("number", "")))
    if not NUMBER.fullmatch(number):
        raise ValueError("number must look like 2023WSU004512")
    base = known.get(number) or Complaint(number, "ASSIGNED", number[4:7], "Other", _at("01/07/2024 10:00"))
    names = {f.name for f in dataclasses.fields(Complaint)}
    unknown = sorted(set(order) - names)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(names))}")
    for key, value in order.items():
        if not isinstance(value, SHAPES.get(key, str)):
            raise ValueError(f"{key} has the wrong type")
        if key in ("lodged", "closed") and value is not None:
            when = datetime.datetime.fromisoformat(value)
            order[key] = when.replace(tzinfo=IST) if when.tzinfo is None else when.astimezone(IST)
    return dataclasses.replace(base, **order)
