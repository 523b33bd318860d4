"""Read HL7 v2: messages, segments, fields, and the people, reports and observations in them."""
