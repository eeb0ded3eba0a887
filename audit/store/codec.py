"""Encodes runs and checkpoints as JSON and decodes them. One versioned format; nothing is unpickled."""

from __future__ import annotations

import functools
import gzip
import json
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from audit.evidence import RegistryEvidence
from audit.model import Run
from checks.model import RegistryId

FORMAT = 1


class UnreadableError(ValueError):
    """A stored file is not in the format of this program; the message says which file and why."""


_ENVELOPE = TypeAdapter(dict[str, Any])


@functools.cache  # it takes a tenth of a second to build, and not every process needs it
def _run_adapter() -> TypeAdapter[Run]:
    return TypeAdapter(Run)


def encode_run(run: Run) -> bytes:
    """The whole run as gzipped JSON; equal runs give equal bytes."""
    adapter = _run_adapter()
    document = cast("dict[str, Any]", adapter.dump_python(run, mode="json", exclude={"documents"}))
    # JSON objects have no tuple keys; every row has its account and Region.
    document["documents"] = [dict(run.documents[key]) for key in sorted(run.documents)]
    envelope = {"format": FORMAT, "run": document}
    return gzip.compress(_as_json(envelope), mtime=0)


def _as_json(envelope: dict[str, Any]) -> bytes:
    try:
        return _ENVELOPE.dump_json(envelope)
    except PydanticSerializationError:
        # A policy may contain an unpaired UTF-16 surrogate, and a message may quote it; UTF-8 cannot encode one.
        whole = json.dumps(envelope, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.encode()


def decode_run(data: bytes, name: str) -> Run:
    """What `encode_run` wrote. Raises UnreadableError naming *name*."""
    try:
        envelope = _ENVELOPE.validate_json(gzip.decompress(data))
        if envelope.get("format") != FORMAT:
            raise UnreadableError(
                f"{name}: format {envelope.get('format')!r} is not supported by this version of ecr-audit"
            )
        document = envelope["run"]
        rows = document["documents"]
        document["documents"] = {}
        run = _run_adapter().validate_python(document)
    except (OSError, EOFError, KeyError, ValidationError) as error:
        raise UnreadableError(f"{name}: {error}") from error
    documents = {RegistryId(row["account"], row["region"]): row for row in rows}
    object.__setattr__(run, "documents", documents)  # frozen, and not yet shared
    return run


_REGISTRY = TypeAdapter(RegistryEvidence)


def encode_registry(evidence: RegistryEvidence) -> bytes:
    """One registry's evidence as JSON."""
    return _REGISTRY.dump_json(evidence)


def decode_registry(data: bytes, name: str) -> RegistryEvidence:
    """What `encode_registry` wrote. Raises UnreadableError naming *name*."""
    try:
        return _REGISTRY.validate_json(data)
    except ValidationError as error:
        raise UnreadableError(f"{name}: {error}") from error


def storable(text: str, longest: int) -> str:
    """*text* as a column of *longest* characters takes it: PostgreSQL accepts neither NUL nor unpaired surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:longest]
