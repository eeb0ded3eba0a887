"""How the tables of an older store become those of this program: one file a version, carried out by Alembic."""
