"""What the environment says of an OIDC issuer: all of it, or a sentence that names what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.secret_rings import SecretFileError
from service.settings import OidcSettings, SettingsError, read_settings

HTTPS = "https://id.example/realms/sillok"
GOOD = {"SILLOK_OIDC_ISSUER": HTTPS, "SILLOK_OIDC_AUDIENCE": "https://api.example", "SILLOK_OIDC_CLIENT_ID": "sillok"}


def test_without_an_issuer_there_is_none() -> None:
    assert read_settings({}).oidc is None
    assert read_settings(dict.fromkeys(GOOD, "")).oidc is None


def test_an_issuer_is_read_with_its_secret_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret\n")
    found = read_settings({**GOOD, "SILLOK_OIDC_CLIENT_SECRET_FILE": str(file)}).oidc
    assert found == OidcSettings(
        issuer=HTTPS, audience="https://api.example", client_id="sillok", client_secret_path=file
    )
    assert found.client_secret() == "a secret"
    file.unlink()
    with pytest.raises(SecretFileError, match="SILLOK_OIDC_CLIENT_SECRET_FILE"):
        found.client_secret()


def test_one_use_of_an_issuer_is_enough() -> None:
    for left_out in ("SILLOK_OIDC_AUDIENCE", "SILLOK_OIDC_CLIENT_ID"):
        assert read_settings({**GOOD, left_out: ""}).oidc is not None


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:9400", "http://localhost:9400", "http://[::1]:9400/a", HTTPS])
def test_an_issuer_is_reached_by_https_or_on_this_machine(issuer: str) -> None:
    assert read_settings({**GOOD, "SILLOK_OIDC_ISSUER": issuer}).oidc is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"SILLOK_OIDC_ISSUER": ""},
        {"SILLOK_OIDC_ISSUER": "http://id.example"},
        {"SILLOK_OIDC_ISSUER": "http://127.0.0.1.evil.example"},
        {"SILLOK_OIDC_ISSUER": "https://id.example?a=b"},
        {"SILLOK_OIDC_ISSUER": "https://user:secret@id.example"},
        {"SILLOK_OIDC_ISSUER": "https://id.example\n"},
        {"SILLOK_OIDC_ISSUER": "file:///etc/passwd"},
        {"SILLOK_OIDC_AUDIENCE": "", "SILLOK_OIDC_CLIENT_ID": ""},
        {"SILLOK_OIDC_AUDIENCE": "sillok"},
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="SILLOK_OIDC_"):
        read_settings({**GOOD, **changed})
