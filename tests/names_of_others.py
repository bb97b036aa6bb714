"""Names on the pages that are of no code of ours."""

GENERATED = {".data/", ".venv/", ".data/postgres", ".data/postgres/data", ".data/valkey"}
CONSTANTS = {
    "OK",
    "CANCELLED",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "FORWARDED_ALLOW_IPS",
    "GET",
    "POST",
    "BYPASSRLS",
    "SENTENCES",
    "FOR_CUSTOMERS",
    "CALLS",
    "TOLD",
    "FEED",
    "LAST",
}
OF_OTHERS = {"connectionParams", "retryAttempts", "operationName", "requestId", "retryAfter"}
