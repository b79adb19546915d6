"""The desk on which the examples of the Python interface run: ``town.toml`` and ``maps/town``."""

from __future__ import annotations

import desk
import plans
import pytest


@pytest.fixture(scope="session")
def _examples(tmp_path_factory: pytest.TempPathFactory):  # noqa: ANN202  # a folder
    from siting import save_plan  # noqa: PLC0415  # heavy; only where it is wanted

    folder = tmp_path_factory.mktemp("examples")
    desk.set_up(folder)
    save_plan(plans.small_plan(), folder / "maps" / "town")
    return folder


@pytest.fixture(autouse=True)
def _at_the_desk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an example of the interface find its files under the names it gives them."""
    name = request.node.name
    if isinstance(request.node, pytest.DoctestItem) and (
        name == "siting" or name.startswith("siting.interface.")
    ):
        monkeypatch.chdir(request.getfixturevalue("_examples"))
