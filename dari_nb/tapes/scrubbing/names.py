"""How names end behind which secrets stand: of fields, headers, variables and parameters."""

OF_PASSWORDS = ("passw(?:or)?d", "passphrase", "_pass", "pwd")
"""Regular expressions in small letters."""
OF_SECRETS = (
    # A key by itself is of a table or a tape.
    *("key(?<=[a-z0-9_-]key)", "token", "secret", *OF_PASSWORDS),
    *("auth(?:orization)?", "credentials?"),
)
