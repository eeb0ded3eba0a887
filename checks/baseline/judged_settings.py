"""Which checks judge what the baseline declares under `settings` and `source_settings`: docs/settings.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_TEMPLATE = "settings.template-as-declared"

JUDGED_SETTINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tag_mutability": ("settings.tag-mutability", _TEMPLATE),
        "mutability_exclusions": ("settings.tag-mutability", _TEMPLATE),
        "scanning.required": ("settings.scanned",),
        "scanning.type": ("settings.scan-type",),
        "scanning.frequency": ("settings.scan-type",),
        "encryption.type": ("settings.encryption", _TEMPLATE),
        "encryption.key": ("settings.encryption", _TEMPLATE),
        "lifecycle_policy": ("settings.lifecycle-policy-present", "settings.lifecycle-policy", _TEMPLATE),
        "repository_policy": ("settings.repository-policy", _TEMPLATE),
        "tags": ("settings.tags-present", _TEMPLATE),
    }
)
"""Key below an entry of `settings` → ids of the checks that compare a repository or a template with its value."""

JUDGED_SOURCE_SETTINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tag_mutability": ("sources.tag-mutability",),
        "mutability_exclusions": ("sources.tag-mutability",),
        "scanning.required": ("sources.scanned",),
        "scanning.type": ("sources.scanned",),
        "scanning.frequency": ("sources.scanned",),
        "encryption.type": ("sources.encryption",),
        "encryption.key": ("sources.encryption",),
        "lifecycle_policy": ("sources.lifecycle-policy",),
        "repository_policy": ("sources.repository-policy",),
        "tags": ("sources.tags-present",),
    }
)
"""The same for an entry of `source_settings`."""

SELECTING_KEYS = ("repositories", "accounts", "account_names", "ous", "regions")
"""Keys that select what an entry is about and declare nothing."""
