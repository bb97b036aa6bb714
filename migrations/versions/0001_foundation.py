"""Foundation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Foundation."""
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last_order_number", sa.Integer(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_table(
        "log_heads",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_log_heads_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_log_heads")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "packages",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_packages_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_packages")),
    )
    op.create_index(
        "ix_packages_position", "packages", ["organization_id", "position", "id"], unique=False
    )
    op.create_table(
        "people",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column(
            "permission",
            sa.Enum(
                "ADMIN",
                "STAFF",
                "CONTRACTOR",
                "CUSTOMER",
                name="permission",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "job_roles",
            sa.ARRAY(
                sa.Enum(
                    "ACCOUNT_EXECUTIVE",
                    "CREATIVE_SPECIALIST",
                    "CUSTOMER_SUCCESS",
                    "OPERATIONS_COORDINATOR",
                    "OPERATIONS_SPECIALIST",
                    "PHOTO_EDITOR",
                    "PROJECT_MANAGER",
                    "VIDEO_EDITOR",
                    name="jobrole",
                    native_enum=False,
                    length=40,
                )
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_people_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_people")),
    )
    op.create_index("ix_people_name", "people", ["organization_id", "name", "id"], unique=False)
    op.create_index(
        "uq_people_email",
        "people",
        ["organization_id", sa.literal_column("lower(email)")],
        unique=True,
    )
    op.create_table(
        "services",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "CORE",
                "ADD_ON",
                name="servicekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_services_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_services")),
    )
    op.create_index(
        "ix_services_position", "services", ["organization_id", "position", "id"], unique=False
    )
    op.create_table(
        "checklist_templates",
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_checklist_templates_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_checklist_templates_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_checklist_templates")),
    )
    op.create_index(
        "ix_checklist_templates_service_id",
        "checklist_templates",
        ["organization_id", "service_id", "position"],
        unique=False,
    )
    op.create_table(
        "idempotency_records",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "person_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_idempotency_records_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_idempotency_records_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_idempotency_records")),
    )
    op.create_index(
        "ix_idempotency_records_created_at", "idempotency_records", ["created_at"], unique=False
    )
    op.create_index(
        "uq_idempotency_records_key",
        "idempotency_records",
        ["organization_id", "person_id", "key"],
        unique=True,
    )
    op.create_table(
        "orders",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING",
                "IN_PROGRESS",
                "POSTPONED",
                "COMPLETED",
                "CANCELLED",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "payment_status",
            sa.Enum(
                "UNPAID",
                "QUOTE_SENT",
                "INVOICE_SENT",
                "PROMISED_PAYMENT",
                "PARTIALLY_PAID",
                "PAID",
                "POSTPONED",
                "REFUNDED",
                "PARTIALLY_REFUNDED",
                "CANCELLED",
                name="paymentstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("property_street", sa.String(), nullable=False),
        sa.Column("property_unit", sa.String(), nullable=False),
        sa.Column("property_city", sa.String(), nullable=False),
        sa.Column("property_region", sa.String(), nullable=False),
        sa.Column("property_postal_code", sa.String(), nullable=False),
        sa.Column("property_country", sa.String(), nullable=False),
        sa.Column("property_entry_notes", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_orders_organization_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_orders_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_orders")),
    )
    op.create_index(
        "ix_orders_created_at", "orders", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_orders_customer_id",
        "orders",
        ["organization_id", "customer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_orders_status",
        "orders",
        ["organization_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index("uq_orders_number", "orders", ["organization_id", "number"], unique=True)
    op.create_table(
        "package_services",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "package_id"],
            ["packages.organization_id", "packages.id"],
            name=op.f("fk_package_services_organization_id_package_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_package_services_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_package_services_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_package_services")),
    )
    op.create_index(
        "uq_package_services_service",
        "package_services",
        ["organization_id", "package_id", "service_id"],
        unique=True,
    )
    op.create_table(
        "order_services",
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("package_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PRE_PRODUCTION",
                "PRODUCTION",
                "POST_PRODUCTION",
                "COMPLETE",
                "ARCHIVED",
                name="servicestatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_by_id", sa.Uuid(), nullable=True),
        sa.Column("escalation_reason", sa.String(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "escalated_by_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_order_services_organization_id_escalated_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_order_services_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "package_id"],
            ["packages.organization_id", "packages.id"],
            name=op.f("fk_order_services_organization_id_package_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["services.organization_id", "services.id"],
            name=op.f("fk_order_services_organization_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_order_services_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_order_services")),
    )
    op.create_index(
        "ix_order_services_order_id",
        "order_services",
        ["organization_id", "order_id", "status", "position"],
        unique=False,
    )
    op.create_index(
        "ix_order_services_service_id",
        "order_services",
        ["organization_id", "service_id", "order_id"],
        unique=False,
    )
    op.create_table(
        "read_markers",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_read_markers_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "person_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_read_markers_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_read_markers_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_read_markers")),
    )
    op.create_index(
        "uq_read_markers_person",
        "read_markers",
        ["organization_id", "person_id", "order_id"],
        unique=True,
    )
    op.create_table(
        "assignments",
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "PROJECT_MANAGER",
                "TEAM_MEMBER",
                "ASSIGNEE",
                name="assignmentrole",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(role = 'ASSIGNEE') = (order_service_id IS NOT NULL)",
            name=op.f("ck_assignments_assignee_has_service"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_assignments_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_assignments_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "person_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_assignments_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_assignments_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_assignments")),
    )
    op.create_index(
        "ix_assignments_order_id", "assignments", ["organization_id", "order_id"], unique=False
    )
    op.create_index(
        "ix_assignments_person_id",
        "assignments",
        ["organization_id", "person_id", "order_id"],
        unique=False,
    )
    op.create_index(
        "uq_assignments_assignee",
        "assignments",
        ["organization_id", "order_service_id"],
        unique=True,
        postgresql_where=sa.text("role = 'ASSIGNEE'"),
    )
    op.create_index(
        "uq_assignments_project_manager",
        "assignments",
        ["organization_id", "order_id"],
        unique=True,
        postgresql_where=sa.text("role = 'PROJECT_MANAGER'"),
    )
    op.create_index(
        "uq_assignments_team_member",
        "assignments",
        ["organization_id", "order_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("role = 'TEAM_MEMBER'"),
    )
    op.create_table(
        "checklists",
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_checklists_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_checklists_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_checklists_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_checklists")),
    )
    op.create_index(
        "ix_checklists_order_id",
        "checklists",
        ["organization_id", "order_id", "position"],
        unique=False,
    )
    op.create_index(
        "ix_checklists_order_service_id",
        "checklists",
        ["organization_id", "order_service_id", "position"],
        unique=False,
    )
    op.create_table(
        "log_entries",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ORDER_CREATED",
                "ORDER_STATUS_CHANGED",
                "PAYMENT_STATUS_CHANGED",
                "CUSTOMER_CHANGED",
                "PROPERTY_CHANGED",
                "ORDER_NOTES_CHANGED",
                "PACKAGE_ADDED",
                "PACKAGE_REMOVED",
                "SERVICE_ADDED",
                "SERVICE_REMOVED",
                "SERVICE_MOVED",
                "SERVICE_RENAMED",
                "SERVICE_NOTES_CHANGED",
                "SERVICE_ESCALATED",
                "ESCALATION_RESOLVED",
                "PROJECT_MANAGER_CHANGED",
                "TEAM_MEMBER_ADDED",
                "TEAM_MEMBER_REMOVED",
                "ASSIGNEE_CHANGED",
                "CHECKLIST_CREATED",
                "CHECKLIST_RENAMED",
                "CHECKLIST_MOVED",
                "CHECKLIST_DELETED",
                "CHECKLIST_ITEM_ADDED",
                "CHECKLIST_ITEM_RENAMED",
                "CHECKLIST_ITEM_MOVED",
                "CHECKLIST_ITEM_DELETED",
                "CHECKLIST_ITEM_TICKED",
                "CHECKLIST_ITEM_UNTICKED",
                "MESSAGE_POSTED",
                "MESSAGE_EDITED",
                "MESSAGE_DELETED",
                "PERSON_MENTIONED",
                "ORDER_READ",
                name="kind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum(
                "STAFF",
                "CUSTOMER",
                "PERSON",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recipient_id", sa.Uuid(), nullable=True),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "actor_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_log_entries_organization_id_actor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_log_entries_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_log_entries_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "recipient_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_log_entries_organization_id_recipient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_log_entries_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "seq", name=op.f("pk_log_entries")),
    )
    op.create_index(
        "ix_log_entries_order_id",
        "log_entries",
        ["organization_id", "order_id", "seq"],
        unique=False,
    )
    op.create_index(
        "ix_log_entries_recipient_id",
        "log_entries",
        ["organization_id", "recipient_id", "seq"],
        unique=False,
    )
    op.create_index(
        "ix_log_entries_subject_id",
        "log_entries",
        ["organization_id", "subject_id", "seq"],
        unique=False,
    )
    op.create_index("uq_log_entries_id", "log_entries", ["organization_id", "id"], unique=True)
    op.create_table(
        "messages",
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "author_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_messages_organization_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_messages_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_messages_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_messages_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_order_id",
        "messages",
        ["organization_id", "order_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "checklist_items",
        sa.Column("checklist_id", sa.Uuid(), nullable=False),
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "checklist_id"],
            ["checklists.organization_id", "checklists.id"],
            name=op.f("fk_checklist_items_organization_id_checklist_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "done_by_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_checklist_items_organization_id_done_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_checklist_items_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_checklist_items_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_checklist_items_organization_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_checklist_items")),
    )
    op.create_index(
        "ix_checklist_items_checklist_id",
        "checklist_items",
        ["organization_id", "checklist_id", "position"],
        unique=False,
    )
    op.create_index(
        "ix_checklist_items_order_id",
        "checklist_items",
        ["organization_id", "order_id"],
        unique=False,
    )
    op.create_index(
        "ix_checklist_items_order_service_id",
        "checklist_items",
        ["organization_id", "order_service_id"],
        unique=False,
    )
    op.create_table(
        "mentions",
        sa.Column("order_service_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "job_role",
            sa.Enum(
                "ACCOUNT_EXECUTIVE",
                "CREATIVE_SPECIALIST",
                "CUSTOMER_SUCCESS",
                "OPERATIONS_COORDINATOR",
                "OPERATIONS_SPECIALIST",
                "PHOTO_EDITOR",
                "PROJECT_MANAGER",
                "VIDEO_EDITOR",
                name="jobrole",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "message_id"],
            ["messages.organization_id", "messages.id"],
            name=op.f("fk_mentions_organization_id_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_id"],
            ["orders.organization_id", "orders.id"],
            name=op.f("fk_mentions_organization_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "order_service_id"],
            ["order_services.organization_id", "order_services.id"],
            name=op.f("fk_mentions_organization_id_order_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "person_id"],
            ["people.organization_id", "people.id"],
            name=op.f("fk_mentions_organization_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=op.f("fk_mentions_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_mentions")),
    )
    op.create_index(
        "ix_mentions_person_id",
        "mentions",
        ["organization_id", "person_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_mentions_person",
        "mentions",
        ["organization_id", "message_id", "person_id"],
        unique=True,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_index("uq_mentions_person", table_name="mentions")
    op.drop_index("ix_mentions_person_id", table_name="mentions")
    op.drop_table("mentions")
    op.drop_index("ix_checklist_items_order_service_id", table_name="checklist_items")
    op.drop_index("ix_checklist_items_order_id", table_name="checklist_items")
    op.drop_index("ix_checklist_items_checklist_id", table_name="checklist_items")
    op.drop_table("checklist_items")
    op.drop_index("ix_messages_order_id", table_name="messages")
    op.drop_table("messages")
    op.drop_index("uq_log_entries_id", table_name="log_entries")
    op.drop_index("ix_log_entries_subject_id", table_name="log_entries")
    op.drop_index("ix_log_entries_recipient_id", table_name="log_entries")
    op.drop_index("ix_log_entries_order_id", table_name="log_entries")
    op.drop_table("log_entries")
    op.drop_index("ix_checklists_order_service_id", table_name="checklists")
    op.drop_index("ix_checklists_order_id", table_name="checklists")
    op.drop_table("checklists")
    op.drop_index(
        "uq_assignments_team_member",
        table_name="assignments",
        postgresql_where=sa.text("role = 'TEAM_MEMBER'"),
    )
    op.drop_index(
        "uq_assignments_project_manager",
        table_name="assignments",
        postgresql_where=sa.text("role = 'PROJECT_MANAGER'"),
    )
    op.drop_index(
        "uq_assignments_assignee",
        table_name="assignments",
        postgresql_where=sa.text("role = 'ASSIGNEE'"),
    )
    op.drop_index("ix_assignments_person_id", table_name="assignments")
    op.drop_index("ix_assignments_order_id", table_name="assignments")
    op.drop_table("assignments")
    op.drop_index("uq_read_markers_person", table_name="read_markers")
    op.drop_table("read_markers")
    op.drop_index("ix_order_services_service_id", table_name="order_services")
    op.drop_index("ix_order_services_order_id", table_name="order_services")
    op.drop_table("order_services")
    op.drop_index("uq_package_services_service", table_name="package_services")
    op.drop_table("package_services")
    op.drop_index("uq_orders_number", table_name="orders")
    op.drop_index("ix_orders_status", table_name="orders")
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.drop_index("ix_orders_created_at", table_name="orders")
    op.drop_table("orders")
    op.drop_index("uq_idempotency_records_key", table_name="idempotency_records")
    op.drop_index("ix_idempotency_records_created_at", table_name="idempotency_records")
    op.drop_table("idempotency_records")
    op.drop_index("ix_checklist_templates_service_id", table_name="checklist_templates")
    op.drop_table("checklist_templates")
    op.drop_index("ix_services_position", table_name="services")
    op.drop_table("services")
    op.drop_index("uq_people_email", table_name="people")
    op.drop_index("ix_people_name", table_name="people")
    op.drop_table("people")
    op.drop_index("ix_packages_position", table_name="packages")
    op.drop_table("packages")
    op.drop_table("log_heads")
    op.drop_table("organizations")
