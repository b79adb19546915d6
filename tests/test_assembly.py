"""From a solution to the tables of a plan."""

from __future__ import annotations

from plans import small_plan

from siting.pipeline.assemble import short_zones


def test_zones_with_too_few_stations_are_named_in_the_language():
    zones = small_plan().zones  # 2, 2, 1 and 1 stations
    assert short_zones(zones, 1, "zh") == []
    assert short_zones(zones, 2, "zh") == ["木耳镇", "未划入"]
    assert short_zones(zones, 2, "en") == ["Mu'er Town", "未划入"]
