"""Bearer tokens: their verification, and where the keys come from."""
