"""How the short host's own pages look: whose name, logo and colours they have."""

import msgspec


class BrandImage(msgspec.Struct, frozen=True):
    """An uploaded picture of the workspace; `path` is where every short host serves it."""

    file_id: str
    path: str


class Branding(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a workspace, or of one of its domains, which overrides it field by field. Colours are `#rrggbb`. `token` names
    a workspace's page of paused codes at the short host; it says nothing of the workspace."""

    name: str = ""
    message: str = ""
    logo: BrandImage | None = None
    favicon: BrandImage | None = None
    background: str = ""
    text: str = ""
    accent: str = ""
    imprint_url: str = ""
    privacy_url: str = ""
    token: str = ""

    def over(self, below: "Branding") -> "Branding":
        """Return this one, with what it leaves open from the one below. Colours go together, since they are checked
        together."""
        own = {name: value for name in self.__struct_fields__ if (value := getattr(self, name))}
        if self.background or self.text or self.accent:
            own |= {name: getattr(self, name) for name in COLOURS}
        return msgspec.structs.replace(below, **own)


COLOURS = ("background", "text", "accent")
PLAIN = Branding()

_decoder = msgspec.json.Decoder(Branding)


def decode_branding(raw: bytes) -> Branding:
    return _decoder.decode(raw)
