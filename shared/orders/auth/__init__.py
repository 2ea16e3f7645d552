"""Bearer tokens: their verification and the sources of its keys."""
