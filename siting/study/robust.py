"""The files that say what holds in a sweep: shares of sites, values of plans, the robust plan."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting import files, geo
from siting.errors import NoAnswerError
from siting.outputs.map.difference_map import make_share_map
from siting.pipeline import assemble
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.parts import tidy
from siting.study.engine import Execution, Held, hold, run_tasks, workers
from siting.study.shared_sites import (
    CORE,
    CORE_SHARE,
    SWING,
    TAIL_SHARE,
    Sample,
    Valued,
    distinct_plans,
    holding,
    read_sweep,
    robust_choice,
    samples_of,
    site_shares,
    value_plans,
)

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siting.files import JsonObject
    from siting.pipeline.prepare import Prepared
    from siting.scenario import Scenario

SHARES_CSV, SHARES_MAP = "site_shares.csv", "site_shares.html"
VALUES_CSV, ROBUST_JSON = "values.csv", "robust.json"


def what_holds(
    folder: Path,
    execution: Execution | None = None,
    *,
    most: int = 20,
) -> JsonObject:
    """Write into a sweep's folder what holds in its samples, and return the sum of it.

    ``site_shares.csv`` and ``.html``: the share of samples that choose each site. ``values.csv``:
    the value of each plan under each sample. ``robust.json``: what is returned.

    Parameters
    ----------
    folder
        Folder of a sweep with samples.
    most
        Most plans to value, beside that of the base: the likeliest.
    execution
        How the plans are valued.

    Raises
    ------
    InputMissingError, ScenarioError
        If the folder holds no sweep, or no sample of it has a plan.
    NoAnswerError
        If a sample could not be valued: its workers died, or a bug of ours.
    OutputError
        If a file cannot be written.
    """
    execution = execution or Execution()
    scenario, rows = read_sweep(folder)
    payloads, _ = hold(scenario, execution.cache)
    prepared = pipeline.prepare(scenario, Meter(lambda *_: None), cache=Held(payloads))
    shares = _write_shares(folder, scenario, prepared, site_shares(rows))
    plans, samples = distinct_plans(rows, most), samples_of(rows)
    values = values_of(folder, Valued(scenario, payloads, plans), samples, execution)
    files.write_whole(folder / VALUES_CSV, values.to_csv(lineterminator="\n"))
    table = values.to_numpy(dtype=float)
    content = {
        "samples": len(samples) - 1,
        "plans": len(plans),
        "cannot_be": int(np.isnan(table[1:]).any(axis=0).sum()),
        "core_share": CORE_SHARE,
        "tail_share": TAIL_SHARE,
        "sites": {name: int((shares["holds"] == name).sum()) for name in (CORE, SWING)},
        "stand_today": int(((shares["holds"] == CORE) & shares["existing_station"]).sum()),
        "never": int((shares["holds"] == "never").sum()),
        "robust": robust_choice(plans, table[1:], table[0]),
    }
    told: JsonObject = tidy(content)
    files.write_whole(folder / ROBUST_JSON, json.dumps(told, indent=1, sort_keys=True) + "\n")
    return told


def values_of(
    folder: Path, valued: Valued, samples: list[Sample], execution: Execution
) -> pd.DataFrame:
    """Return the value of each plan (columns) under each sample (rows)."""
    found: dict[str, list[float | None]] = {}
    failed: list[str] = []

    def lost(task: Any, error: BaseException | None) -> tuple[str, None]:  # noqa: ANN401  # a sample
        failed.append(f"{task.id}: {error}")
        return task.id, None

    def done(result: tuple[str, list[float | None] | None]) -> None:
        if result[1] is not None:
            found[result[0]] = result[1]
        execution.progress(len(found) + len(failed), len(samples), len(failed))

    with workers(execution.count, execution.scheduler) as client:
        run_tasks(client, value_plans, samples, valued, lost=lost, done=done)
    if failed:
        raise NoAnswerError(
            f"{len(failed)} samples could not be valued: {failed[0]}",
            where=str(folder),
            cure="run it again; with fewer --plans it takes less time and memory",
        )
    order = [sample.id for sample in samples]
    table = np.array([found[name] for name in order], dtype=float)
    names = pd.Index([plan.id for plan in valued.plans])
    return pd.DataFrame(table, index=pd.Index(order, name="sample"), columns=names)


def _write_shares(
    folder: Path, scenario: Scenario, prepared: Prepared, found: dict[str, float]
) -> gpd.GeoDataFrame:
    sites = prepared.candidates.sites
    kept = sites[(sites["verdict"] != "stop") | sites["existing_station"]]
    names = ["site_id", "kind", "name", "zone_id", "owner", "existing_station", "geometry"]
    table = kept[names].sort_values("site_id", kind="stable").reset_index(drop=True)
    share = [found.get(site, 0.0) for site in table["site_id"]]
    table = table.assign(share=share, holds=[holding(value) for value in share])
    degrees = table.geometry.to_crs(geo.WGS84)
    plain = pd.DataFrame(table.drop(columns="geometry")).assign(
        lon=degrees.x.round(6), lat=degrees.y.round(6)
    )
    text = plain.sort_values(["share", "site_id"], ascending=[False, True], kind="stable")
    files.write_whole(folder / SHARES_CSV, "\ufeff" + text.to_csv(index=False, lineterminator="\n"))
    page = make_share_map(
        table,
        prepared.world.zones,
        assemble.road_table(prepared.world.edges),
        kinds=prepared.kind_names,
        language=scenario.run.language,
        synthetic=any(source.synthetic for source in prepared.world.sources),
    )
    files.write_whole(folder / SHARES_MAP, page)
    return table


def shown(value: float | None) -> str:
    """Return a value of the objective as text; a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.4f}"
