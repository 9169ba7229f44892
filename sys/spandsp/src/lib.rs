//! Safe wrappers over libspandsp, one behaviour test each
