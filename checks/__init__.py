"""WHAT IS RIGHT: pure judgement over tables; no AWS, no clock, no files, no network."""
