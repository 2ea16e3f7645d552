"""The tasks that each function may promise, by the table of events."""

from orders.domain.lifecycle import Event, TaskKind, placing_tasks, transitions


def _promised(*events: Event) -> set[TaskKind]:
    return {task.kind for event in events for row in transitions(event) for task in row.tasks}


PROMISES: dict[str, set[TaskKind]] = {
    "create_order": {task.kind for task in placing_tasks(from_cart=True)},
    "cancel_order": _promised(Event.CANCELLED),
    "update_order_status": _promised(*(set(Event) - {Event.PLACED, Event.EXPIRED})),
    "process_task": set(TaskKind),
    "relay_outbox": set(TaskKind),
}
