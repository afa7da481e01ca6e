"""The log of what operators ask for, when the site wants each action in it: setting `log_each_action_request`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping

from linod.control.call import Call
from linod.control.interface import INTERFACE, METHODS

log = logging.getLogger("lino")

LONGEST = 1000
"""Characters of the parameters that are logged. A message may have a megabyte."""

Reply = Mapping[str, object]


def is_action(call: Call) -> bool:
    """Whether a call operates the site, as linod-ctl's commands do that may wake a daemon; the others only look."""
    interface, _, name = call.message.method.rpartition(".")
    return interface == INTERFACE and name in METHODS and METHODS[name].changes


async def logged(call: Call, answer: Awaitable[Reply]) -> Reply:
    """Await the answer to an action, and log one line when it is there: who, what, with which result, how long.

    Refusals are logged too, and callers that went away before their answer.
    Source  Lino's Site.log_each_action_request.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    result = "broken off"
    try:
        reply = await answer
        result = _result(reply)
    finally:
        peer, name = call.peer, call.message.method.rpartition(".")[2]
        log.info(
            "%s (uid %d, gid %d) asked for %s %s: %s after %.3f seconds",
            *(peer.name, peer.uid, peer.gid, name, _shown(call.message.parameters), result, loop.time() - begun),
            extra={"fields": {"LINOD_ACTION": name, "LINOD_UID": str(peer.uid), "LINOD_USER": peer.name}},
        )
    return reply


def _result(reply: Reply) -> str:
    error = reply.get("error")
    return "done" if error is None else f"refused ({str(error).rpartition('.')[2]})"


def _shown(parameters: Mapping[str, object]) -> str:
    text = json.dumps(parameters)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
