"""The database behind the service: `suggest.store.store.open_store` is the way in; `README.md` says what is kept."""
