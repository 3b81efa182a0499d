"""Everything that knows Usedesk: its REST API, what its tickets hold, its block and its webhooks.

What the vendor left undocumented is read in every plausible form, each in one place: bodies in `payload`, tickets in
`ticket`, errors in `errors`. `SETUP.md` is the guide for a Usedesk administrator.
"""
