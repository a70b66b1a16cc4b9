"""What a night does and in which order: sync, checkpoints, backfill, replay. Asking is in api/, writing in destination/."""
