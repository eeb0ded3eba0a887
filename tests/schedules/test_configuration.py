"""The service's configuration file: what is read, what is refused and in which words, and the schema for editors."""

from __future__ import annotations

import json
import zoneinfo
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from checks.baseline.yaml_reader import BaselineError, Reading
from reports.formats import FORMATS
from schedules.configuration.loading import example_configuration, load_configuration
from schedules.configuration.service import PRESETS, Configuration, Schedule, configuration_schema
from schedules.deliveries.channels import CHANNELS

ROOT = Path(__file__).parents[2]
CASES = YAML(typ="safe", pure=True).load(ROOT / "tests" / "cases" / "schedules" / "problems.yaml")
SCHEMA = configuration_schema()


def load(text: str, folder: Path = Path("/srv/audit")) -> Configuration:
    return load_configuration(text, "service.yaml", folder)


def problems(text: str, folder: Path = Path("/srv/audit")) -> list[str]:
    with pytest.raises(BaselineError) as caught:
        load(text, folder)
    return [str(problem).removeprefix("service.yaml:") for problem in caught.value.problems]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_problems(case: dict[str, Any]) -> None:
    expected = [problem.replace("{formats}", ", ".join(FORMATS)) for problem in case["problems"]]
    assert problems(case["text"]) == expected


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "version: 1"])
def test_an_empty_file_is_the_defaults(text: str) -> None:
    assert load(text) == Configuration()


def test_paths_are_meant_from_the_file_s_folder(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for name in ("baseline.yaml", "ca.pem"):
        (tmp_path / name).touch()
    loaded = load(
        """
store: data
evidence: s3://bucket/prefix
schedules:
  nightly: {every: nightly, baseline: baseline.yaml, waivers: waivers.yaml, custom_checks: rules,
            deliveries: [mail, kept]}
deliveries:
  kept: {type: folder, folder: out}
  away: {type: folder, folder: /srv/reports}
  mail:
    {type: smtp, host: h, ca_file: ca.pem, username: u, password: {file: secrets/mail}, sender: a@b.example,
     to: [c@d.example]}
web: {signin: proxy, proxy: {secret: {file: secrets/proxy}}}
""",
        tmp_path,
    )
    assert loaded.store == f"{tmp_path}/data"
    assert loaded.evidence == "s3://bucket/prefix"
    nightly, mail = loaded.schedules["nightly"], loaded.deliveries["mail"].model_dump()
    assert (nightly.baseline, nightly.waivers) == (f"{tmp_path}/baseline.yaml", f"{tmp_path}/waivers.yaml")
    assert nightly.custom_checks == f"{tmp_path}/rules"
    assert loaded.deliveries["kept"].model_dump()["folder"] == f"{tmp_path}/out"
    assert loaded.deliveries["away"].model_dump()["folder"] == "/srv/reports"
    assert (mail["ca_file"], mail["password"]["file"]) == (f"{tmp_path}/ca.pem", f"{tmp_path}/secrets/mail")
    assert loaded.web.proxy is not None
    assert loaded.web.proxy.secret.file == f"{tmp_path}/secrets/proxy"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", ""),
        ("/var/lib/ecr-audit", "/var/lib/ecr-audit"),
        ("~/audit", "/home/me/audit"),
        ("sqlite:///audit.db", "sqlite:////srv/audit/audit.db"),
        ("sqlite:////var/audit.db", "sqlite:////var/audit.db"),
        ("postgresql+psycopg://user:p%40ss@db/audit", "postgresql+psycopg://user:p%40ss@db/audit"),
    ],
)
def test_places_of_stores(written: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert load(f"store: {json.dumps(written)}").store == meant


def test_a_relative_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load("store: data", Path()).store == f"{tmp_path}/data"


def test_what_is_loaded_survives_the_way_to_a_worker() -> None:
    loaded = load("schedules: {a: {every: weekly}, b: {cron: 0 6 * * mon-fri, timezone: Asia/Tokyo}}")
    assert Configuration.model_validate_json(loaded.model_dump_json()) == loaded


def test_presets_are_cron_expressions() -> None:
    assert {name: Schedule(every=name).expression for name in PRESETS} == PRESETS  # type: ignore[arg-type]


def test_a_machine_without_time_zones_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> zoneinfo.ZoneInfo:
        raise zoneinfo.ZoneInfoNotFoundError

    monkeypatch.setattr(zoneinfo, "ZoneInfo", missing)
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    said = problems("schedules: {nightly: {every: nightly, timezone: Europe/Berlin}}")
    assert said == [
        "1:49: schedules.nightly.timezone: this machine has no time zone database (install the package tzdata)"
    ]


def plain(text: str) -> Any:
    root = Reading(text, "f").read()
    return root.value if root else None


def test_the_example_loads_and_shows_every_key(tmp_path: Path) -> None:
    text = example_configuration()
    loaded = load(text, tmp_path)
    assert {one.type for one in loaded.deliveries.values()} == set(
        SCHEMA["properties"]["deliveries"]["patternProperties"]["^[a-z0-9][a-z0-9-]{0,59}$"]["discriminator"]["mapping"]
    )
    for name, model in {"Configuration": SCHEMA, **SCHEMA["$defs"]}.items():
        for key in model.get("properties", ()):
            assert f"{key}:" in text, f"{name}.{key} is missing from the example"
    assert (ROOT / "docs" / "service.example.yaml").read_text("utf-8") == text


def test_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"].startswith("urn:")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.validate(plain(example_configuration()))
    for wrong in (
        {"schedule": {}},
        {"schedules": {"Nightly": {}}},
        {"schedules": {"nightly": {"every": "night"}}},
        {"deliveries": {"mail": {"type": "smpt"}}},
        {"deliveries": {"chat": {"type": "slack", "url": "https://hooks.example.com/secret"}}},
    ):
        assert not validator.is_valid(wrong), wrong


# --- whatever is in the file ------------------------------------------------------------------------------------------

MODELS = (SCHEMA, *SCHEMA["$defs"].values())
KEYS = sorted({key for model in MODELS for key in model.get("properties", ())})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NAMES = st.sampled_from(["nightly", "mail", "a", "A"])
TYPES = list(CHANNELS)
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 200) | TEXT
    | st.sampled_from([*TYPES, "nightly", "30 2 * * *", "Europe/Berlin", "high", "pdf", "", "eu-west-1"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | NAMES | TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
DELIVERY = st.builds(
    lambda kind, rest: rest | {"type": kind},
    st.sampled_from([*TYPES, "mail", None]),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4),
)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "schedules": st.dictionaries(NAMES, st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), max_size=2),
        "deliveries": st.dictionaries(NAMES, DELIVERY, max_size=2),
        "web": VALUES, "store": SCALARS, "aws": VALUES, "nonsense": VALUES,
    },
)  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOCUMENT)
def test_what_the_loader_reads_the_schema_accepts(document: dict[str, Any]) -> None:
    outcome: Configuration | BaselineError
    try:
        outcome = load(json.dumps(document))
    except BaselineError as error:
        outcome = error
    if isinstance(outcome, BaselineError):
        assert outcome.problems
        assert all(problem.message and problem.line == 1 for problem in outcome.problems)
    else:
        VALIDATOR.validate(document)
