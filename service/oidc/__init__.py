"""The OIDC issuer that the settings name, over HTTP: what it says of itself, its keys, sign-in."""
