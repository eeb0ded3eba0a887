"""The only access to Great Expectations: one context per evaluation, without output, and results of bounded size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    import pandas as pd

_KEPT = 20
"""Members kept of a list in a validation result; its counts are complete."""
_LONGEST_TEXT = 10_000
_DEEPEST = 6


def load_engine() -> ModuleType:
    """Import Great Expectations (takes seconds), with its analytics off; may run ahead of time in a thread."""
    # Read when the package is imported, hence set before.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    engine: ModuleType = great_expectations
    return engine


@dataclass(slots=True)
class ValidationContext:
    """One ephemeral context for a whole evaluation, made for the first table with rows."""

    _rows: Any = None
    """The batch definition of all tables: each addition to a context rewrites its whole configuration as YAML."""

    def validate(self, name: str, frame: pd.DataFrame, expectations: Sequence[Any]) -> Any:
        """The results of *expectations* about *frame*, with the positions of all failing rows.

        *name* may repeat. Raises what Great Expectations raises where a suite fails as a whole.
        """
        gx = load_engine()
        batch = self._batch(frame)
        suite = gx.ExpectationSuite(name=name, expectations=list(expectations))
        # No index column names: they take forty times the validation, and only positions are needed.
        wanted = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
        return batch.validate(suite, result_format=wanted)

    def _batch(self, frame: pd.DataFrame) -> Any:
        if self._rows is None:
            gx = load_engine()
            from great_expectations.data_context.types import base

            # Set explicitly, because the default configuration makes a directory for documentation pages.
            memory = base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
            quiet = base.ProgressBarsConfig(globally=False)
            config = base.DataContextConfig(store_backend_defaults=memory, progress_bars=quiet, analytics_enabled=False)
            context = gx.get_context(mode="ephemeral", project_config=config)
            asset = context.data_sources.add_pandas("tables").add_dataframe_asset("rows")
            self._rows = asset.add_batch_definition_whole_dataframe("all rows")
        return self._rows.get_batch(batch_parameters={"dataframe": frame})


def raised_in(info: Mapping[str, Any]) -> str:
    """The exceptions that Great Expectations caught: one mapping, or one for each failed metric."""
    entries = [info] if "raised_exception" in info else list(info.values())
    raised = [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
    return "; ".join(dict.fromkeys(raised))


def shorten(result: Any) -> None:
    """Keep statistics and the first members of each list; drop tracebacks, which have local paths."""
    result.result = {name: bounded(value) for name, value in (result.result or {}).items()}
    problem = raised_in(result.exception_info)
    result.exception_info = {
        "raised_exception": bool(problem),
        "exception_traceback": None,
        "exception_message": problem[:_LONGEST_TEXT] or None,
    }


def bounded(value: Any, depth: int = 0) -> Any:
    """*value* with long lists, mappings and texts shortened, and its nesting limited."""
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, list | tuple | set | Mapping) and depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {key: bounded(value[key], depth + 1) for key in list(value)[:_KEPT]}
    if isinstance(value, list | tuple | set):
        return [bounded(one, depth + 1) for one in list(value)[:_KEPT]]
    return value
