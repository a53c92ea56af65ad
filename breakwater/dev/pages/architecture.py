"""The map of the shop, from the one description that every engine runs it from.

A row is how far a service is from the buyer, by the longest way; so each arrow leads down.
"""

import html

from breakwater import paths
from breakwater.dev.pages import NOTE
from breakwater.engines import description
from breakwater.engines.description import BUYER, Kind, Link, Service, Shop

PATH = "fragments/architecture.html"
WIDTH, ROW, BOX_W, BOX_H, TOP = 430, 104, 124, 46, 6

Place = tuple[float, float]


def text() -> str:
    """The picture, which says itself in words, too."""
    shop = description.load(paths.BOXOFFICE)
    links = [Link(BUYER, each.name) for each in shop.services.values() if each.published]
    servers = {server.name for server in shop.of(Kind.SERVER)}
    links += [link for link in shop.links if link.caller != BUYER and link.callee not in servers]
    places = _places(links)
    height = max(y for _, y in places.values()) + BOX_H + TOP
    said = "; ".join(f"{link.caller} asks {link.callee} by {_speaks(shop, link)}" for link in links)
    return "\n".join(
        [
            NOTE.format(source="labs/boxoffice/compose.yaml"),
            f'<svg class="bw-map" viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{html.escape(said)}">',
            '<marker id="bw-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path class="bw-head" d="M0 0 L8 4 L0 8 z"/></marker>',
            *(_arrow(places[link.caller], places[link.callee], _speaks(shop, link)) for link in links),
            *(_box(name, place, shop.services.get(name)) for name, place in places.items()),
            "</svg>\n",
        ]
    )


def _places(links: list[Link]) -> dict[str, Place]:
    """The middle of each box's upper edge."""
    depths = _depths(links)
    places: dict[str, Place] = {}
    for depth in range(max(depths.values()) + 1):
        row = [name for name, each in depths.items() if each == depth]
        for column, name in enumerate(row):
            places[name] = (WIDTH * (2 * column + 1) / (2 * len(row)), TOP + ROW * depth)
    return places


def _depths(links: list[Link]) -> dict[str, int]:
    """How many calls away from the buyer each is at most. Services call in no circle."""
    depths = {BUYER: 0}
    for _ in links:
        for link in links:
            if link.caller in depths:
                depths[link.callee] = max(depths.get(link.callee, 0), depths[link.caller] + 1)
    return depths


def _speaks(shop: Shop, link: Link) -> str:
    return "gRPC" if shop.speaks_grpc(link.callee) else "REST"


def _box(name: str, place: Place, service: Service | None) -> str:
    x, y = place
    outside = service is None or service.judge
    return (
        f"<g{' class=bw-outside' if outside else ''}>"
        f'<rect x="{x - BOX_W / 2:g}" y="{y:g}" width="{BOX_W}" height="{BOX_H}" rx="6"/>'
        f'<text class="bw-name" x="{x:g}" y="{y + 20:g}" text-anchor="middle">{html.escape(name)}</text>'
        f'<text class="bw-small" x="{x:g}" y="{y + 36:g}" text-anchor="middle">{_keeps(service)}</text></g>'
    )


def _keeps(service: Service | None) -> str:
    if service is None:
        return "asks, and is told"
    if service.judge:
        return "its own books"
    databases = [value for value in service.environment.values() if value.startswith("postgresql")]
    return "its own PostgreSQL" if databases else "keeps nothing"


def _arrow(begin: Place, end: Place, says: str) -> str:
    """From the lower edge of a box to the upper edge of another; where it passes a row, bent away from its boxes."""
    (x1, y1), (x2, y2) = (begin[0], begin[1] + BOX_H), (end[0], end[1] - 2)
    is_long = end[1] - begin[1] > ROW
    bend_x, bend_y = (x1, y2 - ROW / 3) if is_long else ((x1 + x2) / 2, (y1 + y2) / 2)
    x, y = (x1 + 2 * bend_x + x2) / 4, (y1 + 2 * bend_y + y2) / 4
    return (
        f'<path d="M{x1:g} {y1:g}Q{bend_x:g} {bend_y:g} {x2:g} {y2:g}" marker-end="url(#bw-head)"/>'
        f'<text class="bw-small bw-says" x="{x:g}" y="{y + 4:g}" text-anchor="middle">{says}</text>'
    )
