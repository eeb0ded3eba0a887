"""The JSON API, version 1."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1")
"""Every route of the API."""
