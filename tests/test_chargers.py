"""Classes of chargers: the shipped mix, the split into whole chargers, bad tables."""

from __future__ import annotations

import grid_town
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siting.analysis.candidates.site_kinds import check_site_kinds
from siting.analysis.station.chargers import make_chargers, with_listed_power
from siting.errors import TableError
from siting.shipped import shipped_path

CHARGERS = grid_town.chargers()


def unlisted(kind, count):
    """Return sites of a kind where nothing stands."""
    return pd.DataFrame({"kind": [kind] * count, "existing_kw": np.nan, "existing_chargers": 0})


def split(kind, *numbers):
    return CHARGERS.split(unlisted(kind, len(numbers)), np.array(numbers)).tolist()


def test_the_split_is_the_largest_remainder():
    # retail: 10 % slow, 70 % fast, 20 % super-fast; quotas of 4 are 0.4, 2.8, 0.8
    assert split("retail", 4, 10, 0) == [[0, 3, 1], [1, 7, 2], [0, 0, 0]]
    # a tie goes to the weaker class: 0.5 and 0.5 of one charger
    assert split("sight", 1, 3) == [[1, 0, 0], [2, 1, 0]]


@given(st.sampled_from(sorted(CHARGERS.shares.index)), st.integers(0, 20_000))
def test_the_classes_sum_and_keep_to_their_quota(kind, number):
    (counts,) = split(kind, number)
    assert sum(counts) == number
    quota = CHARGERS.shares.loc[kind].to_numpy() * number
    assert (np.abs(counts - quota) < 1).all()
    assert all(count == 0 for count, share in zip(counts, quota, strict=True) if share == 0)


def test_the_mean_charger_follows_the_mix():
    kw = CHARGERS.mean("power_kw")
    assert kw["parking"] == pytest.approx(0.4 * 7 + 0.6 * 60)
    assert kw["existing"] == pytest.approx(35, abs=0.5)  # the mean public charger of China


def test_a_power_is_sure_only_where_each_size_of_station_has_it():
    kinds = pd.Series(["retail", "retail", "parking", "service_area", "fuel"])
    least, most = np.array([4, 1, 4, 4, 2]), np.array([60, 60, 60, 40, 8])
    assert CHARGERS.sure_kw(kinds, least, most).tolist() == [250, 60, 60, 250, 250]
    for kind, low, high in zip(kinds, least, most, strict=True):
        counts = CHARGERS.split(unlisted(kind, high - low + 1), np.arange(low, high + 1))
        sure = CHARGERS.sure_kw(pd.Series([kind]), np.array([low]), np.array([high]))[0]
        power = CHARGERS.classes["power_kw"].to_numpy()
        assert all(power[row > 0].max() >= sure for row in counts)


def tables():
    return (
        pd.read_csv(shipped_path("charger_classes.csv"), encoding="utf-8"),
        pd.read_csv(shipped_path("charger_mix.csv"), encoding="utf-8"),
    )


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "told"),
    [
        (0, 0, "power_kw", -7.0, "below 0.1 kW in row(s) 2"),
        (0, 1, "price_low_cny", 1e6, "price_low_cny <= price_cny <= price_high_cny does not hold"),
        (0, 3, "for_swap", "no", "0 rows are for swap stations"),
        (1, 0, "share", 0.7, "the shares of 'residential' sum to 0.95, not 1"),
        (1, 0, "charger_class", "slow", "no class of a charging station: slow"),
        (1, 0, "charger_class", "fast_dc", "a class of 'residential' stands twice"),
        (1, 2, "kind", "parkng", "these kinds of site have no mix of chargers: parking"),
        (1, 1, "dwell_high_min", 30.0, "takes 40 min, which is no stay of 15-30 min"),
    ],
)
def test_a_bad_table_is_refused_with_row_and_cure(table, row, column, value, told):
    frames = list(tables())
    frames[table] = frames[table].astype({column: object if isinstance(value, str) else float})
    frames[table].loc[row, column] = value
    if column == "kind":
        frames[table].loc[row + 1, column] = value
    with pytest.raises(TableError) as caught:
        make_chargers(*frames, check_site_kinds(grid_town.raw_kinds()))
    assert told in str(caught.value)
    assert "candidates.charger" in str(caught.value) or "charger_classes" in str(caught.value)


def test_an_old_table_of_kinds_is_told_where_power_went():
    with pytest.raises(TableError, match="kw_per_charger, which nothing reads"):
        check_site_kinds(grid_town.raw_kinds().assign(kw_per_charger=40.0))


def listed(kind="existing", **columns):
    return pd.DataFrame({"kind": [kind], "kw_per_charger": 35.0, "kwh_day_per_charger": 100.0,
                         **{name: [value] for name, value in columns.items()}})  # fmt: skip


def test_what_stands_has_the_classes_that_make_its_listed_power():
    station = listed(existing_kw=3240.0, existing_chargers=27)
    # 120 kW each lie between 60 and 250 kW
    (counts,) = CHARGERS.split(station, np.array([27]))
    power = CHARGERS.classes["power_kw"].to_numpy()
    assert counts[0] == 0
    assert abs(counts @ power - 3240) <= (250 - 60) / 2 + 1e-9
    after = with_listed_power(station, CHARGERS)
    assert after["kw_per_charger"].tolist() == [120.0]
    part = (120 - 60) / (250 - 60)
    assert after["kwh_day_per_charger"].tolist() == pytest.approx([170 + part * (600 - 170)])


@pytest.mark.parametrize(("kw", "counts"), [(3.0, [1, 0, 0]), (7.0, [1, 0, 0]), (600.0, [0, 0, 1])])
def test_a_listed_power_beyond_the_classes_is_of_the_one_at_the_end(kw, counts):
    assert CHARGERS.split(listed(existing_kw=kw, existing_chargers=1), np.array([1])).tolist() == [
        counts
    ]


def test_where_no_power_is_listed_the_mix_of_the_kind_holds():
    bare = listed(existing_kw=np.nan, existing_chargers=9)
    swap = listed(existing_kw=900.0, existing_chargers=0)
    for one in (bare, swap):
        same = with_listed_power(one, CHARGERS)
        assert (same["kw_per_charger"][0], same["kwh_day_per_charger"][0]) == (35.0, 100.0)
