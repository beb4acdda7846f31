"""`ganray.run(…)`: a study from Python or a notebook, its results as data frames.

done = ganray.run("mystudy.yaml", store="ganray-store")
done.comparisons          # is one side better, by how much, how sure is that
done.losses("joint")      # of each iteration
done.report               # shows itself in a notebook
done.generator("3")(…)    # images
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganray.drivers.run import execute
from ganray.drivers.runs.ending import Outcome
from ganray.errors import RefusedInput, Stopped, quoted, refuse_secrets
from ganray.plan import Plan
from ganray.plan.roles import Gan, gan_called
from ganray.process.interrupts import keep_interrupts
from ganray.report import Results
from ganray.report.tables import all_tables
from ganray.runs.records.record import find_run
from ganray.spec import Spec, groups
from ganray.store import Store
from ganray.studies import Study, read_study, study_from
from ganray.text.urls import is_url
from ganray.trained import trained_gan

if TYPE_CHECKING:
    import pandas as pd

    from ganray.models.sampler import Sampler

_FRAME = (
    '<iframe srcdoc="{}" style="width: 100%; height: 48rem; border: 1px solid #c9cdd2" '
    'sandbox="" title="ganray: {}"></iframe>'
)


def run(
    study: str | Path | Mapping[str, Any],
    *,
    store: str | Path = "ganray-store",
    runner: str = "ray",
    address: str | None = None,
    overrides: Sequence[str] = (),
    quiet: bool = False,
) -> FinishedRun:
    """Run what the store lacks of a study, write its report, and read both.

    As `ganray run` does: Ctrl-C stops it with everything kept, the same call goes on.

    Args:
        study: a study file, or settings as one holds them; relative paths in settings are relative
            to the working folder.
        store: a folder, or a URL such as s3://bucket/prefix.
        runner: "ray" (a local one is started without `address`), or "local": in this process.
        address: of a Ray cluster.
        overrides: `"dotted.path=value"`, as after `--set`.
        quiet: whether nothing is shown meanwhile.

    Returns:
        What came of it, also where some of its tasks failed: see `failed`.

    Raises:
        RefusedInput: before anything is computed, for whatever is not valid.
        Stopped: on Ctrl-C.
        StoreError: the store cannot be read or written.
    """
    if runner not in ("local", "ray"):
        raise RefusedInput(f"runner (={quoted(runner)}) must be 'local' or 'ray'")
    if address is not None and runner == "local":
        raise RefusedInput(f"address (={quoted(address)}) needs runner 'ray'")
    if isinstance(overrides, str) or not all(isinstance(one, str) for one in overrides):
        raise RefusedInput(f"overrides (={quoted(overrides)}) must be a list of 'path=value'")
    place = _place(store)
    keep_interrupts()
    try:
        chosen = _chosen(study, overrides, place)
        if runner == "ray":
            _refuse_unknown_to_workers(chosen)
        opened = Store(place)
        ended = execute(chosen, opened, runner, address, verify=False, quiet=quiet)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        raise Stopped("stopped; what was committed is kept") from None
    # As it was run: the data may be elsewhere by now.
    return FinishedRun(opened, find_run(opened, ended.run).plan, ended)


def _chosen(study: str | Path | Mapping[str, Any], overrides: Sequence[str], store: str) -> Study:
    if isinstance(study, Mapping):
        return study_from(study, overrides, store)
    if not isinstance(study, str | Path):
        raise RefusedInput(f"study (={quoted(study)}) must be a study file or settings as a dict")
    return read_study(str(study), overrides, store)


def _refuse_unknown_to_workers(study: Study) -> None:
    """Workers import ganray anew: what was added to its lists here, they have not.

    Raises:
        RefusedInput: the study names such a member.
    """
    for path, spec in groups(study.settings):
        if not type(spec).__module__.startswith("ganray."):
            raise RefusedInput(
                f"{path or 'study'} (={quoted(_word(spec))}) was added in this process, and Ray's "
                "workers do not know it: use runner 'local'"
            )


def _word(spec: Spec) -> str:
    """What a group is called in a file."""
    words = (getattr(spec, tag, None) for tag in ("study", "name", "algorithm"))
    return next((word for word in words if word), type(spec).__name__)


@dataclass(frozen=True, repr=False, eq=False)
class FinishedRun:
    """A run's results, read from its store.

    Attributes:
        store: where its artifacts lie.
        plan: its tasks.
        outcome: how it ended.
    """

    store: Store
    plan: Plan
    outcome: Outcome
    _results: Results = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_results", Results.open(self.store, self.plan))

    @property
    def name(self) -> str:
        """By which commands know it."""
        return self.plan.run

    @property
    def failed(self) -> dict[str, str]:
        """The tasks that failed, and why."""
        return self.outcome.failed

    @cached_property
    def _tables(self) -> dict[str, Any]:
        return {name: table.to_pandas() for name, table in all_tables(self._results).items()}

    def _table(self, name: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._tables[name].copy()
        return frame

    @property
    def comparisons(self) -> pd.DataFrame:
        """For each metric the difference of each two sides, its interval, and who is better.

        `part` names a part of the study, as "at/0.25" of its budget; none: the whole.
        """
        return self._table("comparisons")

    @property
    def scores(self) -> pd.DataFrame:
        """Every score of every replicate, its floor, and each class's term; parts as above."""
        return self._table("scores")

    @property
    def searches(self) -> pd.DataFrame:
        """What each searched GAN can be made to generate, target by target."""
        return self._table("search")

    @property
    def likelihoods(self) -> pd.DataFrame:
        """How likely test images are under each side, of study `probing`.

        Raises:
            RefusedInput: the study does not ask for it.
        """
        return self._asked_table("likelihoods", "likelihoods of test images")

    @property
    def interpolation(self) -> pd.DataFrame:
        """How smooth each way between two latent vectors is; otherwise as `likelihoods`."""
        return self._asked_table("interpolation", "ways between latent vectors")

    def _asked_table(self, name: str, what: str) -> pd.DataFrame:
        if name not in self._tables:
            raise RefusedInput(
                f"run {self.name} is of study {self.plan.study}, which asks for no {what}; study "
                "probing does"
            )
        return self._table(name)

    @property
    def tasks(self) -> pd.DataFrame:
        """Every task: its state, its cost and where it ran."""
        return self._table("tasks")

    def losses(self, gan: str | int, replicate: int = 0) -> pd.DataFrame:
        """The losses of one GAN in each iteration.

        Args:
            gan: "joint", the name of a class or group, or with its side as a report has it.

        Raises:
            RefusedInput: there is no such GAN, or it is not trained.
        """
        import pandas as pd

        history = self._results.history(self._trained(gan, replicate).role)
        return pd.DataFrame(history).set_index("iteration")

    def generator(self, gan: str | int, replicate: int = 0) -> Sampler:
        """A trained GAN, from noise to images in [0, 1]; arguments and errors as of `losses`."""
        self._trained(gan, replicate)
        return trained_gan(self.store, self.plan, str(gan), replicate)

    def _trained(self, gan: str | int, replicate: int) -> Gan:
        found = gan_called(self.plan, str(gan), replicate)
        if self._results.manifest(found.role) is None:
            raise RefusedInput(f"gan (={quoted(gan)}) is not trained: see `failed`")
        return found

    @property
    def report(self) -> ReportView:
        """The report, which shows itself in a notebook.

        Raises:
            RefusedInput: none was written, as tasks are missing.
        """
        if self.outcome.report is None:
            raise RefusedInput(f"run {self.name} has no report yet: see `failed`")
        page = self.store.get(f"reports/{self.name}/index.html")
        if page is None:
            raise RefusedInput(f"{self.outcome.report} is gone; `ganray report` writes it anew")
        return ReportView(self.outcome.report, page.decode())

    def __repr__(self) -> str:
        done = f"{len(self._results.manifests)} of {len(self.plan.tasks)} tasks done"
        lines = [f"ganray run {self.name} in {self.store.url}: {done}"]
        whole = self.comparisons[self.comparisons["part"].isna()]
        lines += [f"  {row.metric}: {row.conclusion}" for row in whole.itertuples()]
        lines += [f"  failed: {title}: {why}" for title, why in self.failed.items()]
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class ReportView:
    """A report as one HTML file, which needs nothing else."""

    url: str
    html: str

    def save(self, path: str | Path) -> Path:
        """Write it to a file of this machine."""
        file = Path(path)
        file.write_text(self.html, encoding="utf-8")
        return file

    def _repr_html_(self) -> str:
        """In a frame of its own, so that its styles and the notebook's leave each other alone."""
        return _FRAME.format(html.escape(self.html, quote=True), html.escape(self.url, quote=True))

    def __repr__(self) -> str:
        return f"report at {self.url}"


def _place(store: str | Path) -> str:
    """A URL, or an absolute folder.

    Raises:
        RefusedInput: it is neither, is empty, carries credentials, or is a URL that a `Path` has
            made a folder of.
    """
    text = os.fspath(store) if isinstance(store, str | os.PathLike) else ""
    # A `Path` of nothing is "."; who means the folder that one happens to be in says so in text.
    nothing = "" if isinstance(store, str) else "."
    if not isinstance(text, str) or text in ("", nothing):
        raise RefusedInput(
            f"store (={quoted(store)}) must be a folder or an s3:// URL, '.' as text"
        )
    refuse_secrets("store", text)
    if is_url(text):
        return text
    if not isinstance(store, str) and re.match(r"[a-z0-9]+:/", text):
        raise RefusedInput(f"store (={quoted(text)}) is a URL: give it as text, not as a Path")
    return str(Path(text).expanduser().absolute())
