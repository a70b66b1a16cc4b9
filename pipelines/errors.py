"""The errors a user meets: each is one clear line that names what is wrong and what happens next."""


class BluumError(Exception):
    """Ends a command. The message is for a person; the program prints it without a traceback."""


class Unauthorized(BluumError):
    """Bluum refused the credentials: nothing can be asked until they are right."""


class Unreachable(BluumError):
    """No answer came from the base URL."""


class RosterRefused(BluumError):
    """The list of accounts could not be had, or is not to be believed: nothing is concluded from it."""


class WarehouseUnusable(BluumError):
    """The data folder or the warehouse file cannot be used."""


class Locked(BluumError):
    """Another process writes to the data folder, or to the lake."""


class OtherSource(BluumError):
    """A warehouse holds the answers of one API and surface; those of another one are not mixed into it."""


class NoCredentials(BluumError):
    """There is no key pair to ask Bluum with, or one that cannot be."""


class ModelsFailed(BluumError):
    """A model or a blocking check failed: what landed stays, nothing was published."""


class NotPublished(BluumError):
    """The readers' file could not be replaced, and is as it was; or it cannot be read."""


class Interrupted(BluumError):
    """A signal ended the sync after its batch had landed."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number
