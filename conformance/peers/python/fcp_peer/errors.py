"""Rejections and their stable reason codes (D189)."""


class Reject(Exception):
    """An input that the protocol rejects, with the reason code to report."""

    def __init__(self, code, message=""):
        super().__init__(message or code)
        self.code = code
        self.message = message or code


class BadRequest(Reject):
    """A request that is not of its operation's form."""

    def __init__(self, message):
        super().__init__("adapter.bad_request", message)


class Unsupported(Reject):
    """An operation that this peer does not have."""

    def __init__(self, name):
        super().__init__("unsupported", f"no operation `{name}`")
