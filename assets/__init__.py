"""The program around the pipeline: Dagster's assets, job and schedule, publishing, and the command line."""
