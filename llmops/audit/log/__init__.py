"""The log as files: one stream per writer, durable before it is acknowledged, sealed by signed checkpoints."""
