"""What a night does with the warehouse: sync, checkpoints, backfill, replay. Asking is in api/, writing in destination/."""
