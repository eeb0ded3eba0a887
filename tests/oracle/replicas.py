"""The checks of replica repositories, their images, and the templates that they are created from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracle.exposure import Access, exposed_template, exposures
from tests.oracle.facts import Place, World
from tests.oracle.links import Link, Rows, said
from tests.oracle.policies import Answer, all_of, like, listed, statements

SAMPLE_TAGS = ("latest", "dev-1", "v1", "1.0", "rc-1")
"""One tag of every kind that the filters of the worlds tell apart."""
USUAL_TAGS = ("latest", "main", "dev", "stable", "edge")
"""Tags that move as a rule, the usual one first."""


@dataclass(frozen=True)
class Replica:
    """A source repository and a registry to which a rule replicates it, or should by the baseline."""

    link: Link
    name: str

    @property
    def key(self) -> tuple[str, ...]:
        return (*self.link.source, self.name, *self.link.destination)

    @property
    def matched(self) -> Answer:
        return any(rule.matches(self.name) for rule in self.link.rules) if self.link.read else None

    @property
    def required(self) -> bool:
        return bool(self.link.required) and self.name.startswith(self.link.required)


def replicas_of(world: World, links: list[Link]) -> list[Replica]:
    """Every repository that is listed, with every registry to which it is replicated or should be."""
    found = [Replica(link, name) for link in links for name in world.repositories(link.source) or ()]
    return [one for one in found if one.matched or one.required]


def replica_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """All checks of replicas."""
    checks = {
        "rules.required-repository-matched": lambda one, _: said(one.matched, when=one.required),
        "settings.scanned": lambda one, there: _scanned(world, one, there),
        "settings.encryption": lambda one, there: _encryption(world, one, there),
        "settings.repository-policy": lambda one, there: _repository_policy(world, one, there),
        "settings.moving-tags": lambda one, there: _moving_tags(world, one, there),
        "settings.key-usable": lambda one, there: _key_usable(world, one, there),
        "coverage.repository-present": lambda one, there: _repository_present(world, one, there),
        "coverage.images-present": lambda one, there: _images_present(world, one, there),
        "coverage.replication-succeeded": lambda one, there: _replication_succeeded(world, one, there),
    }
    found: dict[str, Rows] = {check: {} for check in checks}
    access = Access(world)
    for one in replicas_of(world, links):
        there = present(world, one)
        for check, judged in checks.items():
            found[check][one.key] = judged(one, there)
        for check, status in exposures(access, one.link, one.name, there, _policy_by_baseline(world, one)).items():
            found.setdefault(check, {})[one.key] = status
    return found


def present(world: World, one: Replica) -> Answer:
    """Whether the repository exists at the destination."""
    names = world.repositories(one.link.destination)
    return None if names is None else one.name in names


def _there(world: World, one: Replica) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (world.repositories(one.link.destination) or {}).get(one.name, {})
    return found


def _here(world: World, one: Replica) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (world.repositories(one.link.source) or {})[one.name]
    return found


def _scanned(world: World, one: Replica, there: Answer) -> str:
    place = one.link.destination
    scanning = world.settings(one.name, place).get("scanning")
    required = scanning is not None and scanning.get("required", True)
    frequencies = scan_frequencies(world, place, one.name)
    scanned = None if frequencies is None else bool(frequencies & {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"})
    return said(scanned, when=all_of((required, there)))


def scan_frequencies(world: World, place: Place, name: str) -> set[str] | None:
    """The frequencies of the scanning rules that apply to a repository; None: not read."""
    readable = world.readable(place, "ecr:BatchGetRepositoryScanningConfiguration")
    found = {
        rule["scanFrequency"]
        for rule in world.registry(place).get("scanning", {}).get("rules", ())
        for entry in rule["repositoryFilters"]
        if (like(entry["filter"], name) if "*" in entry["filter"] else entry["filter"] in name)
    }
    return found if readable else None


def _encryption(world: World, one: Replica, there: Answer) -> str:
    expected = world.settings(one.name, one.link.destination).get("encryption")
    found = _there(world, one).get("encryption", {"type": "AES256"})
    return said(encrypted(world, one.link.destination, expected or {}, found), when=all_of((bool(expected), there)))


def encrypted(world: World, place: Place, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Answer:
    if not expected or found["type"] != expected["type"]:
        return False
    key = expected.get("key", "")
    if not key:
        return True
    if key == "customer":
        # A key that the repository does not name is the AWS managed one; a named one is looked up.
        return bool(found.get("key")) and (True if _key_state(world, place, found["key"]) else None)
    return bool(found.get("key") == key.format(region=place[1], account=place[0]))


def _key_state(world: World, place: Place, arn: str) -> str | None:
    """State of a KMS key as the audit can read it in the account of *place*; empty: there is none; None: not read."""
    keys = {one["arn"]: one for one in world.document.get("keys", ())}
    _, _, _, region, account, _ = arn.split(":", 5)
    if account != place[0] and not keys.get(arn, {}).get("shared"):
        return None
    if not world.readable((place[0], region), "kms:DescribeKey"):
        return None
    return str(keys[arn].get("state", "Enabled")) if arn in keys else ""


def usable(world: World, place: Place, arn: str) -> Answer:
    """Whether a KMS key is enabled and in the Region of *place*."""
    if arn.split(":")[3] != place[1]:
        return False
    state = _key_state(world, place, arn)
    return None if state is None else state == "Enabled"


def _key_usable(world: World, one: Replica, there: Answer) -> str:
    key = _there(world, one).get("encryption", {}).get("key", "")
    return said(
        usable(world, one.link.destination, key) if key else None, when=bool(key) if there is not None else None
    )


def policy_text(world: World, place: Place, name: str) -> str | None:
    """A repository policy's text; None: not read."""
    names = world.repositories(place)
    if names is None or name not in names or not world.readable(place, "ecr:GetRepositoryPolicy", name):
        return None
    return str(names[name].get("policy", ""))


