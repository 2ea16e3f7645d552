"""Programs for developers: the API's documents, benchmarks, replays and chaos runs."""
