"""Past sessions from agents' own logs in; out, what would have been saved of each. Nothing leaves this machine.

`LOGS` are the agents whose logs can be read: each module finds the files and reads one into `past.Conversation`s;
`replayed` sends a conversation through the rewriting and accounts for it in a ledger of its own.
"""