def _policy_by_baseline(world: World, one: Replica) -> str | None:
    """Text of the policy that the baseline determines for the replica; empty: it determines none; None: not read."""
    expected = world.settings(one.name, one.link.destination).get("repository_policy")
    if expected == "same-as-source":
        return policy_text(world, one.link.source, one.name)
    return json.dumps(expected) if isinstance(expected, dict) else ""


def _repository_policy(world: World, one: Replica, there: Answer) -> str:
    expected = world.settings(one.name, one.link.destination).get("repository_policy")
    found = policy_text(world, one.link.destination, one.name)
    wanted = all_of((expected is not None, there))
    if found is None or expected is None:
        return said(None, when=wanted)
    if expected in ("required", "none"):
        return said(bool(found) == (expected == "required"), when=wanted)
    other = _policy_by_baseline(world, one)
    return said(None if other is None else meaning(other) == meaning(found), when=wanted)


def meaning(text: str) -> Any:
    """A policy such that two that say the same are equal, as far as the worlds spell one thing in two ways."""
    found = []
    for one in statements(text):
        plain = {key: value for key, value in one.items() if key not in ("Sid", "Condition", "Action", "Principal")}
        plain["Action"] = sorted({action.lower() for action in listed(one["Action"])})
        principal = one["Principal"]
        names = ["*"] if principal == "*" else listed(principal["AWS"])
        plain["Principal"] = sorted({f"arn:aws:iam::{name}:root" if name.isdigit() else name for name in names})
        plain["Condition"] = {
            operator: {key.lower(): sorted(listed(values)) for key, values in keys.items()}
            for operator, keys in one.get("Condition", {}).items()
        }
        found.append(json.dumps(plain, sort_keys=True))
    return sorted(found)


def movable(repository: Mapping[str, Any], tag: str) -> bool:
    """Whether the tag can be moved to another image."""
    mode = repository.get("tag_mutability", "MUTABLE")
    excepted = any(like(one, tag) for one in repository.get("exclusions", ()))
    return mode.startswith("MUTABLE") != (excepted and mode.endswith("_WITH_EXCLUSION"))


def _moving_tags(world: World, one: Replica, there: Answer) -> str:
    here, copy = _here(world, one), _there(world, one)
    if there is not True:
        # Nothing is frozen that is not there, or that cannot move at the source either.
        moving = any(movable(here, tag) for tag in SAMPLE_TAGS)
        return said(None if there is None and moving else True)
    # Where nearly everything can move, one usual tag stands for what does.
    mutable = here.get("tag_mutability", "MUTABLE").startswith("MUTABLE") or all(
        movable(here, tag) for tag in SAMPLE_TAGS
    )
    usual = [tag for tag in USUAL_TAGS if movable(here, tag)][:1] if mutable else []
    tags: Iterable[str] = usual or SAMPLE_TAGS
    return said(all(movable(copy, tag) for tag in tags if movable(here, tag)))


