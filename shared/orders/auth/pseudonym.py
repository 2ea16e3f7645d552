"""Names of callers for log lines, which contain no personal data."""

import hashlib

from orders.domain.caller import actor_kind

_DIGEST_BYTES = 8


def pseudonym(actor: str, key: str) -> str:
    """Return a name for an actor: the kind, and a keyed hash of the whole, such as ``customer:90f4c1d2a7b3e658``.

    The same actor has the same name in all log lines. Without the key nobody can find out who it is, not even by trying
    all ids.

    Args:
        actor: who it is, such as ``customer:5``.
        key: the key of the hash, at most 64 bytes; without one, the name is only the kind.
    """
    kind = actor_kind(actor)
    if not key:
        return kind
    digest = hashlib.blake2b(actor.encode(), key=key.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{kind}:{digest}"
