"""What every action uses: viewer and context, unit of work, permissions, errors, pages."""
