"""The locks: complete, hashed, for every system, and with no address in them."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
SYSTEMS = [
    {"python_full_version": f"{version}.1", "python_version": version, "sys_platform": system}
    for version in ("3.11", "3.12", "3.13")
    for system in ("linux", "darwin", "win32")
]


def entries(lock):
    """Return the requirement and the hashes of each entry of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            yield Requirement(requirement), hashes


def pins(lock, system):
    """Return the version of each package that a system gets."""
    found = {}
    for requirement, _ in entries(lock):
        if requirement.marker is None or requirement.marker.evaluate(system):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is pinned twice for {system}"
            found[name] = next(iter(requirement.specifier)).version
    return found


def wanted(lock):
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    if lock != "requirements.lock":
        return groups[lock.removeprefix("requirements-").removesuffix(".lock")]
    # The extra `fonts` is outside the lock: see docs/decisions.md.
    return [*project["dependencies"], *groups["build"]]


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(
    "system", SYSTEMS, ids=lambda s: f"{s['sys_platform']}-{s['python_version']}"
)
def test_every_dependency_is_pinned_within_its_range_on_every_system(lock, system):
    pinned = pins(lock, system)
    for text in wanted(lock):
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not in {lock}: run make lock"
        assert requirement.specifier.contains(version), f"{text} has {version}: run make lock"


@pytest.mark.parametrize(
    "system", SYSTEMS, ids=lambda s: f"{s['sys_platform']}-{s['python_version']}"
)
def test_the_locks_agree(system):
    for one, other in itertools.combinations(LOCKS, 2):
        first, second = pins(one, system), pins(other, system)
        assert {name: second[name] for name in first.keys() & second.keys()} == {
            name: first[name] for name in first.keys() & second.keys()
        }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_exact_and_hashed(lock):
    for requirement, hashes in entries(lock):
        assert [part.operator for part in requirement.specifier] == ["=="]
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes)
        assert requirement.url is None


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_path_stands_in_a_lock(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|index|find-links|file:|(^|\s)[~/.]", text)
