"""The methods about the users of the site. A change is one transaction with its `Change` row, and one journal line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from linod.control.call import Call
from linod.control.finding import did_you_mean
from linod.control.interface import refusal
from linod.control.peer import Peer
from linod.control.values import JsonObject
from linod.users import User

if TYPE_CHECKING:
    from linod.control.operations import Ledger, Operations


async def list_users(ops: Operations, call: Call) -> JsonObject:
    return {"users": [_json(ops, user) for user in await ops.db.run(ops.store.users)]}


async def add_user(
    ops: Operations, call: Call, *, username: str, language: str | None = None, time_zone: str | None = None
) -> JsonObject:
    def change() -> User:
        with ops.store.transaction():
            added = ops.store.add_user(username, {"language": language, "time_zone": time_zone})
            _record(ops, call.peer, "add-user", added, {}, added._asdict())
        return added

    added = await ops.db.run(change)
    await _tell(ops, call.peer, "add-user", f"added user {added.username}")
    return {"user": _json(ops, added)}


async def set_user(ops: Operations, call: Call, *, username: str, columns: Mapping[str, object]) -> JsonObject:
    def change() -> tuple[User, dict[str, object], dict[str, object]]:
        with ops.store.transaction():
            found = _one_user(ops.store, username)
            after = ops.store.set_user(found, columns)
            old, values = found._asdict(), after._asdict()
            new = {name: values[name] for name in columns if old[name] != values[name]}
            old = {name: old[name] for name in new}
            if new:
                _record(ops, call.peer, "set-user", after, old, new)
        return after, old, new

    user, old, new = await ops.db.run(change)
    if new:
        told = ", ".join(f"{name} from {json.dumps(old[name])} to {json.dumps(new[name])}" for name in new)
        await _tell(ops, call.peer, "set-user", f"changed user {user.username}: {told}")
    return {"user": _json(ops, user), "changed": list(new)}


def _one_user(store: Ledger, username: str) -> User:
    """Raises Refusal, with up to three near names."""
    user = store.user(username)
    if user is None:
        near = get_close_matches(username, [known.username for known in store.users()], n=3)
        raise refusal("NoSuchUser", f"there is no user {username!r}{did_you_mean(near)}", username=username, near=near)
    return user


def _json(ops: Operations, user: User) -> JsonObject:
    return {**user._asdict(), "daemon_user": user.username == ops.daemon_user}


def _record(
    ops: Operations, peer: Peer, action: str, user: User, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """The `Change` row. It is of no task, so both sides name the user."""
    name = {"username": user.username}
    now = ops.clock.now()
    ops.store.change(
        now, peer.uid, peer.gid, peer.name, action, None, None, None, before and {**name, **before}, {**name, **after}
    )


async def _tell(ops: Operations, peer: Peer, action: str, text: str) -> None:
    """The journal line; and jobs that start from now on get the users as they are."""
    fields = {"LINOD_ACTION": action, "LINOD_UID": str(peer.uid), "LINOD_GID": str(peer.gid), "LINOD_USER": peer.name}
    ops.audit(f"{peer.name} (uid {peer.uid}, gid {peer.gid}) {text}", fields)
    await ops.users_changed()
