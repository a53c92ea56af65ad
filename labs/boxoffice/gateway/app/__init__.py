"""The gateway: the one door through which buyers come in."""
