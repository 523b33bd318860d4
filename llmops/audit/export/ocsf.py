"""Export events as OCSF API Activity (class 6003, https://schema.ocsf.io/1.3.0/classes/api_activity), for a SIEM."""

from typing import Any, Final

from llmops.audit.explain import LoggedEvent
from llmops.audit.export.meaning import PRODUCT, Action, Success, meaning_of, moment

VERSION: Final = "1.3.0"
_CATEGORY: Final = 6
_CLASS: Final = 6003
_OTHER: Final = 99
_ACTIVITIES: Final = {Action.CREATE: 1, Action.READ: 2, Action.UPDATE: 3, Action.DELETE: 4}
_SEVERITIES: Final = {Success.YES: 1, Success.PARTLY: 2, Success.NO: 3}


def api_activity(seen: LoggedEvent) -> dict[str, Any]:
    """Return one event; `metadata.uid` is the leaf hash, so it can be traced to the signed log."""
    meaning, kind = meaning_of(seen), seen.entry.event.kind
    activity = _ACTIVITIES.get(meaning.action, _OTHER)
    failed = meaning.success is Success.NO
    event: dict[str, Any] = {
        "category_uid": _CATEGORY,
        "category_name": "Application Activity",
        "class_uid": _CLASS,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": kind if activity == _OTHER else meaning.action.name.capitalize(),
        "type_uid": _CLASS * 100 + activity,
        "severity_id": _SEVERITIES[meaning.success],
        "status_id": 2 if failed else 1,
        "status": "Failure" if failed else "Success",
        "time": seen.entry.at,
        "metadata": {
            "version": VERSION,
            "product": {"name": PRODUCT, "vendor_name": PRODUCT},
            "log_name": seen.receipt.stream,
            "sequence": seen.receipt.index,
            "uid": seen.receipt.leaf,
            "original_time": moment(seen.entry.at),
            **({"correlation_uid": seen.entry.run} if seen.entry.run else {}),
        },
        "actor": {"app_name": PRODUCT, "app_uid": getattr(seen.entry.event, "reviewer", "") or seen.receipt.stream},
        "api": {"operation": kind, "service": {"name": PRODUCT}},
        "src_endpoint": {"svc_name": PRODUCT, "instance_uid": seen.receipt.stream},
        "resources": [{"type": sort, "uid": value} for sort, value in meaning.things],
        "unmapped": {name: value for name, value in meaning.facts if value},
    }
    return event | ({"status_detail": meaning.reason} if meaning.reason else {})
