"""A site's own plugin, installed in its own virtualenv."""

import os
import sys
from pathlib import Path

import peewee

from linod import BaseRequest, background_task

DATA = Path(os.environ.get("SHOP_DATA", "/srv/shop/data"))


@background_task(every_unit="never")
def who_am_i(ar: BaseRequest) -> None:
    ar.info("prefix %s", sys.prefix)
    ar.info("python %d.%d", *sys.version_info[:2])
    ar.info("peewee in %s", peewee.__file__)
    ar.info("user %d", os.getuid())


@background_task(every_unit="never")
def writes(ar: BaseRequest) -> None:
    (DATA / "written").write_text("by a job")
    try:
        (DATA.parent / "elsewhere").write_text("")
    except OSError as error:
        ar.info("not elsewhere: %s", error.strerror)
