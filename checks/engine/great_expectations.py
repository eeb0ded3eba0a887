"""The only door to Great Expectations: one quiet context an evaluation, and answers of a size that can be kept."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd

_KEPT = 20
"""Members kept of a list in a validation result; the counts beside it stay whole."""
_LONGEST_TEXT = 10_000
_DEEPEST = 6


def load_engine() -> ModuleType:
    """Import Great Expectations (seconds), with its analytics off; a caller may do it ahead of time in a thread."""
    # Read when the package is imported, hence set before.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    engine: ModuleType = great_expectations
    return engine


@dataclass(slots=True)
class ValidationContext:
    """One ephemeral context for a whole evaluation, made when the first table with rows asks for it."""

    _source: Any = None
    _assets: int = 0

    def validate(self, name: str, frame: pd.DataFrame, expectations: Sequence[Any]) -> Any:
        """The answers to *expectations* about *frame*, with the positions of all rows that fail.

        *name* may come twice. Raises what Great Expectations raises where a suite breaks as a whole.
        """
        gx = load_engine()
        batch = self._batch(name, frame)
        suite = gx.ExpectationSuite(name=name, expectations=list(expectations))
        # No index column names: they cost forty times the validation, and positions are all that is needed.
        wanted = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
        return batch.validate(suite, result_format=wanted)

    def _batch(self, name: str, frame: pd.DataFrame) -> Any:
        if self._source is None:
            gx = load_engine()
            from great_expectations.data_context.types import base

            # Named in full, because the default configuration makes a directory for documentation pages.
            memory = base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
            quiet = base.ProgressBarsConfig(globally=False)
            config = base.DataContextConfig(store_backend_defaults=memory, progress_bars=quiet, analytics_enabled=False)
            context = gx.get_context(mode="ephemeral", project_config=config)
            self._source = context.data_sources.add_pandas("tables")
        self._assets += 1
        asset = self._source.add_dataframe_asset(f"{name} {self._assets}")
        return asset.add_batch_definition_whole_dataframe("all rows").get_batch(batch_parameters={"dataframe": frame})


def raised_in(info: Mapping[str, Any]) -> str:
    """What Great Expectations says that it caught: one mapping, or one for each metric that broke."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
    return "; ".join(dict.fromkeys(raised))


def shorten(result: Any) -> None:
    """Keep statistics and the first members of each list; drop tracebacks, which name paths of this machine."""
    result.result = {name: bounded(value) for name, value in (result.result or {}).items()}
    problem = raised_in(result.exception_info)
    result.exception_info = {
        "raised_exception": bool(problem),
        "exception_traceback": None,
        "exception_message": problem[:_LONGEST_TEXT] or None,
    }


def bounded(value: Any, depth: int = 0) -> Any:
    """*value* with long lists, mappings and texts cut short, and nothing nested too deep."""
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, list | tuple | set | Mapping) and depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {key: bounded(value[key], depth + 1) for key in list(value)[:_KEPT]}
    if isinstance(value, list | tuple | set):
        return [bounded(one, depth + 1) for one in list(value)[:_KEPT]]
    return value
