"""What the environment says: the only settings there are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import msgspec
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from domain.witness_policy import PolicyError, WitnessPolicy, read_policy
from service.secret_rings import SecretFileError, SecretRing

REQUESTS_A_MINUTE: Final = 120_000
FAILURES_A_MINUTE: Final = 100
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_ISSUER: Final = re.compile(
    r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|\[::1\]|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?"
)

_MAIL_SERVER: Final = re.compile(
    r"smtp(?P<tls>s?)://((?P<user>[^\s@/:]+(@[^\s@/:]+)?)@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:(?P<port>[0-9]{1,5}))?"
)
_MAILBOX: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}")
_SELECTOR: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")
_WITNESS: Final = re.compile(r"https?://[^\s?#]+")


class SettingsError(Exception):
    """A variable breaks its rule; the sentence names both."""


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`issuer`: its `iss`. `audience`: the `aud` of access tokens for this service; without, none are taken.

    `client_id`: as what people sign in there; without, they do not. `client_secret_path`: the secret that goes with it.
    """

    issuer: str
    audience: str | None = None
    client_id: str | None = None
    client_secret_path: Path | None = None

    def client_secret(self) -> str | None:
        """As the file has it now. Raises `SecretFileError` if it cannot be read."""
        if self.client_secret_path is None:
            return None
        try:
            return self.client_secret_path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SecretFileError(
                f"SILLOK_OIDC_CLIENT_SECRET_FILE: {self.client_secret_path} cannot be read: name the file that"
                " holds the secret."
            ) from None


class DkimSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Mail is signed for a domain, by a key that its DNS has under a selector. `key_path`: of the private key, PEM."""

    domain: str
    selector: str
    key_path: Path


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The mail server. `sender`: from whom mail is. `tls_from_start`: without, it begins by STARTTLS. `dkim`: by which
    mail is signed, if it is.
    """

    host: str
    port: int
    tls_from_start: bool
    sender: str
    user: str | None = None
    password_path: Path | None = None
    dkim: DkimSettings | None = None

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return self.host in ("localhost", "127.0.0.1", "::1")

    def password(self) -> str:
        """As the file has it now. Raises `OSError` if it cannot be read."""
        return "" if self.password_path is None else self.password_path.read_text(encoding="utf-8").strip()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`home`: where data lives. `database_url`, `redis_url`: of real servers; without, embedded ones.

    `pepper_path`, `token_keys_path`: secrets that several machines share; without, they are made in `home`.
    `signer_path`: the signer's folder; without, one in `home`. `subject_keys_path`: the folder of the keys that
    personal data is encrypted under, which machines share; without, one in `home`. `witnesses_path`: a file that says
    who is to cosign checkpoints. `log_name`: what a log is called that is begun; without, by the address at which it
    is read. `issuer_url`: where the outside reaches the service; without, where it listens.
    `trusted_proxies`: whose `X-Forwarded-For` is believed. `requests_a_minute`: of one client; `failures_a_minute`:
    authentications that fail, of one address. `oidc`: the issuer whose tokens are taken, and where people sign in.
    `smtp`: what notices are mailed through. `loopback_endpoints`: whether notices go to addresses on this machine, as
    all of programmes that are not live do.
    """

    home: Path
    host: str
    port: int
    database_url: str | None
    redis_url: str | None
    pepper_path: Path | None = None
    token_keys_path: Path | None = None
    signer_path: Path | None = None
    subject_keys_path: Path | None = None
    log_name: str | None = None
    witnesses_path: Path | None = None
    issuer_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    requests_a_minute: int = REQUESTS_A_MINUTE
    failures_a_minute: int = FAILURES_A_MINUTE
    oidc: OidcSettings | None = None
    smtp: SmtpSettings | None = None
    loopback_endpoints: bool = False

    @property
    def keys_file(self) -> Path:
        return self.home / "keys.json"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    def require_database(self) -> str:
        """The database's address. Raises `SettingsError`."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is not set: give postgresql://user@host/database, or use `sillok up`.")
        return self.database_url

    def require_redis(self) -> str:
        """The broker's address, as Celery writes it. Raises `SettingsError`."""
        if self.redis_url is None:
            raise SettingsError("REDIS_URL is not set: give redis://host:6379/0, or use `sillok up`.")
        return self.redis_url.replace("unix://", "redis+socket://", 1)

    @property
    def address(self) -> str:
        """Where the API answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
        return f"http://{host}:{self.port}"

    @property
    def issuer(self) -> str:
        """By what name the service issues tokens: where the outside reaches it."""
        return self.issuer_url or self.address

    @property
    def signer_folder(self) -> Path:
        return self.signer_path or self.home / "signer"

    @property
    def subject_keys_folder(self) -> Path:
        return self.subject_keys_path or self.home / "subjects"

    @property
    def log_origin(self) -> str:
        """What a log is called that is begun now: the address at which it is read, without the scheme."""
        return self.log_name or f"{self.issuer.partition('://')[2]}/v1/ledger"

    def witness_policy(self) -> WitnessPolicy | None:
        """Who is to cosign checkpoints, if anybody is (C2SP tlog-policy). Raises `SettingsError`."""
        if self.witnesses_path is None:
            return None
        try:
            found = read_policy(self.witnesses_path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            raise SettingsError(f"SILLOK_WITNESSES: {self.witnesses_path} cannot be read.") from None
        except PolicyError as error:
            raise SettingsError(f"SILLOK_WITNESSES: {self.witnesses_path}: {error}.") from None
        for each in found.witnesses:
            if each.url is None or _WITNESS.fullmatch(each.url) is None:
                raise SettingsError(f"SILLOK_WITNESSES: {each.name} has no address: give https://… after its key.")
        return found

    def require_witness_policy(self) -> WitnessPolicy:
        """Who is to cosign checkpoints. Raises `SettingsError`."""
        found = self.witness_policy()
        if found is None:
            raise SettingsError("SILLOK_WITNESSES is not set: name a file that says who the witnesses are.")
        return found

    def peppers(self) -> SecretRing:
        """The secrets that keys are hashed with; in `home` the first one is made. Raises `SecretFileError`."""
        return _ring(self.home / "pepper", self.pepper_path)

    def token_keys(self) -> SecretRing:
        """The private keys that tokens are signed with; in `home` the first one is made. Raises `SecretFileError`."""
        return _ring(self.home / "token-keys", self.token_keys_path)

    def log_keys(self) -> SecretRing | None:
        """The private keys that checkpoints are signed with, if the signer's folder is on this machine."""
        file = self.signer_folder / "keys"
        return SecretRing(file, make=False) if file.exists() else None


