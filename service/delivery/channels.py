"""The channels beside the inbox, and which addresses each of them takes."""

from __future__ import annotations

from collections.abc import Mapping

from domain.envelope import DataSet
from service.application.delivery_ports import Channel, ChannelName
from service.delivery.dkim import read_key
from service.delivery.emails import Emails
from service.delivery.webhooks import Webhooks
from service.settings import Settings


def require_signable(settings: Settings) -> None:
    """Raise `SettingsError` where mail is to be signed and cannot be."""
    if settings.smtp is not None and settings.smtp.dkim is not None:
        read_key(settings.smtp.dkim.key_path)


class Channels:
    """As the settings have them. Raises `SettingsError` where mail is to be signed and cannot be."""

    def __init__(self, settings: Settings) -> None:
        loopback = settings.loopback_endpoints
        found: dict[ChannelName, Channel] = {"webhook": Webhooks(loopback=loopback)}
        if settings.smtp is not None:
            require_signable(settings)
            found["email"] = Emails(settings.smtp, service=settings.issuer, loopback=loopback)
        self.by_name: Mapping[ChannelName, Channel] = found

    def require_reachable(self, channel: ChannelName, address: str, data_set: DataSet) -> None:
        """Raise `ValueError` unless something can be sent there; no name is looked up."""
        if channel not in self.by_name:
            raise ValueError("channel: no mail server is set here")
        self.by_name[channel].require_reachable(address, data_set)
