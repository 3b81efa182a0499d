"""What a newcomer is shown: sample reviews, and a stand-in for Usedesk to open them in."""