def _ring(own: Path, shared: Path | None) -> SecretRing:
    ring = SecretRing(shared or own, make=shared is None)
    ring.current()
    return ring


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from SILLOK_HOME, HOST, PORT, DATABASE_URL, REDIS_URL, and those that `Settings` describes.

    Raises `SettingsError`.
    """
    found = os.environ if environment is None else environment
    return Settings(
        home=_path("SILLOK_HOME", found.get("SILLOK_HOME") or ".sillok"),
        host=found.get("HOST") or "127.0.0.1",
        port=_number(found, "PORT", 8000, high=65535),
        database_url=_database_url(found),
        redis_url=_url(found, "REDIS_URL", ("redis://", "rediss://", "unix://", "redis+socket://")),
        pepper_path=_file(found, "SILLOK_PEPPER_FILE"),
        token_keys_path=_file(found, "SILLOK_TOKEN_KEYS_FILE"),
        signer_path=_file(found, "SILLOK_SIGNER_HOME"),
        subject_keys_path=_file(found, "SILLOK_SUBJECT_KEYS"),
        log_name=found.get("SILLOK_LOG") or None,
        witnesses_path=_file(found, "SILLOK_WITNESSES"),
        issuer_url=_issuer(found),
        trusted_proxies=_networks(found, "SILLOK_TRUSTED_PROXIES"),
        requests_a_minute=_number(found, "SILLOK_REQUESTS_A_MINUTE", REQUESTS_A_MINUTE),
        failures_a_minute=_number(found, "SILLOK_FAILURES_A_MINUTE", FAILURES_A_MINUTE),
        oidc=_oidc(found),
        smtp=_smtp(found),
        loopback_endpoints=_yes(found, "SILLOK_LOOPBACK_ENDPOINTS"),
    )


def _path(name: str, text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise SettingsError(f"{name}={text!r} names the home of a user that does not exist.") from None
    except FileNotFoundError:
        raise SettingsError(f"{name}={text!r} is relative to a folder that is gone: give an absolute path.") from None


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return _path(name, text) if text else None


def _number(environment: Mapping[str, str], name: str, default: int, *, high: int = 10**9) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= high):
        raise SettingsError(f"{name}={text!r} is out of range: give a whole number from 1 to {high}.")
    return int(text)


def _yes(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name) or "0"
    if text not in ("0", "1"):
        raise SettingsError(f"{name}={text!r} is neither: give 1 for yes, 0 for no.")
    return text == "1"


def _issuer(environment: Mapping[str, str]) -> str | None:
    text = environment.get("SILLOK_ISSUER") or None
    if text is not None and _ORIGIN.fullmatch(text) is None:
        raise SettingsError(f"SILLOK_ISSUER={text!r} is no address of the service: give https://host, without a path.")
    return text


def _oidc(environment: Mapping[str, str]) -> OidcSettings | None:
    issuer = environment.get("SILLOK_OIDC_ISSUER") or None
    found = {name: environment.get(f"SILLOK_OIDC_{name}") or None for name in ("AUDIENCE", "CLIENT_ID")}
    if issuer is None:
        if any(found.values()):
            raise SettingsError("SILLOK_OIDC_ISSUER is not set: name the issuer, or leave out all of SILLOK_OIDC_….")
        return None
    if _ISSUER.fullmatch(issuer) is None:
        raise SettingsError(
            f"SILLOK_OIDC_ISSUER={issuer!r} is no address of an issuer: give https://host/path, or http:// on this"
            " machine."
        )
    if not any(found.values()):
        raise SettingsError("SILLOK_OIDC_AUDIENCE and SILLOK_OIDC_CLIENT_ID: give one, or both.")
    if found["AUDIENCE"] == found["CLIENT_ID"]:
        raise SettingsError("SILLOK_OIDC_AUDIENCE and SILLOK_OIDC_CLIENT_ID are two: ID tokens are no access tokens.")
    return OidcSettings(
        issuer=issuer,
        audience=found["AUDIENCE"],
        client_id=found["CLIENT_ID"],
        client_secret_path=_file(environment, "SILLOK_OIDC_CLIENT_SECRET_FILE"),
    )


def _smtp(environment: Mapping[str, str]) -> SmtpSettings | None:
    text, sender = environment.get("SILLOK_SMTP") or None, environment.get("SILLOK_SMTP_FROM") or None
    if text is None:
        return None
    found = _MAIL_SERVER.fullmatch(text)
    if found is None:
        raise SettingsError("SILLOK_SMTP is no mail server: give smtp://user@host:587, or smtps://user@host:465.")
    if sender is None or _MAILBOX.fullmatch(sender) is None:
        raise SettingsError("SILLOK_SMTP_FROM is no mailbox: give the address from which notices are mailed.")
    return SmtpSettings(
        host=found["host"].strip("[]"),
        port=int(found["port"] or (465 if found["tls"] else 587)),
        tls_from_start=bool(found["tls"]),
        sender=sender,
        user=found["user"],
        password_path=_file(environment, "SILLOK_SMTP_PASSWORD_FILE"),
        dkim=_dkim(environment, sender),
    )


def _dkim(environment: Mapping[str, str], sender: str) -> DkimSettings | None:
    """For the sender's domain, or one that it is within, as receivers want it."""
    selector, key = environment.get("SILLOK_DKIM_SELECTOR") or None, _file(environment, "SILLOK_DKIM_KEY_FILE")
    of_sender = sender.rpartition("@")[2].lower()
    domain = (environment.get("SILLOK_DKIM_DOMAIN") or of_sender).lower()
    if selector is None and key is None:
        if environment.get("SILLOK_DKIM_DOMAIN"):
            raise SettingsError("SILLOK_DKIM_SELECTOR and SILLOK_DKIM_KEY_FILE: give both, or no SILLOK_DKIM_….")
        return None
    if selector is None or key is None:
        raise SettingsError("SILLOK_DKIM_SELECTOR and SILLOK_DKIM_KEY_FILE: give both, or none.")
    if _SELECTOR.fullmatch(selector) is None:
        raise SettingsError(f"SILLOK_DKIM_SELECTOR={selector!r} is no selector: give what stands before ._domainkey.")
    if not f".{of_sender}".endswith(f".{domain}"):
        raise SettingsError(f"SILLOK_DKIM_DOMAIN={domain!r}: {of_sender} of SILLOK_SMTP_FROM is not within it.")
    return DkimSettings(domain=domain, selector=selector, key_path=key)


def _networks(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name) or ""
    try:
        return tuple(str(ip_network(each.strip())) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise SettingsError(f"{name}: {error}: give addresses or networks, separated by commas.") from None


def _database_url(environment: Mapping[str, str]) -> str | None:
    text = _url(environment, "DATABASE_URL", ("postgresql://", "postgres://"))
    if text is not None:
        try:
            conninfo_to_dict(text)
        except ProgrammingError:
            # Not repeated: it may hold a password.
            raise SettingsError("DATABASE_URL is no address of PostgreSQL: give postgresql://user@host/db.") from None
    return text


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    text = environment.get(name) or None
    if text is not None and not text.startswith(schemes):
        raise SettingsError(f"{name} must begin with one of {', '.join(schemes)}.")
    return text
