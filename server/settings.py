"""Settings, from the environment: each is a variable `CALLSHEET_…`, but the URLs."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.budgets import Payer
from core.tokens import SECRET_LENGTH
from engine import costs
from server.issuer import Issuer

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[a-z0-9.\[\]:-]+$")]
"""A scheme, a host, and a port if it is not the usual one; as browsers write it."""

Points = Annotated[int, Field(ge=2 * costs.LIMIT)]
"""More than any operation costs."""


def _listed(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


class Settings(BaseSettings):
    """How this process runs."""

    model_config = SettingsConfigDict(env_prefix="CALLSHEET_", hide_input_in_errors=True)

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    """Postgres, as the API's role; without it, an embedded one in the data folder."""
    database_owner_url: SecretStr | None = Field(
        default=None, validation_alias="DATABASE_OWNER_URL"
    )
    """The same, as the role that owns the tables; to migrate, to back up and to restore."""
    redis_url: SecretStr | None = Field(default=None, validation_alias="REDIS_URL")
    """Redis or Valkey; without it, an embedded one in the data folder."""
    secret: SecretStr | None = None
    """The key that signs tokens, 32 characters or more; without it, one kept in the data folder."""
    oidc_issuer: str | None = None
    """An OpenID Connect issuer whose tokens are good here as well, such as https://login.example."""
    oidc_audience: str | None = None
    """The audience that its tokens must be for; needed with the issuer."""
    documents: Path | None = None
    """A manifest of persisted documents; with it, only these are executed."""
    data: Path = Path(".data")
    """The folder of the embedded servers."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 8000
    """The port to listen on."""
    console: bool = True
    """Whether to serve the console (GraphiQL), at /console/."""
    origins: Annotated[frozenset[Origin] | None, NoDecode, BeforeValidator(_listed)] = None
    """The origins whose pages may use the API, such as https://app.example, with commas between."""
    migrate: bool = True
    """Whether to bring the database to the newest schema at the start; never through a pooler."""
    pooler: bool = False
    """Whether the database is behind a pooler in transaction mode, such as PgBouncer."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged at least; at info each operation is."""
    slow_ms: int = 1000
    """After how many milliseconds an operation is logged as slow, with its statements; 0: never."""
    person_points: Points = 100_000
    """How many points a person may spend in a minute; what costs how much is told to clients."""
    key_points: Points = 100_000
    """How many points an API key may spend in a minute."""
    address_points: Points = 30_000
    """How many points those without a token may spend in a minute, by their address."""
    metrics_token: SecretStr | None = None
    """The bearer token with which the metrics can be read; without it, nobody can."""
    drain_seconds: int = 0
    """How long to serve on after SIGTERM, while it is told that the process is not ready."""
    demo: bool = True
    """Whether to make the demo agency in an empty database, and to print tokens for it."""

    @field_validator("secret")
    @classmethod
    def _is_long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and len(secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"{SECRET_LENGTH} characters or more are needed")
        return secret

    @model_validator(mode="after")
    def _owner_has_database(self) -> Self:
        if self.database_owner_url and not self.database_url:
            raise ValueError("DATABASE_OWNER_URL needs DATABASE_URL, the same database for the API")
        return self

    @model_validator(mode="after")
    def _issuer_has_audience(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("CALLSHEET_OIDC_ISSUER and CALLSHEET_OIDC_AUDIENCE go together")
        return self

    @property
    def points(self) -> dict[Payer, int]:
        """How many points those who pay may spend in a minute."""
        return {
            Payer.PERSON: self.person_points,
            Payer.KEY: self.key_points,
            Payer.ADDRESS: self.address_points,
        }

    @property
    def issuer(self) -> Issuer | None:
        """The issuer of others' tokens, if there is one."""
        if self.oidc_issuer and self.oidc_audience:
            return Issuer(self.oidc_issuer, self.oidc_audience)
        return None
