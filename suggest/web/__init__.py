"""Pages for agents: the widget in the ticket's sidebar."""
