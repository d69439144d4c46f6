"""Celery: wakes projections. It carries wake-ups only, never events; the schedule alone would do."""
