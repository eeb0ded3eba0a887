"""EventBridge, for rules of the default event bus. Sources: the service model's own texts.

Events of AWS services reach the default bus only, so no other bus is modelled; nothing is delivered to targets.
"""

from __future__ import annotations

import json
from typing import Any

from ecr_audit.simulator.calls import Call, Operations, Result, not_modelled
from ecr_audit.simulator.pages import page
from ecr_audit.simulator.state import Registry
from ecr_audit.simulator.wire.errors import AwsError


def _rules(call: Call) -> Registry:
    """The caller's account in this Region; its rules lie beside its registry."""
    if call.parameters.get("EventBusName", "default") != "default":
        raise not_modelled(call, "event buses besides the default one")
    return call.world.registry(call.account, call.region)


def _arn(call: Call, name: str) -> str:
    return f"arn:{call.partition}:events:{call.region}:{call.account}:rule/{name}"


def _list_rules(call: Call) -> Result:
    prefix = call.parameters.get("NamePrefix", "")
    found = [rule for name, rule in sorted(_rules(call).event_rules.items()) if name.startswith(prefix)]
    chosen, following = page(call, found, size=int(call.parameters.get("Limit", 100)), spelling="NextToken")
    rules = [{**rule, "Targets": None, "Arn": _arn(call, rule["Name"]), "EventBusName": "default"} for rule in chosen]
    return {"Rules": rules, "NextToken": following}


def _put_rule(call: Call) -> Result:
    """Creates or replaces a rule; members that the call omits are removed."""
    registry, given = _rules(call), call.parameters
    if not given.get("EventPattern") and not given.get("ScheduleExpression"):
        raise AwsError("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if given.get("EventPattern") and not _is_pattern(given["EventPattern"]):
        raise AwsError("InvalidEventPatternException", "Event pattern is not valid.")
    kept = ("Name", "EventPattern", "ScheduleExpression", "Description")
    rule = {name: given[name] for name in kept if given.get(name)}
    targets = registry.event_rules.get(given["Name"], {}).get("Targets", [])
    registry.event_rules[given["Name"]] = {**rule, "State": given.get("State", "ENABLED"), "Targets": targets}
    return {"RuleArn": _arn(call, given["Name"])}


def _is_pattern(text: str) -> bool:
    """Whether every leaf of *text* is a list that is not empty, as patterns are written."""
    try:
        pattern = json.loads(text)
    except ValueError:
        return False
    waiting = [pattern]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif not isinstance(value, list) or not value:
            return False
    return isinstance(pattern, dict) and bool(pattern)


def _rule(call: Call) -> dict[str, Any]:
    rule = _rules(call).event_rules.get(call.parameters["Rule"])
    if rule is None:
        raise AwsError(
            "ResourceNotFoundException", f"Rule {call.parameters['Rule']} does not exist on EventBus default."
        )
    return rule


def _put_targets(call: Call) -> Result:
    """Adds targets, or replaces those with the same id; whether events could be delivered to them is not checked."""
    rule = _rule(call)
    given = {target["Id"]: dict(target) for target in call.parameters["Targets"]}
    kept = [target for target in rule.get("Targets", []) if target["Id"] not in given]
    rule["Targets"] = [*kept, *given.values()]
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _list_targets(call: Call) -> Result:
    chosen, following = page(
        call, _rule(call).get("Targets", []), size=int(call.parameters.get("Limit", 100)), spelling="NextToken"
    )
    return {"Targets": chosen, "NextToken": following}


OPERATIONS: Operations = {
    "ListRules": _list_rules,
    "PutRule": _put_rule,
    "PutTargets": _put_targets,
    "ListTargetsByRule": _list_targets,
}
