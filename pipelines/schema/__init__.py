"""The raw tables, and how a JSON value is read into a column: exactly, or not at all. Knows neither HTTP nor a database."""
