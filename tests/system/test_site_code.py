"""A site's own code: in a virtualenv with the shipped wheel, as another user, with mail; all in the unit's sandbox."""

import shutil
from pathlib import Path

import pytest

from tests.system import bases
from tests.system.machine import Machine, Mounted, until
from tests.system.site import Site

PROGRAMS = Path(__file__).parent / "programs"
ENVIRONMENT = "/srv/shop/env"
WHEELS = "/opt/wheels"
OTHER_PYTHON = "/opt/python3.11"
PIP = "$(echo /usr/share/python-wheels/pip-*.whl)/pip"


def python_of_debian_12(machine: Mounted) -> str:
    """An interpreter of the site's own: on Debian 12 the system's, on Debian 13 that of Debian 12, below /opt."""
    if machine.release() == 12:
        return "/usr/bin/python3"
    base = bases.base("debian12")
    for package in ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"):
        listed = next((base / "var/lib/dpkg/info").glob(f"{package}*.list")).read_text().splitlines()
        for name in listed:
            source, target = base / name[1:], machine.path(OTHER_PYTHON + name)
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
    return f"{OTHER_PYTHON}/usr/bin/python3.11"


@pytest.fixture(scope="module")
def environment(machine: Mounted, debs: dict[str, Path]) -> str:
    """A virtualenv in which only a package index was not at hand: its wheels are in a directory."""
    shutil.copytree(bases.wheels(), machine.path(WHEELS), dirs_exist_ok=True)
    python = python_of_debian_12(machine)
    machine.run(python, "-m", "venv", "--without-pip", ENVIRONMENT)
    machine.sh(
        f"{ENVIRONMENT}/bin/python {PIP} install -q --no-index --find-links {WHEELS} /usr/share/linod/linod-*.whl",
        timeout=120,
    )
    machine.write(f"{ENVIRONMENT}/lib/python3.11/site-packages/shop.py", (PROGRAMS / "shop.py").read_text())
    return f"{ENVIRONMENT}/bin/python"


def test_a_virtualenv_with_the_shipped_wheel(machine: Machine, site: Site, environment: str) -> None:
    site.configure(host={"python": environment}, plugins=["shop"])
    site.start()
    assert site.run_now("who_am_i")["outcome"] == "succeeded"

    assert site.status()["host"]["python"] == environment
    site.stop()
    texts = site.texts("LINOD_TASK=who_am_i")
    assert {f"prefix {ENVIRONMENT}", "python 3.11"} <= set(texts)
    assert any(text.startswith(f"peewee in {ENVIRONMENT}/lib/python3.11/site-packages/") for text in texts)


def test_a_site_of_another_user(machine: Machine, site: Site, environment: str) -> None:
    machine.sh("id -u shop >/dev/null 2>&1 || useradd --system shop; install -d -o shop -g shop /srv/shop/data")
    example = machine.read("/usr/share/doc/linod/examples/site.conf").replace("[Service]\n", "")
    assert "User=shop" in example and "ReadWritePaths=/srv/shop/data" in example
    site.drop_in(example)
    site.configure(host={"python": environment}, plugins=["shop"])
    site.start()

    assert site.run_now("writes")["outcome"] == "succeeded"
    assert machine.read("/srv/shop/data/written") == "by a job"
    assert not machine.exists("/srv/shop/elsewhere")
    site.wait_for_text("not elsewhere: Read-only file system", "LINOD_TASK=writes")
    site.run_now("who_am_i")
    machine.run("systemctl", "stop", site.service)
    assert f"user {machine.run('id', '-u', 'shop').out.strip()}" in site.texts("LINOD_TASK=who_am_i")
    site.ctl("run-now", "who_am_i", "--wait", user="linod")  # a member of the group: operators reach the socket still


def test_a_job_sends_mail_to_this_machine(machine: Machine, site: Site) -> None:
    machine.write("/srv/linod-test/smtp_sink.py", (PROGRAMS / "smtp_sink.py").read_text())
    sink = machine.start("python3", "/srv/linod-test/smtp_sink.py")
    try:
        assert sink.stdout is not None
        site.start()
        machine.write(f"{site.state}/port", sink.stdout.readline())
        assert site.run_now("sends_mail")["outcome"] == "succeeded"
        out, _ = sink.communicate(timeout=10)
        assert "Subject: from a job" in out and "It has arrived." in out
    finally:
        sink.kill()
        sink.communicate()


def test_what_the_sandbox_forbids(site: Site) -> None:
    """Each is tried by a job; docs/systemd.md lists them."""
    site.start()
    job = site.run_now("tries_what_is_forbidden")
    assert job["outcome"] == "succeeded", site.texts("LINOD_TASK=tries_what_is_forbidden")
    assert until(lambda: site.texts("LINOD_TASK=tries_what_is_forbidden"), "its log")
