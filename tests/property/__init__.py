"""Properties, tested on generated inputs."""
