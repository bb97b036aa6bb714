"""When what was posted was committed."""

from benchmarks.realtime.listeners import DIGITS, NUMBER
from benchmarks.stage import Stage

SETTINGS = {"track_commit_timestamp": "on"}

# The time is taken when the commit begins to be written: its flush to the disk comes after it.
_TIMES = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8
FROM log_entries e
JOIN messages m ON m.organization_id = e.organization_id AND m.id = e.subject_id
WHERE e.seq > $1
ORDER BY substr(m.text, $2, $3)"""


def times(stage: Stage, after: int) -> list[float]:
    """The Unix times at which the messages after entry number `after` were committed, by number."""
    return [row[0] for row in stage.execute(_TIMES, after, len(NUMBER) + 1, DIGITS)]
