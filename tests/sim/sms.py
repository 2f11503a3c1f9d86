"""The phone: shows the text messages that the `file` SMS profile wrote instead of sending them.

`--file` names the JSON-lines file that `ekmc-bridge notify` appends to: {"to","text","template","template_id","lang",
"number","parts","time","id"} a line. GET /sms answers JSON for tests, GET / a page for people who need to read an OTP.
POST /_control/clear empties the file. A line that is not complete yet, or torn by a crash, is passed over.
"""
import datetime
import html
import json
import os
import re
import threading
import urllib.parse

import simlib
from simlib import Reply

IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
# of a file that grew without end only this much of its tail is read
TAIL_BYTES = 8 << 20
SHOWN = 100


class Phone:
    """Reads `path` anew whenever its size or time changed; a file that is not there yet is an empty one."""
    banner = "phone"

    def __init__(self, path):
        self._path = path
        self._lock = threading.Lock()
        self._stamp = None
        self._messages = []

    def answer(self, request):
        call = (request.method, request.path)
        if call == ("GET", "/sms"):
            return simlib.json_reply({"messages": chosen(self._read(), request.query)})
        if call == ("GET", "/"):
            # a person's page never answers with an error for a filter: it only knows `to`
            to = request.query.get("to", "")
            return page(chosen(self._read(), {"to": to} if to else {})[-SHOWN:], to)
        if call == ("POST", "/_control/clear"):
            self._clear()
            return simlib.json_reply({"messages": []})
        return simlib.json_reply({"error": "GET /sms, GET / or POST /_control/clear"}, 404)

    def _read(self):
        with self._lock:
            try:
                with open(self._path, "rb") as f:
                    st = os.fstat(f.fileno())
                    stamp = (st.st_ino, st.st_size, st.st_mtime_ns)
                    if stamp != self._stamp:
                        f.seek(max(0, st.st_size - TAIL_BYTES))
                        self._messages = parsed(f.read())
                        self._stamp = stamp
            except FileNotFoundError:
                self._messages, self._stamp = [], None
            return self._messages

    def _clear(self):
        """Emptied in place: the writer keeps the file open for appending."""
        with self._lock:
            try:
                os.truncate(self._path, 0)
            except FileNotFoundError:
                pass
            self._messages, self._stamp = [], None


def parsed(data):
    """The messages of whole, valid lines, oldest first; what follows the last newline is still being written."""
    found = []
    for line in data.split(b"\n")[:-1]:
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and isinstance(message.get("to"), str):
            found.append(message)
    return found


def digits(text):
    """The last ten digits of a number as typed, in any script."""
    return "".join(str(int(c)) for c in text if c.isdecimal())[-10:]


def moment(text):
    """A time of RFC 3339, where a `+` may have become a space in a query. Errors: ValueError."""
    when = datetime.datetime.fromisoformat(text.strip().replace(" ", "+"))
    return when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)


def sent(message):
    """When a message was written; one without a readable time is older than all others."""
    try:
        return moment(str(message.get("time")))
    except ValueError:
        return datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)


def chosen(messages, query):
    """What `to`, `number` (of a complaint), `template`, `after` and `limit` (the newest so many) leave. Errors: ValueError for a bad
    value."""
    if "to" in query:
        tail = digits(query["to"])
        messages = [m for m in messages if tail and digits(m["to"]).endswith(tail)]
    if "number" in query:
        number = re.sub("[ -]", "", query["number"])
        messages = [m for m in messages if m.get("number") == number]
    if "template" in query:
        messages = [m for m in messages if m.get("template") == query["template"]]
    if "after" in query:
        after = moment(query["after"])
        messages = [m for m in messages if sent(m) > after]
    if "limit" in query:
        limit = int(query["limit"])
        if limit < 0:
            raise ValueError("limit must not be negative")
        messages = messages[-limit:] if limit else []
    return messages


STYLE = """
body { color: #14202b; background: #fff; font: 1rem/1.45 system-ui, sans-serif; max-width: 30rem; margin: 0 auto;
  padding: 1rem }
ol { list-style: none; padding: 0 }
li { margin: 0 0 1rem; padding: .7rem 1rem; border-radius: .3rem 1rem 1rem 1rem; background: #e9eef4;
  overflow-wrap: anywhere }
p { margin: .2rem 0; white-space: pre-wrap }
.head { font-size: .85rem; color: #44525f }
.text b { font-size: 1.25em; letter-spacing: .06em }
"""


def page(messages, to):
    """The page for people, the newest message on top."""
    bubbles = "\n".join(bubble(m) for m in reversed(messages)) or "<li><p>No message yet."
    only = f" to {html.escape(to)} (<a href=\"/\">all</a>)" if to else ""
    text = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The phone</title>
<meta http-equiv="refresh" content="3"><meta name="viewport" content="width=device-width">
<style>{STYLE}</style></head>
<body><main><h1>The phone</h1>
<p>Text messages{only} that a real system would send. Nothing leaves this machine. The page renews itself.</p>
<ol>
{bubbles}
</ol></main></body></html>
"""
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
    return Reply(text.encode("utf-8", "replace"), "text/html; charset=utf-8", headers=headers)


def bubble(message):
    """One message; codes stand out, and everything is escaped: a complaint's words come from strangers."""
    def shown(key):
        return html.escape(str(message.get(key) or ""))
    when = sent(message)
    clock = when.astimezone(IST).strftime("%d/%m/%Y %H:%M:%S") if when.year > 1 else shown("time")
    text = re.sub(r"(?<![\w&#])\d{4,12}(?!\w)", r"<b>\g<0></b>", shown("text"))
    link = urllib.parse.quote(digits(message["to"]))
    return (f"<li><p class=\"head\"><a href=\"/?to={link}\">{shown('to')}</a> · {clock} · {shown('template')} {shown('number')}</p>"
            f"<p class=\"text\" lang=\"{shown('lang')}\">{text}</p></li>")


if __name__ == "__main__":
    PARSER = simlib.parser(__doc__)
    PARSER.add_argument("--file", required=True, help="the JSON-lines file of the `file` SMS profile")
    ARGS = PARSER.parse_args()
    simlib.run(lambda: Phone(ARGS.file), ARGS)
