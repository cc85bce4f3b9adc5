"""The ledger's tests share how an exchange is made."""
