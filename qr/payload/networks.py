"""Wireless networks."""

from qr.payload.fields import Fields, backslashed

_OPEN = frozenset({"", "none", "open", "nopass", "no password", "unencrypted"})


def wifi(fields: Fields) -> str:
    """`WIFI:`, as the Wi-Fi Alliance writes it: WPA stands for all of WPA, WPA2 and WPA3."""
    # Spaces at an end are part of a network's name and of its password.
    name = fields.lines("network_name", needed=True)
    security = _security(fields)
    parts = [f"T:{security}", f"S:{_escaped(name)}"]
    if security != "nopass":
        parts.append(f"P:{_escaped(fields.lines('password', needed=True))}")
    if fields.flag("hidden"):
        parts.append("H:true")
    return f"WIFI:{';'.join(parts)};;"


def _security(fields: Fields) -> str:
    said = fields.line("encryption").lower().replace("_", "-")
    if said in _OPEN:
        return "nopass"
    if "eap" in said or "enterprise" in said:
        raise fields.refused("encryption", "must be one that asks for no more than a password: WPA, WEP or nopass")
    if said.startswith("wep"):
        return "WEP"
    if said.startswith(("wpa", "sae", "psk")):
        return "WPA"
    raise fields.refused("encryption", "must be WPA, WEP or nopass")


def _escaped(text: str) -> str:
    return backslashed(text, ';,:"')
