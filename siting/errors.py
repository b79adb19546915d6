"""Every error a planner can meet, as one tree.

::

    SitingError                                exit 1
    ├── ScenarioError (ValueError)              exit 2   the scenario file
    │   ├── UnknownKeyError                              a key nobody reads
    │   ├── SolverMissingError                           a solver that is not installed
    │   ├── PlanExistsError (FileExistsError)            the run folder is there already
    │   └── OutputError (OSError)                        a file or folder that cannot be written
    ├── DataError (ValueError)                  exit 3   the data or the download
    │   ├── InputMissingError (FileNotFoundError)        no such file
    │   ├── BrokenFileError                              cut short, or not what its name says
    │   ├── ChangedDataError                             no longer what a saved plan was made from
    │   ├── IncompleteExtractError                       an extract whose ways lack their nodes
    │   ├── AreaError                                    no such place, or a broken boundary
    │   ├── CoverageError                                the extract does not cover the area
    │   ├── DatumError                                   nobody said WGS-84, GCJ-02 or BD-09
    │   ├── EmptyLayerError                              nothing left, and what emptied it
    │   ├── TableError                                   a table that breaks its contract
    │   └── DownloadError (OSError)                      Overpass or Nominatim did not answer
    ├── NoPlanError (RuntimeError)              exit 4   no plan exists, or none was found
    │   ├── ImpossibleTargetError                        refused before solving, with numbers
    │   ├── InfeasibleError                              proven by the solver
    │   └── NoAnswerError (TimeoutError)                 time ran out with nothing in hand
    └── RecountError (RuntimeError)             exit 1   our plan broke a rule; nothing is saved
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_GOOD = 0
EXIT_BUG = 1
EXIT_SCENARIO = 2
EXIT_DATA = 3
EXIT_NO_PLAN = 4


class SitingError(Exception):
    """Root of the tree: what went wrong, where, and the cure.

    Parameters
    ----------
    what
        One sentence: what is wrong.
    where
        File, key or row it was met in.
    cure
        What the reader can do about it.
    """

    exit_code = EXIT_BUG
    parts: tuple[SitingError, ...] = ()
    """The faults that a list of several is made of."""

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what = what
        self.where = where
        self.cure = cure
        lines = [what]
        if where:
            lines.append(f"  where: {where}")
        if cure:
            lines.append(f"  cure:  {cure}")
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the three parts when the error crosses a process border."""
        return (_rebuild, (type(self), self.what, self.where, self.cure))


def _rebuild(kind: type[SitingError], what: str, where: str, cure: str) -> SitingError:
    return kind(what, where=where, cure=cure)


class ScenarioError(SitingError, ValueError):
    """The scenario file says something that cannot be."""

    exit_code = EXIT_SCENARIO


class UnknownKeyError(ScenarioError):
    """A key that no stage reads, mostly a slip of the pen."""


class SolverMissingError(ScenarioError):
    """A solver named in the scenario that is not installed here."""


class PlanExistsError(ScenarioError, FileExistsError):
    """A run folder of that name is there and is not ours to replace."""


class OutputError(ScenarioError, OSError):
    """A file or folder that cannot be written where the planner asked for it."""


class DataError(SitingError, ValueError):
    """An input file, a layer or a download is at fault."""

    exit_code = EXIT_DATA


class InputMissingError(DataError, FileNotFoundError):
    """A file named in the scenario does not exist."""


class BrokenFileError(DataError):
    """A file that is cut short or is not what its name says."""


class ChangedDataError(DataError):
    """Data that are no longer those a saved plan was made from."""


class IncompleteExtractError(DataError):
    """An OSM extract cut without complete ways."""


class AreaError(DataError):
    """The area of the plan is missing, empty or broken."""


class CoverageError(DataError):
    """The extract does not cover the area."""


class DatumError(DataError):
    """Coordinates whose datum nobody declared."""


class EmptyLayerError(DataError):
    """A layer with nothing left, naming the filter that emptied it."""


class TableError(DataError):
    """A table that breaks its contract; lists every fault at once."""


