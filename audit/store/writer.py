"""Writes a run into the store: first its files, complete and durable, then its rows in one transaction."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from audit.model import Run
from audit.store import schema
from audit.store.codec import encode_run, storable
from audit.store.files import sha256
from audit.store.finding_age import finding_rows
from audit.store.summary import summarize

if TYPE_CHECKING:
    import pandas as pd


def write_files(folder: Path, run: Run, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Write a run's files into a new *folder*; their SHA-256 by name."""
    folder.mkdir(parents=True)
    (folder / "run.json.gz").write_bytes(encode_run(run))
    (folder / "validations.json").write_text(json.dumps(run.validations, indent=1, default=str), encoding="utf-8")
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    return {path.name: sha256(path) for path in sorted(folder.iterdir())}


def insert_rows(engine: sa.Engine, run: Run, question: str, files: Mapping[str, str], job: str) -> None:
    """Insert the rows of a run whose files are stored."""
    with engine.connect() as connection:
        rows = finding_rows(connection, run, question)
    with engine.begin() as connection:
        connection.execute(
            schema.runs.insert().values(
                id=run.id,
                started_at=run.started_at.isoformat(),
                finished_at=run.finished_at.isoformat(),
                organization=storable(run.organization_name or run.organization_id or run.caller_account, 80),
                question=question,
                summary=summarize(run).as_document(),
                files=dict(files),
                job=job or None,
            )
        )
        if rows:
            connection.execute(schema.findings.insert(), rows)
