"""The faces of the simulated old portal: three variants that answer the same question in three ways.

A variant knows where it is searched (`path`), which number a request asks for (`asked`), and how it says "found" and
"not found". Its pages are wrong on purpose in the ways old portals are: tags left open, `&nbsp;` for layout, tables in
tables, scripts that contain the very sentences an adapter looks for, and remarks that somebody forgot to escape.
"""
import html
import json
import urllib.parse

from ekmc1_data import NUMBER, normal
from simlib import Reply

MODE_B = "PUBLIC_VIEW"
BENGALI_DIGITS = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")


class VariantA:
    """GET with a query field; a label/value table; windows-1252, told in the Content-Type header alone."""
    name = "a"
    path = "/a/search"
    kind = "text/html; charset=windows-1252"

    def takes(self, path):
        return path == self.path

    def asked(self, request):
        """The number asked for, or the Reply to a request that this variant does not understand."""
        if request.method != "GET":
            return not_allowed(request.method)
        number = request.query.get("cno", "").strip()
        return number or self.form("Please enter Complaint No.")

    def found(self, c):
        english, bengali = c.department_names()
        ward = f"{c.ward}&nbsp;(K.M.C.)" if c.ward else "&nbsp;"
        rows = [
            ("Complaint&nbsp;No.", f"<b>{c.number[:4]}/{c.number[4:7]}/{c.number[7:]}</b>"),
            # the ampersand of "Sewerage & Drainage" stays as it is, as in many an old page
            ("Department", f"{english} / {bengali}" if bengali else english),
            ("Nature&nbsp;of Complaint", html.escape(c.category)),
            ("Ward", ward),
            ("Lodged&nbsp;On", c.lodged.strftime("%d/%m/%Y")),
            ("Closed&nbsp;On", c.closed.strftime("%d/%m/%Y") if c.closed else "&nbsp;"),
            ("Present&nbsp;Status", f"<font color=#990000>&nbsp;{html.escape(c.word('a'))}&nbsp;</font>"),
            ("Remarks", _remark(c) or "&nbsp;"),
        ]
        cells = "\n".join(f"<tr bgcolor=#EEEEEE><td class=lbl nowrap>{label}&nbsp;:<td class=val>\n   {value}"
                          for label, value in rows)
        return self._page(f"<table id=res border=0 cellpadding=2 width=90%>\n{cells}\n</table>")

    def missing(self, number):
        return self._page("<p class=msg><font color=red>No record found</font> for Complaint No. "
                          + html.escape(number))

    def form(self, message=""):
        return self._page(f"<p>{message}<form action=/a/search method=get>Complaint No. <input name=cno size=16>"
                          "<input type=hidden name=lang value=en><input type=submit value=Search></form>")

    def _page(self, inner):
        text = f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html><head><title>eKMC – Complaint Status</title>
<script language="JavaScript">
function chk(f) {{ if (f.cno.value == "") {{ alert("No record found"); return false; }}
  if (a<b && b>c) document.write("<td class=lbl>Status"); }}
</script></head>
<body bgcolor=white topmargin=0><center>
<table width=100% border=0><tr><td background=bg.gif><font face=Arial size=4>The Kolkata Municipal Corporation</font>
<tr><td>&nbsp;<a href=/>Home</a> | Complaint Status<br>
{inner}
<tr><td align=center><font size=1>© 2009 – best viewed in 800×600
</table></body>"""
        # what the charset lacks (all of Bengali, the rupee sign) leaves as &#number;, as Java pages do it
        return Reply(text.encode("windows-1252", "xmlcharrefreplace"), self.kind)


class VariantB:
    """POST of a form with a hidden constant; one row per complaint, tables in it; UTF-8, told in a meta tag alone."""
    name = "b"
    path = "/b/search"
    kind = "text/html"

    def takes(self, path):
        return path == self.path

    def asked(self, request):
        if request.method != "POST":
            return not_allowed(request.method)
        if request.form.get("act") != MODE_B:
            return self._page("<p class=err>অবৈধ অনুরোধ (invalid request)</p>")
        number = request.form.get("complaintNo", "").strip()
        return number or self.form()

    def found(self, c):
        english, bengali = c.department_names()
        ward = f"{c.ward:03d}".translate(BENGALI_DIGITS) if c.ward else ""
        closed = f"<tr><td>নিষ্পত্তি<td class=dt2>{c.closed:%d-%b-%Y}" if c.closed else ""
        row = f"""<tr class=row1><td align=right>১.<td><a href="javascript:view('{c.number}')">{c.number}</a>
