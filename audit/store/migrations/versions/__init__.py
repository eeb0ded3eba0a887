"""One file for each revision of the schema. Released files never change."""
