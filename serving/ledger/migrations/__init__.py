"""The ledger's migrations, run by `serving.ledger.schema`. One a change, written by hand, up and down."""
