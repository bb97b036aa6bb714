"""What the demo agency sells: services with their checklists, and packages of them."""

from dataclasses import dataclass

from models import JobRole, ServiceKind

ORDER_CHECKLIST = (
    "Before we start",
    ("Confirm the appointment with the agent", "Check access and parking"),
)

_CORE, _ADD_ON = ServiceKind.CORE, ServiceKind.ADD_ON


@dataclass(frozen=True)
class Offer:
    """A service of the catalogue, and how often it is chosen next to others."""

    name: str
    category: str
    kind: ServiceKind
    share: int
    description: str
    notes: str = ""
    checklists: tuple[tuple[str, tuple[str, ...]], ...] = ()


# Whose work the services of a category are, and whether that is on site.
CATEGORIES: dict[str, tuple[JobRole, bool]] = {
    "Photography": (JobRole.CREATIVE_SPECIALIST, True),
    "Aerial": (JobRole.CREATIVE_SPECIALIST, True),
    "Video": (JobRole.VIDEO_EDITOR, False),
    "Tours and plans": (JobRole.CREATIVE_SPECIALIST, True),
    "Editing": (JobRole.PHOTO_EDITOR, False),
    "Marketing": (JobRole.OPERATIONS_SPECIALIST, False),
}

OFFERS = (
    Offer(
        "Interior and Exterior Photos",
        "Photography",
        _CORE,
        30,
        "Up to 35 pictures of the house and the lot, blended from several exposures.",
        "Five brackets a frame, tripod at chest height, verticals straight.",
        (
            ("Shoot", ("Front, back and street view", "All rooms from two corners")),
            ("Edit", ("Blend and straighten", "Check the sequence")),
        ),
    ),
    Offer(
        "Premium Photos",
        "Photography",
        _CORE,
        12,
        "Up to 50 pictures with flash, composed for a brochure.",
        "Flambient. Leave room for text on the cover picture.",
        (("Shoot", ("Walk through with the agent", "Light every room", "Cover picture")),),
    ),
    Offer(
        "Twilight Photos",
        "Photography",
        _CORE,
        10,
        "Six exteriors in the half hour after sunset.",
        "All lights on, sprinklers off, cars away. Needs its own appointment.",
        (("Twilight", ("Check the time of sunset", "All lights on")),),
    ),
    Offer(
        "Detail Photos",
        "Photography",
        _ADD_ON,
        6,
        "Ten close pictures of materials and fittings.",
    ),
    Offer(
        "Neighbourhood Photos",
        "Photography",
        _ADD_ON,
        5,
        "Eight pictures of parks, shops and schools near by.",
        "No children, no licence plates.",
    ),
    Offer(
        "Agent Portrait",
        "Photography",
        _ADD_ON,
        3,
        "A portrait of the agent in the house.",
    ),
    Offer(
        "Drone Photos",
        "Aerial",
        _CORE,
        18,
        "Twelve pictures from the air, with the lot lines drawn on two of them.",
        "Check the airspace before the slot is confirmed.",
        (("Flight", ("Airspace and weather checked", "Memory cards formatted")),),
    ),
    Offer(
        "Drone Video",
        "Aerial",
        _CORE,
        8,
        "One minute from the air, cut and graded.",
        "50 frames a second, slow moves only.",
        (("Flight", ("Airspace checked", "Weather checked")),),
    ),
    Offer("Lot Lines", "Aerial", _ADD_ON, 4, "The borders of the lot on two pictures."),
    Offer(
        "Property Video",
        "Video",
        _CORE,
        12,
        "Two minutes through the house, with music and captions.",
        "Licensed music only. 16:9 in 4K, captions burnt in.",
        (("Cut", ("First cut", "Colour and sound", "Branded and unbranded version")),),
    ),
    Offer(
        "Cinematic Film",
        "Video",
        _CORE,
        4,
        "A film of three minutes with a story, actors on request.",
        "Script is approved by the agent before the shoot.",
        (("Film", ("Script approved", "Rough cut", "Final cut")),),
    ),
    Offer(
        "Social Reel",
        "Video",
        _ADD_ON,
        9,
        "Thirty seconds, upright, for social networks.",
        "9:16, text inside the safe area.",
    ),
    Offer("Agent Introduction", "Video", _ADD_ON, 3, "The agent says hello, on camera."),
    Offer(
        "3D Tour",
        "Tours and plans",
        _CORE,
        14,
        "A walk through the house in the browser.",
        "Scan every 6 feet, doors open, mirrors marked.",
        (("Scan", ("All doors open", "Every room scanned", "Windows and mirrors marked")),),
    ),
    Offer(
        "Floor Plan",
        "Tours and plans",
        _CORE,
        16,
        "A plan of each floor with measures.",
        "Total area by the ANSI standard.",
        (("Plan", ("Measured and drawn", "Areas compared with the booking")),),
    ),
    Offer("3D Floor Plan", "Tours and plans", _ADD_ON, 4, "The plan with furniture, from above."),
    Offer("Site Plan", "Tours and plans", _ADD_ON, 2, "A plan of the lot and its buildings."),
    Offer(
        "Virtual Staging",
        "Editing",
        _ADD_ON,
        9,
        "Furniture for three empty rooms.",
        "Every staged picture says so.",
        (("Staging", ("Style agreed", "Marked as staged")),),
    ),
    Offer("Virtual Declutter", "Editing", _ADD_ON, 4, "Things removed from five pictures."),
    Offer("Virtual Renovation", "Editing", _ADD_ON, 2, "How a room could look after the works."),
    Offer("Day to Dusk", "Editing", _ADD_ON, 6, "Two exteriors turned into evening pictures."),
    Offer("Sky Replacement", "Editing", _ADD_ON, 5, "A better sky on all exteriors."),
    Offer(
        "Property Website",
        "Marketing",
        _ADD_ON,
        8,
        "A page for the house with all that was made.",
        "Branded and unbranded address.",
        (("Website", ("Texts from the agent", "Published")),),
    ),
    Offer(
        "Print Flyer", "Marketing", _ADD_ON, 4, "Two pages to print, in the brokerage's colours."
    ),
    Offer("Rush Delivery", "Marketing", _ADD_ON, 5, "Everything the morning after the shoot."),
)

PACKAGES = (
    ("Essential", "What every listing needs.", ("Interior and Exterior Photos", "Floor Plan")),
    (
        "Showcase",
        "For houses with a view.",
        ("Interior and Exterior Photos", "Drone Photos", "Floor Plan", "Property Website"),
    ),
    (
        "Signature",
        "Pictures, video and a tour.",
        ("Premium Photos", "Drone Photos", "Property Video", "3D Tour", "Floor Plan"),
    ),
    (
        "Cinema",
        "A film with all that belongs to it.",
        ("Premium Photos", "Twilight Photos", "Cinematic Film", "Drone Video", "Social Reel"),
    ),
    ("Land", "Lots without a house.", ("Drone Photos", "Drone Video", "Lot Lines", "Site Plan")),
)
