"""A text as it stands in SQL, for the statements that take no parameters: ATTACH, COPY, COMMENT, SET, CREATE SECRET."""


def literal(value: object) -> str:
    """A SQL text literal of what a value reads as."""
    return "'" + str(value).replace("'", "''") + "'"
