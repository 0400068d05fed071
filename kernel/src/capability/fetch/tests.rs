//! What the connector and the rules about names and addresses do with hostile input.
