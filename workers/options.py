"""What every Celery worker here is set to."""

from __future__ import annotations

from typing import Any, Final

from service.storage.wake_ups import TASK_SECONDS, TRANSPORT_OPTIONS

OPTIONS: Final[dict[str, Any]] = {
    "broker_transport_options": TRANSPORT_OPTIONS,
    "broker_connection_retry_on_startup": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    # No soft limit: what it raises in the midst of a fold would look like the event's fault.
    "task_time_limit": TASK_SECONDS,
    "worker_soft_shutdown_timeout": 5,
    "worker_hijack_root_logger": False,
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    "timezone": "UTC",
}
