"""Where the demo agency's customers sell houses: a coast with six cities."""

from dataclasses import dataclass


@dataclass(frozen=True)
class City:
    """A city, how much of the business is there, and its streets."""

    name: str
    region: str
    country: str
    share: int
    postal_codes: tuple[str, ...]
    streets: tuple[str, ...]


CITIES = (
    City(
        "Seattle",
        "WA",
        "US",
        38,
        ("98103", "98105", "98107", "98112", "98115", "98117", "98118", "98144"),
        (
            "Phinney Avenue N",
            "Greenwood Avenue N",
            "NE Ravenna Boulevard",
            "E Aloha Street",
            "36th Avenue NW",
            "Lake Washington Boulevard S",
            "Interlaken Drive E",
            "NW 58th Street",
            "Beacon Avenue S",
            "Magnolia Boulevard W",
        ),
    ),
    City(
        "Bellevue",
        "WA",
        "US",
        18,
        ("98004", "98005", "98006", "98008"),
        (
            "Killarney Way",
            "NE 14th Street",
            "SE Cougar Mountain Drive",
            "Enatai Drive",
            "108th Avenue SE",
            "West Lake Sammamish Parkway",
        ),
    ),
    City(
        "Tacoma",
        "WA",
        "US",
        14,
        ("98403", "98405", "98406", "98407"),
        ("N Yakima Avenue", "Ruston Way", "N 30th Street", "S Sheridan Avenue", "N Alder Street"),
    ),
    City(
        "Portland",
        "OR",
        "US",
        15,
        ("97202", "97209", "97212", "97214", "97217"),
        (
            "SE Belmont Street",
            "NE Knott Street",
            "NW Thurman Street",
            "N Willamette Boulevard",
            "SE Ladd Avenue",
            "SW Vista Avenue",
        ),
    ),
    City(
        "Vancouver",
        "BC",
        "CA",
        11,
        ("V5K 0A1", "V5R 3C4", "V6E 1M7", "V6K 2G8", "V6R 4J3"),
        (
            "W 10th Avenue",
            "Point Grey Road",
            "Commercial Drive",
            "Comox Street",
            "E Georgia Street",
        ),
    ),
    City(
        "Victoria",
        "BC",
        "CA",
        4,
        ("V8V 1A1", "V8R 4N2", "V9A 6P5"),
        ("Dallas Road", "Fernwood Road", "Craigflower Road", "Beach Drive"),
    ),
)

ENTRY_NOTES = (
    "Lockbox on the gas meter, code from the agent by text on the day.",
    "Owner is home until 11, please ring twice.",
    "Side gate sticks: lift and push.",
    "Tenant occupied, 24 h notice given. Shoes off.",
    "Dog in the yard until noon; call the owner before you go round the back.",
    "Concierge has the key under the agency's name.",
    "Park in the alley, the driveway must be free for the pictures.",
    "Alarm panel left of the door. Agent disarms it remotely, call from the car.",
    "Vacant and staged. Leave all lights on for the evening showing.",
)

ORDER_NOTES = (
    "Agent wants the listing live before the weekend.",
    "Prefers a warm edit, no blue skies where there was none.",
    "No people, no licence plates, no family pictures.",
    "Repeat customer, always asks for two verticals of the kitchen.",
    "Bill the brokerage, not the agent.",
    "Seller is nervous about the drone: stay above their own lot.",
    "Remodelled kitchen is the story of this one.",
    "Second shoot of this house, the first was in winter.",
    "Deliver the print sizes as well, a brochure is planned.",
)
