"""A process that is killed while the receiver has the message, and before it could keep the receipt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from schedules.deliveries.receipts import ReceiptState
from schedules.deliveries.webhook import WebhookDelivery
from tests.schedules.deliveries.receivers import Answer, receiver
from tests.schedules.deliveries.world import settings

SECRET = "3f9c1a-not-to-be-told-7c"  # pragma: allowlist secret
DYING = """
import sys
from pathlib import Path
from schedules.deliveries.webhook import WebhookDelivery
from tests.schedules.deliveries.world import settings, world_in

store, job, url = sys.argv[1:]
world = world_in(Path(store))
hook = settings(WebhookDelivery, url=url, secret={"env": "HOOK_SECRET"})
world.deliver(world.context(job=world.queue.get(job)), {"hook": hook})
"""


def test_the_next_process_repeats_with_the_same_key_and_body(world, tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    job = world.job()
    process: list[subprocess.Popen] = []

    def killing(_):
        os.kill(process[0].pid, signal.SIGKILL)
        return Answer()

    with receiver(killing, Answer()) as web:
        command = [sys.executable, "-c", DYING, str(tmp_path / "store"), job.id, web.url]
        process.append(subprocess.Popen(command, cwd=Path(__file__).parents[3]))
        assert process[0].wait(120) == -signal.SIGKILL
        (left,) = world.receipts.of(job.id)
        assert (left.state, left.attempts) == (ReceiptState.PENDING, 1)
        hook = settings(WebhookDelivery, url=web.url, secret={"env": "HOOK_SECRET"})
        (receipt,) = world.deliver(world.context(job=world.queue.get(job.id)), {"hook": hook})
    assert (receipt.state, receipt.attempts) == (ReceiptState.SENT, 2)
    first, second = web.got
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
