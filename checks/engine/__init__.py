"""Evaluation: tables and checks in, results and findings out."""
