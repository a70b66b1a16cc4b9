"""What Dagster loads, and nothing else: assets, checks, jobs, schedules, sensors, resources."""
