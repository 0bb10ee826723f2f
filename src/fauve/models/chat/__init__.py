"""Questions to language models behind OpenAI-compatible services: one answer a question, whatever happens."""
