"""What a virtual machine boots: a small Debian server with its own kernel, sshd, and linod's package installed.

The release comes from mmdebstrap and is kept as the containers' bases are; the disk is made of it and of the package,
below build/, and made anew when one of them changed. All of it is done outside the emulation, where it takes seconds.
"""

import hashlib
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.system.bases import dependencies, installed
from tests.system.tools import ROOT, CannotRun, checked

IMAGES = ROOT / "build" / "vm"

PACKAGES = ["systemd", "systemd-sysv", "dbus", "udev", "linux-image-cloud-amd64", "initramfs-tools", "openssh-server"]

MODULES = r"""--essential-hook=
    mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
    echo MODULES=list > "$1/etc/initramfs-tools/conf.d/linod-test"
    printf 'virtio_pci\nvirtio_blk\n' > "$1/usr/share/initramfs-tools/modules.d/linod-test"
"""
"""For the kernel's first root directory: what finds the disks, and nothing else for an emulated processor to unpack."""

DISK, SWAP = "3G", "2G"
"""Sizes; files of them have holes. Swap has room for the image of the memory."""

FILES = {
    "etc/hostname": "linod-test\n",
    "etc/fstab": "/dev/vda / ext4 defaults 0 1\n/dev/vdb none swap sw 0 0\n",
    "etc/systemd/network/10-test.network": "[Match]\nType=ether\n[Network]\nAddress=10.0.2.15/24\n",
    "etc/systemd/journald.conf.d/test.conf": "[Journal]\nStorage=persistent\n",
}


class Image(NamedTuple):
    """What a machine boots. Machines write to disks of their own, which begin as `root` and `swap`."""

    root: Path
    swap: Path
    kernel: Path
    initrd: Path
    key: Path

    @staticmethod
    def at(place: Path) -> "Image":
        """The image in a directory."""
        return Image(*(place / name for name in Image._fields))


def image(release: str, deb: Path) -> Image:
    """The image of a release with the package `deb`; made when there is none of both."""
    base = installed(f"vm-{release}", release, [*PACKAGES, *dependencies()], MODULES)
    recipe = base.name.encode() + deb.read_bytes() + Path(__file__).read_bytes()
    place = IMAGES / f"{release}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    if not place.is_dir():
        for older in IMAGES.glob(f"{release}-*"):
            shutil.rmtree(older)
        print(f"Making {place}", flush=True)
        new = place.with_suffix(".new")
        new.mkdir(parents=True)
        _make(Image.at(new), base, deb)
        new.rename(place)
    return Image.at(place)


def _make(image: Image, base: Path, deb: Path) -> None:
    root = image.root.with_suffix(".d")
    checked("cp", "--archive", "--reflink=auto", str(base), str(root))
    checked("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(image.key))
    _configure(root, image.key.with_suffix(".pub").read_text())
    shutil.copy(deb, root / "root")
    checked("chroot", str(root), "dpkg", "--install", f"/root/{deb.name}")
    shutil.copy(root / "vmlinuz", image.kernel)
    shutil.copy(root / "initrd.img", image.initrd)
    checked("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(image.root), DISK)
    checked("truncate", "--size", SWAP, str(image.swap))
    checked("mkswap", "--quiet", str(image.swap))
    shutil.rmtree(root)


def _configure(root: Path, key: str) -> None:
    for name, text in (FILES | {"root/.ssh/authorized_keys": key}).items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    checked("systemctl", f"--root={root}", "enable", "systemd-networkd.service")
    # Of Debian's own timers none shall begin its daily work when a test sets the clock.
    timers = [timer.name for timer in (root / "usr/lib/systemd/system").glob("*.timer")]
    if not timers:
        raise CannotRun(f"{root} has no timers of systemd")
    checked("systemctl", f"--root={root}", "mask", *timers)
