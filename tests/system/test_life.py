"""A daemon under its unit: start, readiness, stop."""

from tests.system.site import Site


def test_first(site: Site) -> None:
    site.start()
    assert site.is_active()
    assert site.run_now("quick")["outcome"] == "succeeded"
    assert site.texts("LINOD_TASK=quick")[-2:-1] == ["the only line"]
    site.stop()
    assert site.texts("SYSLOG_IDENTIFIER=linod")[-1] == "Done"
