"""What people write at the demo agency.

A conversation is a list of (who, what): `manager`, `shooter`, `editor`, `success`. In a text,
`@manager` and so on mention that person, `@PHOTO_EDITOR` and so on everybody with that job role.
"""

from typing import TypeAlias

Conversation: TypeAlias = tuple[tuple[str, str], ...]

ABOUT_ORDERS: tuple[Conversation, ...] = (
    (
        ("success", "Agent called: the sellers move out a day earlier than planned."),
        ("manager", "Good for us. @shooter can you be there at nine instead of eleven?"),
        ("shooter", "Nine works. I'll bring the long lens for the view."),
    ),
    (
        ("manager", "Lockbox code is in the entry notes now."),
        ("shooter", "Thanks, found it."),
    ),
    (
        ("success", "@manager the agent asks whether we can be a day faster with everything."),
        ("manager", "Photos yes, the rest as booked. Please tell them."),
        ("success", "Told them, they are happy with that."),
    ),
    (
        ("shooter", "Rain all morning. Exteriors would be grey."),
        ("manager", "Do the interiors today, exteriors when it clears. I'll move the slot."),
        ("success", "Agent is fine with it."),
        ("shooter", "Exteriors done, 14 frames, sun was out for ten minutes."),
    ),
    (
        ("manager", "@PHOTO_EDITOR who has room for this one tonight?"),
        ("editor", "I take it, will be ready by ten tomorrow."),
        ("manager", "Perfect."),
    ),
    (
        ("success", "New brokerage logo for the branded versions is in the shared folder."),
        ("editor", "Replaced it everywhere."),
    ),
    (
        ("manager", "Deliverables are complete from my side. @success please send the link."),
        ("success", "Sent. They replied with three hearts."),
    ),
    (
        ("success", "Invoice went to the wrong office, I sent it again to the brokerage."),
        ("manager", "Thanks. @ACCOUNT_EXECUTIVE for your information."),
    ),
    (
        ("shooter", "House wasn't ready: boxes in every room, I shot around them."),
        ("manager", "@success can you ask whether they want a second visit?"),
        ("success", "They would rather have the clutter removed in editing."),
        ("editor", "Doable in most of the frames. The garage I'd leave out."),
        ("manager", "Then leave it out."),
    ),
    (
        ("success", "Agent asks for two more pictures of the garden."),
        ("shooter", "I have some spare ones, uploading now."),
    ),
    (
        ("manager", "Square footage in the booking is wrong, it is 2,140."),
        ("success", "Corrected with the agent, price stays the same."),
    ),
    (
        ("success", "They love it and booked the next house already."),
        ("manager", "Great work everybody!"),
    ),
)

ABOUT_SERVICES: dict[str, tuple[Conversation, ...]] = {
    "Photography": (
        (
            ("editor", "Window pulls in the living room are blown, is there a darker bracket?"),
            ("shooter", "Yes, look for the set with the ND filter."),
            ("editor", "Found it, looks much better."),
        ),
        (
            ("shooter", "64 brackets uploaded, the best of the kitchen is 31."),
            ("editor", "Got them. @manager 32 finals by tomorrow noon."),
        ),
        (
            ("editor", "Verticals of the staircase lean a bit, corrected them."),
            ("manager", "Looks good, moving it on."),
        ),
    ),
    "Aerial": (
        (
            ("shooter", "We are inside controlled airspace here, I asked for clearance to 200 ft."),
            ("manager", "Any chance before Thursday?"),
            ("shooter", "Just granted, flying this afternoon."),
        ),
        (("shooter", "Too windy today, 30 mph gusts. I'd rather go tomorrow at eight."),),
    ),
    "Video": (
        (
            ("editor", "First cut is up, 1:48. Music is the calm one from the list."),
            ("manager", "Could we open with the view rather than the front door?"),
            ("editor", "Second cut is up."),
            ("manager", "That's it. Approved."),
        ),
        (
            ("manager", "@VIDEO_EDITOR the agent wants the vertical version for the weekend too."),
            ("editor", "Rendering it now."),
        ),
    ),
    "Tours and plans": (
        (
            ("editor", "Scan has a hole in the upstairs hallway."),
            ("shooter", "That door was locked. I pass by tomorrow and add two points."),
            ("editor", "Complete now, publishing."),
        ),
        (
            ("editor", "Are the ceiling heights wanted on the plan?"),
            ("manager", "No, just the rooms and the total."),
        ),
    ),
    "Editing": (
        (
            ("manager", "Style for this one: light oak, no rugs."),
            ("editor", "Two variants of the living room are up."),
            ("manager", "The second one, please."),
        ),
    ),
}

AFTERTHOUGHTS = (" Thanks!", " (Corrected: it was the other day.)", " Sorry, wrong time above.")

ESCALATIONS = (
    "Agent wants it before the weekend",
    "Files damaged, needs a second shoot",
    "Customer unhappy with the colours",
    "No clearance to fly yet",
    "Seller cancelled the appointment twice",
    "Delivery is two days late",
    "Wrong unit was photographed",
)

SERVICE_NOTES = (
    "Agent asks for at least two verticals of each bathroom.",
    "Use the calm music of last time.",
    "Neighbour's house not in the picture, please.",
    "Kitchen island is the hero shot.",
)

EXTRA_STEPS = (
    "Ask the agent about the attic",
    "Second look by another pair of eyes",
    "Blur the street number",
    "Send a preview to the agent",
)
