"""The channels beside the inbox, and which addresses each of them takes."""

from __future__ import annotations

from collections.abc import Mapping

from domain.envelope import DataSet
from service.application.delivery_ports import Channel, ChannelName
from service.delivery.webhooks import Webhooks
from service.settings import Settings


class Channels:
    """As the settings have them."""

    def __init__(self, settings: Settings) -> None:
        self._loopback = settings.loopback_endpoints
        self.by_name: Mapping[ChannelName, Channel] = {"webhook": Webhooks(loopback=self._loopback)}

    def require_reachable(self, channel: ChannelName, address: str, data_set: DataSet) -> None:
        """Raise `ValueError` unless something can be sent there; no name is looked up."""
        if channel not in self.by_name:
            raise ValueError("channel: no mail server is set here")
        self.by_name[channel].require_reachable(address, data_set)