<td><table border=0><tr><td>বিভাগ:<td class=dep>{html.escape(bengali or english)}&nbsp;
<tr><td>ধরন:<td class=cat>{html.escape(c.category)}</table>
<td class=wd>&nbsp;{ward}&nbsp;
<td><table border=0 class=dts><tr><td>দাখিল<td class=dt1>{c.lodged:%d-%b-%Y}{closed}</table>
<td><span class=st>
    {html.escape(c.word('b'))}&nbsp;</span>"""
        remark = f"""<div id=rmk><fieldset><legend>মন্তব্য</legend><p class=txt>{_remark(c)}</fieldset></div>"""
        return self._page(self._list(row) + (remark if c.remark else ""))

    def missing(self, number):
        return self._page(self._list("") + "<p>দুঃখিত, এই নম্বরে কোনো তথ্য পাওয়া যায়নি।")

    def form(self):
        return self._page("<form action=/b/search method=post>অভিযোগ নং <input name=complaintNo maxlength=20>"
                          f"<input type=hidden name=act value={MODE_B}><input type=submit value=খুঁজুন></form>")

    def _list(self, row):
        heads = "".join(f"<th>{h}" for h in ("ক্রমিক", "অভিযোগ নং", "বিভাগ ও ধরন", "ওয়ার্ড", "তারিখ", "অবস্থা"))
        return f"<table id=grvList class=grid cellspacing=0>\n<tr class=hd>{heads}\n{row}\n</table>\n"

    def _page(self, inner):
        text = f"""<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>কলকাতা পৌরসংস্থা</title>
<script>var noRow = "<p>কোনো তথ্য পাওয়া যায়নি"; function view(n) {{ window.open('/b/view.do?n=' + n); }}</script>
<body onload="window.status='ready'"><!-- <table id=grvList><tr class=row1><td>old layout, 2016 -->
<div id=hd><h2>অভিযোগের অবস্থা &nbsp;</h2><p>সার্ভার সময় <i>IST</i></div>
{inner}
<div id=ft><font size=1>কলকাতা পৌরসংস্থা &copy; ২০১৬</div>"""
        return Reply(text.encode(), self.kind)


class VariantJson:
    """GET with the number in the path; nested JSON objects; an unknown number is 404 with JSON."""
    name = "json"
    path = "/json/complaint/"
    kind = "application/json;charset=UTF-8"

    def takes(self, path):
        return path.startswith(self.path)

    def asked(self, request):
        if request.method != "GET":
            return not_allowed(request.method)
        return urllib.parse.unquote(request.path[len(self.path):]) or self._page({"error": {"code": "EMPTY"}}, 400)

    def found(self, c):
        english, bengali = c.department_names()
        return self._page({"success": True, "data": {"complaint": {
            "no": c.number,
            "dept": {"code": c.department, "name": f"{bengali} / {english}" if bengali else english},
            "nature": c.category,
            "place": {"ward": c.ward, "borough": None},
            "dates": {"lodged": c.lodged.isoformat(), "closed": c.closed.isoformat() if c.closed else None},
            "current": {"word": c.word("json"), "remark": c.remark or None},
        }}, "serverTime": "n/a"})

    def missing(self, number):
        error = {"code": "NF", "message": "no such complaint"}
        return self._page({"success": False, "data": None, "error": error}, 404)

    def _page(self, value, status=200):
        return Reply(json.dumps(value).encode(), self.kind, status)


VARIANTS = {v.name: v for v in (VariantA(), VariantB(), VariantJson())}


def search(variant, number, complaints):
    """The variant's ordinary answer to a search for `number` as it was sent."""
    key = normal(number)
    if NUMBER.fullmatch(key) and key in complaints:
        return variant.found(complaints[key])
    return variant.missing(number)


def _remark(c):
    return c.remark if c.raw else html.escape(c.remark)


def not_allowed(method):
    return tomcat(405, f"HTTP method {html.escape(method)} is not supported by this URL")


def tomcat(status, message):
    """An error page as the old Java server writes it."""
    return Reply(f"<html><head><title>Apache Tomcat/5.5 - Error report</title></head><body><h1>HTTP Status {status} - "
                 f"{message}</h1><HR size=\"1\" noshade><pre>at in.kmc.grv.StatusServlet.doGet(StatusServlet.java:118)"
                 "</pre></body></html>".encode(), "text/html;charset=utf-8", status)


def start_page():
    """The page a citizen is sent to when the adapter cannot answer: what this is and where the search is."""
    return Reply("""<!DOCTYPE html>
<html lang=en><head><meta charset=utf-8><title>eKMC 1.0 (simulated)</title></head>
<body><h1>eKMC 1.0, the old complaint portal</h1>
<p>This is a simulator of the old portal. It keeps the complaints lodged before 13/07/2024.
<p>Search the status of an old complaint, for example <b>2023/WSU/004512</b>:
<ul><li><a href="/a/">English page</a> <li><a href="/b/">বাংলা পাতা</a>
<li><a href="/json/complaint/2023WSU004512">JSON</a></ul>
</body></html>
""".encode(), "text/html; charset=utf-8")
