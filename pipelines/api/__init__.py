"""What is asked of Bluum and what an answer means: HTTP, paging, endpoints, parsing. Nothing here knows a database."""
