"""Check learned suitability on real stations and write docs/learned-suitability.md.

Run it with ``python docs/learned.py [FOLDER]``; the folder holds the station lists and traffic
zones of Shenzhen that the page names. They are not part of the project: without them nothing is
written, and the script says so.
"""

# ruff: noqa: E501  # a page is text

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from siting import scenario
from siting.analysis.scores.learned import learn_suitability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_HERE = Path(__file__).resolve().parent
FOLDER = _HERE.parents[1] / "shared" / "data" / "shenzhen-stations"
PAGE = _HERE / "learned-suitability.md"
_EPSG = 32650
_CENTRE = (114.055, 22.540)
_NEAR_M, _AROUND_M = 3000.0, 6000.0
_SEED = 7
_LISTS = {
    "ST-EVCDP": "stevcdp_stations.csv",
    "UrbanEV": "urbanev_inf_raw.csv",
}
_SETTINGS = scenario.Learned(block_m=5000.0)


def zones_of(folder: Path) -> gpd.GeoDataFrame:
    """Return the 491 traffic zones in metres."""
    zones = gpd.read_file(folder / "SZ_districts.shp").to_crs(_EPSG)
    return zones.sort_values("OBJECTID", ignore_index=True)


def features_of(zones: gpd.GeoDataFrame) -> tuple[pd.DataFrame, Floats]:
    """Return what the zone layer tells of each zone, and the zones' middles."""
    xy = shapely.get_coordinates(zones.geometry.centroid.to_numpy())
    tree = cKDTree(xy)
    km2 = zones.area.to_numpy() / 1e6
    road_km = zones["LENG_ROAD"].to_numpy(dtype=float)
    around = tree.query_ball_point(xy, _NEAR_M)
    centre = gpd.GeoSeries.from_xy([_CENTRE[0]], [_CENTRE[1]], crs=4326).to_crs(_EPSG)[0]
    return pd.DataFrame(
        {
            "area": np.log(km2),
            "road_km": road_km,
            "road_km_per_km2": road_km / km2,
            "compactness": 4 * np.pi * zones.area / zones.length**2,
            "zones_3km": np.log1p([len(near) - 1 for near in around]),
            "zones_6km": np.log(tree.query_ball_point(xy, _AROUND_M, return_length=True)),
            "road_3km": [road_km[near].sum() / km2[near].sum() for near in around],
            "to_centre_km": np.hypot(*(xy - [centre.x, centre.y]).T) / 1000,
        }
    ), xy


def counts_in(zones: gpd.GeoDataFrame, path: Path) -> NDArray[np.int64]:
    """Return the stations of a list in each zone; coordinates as they stand in the file."""
    table = pd.read_csv(path)
    points = gpd.points_from_xy(table["longitude"], table["latitude"], crs=4326).to_crs(_EPSG)
    zone, _ = shapely.STRtree(points).query(zones.geometry.to_numpy(), predicate="contains")
    return np.bincount(zone, minlength=len(zones))


