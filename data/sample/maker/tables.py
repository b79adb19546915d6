"""The tables beside the map: chargers that stand, substations, and what is to be built."""

import csv
from pathlib import Path

import numpy as np
from shapely.geometry import Point

from maker.addresses import Addresses
from maker.frame import MARK, NOTE, Unit, stream, to_lonlat
from maker.gcj02 import to_gcj02
from maker.names import Names
from maker.plots import Place, Plot

OPERATORS = ["渝充", "悦电", "蓝驿", "山城快充", "捷能", "畅电"]
STATIONS, SWAPS = 186, 6
APART = 75.0  # least distance between two existing stations, in metres


def existing(
    places: list[Place], units_at: np.ndarray, addresses: Addresses
) -> list[dict[str, object]]:
    """Choose places that have chargers already; rows hold the point on the plane."""
    rng = stream("existing")
    worth = {"parking": 1.0, "retail": 0.5, "fuel": 0.25, "office": 0.25, "bus": 0.6}
    worth["service"] = 6.0
    fit = [k for k, place in enumerate(places) if place.kind in worth and units_at[k] >= 0]
    weight = np.array([worth[places[k].kind] * _openness(places[k]) for k in fit])
    order = rng.choice(len(fit), len(fit), replace=False, p=weight / weight.sum())
    rows: list[dict[str, object]] = []
    spots: list[np.ndarray] = []
    for k in order:
        place = places[fit[int(k)]]
        spot = np.asarray(place.shape.representative_point().coords[0]) + rng.normal(0, 8.0, 2)
        if spots and min(np.hypot(*(spot - other)) for other in spots) < APART:
            continue
        spots.append(spot)
        rows.append(_station(rng, place, spot, len(rows), addresses))
        if len(rows) == STATIONS + SWAPS:
            break
    return rows


def _openness(place: Place) -> float:
    """Say how often a place has chargers of the public beside one open to all."""
    return 0.3 if place.tags.get("access") in {"private", "residents"} else 1.0


def _station(
    rng: np.random.Generator, place: Place, spot: np.ndarray, number: int, addresses: Addresses
) -> dict[str, object]:
    """Equip one station; the last few only swap batteries."""
    swap = number >= STATIONS
    chargers = 0 if swap else int(np.clip(np.exp(rng.normal(2.76, 0.62)), 2, 90))
    power = int(rng.choice([7, 60, 120, 120, 180], p=[0.12, 0.3, 0.28, 0.15, 0.15]))
    operator = OPERATORS[int(rng.integers(len(OPERATORS)))]
    label = place.tags.get("name", "").replace(MARK, "") or addresses.where(spot)
    what = "换电站" if swap else "充电站"
    return {
        "station_id": f"YB{number + 1:04d}",
        "name": f"{operator}{label}{what}{MARK}",
        "operator": f"{operator}{MARK}",
        "spot": spot,
        "chargers": chargers,
        "power_kw": 600 if swap else chargers * power,
        "swap": int(swap),
        "as_of": "2023-12-31",
        "kind": place.kind,
    }


def charger_nodes(rows: list[dict[str, object]], places: list[Place]) -> list[Place]:
    """Map some of the existing stations in the map too, a little off, and some it alone knows."""
    rng = stream("charger-nodes")
    nodes = []
    for row in rows:
        if rng.uniform() < 0.33 and not row["swap"]:
            tags = {"amenity": "charging_station", "name": str(row["name"])}
            if rng.uniform() < 0.4:
                tags["capacity"] = str(row["chargers"])
            nodes.append(Place("charger", Point(row["spot"] + rng.uniform(-30, 30, 2)), tags))
    parks = [place for place in places if place.kind in {"parking", "retail"}]
    for k in rng.choice(len(parks), 58, replace=False):
        tags = {"amenity": "charging_station"}
        if rng.uniform() < 0.5:
            tags["operator"] = f"{OPERATORS[int(k) % len(OPERATORS)]}{MARK}"
        spot = parks[int(k)].shape.representative_point()
        nodes.append(Place("charger", spot, tags))
    return nodes


