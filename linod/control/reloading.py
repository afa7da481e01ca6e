"""Reload: settings and plugins anew."""

from typing import TYPE_CHECKING

from linod.control.interface import refusal
from linod.errors import ConfigurationError

if TYPE_CHECKING:
    from linod.control.call import Call
    from linod.control.operations import Operations
    from linod.control.values import JsonObject


async def reload(ops: "Operations", call: "Call") -> "JsonObject":
    peer = call.peer
    who = f"{peer.name} (uid {peer.uid}, gid {peer.gid})"
    fields = {"LINOD_ACTION": "reload", "LINOD_UID": str(peer.uid), "LINOD_GID": str(peer.gid), "LINOD_USER": peer.name}
    ops.audit(f"{who} asked for a reload", fields)
    try:
        loaded = await ops.reload()
    except ConfigurationError as error:
        raise refusal("ReloadFailed", str(error)) from None
    names = [plugin.name for plugin in loaded.plugins]

    def note() -> None:
        with ops.store.transaction():
            now = ops.clock.now()
            ops.store.change(now, peer.uid, peer.gid, peer.name, "reload", None, None, None, {}, {"plugins": names})

    await ops.db.run(note)
    return {
        "plugins": names,
        "procedures": sum(not item.problem for item in loaded.procedures),
        "warnings": [*loaded.problems, *loaded.warnings],
    }
