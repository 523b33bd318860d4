"""Small YAML that becomes large where its aliases are written out."""


def nested(levels: int, link: str) -> bytes:
    """Each level holds the one before nine times; ``link`` is how."""
    lines = ["a0: &a0 {canary: 1}"]
    lines += [f"a{n}: &a{n} " + link.format(", ".join([f"*a{n - 1}"] * 9)) for n in range(1, levels)]
    return "\n".join(lines).encode()


def billion_laughs() -> bytes:
    """Ten levels: nine to the power of nine values."""
    return nested(10, "[{}]")
