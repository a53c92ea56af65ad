"""Venues and events, and a season to announce."""

from datetime import UTC, datetime, timedelta
from itertools import product

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

HALL = {"id": "grand-hall", "name": "The Grand Hall", "city": "Breakwater"}
QUAY = {"id": "north-quay", "name": "The North Quay", "city": "Breakwater"}
OPENING = datetime(2027, 9, 3, 18, 30, tzinfo=UTC)
WHO = (
    *("The Harbour Orchestra", "The Lantern Quartet", "Signal and Noise", "The Late Trams", "Choir of the North Pier"),
    *("The Paper Kites", "Brass in the Rain", "The Quiet Neighbours", "Marta Lind and Friends", "The Ferry Drummers"),
)
WHAT = (
    ("Winter Songs", "Slow songs for long evenings, some of them older than the hall, sung close to the audience."),
    ("Two Storms", "A symphony in which the weather turns twice; the second half is played without a conductor."),
    ("An Hour of Rain", "One piece, one hour, no interval: it begins as single drops and ends as a flood."),
    ("The Lighthouse Keeper", "A play with music about a man who keeps a light on for ships that no longer come."),
    ("Dances from the Docks", "Polkas, waltzes and a tango as they were danced between two shifts, with an encore."),
    ("Letters Home", "Read and sung from letters that sailors wrote and never sent, found in a wall last year."),
    ("Night Trains", "Jazz about departures; the band leaves the stage one by one, and comes back together."),
    ("Salt", "New works by young composers, each introduced by the person who is afraid of it most."),
    ("Low Water", "Chamber music for the hour in which the harbour is empty: cello, clarinet and a creaking door."),
    ("Farewell to the Crane", "A concert for the last crane of the old port, with the people who worked in it."),
    ("The Fog Machine", "A comedy of errors in which nobody sees anybody, and the orchestra plays on regardless."),
    ("Tide Tables", "Minimal music that repeats itself until it does not; bring patience and a warm coat."),
)


def upgrade() -> None:
    venues = op.create_table(
        "venues",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("city", sa.String, nullable=False),
    )
    events = op.create_table(
        "events",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("venue_id", sa.String, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.bulk_insert(venues, [HALL, QUAY])
    op.bulk_insert(events, [_opening_night(), _quay_concert(), *_season()])


def downgrade() -> None:
    op.drop_table("events")
    op.drop_table("venues")


def _opening_night() -> dict[str, object]:
    text = "The season begins: every ensemble of the house plays one piece, and the last one is for all of them."
    return _event("opening-night", "Opening Night", text, OPENING)


def _quay_concert() -> dict[str, object]:
    text = "The last evening before the season, in the open: bring a blanket, and something to keep the gulls away."
    return _event("quay-concert", "Quay Concert", text, OPENING - timedelta(days=1), QUAY)


def _season() -> list[dict[str, object]]:
    """The evenings that are announced, and not yet on sale."""
    return [
        _event(f"evening-{number}", f"{who}: {what}", text, OPENING + timedelta(days=2 * number))
        for number, ((what, text), who) in enumerate(product(WHAT, WHO), 1)
    ]


def _event(
    name: str, title: str, description: str, starts_at: datetime, venue: dict[str, str] = HALL
) -> dict[str, object]:
    return {
        "id": name,
        "venue_id": venue["id"],
        "title": title,
        "description": description,
        "starts_at": starts_at,
    }
