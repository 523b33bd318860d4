"""HL7 v2: messages, segments, fields and what they say of people, reports and observations."""
