"""Who is at the demo agency: names, addresses, permissions, job roles. All of it is invented."""

from dataclasses import dataclass

from models import JobRole, Permission

DOMAIN = "harbourlight.example"  # RFC 2606: nobody can have an address there


@dataclass(frozen=True)
class Someone:
    """A person of the demo agency, or one of its customers."""

    name: str
    email: str
    permission: Permission
    job_roles: tuple[JobRole, ...] = ()


def _ours(name: str, local: str, permission: Permission, *job_roles: JobRole) -> Someone:
    return Someone(name, f"{local}@{DOMAIN}", permission, job_roles)


def _agent(name: str, local: str, brokerage: str) -> Someone:
    return Someone(name, f"{local}@{brokerage}.example", Permission.CUSTOMER)


PEOPLE = (
    _ours("Ingrid Solheim", "ingrid", Permission.ADMIN),
    _ours("Marcus Adeyemi", "marcus", Permission.ADMIN, JobRole.ACCOUNT_EXECUTIVE),
    _ours("Hannah Oyelaran", "hannah", Permission.STAFF, JobRole.PROJECT_MANAGER),
    _ours("Diego Fuentes", "diego", Permission.STAFF, JobRole.PROJECT_MANAGER),
    _ours(
        "Aroha Ngata",
        "aroha",
        Permission.STAFF,
        JobRole.PROJECT_MANAGER,
        JobRole.OPERATIONS_SPECIALIST,
    ),
    _ours("Priya Raghunathan", "priya", Permission.STAFF, JobRole.ACCOUNT_EXECUTIVE),
    _ours("Leilani Kahale", "leilani", Permission.STAFF, JobRole.CUSTOMER_SUCCESS),
    _ours("Sofia Papadopoulou", "sofia", Permission.STAFF, JobRole.OPERATIONS_COORDINATOR),
    _ours("Jakub Wiśniewski", "jakub", Permission.STAFF, JobRole.OPERATIONS_SPECIALIST),
    _ours("Kenji Watanabe", "kenji", Permission.STAFF, JobRole.CREATIVE_SPECIALIST),
    _ours("Amara Okonkwo", "amara", Permission.STAFF, JobRole.CREATIVE_SPECIALIST),
    _ours("Mei-Ling Chen", "mei-ling", Permission.STAFF, JobRole.PHOTO_EDITOR),
    _ours("Farid Haddad", "farid", Permission.STAFF, JobRole.PHOTO_EDITOR),
    _ours("Elif Demir", "elif", Permission.STAFF, JobRole.VIDEO_EDITOR),
    Someone("Northwest Listings Sync", "sync@northwest-listings.example", Permission.STAFF),
    _ours("Oluwaseun Bakare", "seun", Permission.CONTRACTOR, JobRole.CREATIVE_SPECIALIST),
    _ours("Nina Kowalczyk", "nina", Permission.CONTRACTOR, JobRole.CREATIVE_SPECIALIST),
    _ours("Rafael Monteiro", "rafael", Permission.CONTRACTOR, JobRole.CREATIVE_SPECIALIST),
    _ours("Siobhán Gallagher", "siobhan", Permission.CONTRACTOR, JobRole.CREATIVE_SPECIALIST),
    _ours("Tariq Mahmood", "tariq", Permission.CONTRACTOR, JobRole.CREATIVE_SPECIALIST),
    _ours("Yuki Tanabe", "yuki", Permission.CONTRACTOR, JobRole.VIDEO_EDITOR),
    _ours("Björn Lindqvist", "bjorn", Permission.CONTRACTOR, JobRole.VIDEO_EDITOR),
    _ours("Camille Fournier", "camille", Permission.CONTRACTOR, JobRole.PHOTO_EDITOR),
    _agent("Grace Whitfield", "grace.whitfield", "keystone-realty"),
    _agent("Andrés Villanueva", "andres", "villanueva-homes"),
    _agent("Fatima El-Sayed", "fatima.elsayed", "keystone-realty"),
    _agent("Robert Castellano", "bob", "castellano-group"),
    _agent("Nguyễn Thu Hà", "thu.ha", "sound-and-summit"),
    _agent("Chidi Eze", "chidi.eze", "cascade-brokers"),
    _agent("Anneliese Bauer", "anneliese", "bauer-properties"),
    _agent("Samuel Tekle", "samuel.tekle", "sound-and-summit"),
    _agent("Ana Kovačević", "ana.kovacevic", "cascade-brokers"),
    _agent("Ravi Subramaniam", "ravi", "evergreen-estates"),
    _agent("Kateryna Shevchenko", "kateryna", "evergreen-estates"),
    _agent("Malia Fonoti", "malia.fonoti", "keystone-realty"),
    _agent("Liam O'Sullivan", "liam.osullivan", "harbour-and-hill"),
    _agent("Park Ji-woo", "jiwoo.park", "harbour-and-hill"),
    _agent("Isabella Rossi", "isabella", "rossi-residential"),
    _agent("Dwayne Carter", "dwayne.carter", "cascade-brokers"),
    _agent("Noor Rahman", "noor.rahman", "sound-and-summit"),
    _agent("Wei Zhang", "wei.zhang", "evergreen-estates"),
)

# Who gets a token at each start, as what.
ADMIN = PEOPLE[0].email
MANAGER = PEOPLE[2].email
PARTNER = PEOPLE[14].email
CONTRACTOR = PEOPLE[15].email
CUSTOMER = PEOPLE[23].email