def measured(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the report for each list of stations, by its name."""
    zones = zones_of(folder)
    features, xy = features_of(zones)
    reports = {}
    for name, file in _LISTS.items():
        counts = counts_in(zones, folder / file)
        learned = learn_suitability(features, counts > 0, xy, settings=_SETTINGS, seed=_SEED)
        rank = pd.Series(learned.suitability).corr(pd.Series(counts), method="spearman")
        reports[name] = {
            **asdict(learned.report),
            "listed": len(pd.read_csv(folder / file)),
            "inside": int(counts.sum()),
            "rank_correlation": float(rank),
        }
    return reports


def rivals(folder: Path) -> dict[str, float]:
    """Return the mean AUC of three models on held-out blocks, uncalibrated, first list."""
    zones = zones_of(folder)
    features, xy = features_of(zones)
    labelled = counts_in(zones, folder / next(iter(_LISTS.values()))) > 0
    blocks = np.unique(np.floor(xy / _SETTINGS.block_m), axis=0, return_inverse=True)[1].ravel()
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "a random forest": RandomForestClassifier(200, min_samples_leaf=10, random_state=_SEED),
        "boosted trees": HistGradientBoostingClassifier(
            max_leaf_nodes=8, learning_rate=0.05, max_iter=80, min_samples_leaf=10,
            random_state=_SEED,
        ),
    }  # fmt: skip
    table, found = features.to_numpy(), {}
    for name, model in models.items():
        auc = [
            roc_auc_score(
                labelled[held],
                model.fit(table[train], labelled[train]).predict_proba(table[held])[:, 1],
            )
            for seed in range(3)
            for train, held in StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(
                table, labelled, blocks
            )
        ]
        found[name] = float(np.mean(auc))
    return found


def page(reports: dict[str, dict[str, Any]], compared: dict[str, float]) -> str:
    """Return the page."""
    rows = [
        ("stations in the list", "{listed:,}"),
        ("of them in a zone", "{inside:,}"),
        ("zones with a station, of {places}", "{stations}"),
        ("blocks of 5 km, held out whole", "{blocks}"),
        ("AUC, mean ± standard deviation over folds", "{auc:.3f} ± {auc_sd:.3f}"),
        ("AUC by fold", "{folds_auc}"),
        ("lift of the best tenth, mean ± standard deviation", "{lift:.2f} ± {lift_sd:.2f}"),
        ("most lift there can be", "{ceiling:.2f}"),
        ("calibration error over tenths", "{calibration_error:.3f}"),
        ("rank correlation with the number of stations", "{rank_correlation:.2f}"),
    ]
    names = list(reports)
    filled = {
        name: report
        | {
            "folds_auc": ", ".join(f"{value:.2f}" for value in report["auc_by_fold"]),
            "ceiling": report["places"] / report["stations"],
        }
        for name, report in reports.items()
    }
    first = filled[names[0]]
    table = [f"| | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    table += [
        f"| {label.format(**first)} | "
        + " | ".join(text.format(**filled[name]) for name in names)
        + " |"
        for label, text in rows
    ]
    effects = ["| feature | loss of AUC when shuffled | change, 10th to 90th percentile |",
               "|---|---|---|"]  # fmt: skip
    ordered = sorted(first["effects"].items(), key=lambda entry: -entry[1]["auc_loss"])
    effects += [
        f"| `{name}` | {one['auc_loss']:+.3f} ± {one['auc_loss_sd']:.3f} | {one['change']:+.2f} |"
        for name, one in ordered
    ]
    top = ", ".join(f"`{name}`" for name, _ in ordered[:3])
    rivalry = ", ".join(f"{value:.2f} for {name}" for name, value in compared.items())
    return _PAGE.format(
        table="\n".join(table),
        effects="\n".join(effects),
        rivals=rivalry,
        top=top,
        **_verdict(first),
    )


def _verdict(report: dict[str, Any]) -> dict[str, str]:
    share = report["lift"] * report["stations"] / report["places"]
    return {"word": "weak" if report["weak"] else "moderate", "auc": f"{report['auc']:.2f}",
            "lift": f"{report['lift']:.2f}", "hit": f"{share:.0%}",
            "all": f"{report['stations'] / report['places']:.0%}"}  # fmt: skip


_PAGE = """<!-- Written by docs/learned.py from data that is not part of the project. -->

# Learned suitability, checked on real stations

`scoring.weights.learned` above 0 adds a criterion: how much a site is like those where stations
stand. How it is learned stands in `siting/analysis/scores/learned.py`: presence only (Elkan and
Noto 2008), a calibrated logistic regression, judged on blocks of the map that it has not seen. This page
says what the same code makes of the real public stations of Shenzhen.

Data: station lists and traffic zones of ST-EVCDP (MIT) and UrbanEV (CC0) by the IntelligentSystemsLab; both
list mostly the same stations. A place here is one of the 491 traffic zones. Features are only what
the zone layer itself tells: area, length of road, shape, how dense zones and roads are around, way to
the centre. People, shops and parking are not in it. The coordinates were used as they stand (their datum is not
stated and is probably GCJ-02; next to zones of a kilometre and more, the shift of some 500 m moves a
part of the stations to the zone beside).

{table}

Effects, by the first list (loss of AUC: mean ± standard deviation over folds and shuffles):

{effects}

## What it is worth

- The pattern is **{word}**: an AUC of {auc} on unseen parts of the city. Of the best tenth of the zones {hit} have a
  station, of all {all}: a lift of {lift}. Most zones have a station, so there is little room for lift.
- What counts most is {top}: the shape and density of the zones. It says where the city is built up, and hardly more.
- A station stands where somebody once built one. That is not where one is needed: the criterion repeats the past, its favoured
  districts too. Its weight is 0 unless you give it one.
- With unlabelled places counted as negative, AUC and lift come out too low rather than too high. The spread over folds is large: a single
  fold proves nothing.
- On the same blocks, three splits of five folds without calibration, the mean AUC is {rivals}. So the plain model stays.
- Below 50 sites with a station (`scoring.learned.min_stations`, a proposal) it is refused.
"""


def main() -> int:
    """Write the page if the data is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    if not (folder / "SZ_districts.shp").is_file():
        sys.stderr.write(f"no station lists in {folder.name}: the page stays as it is\n")
        return 0
    PAGE.write_text(page(measured(folder), rivals(folder)), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
