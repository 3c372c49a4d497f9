"""The user lifecycle of Retool: provision, deprovision, restore and sync.

    from retool_lifecycle import Connection, Organisation

    acme = Organisation(
        Connection(base_url="https://acme.retool.com", dialect="auto"),
        {"RETOOL_API_TOKEN": token},
    )
    user = acme.find_user({"email": "ada@example.com"})
"""

from .organisation import Organisation, RetoolError
from .records import from_json, to_json
from .types import *  # noqa: F403
from .types import __all__ as _types

__all__ = ["Organisation", "RetoolError", "from_json", "to_json", *_types]
