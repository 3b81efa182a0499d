"""Search no longer goes by windows of time, so the texts need not carry the date of their review."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("texts_since", "texts")
    op.execute("ALTER TABLE texts DROP COLUMN since")
