"""The procedures of the web site."""

from linod import BaseRequest, dd


@dd.schedule_daily()
def update_publisher_pages(ar: BaseRequest) -> None:
    """Write the pages of the site that have changed."""
    from linod.demo.cms.pages import publish

    ar.info("Wrote %d pages, removed %d.", *publish())


@dd.schedule_daily()
def checkdata(ar: BaseRequest) -> None:
    """Look for pages without a title, and for links that lead nowhere."""
    from linod.demo.cms.pages import problems

    found = problems()
    for problem in found:
        ar.warning("%s.", problem)
    if found:
        raise Warning(f"{len(found)} data problems")
