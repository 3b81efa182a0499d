"""What a newcomer is shown: sample reviews, and later a stand-in for Usedesk."""
