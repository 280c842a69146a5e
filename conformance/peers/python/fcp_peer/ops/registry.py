"""Where the operations register themselves."""

OPERATIONS = {}


def operation(name):
    """Registers a function of one request's fields under its operation name."""

    def register(function):
        if name in OPERATIONS:
            raise ValueError(f"`{name}` is registered twice")
        OPERATIONS[name] = function
        return function

    return register
