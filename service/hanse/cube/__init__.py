"""The vocabulary: indicators, codelists, periods, cells and their statuses, queries."""