class DownloadError(DataError, OSError):
    """Overpass or Nominatim could not be reached or did not answer."""


@dataclass(frozen=True)
class ClashingRule:
    """A rule of a clash: its family, its key, the part of it that is meant, and what it says."""

    family: str
    rule: str
    part: str
    now: Any


@dataclass(frozen=True)
class Setting:
    """One setting of a change: what the key says now, and what it would say.

    Attributes
    ----------
    now
        None for power that lacks at substations: ``change`` is then kW more, by substation.
    off
        Names that are taken off a list or a table; None of a single value.
    """

    family: str
    part: str
    rule: str
    now: Any
    change: Any
    off: tuple[str, ...] | None = field(default=None, metadata={"absent": True})


@dataclass(frozen=True)
class TriedChange:
    """A change that makes a plan possible, and whether it is proven the smallest of its kind."""

    settings: tuple[Setting, ...]
    tried: bool
    smallest: bool


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation:
    """Why no plan exists, and what would help.

    Attributes
    ----------
    language
        Of the run.
    clash
        Rules that cannot hold together; none of them can be missed, unless ``clash_cut_off`` says
        that time ran out.
    changes
        Each makes a plan possible.
    no_help
        Rules of the clash that cannot cure it by themselves.
    not_tried
        Rules of the clash whose changes the time did not suffice for.
    """

    language: str = "en"
    clash: tuple[ClashingRule, ...]
    clash_cut_off: bool
    changes: tuple[TriedChange, ...]
    no_help: tuple[ClashingRule, ...]
    not_tried: tuple[ClashingRule, ...]

    def __repr__(self) -> str:
        """Say the rules that clash, and how many changes help."""
        rules = " and ".join(one.rule for one in self.clash) or "no rule of the scenario"
        return f"<Explanation: {rules}; {len(self.changes)} changes help>"


class NoPlanError(SitingError, RuntimeError):
    """No plan exists for the scenario, or none was found in time.

    ``explanation`` holds the rules that clash and the changes that were tried
    (:func:`siting.optimize.explain.explain`); None where nothing was explained.
    """

    exit_code = EXIT_NO_PLAN

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        super().__init__(what, where=where, cure=cure)
        self.explanation: Explanation | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the explanation too when the error crosses a process border."""
        return (*super().__reduce__(), {"explanation": self.explanation})


class ImpossibleTargetError(NoPlanError):
    """Targets that no choice of sites can meet, found before solving."""


class InfeasibleError(NoPlanError):
    """The solver proved that the rules contradict each other."""


class NoAnswerError(NoPlanError, TimeoutError):
    """The time limit passed with no plan in hand."""


class RecountError(SitingError, RuntimeError):
    """A finished plan broke a rule on recount; it is a bug and is not saved."""


class Collected:
    """Collects the faults of several inputs, so that all of them are told at once.

    Examples
    --------
    >>> faults = Collected()
    >>> with faults.of():
    ...     raise TableError("one")
    >>> with faults.of():
    ...     raise ScenarioError("two")
    >>> faults.refuse()
    Traceback (most recent call last):
    siting.errors.DataError: 2 inputs are at fault:
    1. one
    2. two
    """

    def __init__(self) -> None:
        self.found: list[SitingError] = []

    @contextmanager
    def of(self) -> Iterator[None]:
        """Collect what an input is at fault with; other errors pass."""
        try:
            yield
        except (DataError, ScenarioError) as error:
            self.found += error.parts or (error,)

    def refuse(self) -> None:
        """Raise what was collected: one fault as it is, several as one list.

        Raises
        ------
        DataError, ScenarioError
            If anything was collected.
        """
        if not self.found:
            return
        if len(self.found) == 1:
            raise self.found[0]
        kind = DataError if any(isinstance(one, DataError) for one in self.found) else ScenarioError
        lines = [f"{len(self.found)} inputs are at fault:"]
        for number, error in enumerate(self.found, 1):
            lines.append(f"{number}. " + str(error).replace("\n", "\n   "))
        several = kind("\n".join(lines))
        several.parts = tuple(self.found)
        raise several
