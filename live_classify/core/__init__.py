"""Values, protocols, errors and small helpers that every other room stands on."""
