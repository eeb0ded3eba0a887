"""A real PostgreSQL server for tests: a cluster below /tmp, on loopback, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

USER, PASSWORD = "auditor", "hunter2"
SETTINGS = {
    # Nothing of it outlives the tests.
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB",
    "max_connections": "60", "listen_addresses": "127.0.0.1", "log_min_messages": "fatal",
}  # fmt: skip


@dataclass
class Server:
    """A cluster of its own."""

    folder: Path
    port: int
    programs: Path
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        engine = sa.create_engine(self.url(database).replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def fresh(self) -> str:
        """URL of a new, empty database."""
        name = f"store_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder]
        self.process = subprocess.Popen([*command, *settings], **_identity(), stderr=subprocess.DEVNULL)
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and self._answers():
                    return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start")

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except sa.exc.OperationalError:  # still starting
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None


def programs() -> Path | None:
    """Where initdb and postgres lie; None where no server is installed."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    return next((path for path in (*places, *reversed(debian)) if (path / "postgres").exists()), None)


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    if programs() is None:
        return "no PostgreSQL server is installed here (Debian: postgresql)"
    if os.getuid() == 0 and not any(one.pw_name in ("postgres", "nobody") for one in pwd.getpwall()):
        return "PostgreSQL refuses to run as root, and there is no other user"
    return ""


@contextmanager
def running() -> Iterator[Server]:
    """A server until the block ends."""
    where = programs()
    assert where is not None
    with tempfile.TemporaryDirectory(prefix="ecr-audit-postgresql-", dir="/tmp") as name:
        folder = Path(name)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if identity := _identity():
            for path in (folder, secret):
                os.chown(path, identity["user"], identity["group"])
        subprocess.run(
            [where / "initdb", "-D", folder / "data", "-U", USER, "-A", "scram-sha-256", "--pwfile", secret,
             "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **identity,
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = Server(folder, port, where)
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # without tidying up what is deleted anyway


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    user = next(one for name in ("postgres", "nobody") for one in pwd.getpwall() if one.pw_name == name)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
