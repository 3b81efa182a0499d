"""The adapter to language models: the port `suggest.model.questions.Model` over LiteLLM."""

from suggest.llm.adapter import Endpoint, LiteLLM, Price

__all__ = ["Endpoint", "LiteLLM", "Price"]