def _repository_present(world: World, one: Replica, there: Answer) -> str:
    images = world.images(one.link.source, one.name)
    due: Answer = None
    if images is not None:
        due = any(image.get("status", "ACTIVE") == "ACTIVE" and world.old_enough(image) for image in images.values())
    return said(there, when=all_of((one.matched, due)))


def _missing(world: World, one: Replica) -> list[Mapping[str, Any]] | None:
    """Images of the source that are not at the destination; None: the images of a side were not read."""
    here, there = (world.images(place, one.name) for place in (one.link.source, one.link.destination))
    if there is None and present(world, one) is False:
        there = {}
    if here is None or there is None:
        return None
    return [image for digest, image in here.items() if digest not in there]


def _images_present(world: World, one: Replica, there: Answer) -> str:
    missing = _missing(world, one)
    late = [image for image in missing or () if image.get("status", "ACTIVE") == "ACTIVE" and world.old_enough(image)]
    return said(None if missing is None else not late, when=all_of((one.matched, there)))


def _replication_succeeded(world: World, one: Replica, _there: Answer) -> str:
    missing = _missing(world, one)
    if missing is None or not one.matched:
        return said(None, when=all_of((one.matched, None)))
    asked = [image for image in missing if image.get("status", "ACTIVE") != "ARCHIVED"]
    if not world.readable(one.link.source, "ecr:DescribeImageReplicationStatus", one.name):
        return said(None, when=bool(asked))
    failed = [
        image
        for image in asked
        for entry in image.get("replication", ())
        if (entry["account"], entry["region"]) == one.link.destination and entry["status"] == "FAILED"
    ]
    return said(not failed, when=bool(asked))


def image_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """Tags of images that are on both sides; rows of images without a difference are left out."""
    agree: Rows = {}
    tagged: Rows = {}
    for one in replicas_of(world, links):
        here, there = (world.images(place, one.name) or {} for place in (one.link.source, one.link.destination))
        if not one.matched:
            continue
        for digest, image in here.items():
            copy = there.get(digest)
            both = copy is not None and {image.get("status", "ACTIVE"), copy.get("status", "ACTIVE")} == {"ACTIVE"}
            if copy is None or not both or not world.old_enough(image):
                continue
            tags, copied = set(image.get("tags", ())), set(copy.get("tags", ()))
            if tags == copied:
                continue
            rows = agree if copied else tagged
            rows[(*one.key, digest)] = said(tags <= copied)
    return {"coverage.tags-agree": agree, "coverage.tags-present": tagged}


def template_checks(world: World, links: list[Link]) -> dict[str, Rows]:
    """The checks of creation templates, in registries that have a part in replication."""
    roles: Rows = {}
    keys: Rows = {}
    policies: Rows = {}
    access = Access(world)
    destinations = {link.destination for link in links}
    for place in world.places():
        readable = world.readable(place, "ecr:DescribeRepositoryCreationTemplates")
        part = place in destinations or world.rules(place) != [] or world.policy(place) != ""
        part = part or any(link.source == place for link in links)
        for template in world.registry(place).get("templates", ()) if readable and part else ():
            key, replication = (*place, template["prefix"]), "REPLICATION" in template["appliedFor"]
            encryption = template.get("encryptionConfiguration", {"encryptionType": "AES256"})
            needed = encryption["encryptionType"] != "AES256" or bool(template.get("resourceTags"))
            roles[key] = said(_role_trusts(world, place, template.get("customRoleArn", "")),
                              when=needed and replication)  # fmt: skip
            arn = encryption.get("kmsKey", "")
            keys[key] = said(usable(world, place, arn) if arn else None, when=bool(arn))
            policies[key] = said(exposed_template(access, place, template), when=replication)
    return {
        "settings.template-role-valid": roles,
        "settings.template-key-usable": keys,
        "exposure.template-policy-bounded": policies,
    }


def _role_trusts(world: World, place: Place, arn: str) -> Answer:
    if not arn or arn.split(":")[4] != place[0]:
        return False
    if not world.readable(place, "iam:GetRole"):
        return None
    roles = {one["name"]: one for one in world.accounts[place[0]].get("roles", ())}
    return "ecr.amazonaws.com" in roles.get(arn.rpartition("/")[2], {}).get("trusts", ())
