"""The simulated eKMC1.0 seen from its control calls (tests/sim/README.md)."""
import itertools

import requests

_serial = itertools.count(500000)


class Portal:
    def __init__(self, url):
        self.url = url.rstrip("/")
        self.http = requests.Session()
        self.http.trust_env = False

    def _post(self, path, **order):
        got = self.http.post(self.url + "/_control" + path, json=order, timeout=10)
        assert got.status_code == 200, got.text
        return got.json()

    def mode(self, mode, **more):
        return self._post("", mode=mode, **more)

    def reset(self):
        return self._post("/reset")

    def add(self, **fields):
        """A complaint that nobody asked for yet; returns its number."""
        number = f"2022WSU{next(_serial):06d}"
        self._post("/complaint", number=number, **fields)
        return number

    def seen(self):
        return self.http.get(self.url + "/_control", timeout=10).json()

    def asked(self, number):
        """How often eKMC1.0 was asked for this number, however it was written."""
        return sum(n for text, n in self.seen()["by_number"].items() if text.replace("/", "") == number)
