"""What ECR said became of the replication of images: answers of DescribeImageReplicationStatus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.tables.coded import Coded, Codes, code
from audit.tables.frames import NO, YES
from audit.tables.image_stock import ImageStock
from audit.tables.known import Known
from audit.tables.pairs import Pairs
from audit.tables.stock import Stock
from checks.model import RegistryId


@dataclass(frozen=True, slots=True)
class ImageStatuses:
    """Answers, to be found by source repository, destination and digest."""

    index: pd.Index
    status: Coded
    """Null where the question was refused."""
    failure_code: Coded
    registries: int
    digests: int

    def of(self, pairs: Pairs, pair: Codes, digest: Codes) -> tuple[NDArray[np.bool_], Coded, Coded]:
        """For images of replicas: whether their status was asked for, the status and the failure code."""
        keys = (pairs.source_row[pair] * self.registries + pairs.destination[pair]) * self.digests + digest
        at = self.index.get_indexer(pd.Index(keys)).astype(np.int64)
        return at >= 0, self.status.take(at), self.failure_code.take(at)

    def at_absent_copies(self, pairs: Pairs, images: ImageStock) -> tuple[Codes, Codes]:
        """Replicas of a rule whose copy does not exist, each with an image of it that was asked about."""
        rows = np.flatnonzero((pairs.matched == YES) & (pairs.present == NO))
        links = pd.Index(pairs.source_row[rows] * self.registries + pairs.destination[rows])
        place, digest = np.divmod(self.index.to_numpy(dtype=np.int64), max(1, self.digests))
        at = links.get_indexer(pd.Index(place))
        place, digest, row = place[at >= 0], digest[at >= 0], rows[at[at >= 0]]
        image = images.find(pairs.source_row[row], digest)
        return row[image >= 0], image[image >= 0]


def read_statuses(known: Known, stock: Stock, images: ImageStock) -> ImageStatuses:
    """Gather the answers of every registry."""
    number = {registry: at for at, registry in enumerate(known.universe)}
    name = {text: at for at, text in enumerate(stock.names)}
    digest = {text: at for at, text in enumerate(images.digests)}
    found: dict[int, tuple[str | None, str]] = {}
    for key, part in known.parts.items():
        columns = part.statuses
        if not columns["digest"]:
            continue
        asked = zip(columns["repository"], columns["digest"], columns["destination_account"], strict=True)
        rest = zip(columns["destination_region"], columns["status"], columns["failure_code"], strict=True)
        rows = stock.find(
            np.full(len(columns["repository"]), number[key]),
            np.array([name.get(text, -1) for text in columns["repository"]], dtype=np.int64),
        )
        for row, (_, image, account), (region, status, failure) in zip(rows, asked, rest, strict=True):
            destination = number.get(RegistryId(account, region))
            if row >= 0 and image in digest and destination is not None:
                place = (int(row) * len(known.universe) + destination) * len(digest) + digest[image]
                found[place] = (status, failure or "")
    return ImageStatuses(
        index=pd.Index(list(found), dtype="int64"),
        status=code(status for status, _ in found.values()),
        failure_code=code(None if status is None else failure for status, failure in found.values()),
        registries=len(known.universe),
        digests=len(digest),
    )
