"""Complaint numbers as the design writes them: YYMM, seven digits, one Verhoeff check digit."""

_TIMES = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
          [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
          [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
          [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
_SHIFT = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
          [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
          [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]
_INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]

BENGALI = str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯")
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")


def check_digit(digits):
    c = 0
    for i, digit in enumerate(reversed(digits), start=1):
        c = _TIMES[c][_SHIFT[i % 8][int(digit)]]
    return str(_INVERSE[c])


def number(yymm, serial):
    head = f"{yymm}{serial:07d}"
    return head + check_digit(head)


def valid_number(text):
    return len(text) == 12 and check_digit(text[:11]) == text[11]


def mistyped(text):
    """The same number with one wrong digit, as fingers make it: Verhoeff finds every one of them."""
    return text[:6] + str((int(text[6]) + 1) % 10) + text[7:]


assert [check_digit(d) for d in ("236", "12345", "54321", "142857")] == ["3", "1", "7", "0"]
