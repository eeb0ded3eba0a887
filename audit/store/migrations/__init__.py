"""Schema migrations of older stores: one file per revision, run by Alembic."""
