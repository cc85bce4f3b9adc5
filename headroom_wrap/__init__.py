"""Headroom: what coding agents read, compressed before it is sent; the originals stay on this machine.

agent ─► proxy ─► wire ─► segments ─► route ─► compressors ─► store ─► wire ─► upstream
                                                                                  │
dashboard ◄─ ledger ◄─ usage ◄─ wire ◄─ proxy (a tap on the response) ◄───────────┘
"""
