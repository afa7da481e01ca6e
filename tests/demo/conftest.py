"""Each test has books of its own."""

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's directory, empty, and no mail server."""
    monkeypatch.setenv("LINOD_DEMO_DIR", str(tmp_path))
    monkeypatch.delenv("LINOD_DEMO_SMTP", raising=False)
    monkeypatch.delenv("LINOD_DEMO_IMAP", raising=False)
    return tmp_path
