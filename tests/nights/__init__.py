"""The service over many nights: real processes, database and receivers, and a clock that is told what to show."""
