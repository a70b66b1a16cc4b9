"""Everything that knows DuckDB: the warehouse and what can be asked of it, its lock, and the file that readers open."""
