"""The real AWS CLI without its start-up time.

What runs is the ``main`` of ``awscli.clidriver`` with the caller's arguments, environment, folder and output streams,
as the executable `aws` does it; only the imports, the reading of service models and the loading of plugins, some 0.6 s
of processor time a call, are paid once.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.forking import answer, executable


def quick_aws() -> contextlib.AbstractContextManager[str]:
    """A folder for PATH that contains an executable `aws`."""
    import botocore  # not above: the server must take the one that its AWS CLI brings

    models = {"AWS_DATA_PATH": str(Path(botocore.__file__).parent / "data"), "AWS_DEFAULT_REGION": "eu-west-1"}
    return executable("aws", __file__, models)


def _remember_models() -> None:
    """Read each file of service models once: they do not change under a running test."""
    import botocore.loaders

    read, listed = botocore.loaders.JSONFileLoader.load_file, botocore.loaders.Loader.list_available_services
    files: dict[str, Any] = {}
    lists: dict[tuple[str, ...], Any] = {}

    def load_file(self: Any, path: str) -> Any:
        if path not in files:
            files[path] = read(self, path)
        return files[path]

    def list_available_services(self: Any, type_name: str) -> Any:
        key = (type_name, *self.search_paths)
        if key not in lists:
            lists[key] = listed(self, type_name)
        return list(lists[key])

    botocore.loaders.JSONFileLoader.load_file = load_file
    botocore.loaders.Loader.list_available_services = list_available_services


def _prepare() -> Any:
    """Import and read what calls need; the driver for a caller that uses the same models."""
    import awscli.clidriver

    _remember_models()
    for command in ("ecr describe-registry", "sts get-caller-identity", "iam list-users", "account list-regions"):
        driver = awscli.clidriver.create_clidriver()
        with contextlib.redirect_stdout(io.StringIO()):
            driver.main([*command.split(), "--generate-cli-skeleton", "input"])
        # A client reads more: endpoints, and the rules by which they are chosen.
        driver.session.create_client(
            command.split()[0], region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
        )
    return awscli.clidriver.create_clidriver()


def _aws(arguments: list[str], driver: Any, models: str) -> None:
    """Be the AWS CLI of the caller. Never returns."""
    import awscli
    import awscli.clidriver

    code = 70
    try:
        others = os.environ.get("AWS_DATA_PATH") != models
        importlib.reload(awscli)  # it adds its own models to AWS_DATA_PATH when it is imported
        if others:
            driver = awscli.clidriver.create_clidriver()
        sys.argv = ["aws", *arguments]
        code = driver.main(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # the child has nobody above it that could say what went wrong
        traceback.print_exc()
    finally:
        with contextlib.suppress(BrokenPipeError):  # its reader may have gone (head)
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    known = os.environ["AWS_DATA_PATH"]  # before the AWS CLI adds its own to it
    prepared = _prepare()
    answer(sys.argv[1], lambda arguments: _aws(arguments, prepared, known))
