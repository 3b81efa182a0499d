"""The lead's console under `/console`: pages in Russian for leads and agents, behind a sign-in."""
