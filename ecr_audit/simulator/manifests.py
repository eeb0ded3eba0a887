"""Manifests: made up from a name, so that the same content has the same digest everywhere, or read from a push."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ecr_audit.simulator.state import sha256

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class NotificationContext:
    """What ECR reads out of a manifest."""

    media_type: str
    artifact_type: str
    subject: str
    """Digest that the manifest refers to; empty: none."""
    children: tuple[str, ...]
    """Digests of the manifests of an index."""
    size: int
    """Sum of the sizes that it lists, in bytes."""


def make_manifest(repository: str, content: str, *, subject: str = "", artifact_type: str = "", size: int = 0) -> str:
    """Text of an OCI manifest that is a function of its arguments alone."""
    seed = f"{repository}\n{content}"
    layer = size or 4_000_000 + int(sha256(seed)[7:12], 16)
    document: dict[str, object] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    if artifact_type:
        document["artifactType"] = artifact_type
    document["config"] = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": sha256(f"config\n{seed}"),
        "size": 0,
    }
    document["layers"] = [
        {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": sha256(f"layer\n{seed}"), "size": layer}
    ]
    if subject:
        document["subject"] = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1000}
    return json.dumps(document, indent=2)


def read_manifest(text: str) -> NotificationContext | None:
    """Facts of the manifest *text*; None if it is no JSON object."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    parts = [document.get("config"), *_list(document.get("layers"))]
    sizes = [part["size"] for part in parts if isinstance(part, dict) and isinstance(part.get("size"), int)]
    subject = document.get("subject")
    return NotificationContext(
        media_type=str(document.get("mediaType", OCI_MANIFEST)),
        artifact_type=str(document.get("artifactType", "")),
        subject=str(subject.get("digest", "")) if isinstance(subject, dict) else "",
        children=tuple(str(part.get("digest")) for part in _list(document.get("manifests")) if isinstance(part, dict)),
        size=sum(sizes),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
