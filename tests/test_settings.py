"""What the environment may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.note import COSIGNATURE, VerifierKey
from service.settings import Settings, SettingsError, read_settings


def test_without_more_the_service_issues_tokens_where_it_listens() -> None:
    assert read_settings({"PORT": "9000"}).issuer == "http://127.0.0.1:9000"
    assert read_settings({"HOST": "0.0.0.0"}).issuer == "http://127.0.0.1:8000"
    assert read_settings({"HOST": "::1"}).issuer == "http://[::1]:8000"
    assert read_settings({"SILLOK_ISSUER": "https://sillok.example"}).issuer == "https://sillok.example"


def test_proxies_are_addresses_or_networks() -> None:
    found = read_settings({"SILLOK_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1 ,"}).trusted_proxies
    assert found == ("10.0.0.0/8", "2001:db8::1/128")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SILLOK_ISSUER", "https://sillok.example/"),
        ("SILLOK_ISSUER", "https://sillok.example/path"),
        ("SILLOK_ISSUER", "https://user@sillok.example"),
        ("SILLOK_ISSUER", "sillok.example"),
        ("SILLOK_TRUSTED_PROXIES", "proxy.example"),
        ("SILLOK_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("SILLOK_REQUESTS_A_MINUTE", "0"),
        ("SILLOK_REQUESTS_A_MINUTE", "many"),
        ("SILLOK_FAILURES_A_MINUTE", "-1"),
        ("SILLOK_FAILURES_A_MINUTE", "1" * 5000),
        ("PORT", "65536"),
        ("PORT", "٨"),
    ],
)
def test_a_variable_that_breaks_its_rule_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({name: value})


def policy(tmp_path: Path, content: str) -> Settings:
    file = tmp_path / "policy"
    file.write_text(content)
    return read_settings({"SILLOK_WITNESSES": str(file)})


def test_witnesses_are_in_a_file(tmp_path: Path) -> None:
    key = VerifierKey("witness.example/1", COSIGNATURE, bytes(32))
    found = policy(tmp_path, f"witness w {key} https://witness.example/prefix\nquorum w\n").require_witness_policy()
    assert (found.witnesses[0].key, found.witnesses[0].url) == (key, "https://witness.example/prefix")
    assert read_settings({}).witness_policy() is None
    with pytest.raises(SettingsError, match="SILLOK_WITNESSES is not set"):
        read_settings({}).require_witness_policy()
    for address in ("", "witness.example", "ftp://witness.example", "https://witness.example?a=b"):
        with pytest.raises(SettingsError, match="w has no address"):
            policy(tmp_path, f"witness w {key} {address}\nquorum w\n").witness_policy()
    with pytest.raises(SettingsError, match="policy: line 1: x is neither"):
        policy(tmp_path, "quorum x\n").witness_policy()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings({"SILLOK_WITNESSES": str(tmp_path / "none")}).witness_policy()
