"""A client of the service: `Sillok`, or `AsyncSillok` for who awaits. It works with the domain alone.

with Sillok("https://sillok.example", ApiKey(key)) as sillok:
    recorded = sillok.decide("my-programme", "enrol-team", {"team": "ant", "name": {"en": "Ant", "ko": "개미"}})
    print(sillok.standings("my-programme", min_position=recorded.position))
"""

from service.client.answers import Event, LineAnswer, Proposed, Recorded
from service.client.awaiting import AsyncSillok
from service.client.blocking import Sillok
from service.client.credentials import ApiKey, ClientCredentials, CredentialError, Nobody
from service.client.lines import Line
from service.client.problems import Problem, ServiceError, ServiceProblemError, UnreachableError
from service.client.signing import SigningKey, SigningKeyError

__all__ = [
    "ApiKey",
    "AsyncSillok",
    "ClientCredentials",
    "CredentialError",
    "Event",
    "Line",
    "LineAnswer",
    "Nobody",
    "Problem",
    "Proposed",
    "Recorded",
    "ServiceError",
    "ServiceProblemError",
    "SigningKey",
    "SigningKeyError",
    "Sillok",
    "UnreachableError",
]
