"""Place orders on a running stack while services fail and functions are killed, then check what must hold."""
