"""Whether what the verifier accepts is safe, and what it says is true: by running programs."""