def write_existing(path: Path, rows: list[dict[str, object]]) -> None:
    """Write the existing stations as a platform exports them: in GCJ-02."""
    spots = to_gcj02(to_lonlat([row["spot"] for row in rows]))
    header = ["station_id", "name", "operator", "lon", "lat", "datum", "chargers", "power_kw",
              "swap", "as_of", "kind", "note"]  # fmt: skip
    full = [
        row | {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}", "datum": "gcj02", "note": NOTE}
        for row, (lon, lat) in zip(rows, spots.tolist(), strict=True)
    ]
    write_table(path, header, full)


def write_substations(path: Path, places: list[Place]) -> None:
    """Write the substations the map shows, with the headroom the grid firm might tell."""
    rng = stream("substations")
    rows = []
    for number, place in enumerate(p for p in places if p.kind == "substation"):
        lon, lat = to_lonlat(place.shape.representative_point().coords[0])[0]
        kv = int(place.tags["voltage"]) // 1000
        room = int(round(rng.uniform(0.6, 3.2) * {220: 16000, 110: 8000, 35: 2500}[kv], -2))
        rows.append(
            {
                "substation_id": f"S{number + 1:03d}",
                "name": place.tags.get("name", ""),
                "lon": f"{lon:.6f}",
                "lat": f"{lat:.6f}",
                "voltage_kv": kv,
                "headroom_kw": "" if rng.uniform() < 0.16 else room,
                "note": NOTE,
            }
        )
    header = ["substation_id", "name", "lon", "lat", "voltage_kv", "headroom_kw", "note"]
    write_table(path, header, rows)


def write_projects(path: Path, plots: list[Plot], units: list[Unit]) -> None:
    """Write the new building projects: where a share of bays must be built with chargers."""
    rng = stream("projects")
    names = Names(stream("project-names"))
    inside = [plot for plot in plots if 0 <= plot.zone < len(units) and plot.shape.area > 9000.0]
    kinds = {"residential": "新建小区", "office": "新建写字楼", "public_parking": "新建公共停车场"}
    rows = []
    for number, k in enumerate(rng.choice(len(inside), 80, replace=False)):
        kind = str(rng.choice(list(kinds), p=[0.55, 0.25, 0.2]))
        lon, lat = to_lonlat(inside[int(k)].shape.representative_point().coords[0])[0]
        size = {"residential": 900, "office": 350, "public_parking": 180}[kind]
        rows.append(
            {
                "project_id": f"P{number + 1:03d}",
                "name": names.place(kinds[kind]),
                "kind": kind,
                "bays": int(np.clip(size * np.exp(rng.normal(0, 0.5)), 30, 4000)),
                "year": int(rng.choice([2024, 2025, 2026], p=[0.4, 0.45, 0.15])),
                "built_bays": "",
                "reserved_bays": "",
                "lon": f"{lon:.6f}",
                "lat": f"{lat:.6f}",
                "note": NOTE,
            }
        )
    _build_bays(rows)
    header = ["project_id", "name", "kind", "bays", "year", "built_bays", "reserved_bays", "lon",
              "lat", "note"]  # fmt: skip
    write_table(path, header, rows)


def _build_bays(rows: list[dict[str, object]]) -> None:
    """Say of two projects in three how many charging bays are built and how many reserved."""
    rng = stream("project-bays")
    for row in rows:
        built, reserved, known = rng.uniform(0.02, 0.25), rng.uniform(0.05, 0.9), rng.uniform()
        if known < 0.67:
            bays = int(str(row["bays"]))
            row["built_bays"] = round(bays * built)
            row["reserved_bays"] = round(bays * min(reserved, 1.0 - built))


def write_table(path: Path, header: list[str], rows: list[dict[str, object]]) -> None:
    """Write a table that spreadsheet programs read as UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
