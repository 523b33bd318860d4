"""The log as files: one stream a writer, durable before it is acknowledged, sealed by signed checkpoints."""
