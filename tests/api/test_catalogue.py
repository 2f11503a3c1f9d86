"""What a complaint can be about, and where: catalogue, wards, and the ward of a point."""
import re

import pytest

# lat, lon → ward and borough; from the notes to the polygons
POINTS = [(22.5605, 88.3530, 46, 6), (22.6010, 88.3730, 10, 2), (22.5194, 88.3656, 68, 8), (22.4640, 88.3770, 111, 11),
          (22.4980, 88.3110, 130, 14)]
GAP = (22.4480, 88.3020)
HOWRAH, SALT_LAKE = (22.5850, 88.3300), (22.5800, 88.4150)


def locate(client, lat, lon, **more):
    return client.get("/wards/locate", params={"lat": lat, "lon": lon}, **more)


def test_catalogue_names_everything_in_three_languages_once(anyone):
    catalogue = anyone.get("/catalogue", expect=200).data
    assert set(catalogue["languages"]) == {"en", "bn", "hi"}
    departments = catalogue["departments"]
    categories = [c for d in departments for c in d["categories"]]
    subcategories = [s for c in categories for s in c["subcategories"]]
    assert subcategories
    for things in (departments, categories, subcategories):
        codes = [t["code"] for t in things]
        assert len(codes) == len(set(codes))
        for thing in things:
            assert re.search("[\u0980-\u09ff]", thing["bn"]), thing
            assert re.search("[\u0900-\u097f]", thing["hi"]), thing
    for d in departments:
        assert all(c["code"].startswith(d["code"] + "-") for c in d["categories"])
        assert all(s["code"].startswith(d["code"] + "-") for c in d["categories"] for s in c["subcategories"])


def test_catalogue_knows_the_sewer_and_its_promise(anyone):
    catalogue = anyone.get("/catalogue", expect=200).data
    drn = next(d for d in catalogue["departments"] if d["code"] == "DRN")
    sewer = next(s for c in drn["categories"] for s in c["subcategories"] if s["code"] == "DRN-01")
    assert (drn["en"], sewer["en"]) == ("Sewerage & Drainage", "Blocked or overflowing sewer")
    assert (sewer["sla_hours"], sewer["photo_on_resolve"]) == (24, True)


def test_catalogue_says_what_an_old_number_is(anyone):
    catalogue = anyone.get("/catalogue", expect=200).data
    assert catalogue["go_live"] == "2024-07-12T18:30:00.000Z"
    assert re.search(catalogue["legacy_pattern"], "2023WSU004512")
    assert not re.search(catalogue["legacy_pattern"], "2023WSU004512<script>")


@pytest.mark.parametrize("path", ["/catalogue", "/wards", "/wards/locate?lat=22.5605&lon=88.3530"])
def test_public_answers_are_the_same_until_they_change(anyone, path):
    first = anyone.get(path, expect=200)
    assert anyone.get(path, expect=200).body == first.body
    again = anyone.get(path, headers={"If-None-Match": first.headers["ETag"]}, expect=304)
    assert again.headers["ETag"] == first.headers["ETag"]


def test_all_144_wards_stand_in_their_16_boroughs(anyone):
    wards = anyone.get("/wards", expect=200).data["wards"]
    assert [w["ward"] for w in wards] == list(range(1, 145))
    assert {w["borough"] for w in wards} == set(range(1, 17))
    assert {w["ward"]: w["borough"] for w in wards}[63] == 7


@pytest.mark.parametrize("lat, lon, ward, borough", POINTS)
def test_a_point_is_in_its_ward(anyone, lat, lon, ward, borough):
    found = locate(anyone, lat, lon, expect=200).data
    assert (found["ward"], found["borough"]) == (ward, borough)
    assert ward in found["candidates"]


def test_a_point_in_the_gap_has_three_candidates(anyone):
    assert locate(anyone, *GAP, expect=200).data == {"ward": None, "borough": None, "candidates": [142, 143, 144]}


@pytest.mark.parametrize("point", [HOWRAH, SALT_LAKE, (28.6139, 77.2090), (0, 0), (-22.5605, -88.3530)])
def test_a_point_elsewhere_is_outside_kolkata(anyone, point):
    refused = locate(anyone, *point, expect=422)
    assert refused.code == "outside_kolkata"
    assert refused.pointers("outside_kolkata") == ["/lat"]


@pytest.mark.parametrize("lat, lon, pointers", [
    ("", "", ["/lat", "/lon"]), ("north", "east", ["/lat", "/lon"]), ("22.56", "east", ["/lon"]), ("nan", "88.35", ["/lat"]),
    ("inf", "-inf", ["/lat", "/lon"]), ("91", "181", ["/lat", "/lon"]), ("1e999", "88.35", ["/lat"]), ("22,56", "88,35", ["/lat", "/lon"]),
    ("0x16", "88.35", ["/lat"]), ("22.56'--", "88.35", ["/lat"]), ("২২.৫৬ উত্তর", "88.35", ["/lat"])])
def test_bad_numbers_are_all_named(anyone, lat, lon, pointers):
    refused = locate(anyone, lat, lon, expect=422)
    assert refused.code == "invalid"
    assert refused.pointers() == pointers


@pytest.mark.parametrize("query, pointers", [("", ["/lat", "/lon"]), ("?lat=22.5605", ["/lon"]), ("?lon=88.3530", ["/lat"])])
def test_missing_numbers_are_required(anyone, query, pointers):
    assert anyone.get("/wards/locate" + query, expect=422).pointers("required") == pointers


@pytest.mark.parametrize("query", ["?lat=22.5605&lon=88.3530&lat=1", "?lat=22.5605&lon=88.3530&zoom=3"])
def test_a_name_twice_or_unknown_is_refused(anyone, query):
    refused = anyone.get("/wards/locate" + query, expect=422)
    assert refused.pointers() in (["/lat"], ["/zoom"])
